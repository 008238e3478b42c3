"""Every route refuses unknown host names and pages of other origins, and every answer has all security headers.

Prints how many requests were refused and how many answers were checked.
"""

import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import text

from app.security.route_allowlist import is_allowed
from app.security.security_headers import SECURITY_HEADERS
from app.security.sessions import add_login
from storage.database import open_database
from tests.security.raw import Answer, ask
from tests.security.routes import METHODS
from tests.security.test_routes import TRICKS, UPGRADE, concrete, routes_of_the_app
from tests.servers.app_server import Served, serving

LINK = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FOREIGN_HOSTS = (
    *("", "evil.example", "evil.example:7860", "localhost.evil.example", "127.0.0.1.evil.example"),
    *("evil.example:80:80", "localhost.", "localhost.:7860", "127.1", "2130706433", "0x7f.0.0.1", "0.0.0.0"),
    *("127.0.0.2", "::1", "[::1", "[]", "127.0.0.1,evil.example", "127.0.0.1/evil", "127.0.0.1?x", "127.0.0.1#x"),
    *("[::ffff:127.0.0.1]", "[127.0.0.1]", "[localhost]", "[::1]evil", "127.0.0.1@evil.example", "evil@127.0.0.1"),
    *("user:key@127.0.0.1", "127.0.0.1:x", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:999999", "127.0.0.1 evil.example"),
    *("http://127.0.0.1", "*", "\xff", "null"),
    *("127.0.0.1\r\nHost: evil.example", "evil.example\r\nHost: 127.0.0.1", "127.0.0.1\r\nHost: 127.0.0.1"),
)
OWN_HOSTS = ("127.0.0.1", "127.0.0.1:9", "localhost:7860", "LOCALHOST:7860", "LocalHost", "[::1]", "[::1]:7860")


def foreign_pages(url: str) -> list[dict[str, str]]:
    """The headers that a browser sends for requests of other sites' pages."""
    host, port = url.removeprefix("http://").split(":")
    other = [f"http://{host}:{int(port) + 1}", f"http://localhost:{port}", f"https://{host}:{port}", f"http://{host}"]
    more = ["null", "", "http://evil.example", f"http://{host}:{port}.evil.example", f"http://evil@{host}:{port}"]
    origins = [
        {"Origin": each} for each in (*other, *more, f"{url}/", f"{url}, {url}", "file://", "chrome-extension://a")
    ]
    twice = [{"Origin": f"{url}\r\nOrigin: {url}"}, {"Origin": f"{url}\r\nOrigin: http://evil.example"}]
    without = [{"Sec-Fetch-Site": each} for each in ("cross-site", "same-site", "other")]
    framed = [LINK | {"Sec-Fetch-Dest": each} for each in ("iframe", "frame", "embed", "object", "image", "script")]
    return [*origins, *twice, *without, *framed, LINK | {"Sec-Fetch-Mode": "no-cors"}]


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Every method of every route."""
    found = routes_of_the_app(tmp_path_factory.mktemp("pairs") / "data")
    return sorted({(method, concrete(path)) for _, path, methods in found for method in methods})


def under_policy(answer: Answer) -> None:
    for name, value in SECURITY_HEADERS:
        assert answer.headers.get(name.decode()) == value.decode(), (answer.status, answer.headers)
    assert not [name for name in answer.headers if name.startswith("access-control-")], answer.headers


def turned_away(answer: Answer) -> bool:
    under_policy(answer)
    return answer.status in (400, 403) and len(answer.body) < 200


def test_no_foreign_host_name_is_answered(opened: Served, capsys: pytest.CaptureFixture[str]) -> None:
    tried = 0
    for host in (*FOREIGN_HOSTS, None):
        for method, target in (("GET", "/"), ("GET", "/config"), ("GET", "/health"), ("POST", "/desk/act")):
            assert turned_away(ask(opened.url, method, target, {"Host": host})), (host, target)
            tried += 1
    for host in OWN_HOSTS:
        assert ask(opened.url, "GET", "/health", {"Host": host}).body == b"ok", host
    with capsys.disabled():
        print(f"\n{tried} requests under foreign host names refused")


def test_no_route_answers_a_foreign_page_or_name(
    opened: Served, pairs: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    tried = 0
    for method, path in pairs:
        for headers in ({"Host": "evil.example"}, *foreign_pages(opened.url)):
            assert turned_away(ask(opened.url, method, path, headers)), (method, path, headers)
            tried += 1
    with capsys.disabled():
        print(f"\n{tried} requests of foreign pages and names to {len(pairs)} pairs of method and route refused")


@pytest.mark.parametrize("asked", ["GET", "POST", "PUT"])
def test_another_port_of_this_machine_is_not_allowed_to_ask(opened: Served, asked: str) -> None:
    for path in ("/", "/config", "/desk/upload", "/gradio_api/queue/join", "/export/reviews.csv"):
        headers = {"Origin": "http://localhost:9", "Access-Control-Request-Method": asked}
        assert turned_away(ask(opened.url, "OPTIONS", path, headers))
        under_policy(ask(opened.url, "OPTIONS", path, headers | {"Origin": opened.url}))


def test_a_link_on_another_site_opens_the_page_and_nothing_else(opened: Served) -> None:
    for path in ("/", "/?project=cases&tab=review", "/login", "/login?next=%2F"):
        assert ask(opened.url, "GET", path, LINK).status == 200
    for path in ("/config", "/export/reviews.csv?project=cases", "/own/keys.js", "/desk/stamp", "//", "/health"):
        assert turned_away(ask(opened.url, "GET", path, LINK)), path
    for method in set(METHODS) - {"GET", "HEAD"}:
        assert turned_away(ask(opened.url, method, "/", LINK)), method


def test_its_own_page_is_answered_with_and_without_an_origin(opened: Served) -> None:
    for headers in ({}, {"Origin": opened.url}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert ask(opened.url, "GET", "/config", headers).status == 200
        assert ask(opened.url, "POST", "/desk/act?project=cases", headers, b"{}").status == 200


def test_no_websocket_is_opened(opened: Served) -> None:
    for path in ("/", "/gradio_api/queue/join", "/gradio_api/queue/data", "/config"):
        for origin in ("http://evil.example", "null", opened.url):
            answer = ask(opened.url, "GET", path, UPGRADE | {"Origin": origin})
            under_policy(answer)
            assert answer.status != 101
            assert origin == opened.url or answer.status == 403


def test_a_request_for_another_server_is_not_passed_on(opened: Served) -> None:
    for target in ("http://evil.example/config", f"{opened.url}/config", "evil.example:80", "*", "//evil.example/"):
        for method in ("GET", "POST", "CONNECT"):
            answer = ask(opened.url, method, target, {"Origin": opened.url})
            under_policy(answer)
            assert answer.status in (400, 404, 405), (method, target, answer.status)


def test_what_the_page_does_not_need_is_not_there(
    opened: Served, pairs: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    open_paths = ("/login", "/logout", "/health", "/own/sign_in.css")
    closed = [(method, path) for method, path in pairs if not is_allowed(path) and path not in open_paths]
    for word in ("file=", "file/", "proxy=", "vibe-", "call/", "api/", "dev/reload", "monitoring", "component_server"):
        assert [path for _, path in closed if word in path.removeprefix("/gradio_api/")], word
    for method, path in closed:
        answer = ask(opened.url, method, path, {"Origin": opened.url})
        assert answer.status == 404, (method, path)
        assert method == "HEAD" or answer.body == b"There is nothing here.", (method, path)
    with capsys.disabled():
        print(f"\n{len(closed)} of {len(pairs)} pairs of method and route are not answered at all")


def test_every_answer_carries_the_policy(
    opened: Served, pairs: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    seen: Counter[int] = Counter()

    def look(method: str, target: str, headers: dict[str, str | None] | None = None) -> Answer:
        answer = ask(opened.url, method, target, headers)
        under_policy(answer)
        seen[answer.status] += 1
        return answer

    for path in sorted({path for _, path in pairs}):
        for method in METHODS:
            look(method, path)
    for target in TRICKS:
        look("GET", target)
    for headers in ({"Host": None}, {"A b": "x"}, {"Content-Length": "x"}, {"Transfer-Encoding": "x"}):
        assert look("GET", "/", headers).status in (400, 501)
    for name, content in (("plotly.min.js", "text/javascript"), ("keys.js", "text/javascript")):
        assert look("GET", f"/own/{name}").headers["content-type"].startswith(content)
    style = look("GET", "/own/sign_in.css")
    assert style.headers["content-type"].startswith("text/css")
    stream = look("GET", "/gradio_api/queue/data?session_hash=x", {"Accept": "text/event-stream"})
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert look("POST", "/logout").status == 303
    assert look("GET", "/", {"Host": "evil.example"}).status == 403
    assert look("GET", "/pending/x/refused.csv").status == 422
    with broken(opened):
        assert look("GET", "/image/x").status == 500
    assert {200, 303, 400, 403, 404, 405, 422, 500} <= set(seen)
    with capsys.disabled():
        print(f"\n{sum(seen.values())} answers under the whole policy: {dict(sorted(seen.items()))}")


@contextmanager
def broken(served: Served) -> Iterator[None]:
    """The database without its images table until the block ends, which makes the app fail."""
    with closing(open_database(served.data)) as db:
        with db.write() as connection:
            connection.execute(text("ALTER TABLE images RENAME TO hidden"))
        yield
        with db.write() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO images"))


@pytest.fixture(scope="module")
def for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app as a team runs it: open to other machines, with a login and a host name."""
    data = tmp_path_factory.mktemp("for_all") / "data"
    with closing(open_database(data)) as db:
        add_login(db, "Ada", "correct horse battery")
    with serving(data, "--host", "0.0.0.0", SWITCHPOINT_NAMES="box.lan, [2001:db8::1]") as running:
        yield running


def test_open_to_others_it_answers_under_its_own_names_and_the_address_that_was_asked(for_all: Served) -> None:
    port = for_all.url.rpartition(":")[2]
    at = f"http://127.0.0.2:{port}"  # stands for an address of this machine on a network
    for host in ("127.0.0.2", "localhost", socket.gethostname(), "box.lan", "BOX.LAN", "[2001:db8::1]"):
        assert ask(at, "GET", "/health", {"Host": f"{host}:{port}"}).body == b"ok", host
        own = {"Host": f"{host}:{port}", "Origin": f"http://{host}:{port}"}
        assert ask(at, "GET", "/config", own).status == 401, "and wants to know who it is"
    for host in ("127.0.0.3", "evil.example", "box.lan.evil.example", "box", "[2001:db8::2]", "10.0.0.1"):
        assert turned_away(ask(at, "GET", "/health", {"Host": f"{host}:{port}"})), host


def test_behind_a_proxy_with_https_the_page_is_its_own(for_all: Served) -> None:
    proxied = {"Host": "box.lan", "X-Forwarded-Proto": "https"}
    assert ask(for_all.url, "GET", "/config", proxied | {"Origin": "https://box.lan"}).status == 401
    assert turned_away(ask(for_all.url, "GET", "/config", proxied | {"Origin": "http://box.lan"}))
    assert turned_away(ask(for_all.url, "GET", "/config", {"Host": "box.lan", "Origin": "https://box.lan"}))
