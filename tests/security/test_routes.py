"""Without a session every method of every route of the running app is refused, also by tricks of path and method.

Prints how many pairs of method and route, and how many tricks, were refused.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.security.authentication import COOKIE, OPEN_PATHS
from app.security.sessions import add_login, sign_in
from storage.database import open_database
from tests.browser.cases import fill
from tests.security.raw import Answer, ask
from tests.security.routes import METHODS, Pair
from tests.servers.app_server import ROOT, Served, serving

NAME, PASSWORD = "Ada", "correct horse battery"
BROWSER = {"Accept": "text/html,application/xhtml+xml"}
UPGRADE = {
    "Connection": "Upgrade, close",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
# Each is sent with every method; none may show what needs a session.
TRICKS = (
    *("//", "//login", "/login/", "/LOGIN", "/Login", "/login;x=1", "/login;/../config", "/login.", "/login%20"),
    *("/login/../config", "/login/%2e%2e/config", "/login%2f..%2fconfig", "/login/..%2fconfig", "/%2e%2e/config"),
    *("//config", "/./config", "/config/", "/CONFIG", "/config;.css", "/config.", "/config%00", "/config?x=/login"),
    *("/config#/login", "/health/../config", "/health/config", "/health%2fconfig", "/own/sign_in.css/../keys.js"),
    *("/own/sign_in.css%2f..%2fkeys.js", "/own/%2e%2e/config", "/own/sign_in.css;keys.js", "/own//keys.js"),
    *(
        "/logout/../token",
        "/login_check",
        "/login_check/",
        "/token",
        "/token/",
        "/gradio_api/login",
        "/gradio_api/token",
    ),
    *("/gradio_api/file=/etc/passwd", "/gradio_api/file=%2fetc%2fpasswd", "/file=/etc/passwd", "/file/etc/passwd"),
    *("/gradio_api/proxy=https://example.org/", "/gradio_api/queue/data?session_hash=x", "/gradio_api/heartbeat/x"),
    *("/gradio_api//info", "/gradio_api/%69nfo", "/static/../config", "/assets/../config", "/%", "/%zz", "/\x7f"),
    *("*", "http://127.0.0.1/config", "http://evil.example/config", "https://evil.example/login/../config"),
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("routes") / "data"
    fill(data)
    with closing(open_database(data)) as db:
        add_login(db, NAME, PASSWORD)
    with serving(data) as running:
        yield running


def routes_of_the_app(data: Path) -> list[Pair]:
    """The app's routes, from another process."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.security.routes", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: list[Pair] = json.loads(done.stdout.splitlines()[-1])
    return found


def concrete(path: str) -> str:
    """A path with its parameters filled in."""
    return re.sub(r"\{[^}]*\}", "1", path) or "/"


def refused(answer: Answer) -> bool:
    if answer.status == 303:
        return answer.headers["location"].split("?")[0] == "/login" and not answer.body
    return answer.status in (400, 401, 405, 501) and len(answer.body) < 100 and b"Switchpoint" not in answer.body


def test_no_method_of_any_route_answers_without_a_session(
    served: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = routes_of_the_app(tmp_path / "data")
    known = {(method, path) for _, path, methods in found for method in methods}
    assert {("POST", "/login"), ("POST", "/gradio_api/queue/join"), ("GET", "/gradio_api/queue/data")} <= known
    assert {("GET", "/image/{key}"), ("POST", "/desk/act"), ("GET", "/config")} <= known
    passed = []
    for method, path in sorted(known):
        if concrete(path) in OPEN_PATHS:
            continue
        for headers in ({}, BROWSER, {"Cookie": f"{COOKIE}=x"}):
            answer = ask(served.url, method, concrete(path), headers)
            if not refused(answer):
                passed.append((method, path, answer.status))
    assert passed == []
    for _, path, _ in found:  # and those that a route does not take
        assert {ask(served.url, method, concrete(path)).status for method in ("PUT", "TRACE")} <= {401, 405}, path
    with capsys.disabled():
        print(f"\n{len(known)} pairs of method and route refused without a session ({len(found)} routes)")


def test_gradios_own_sign_in_is_out_of_reach(served: Served) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": served.url}
    answer = ask(served.url, "POST", "/login", form, b"username=Ada&password=x")
    assert answer.status == 401
    assert b'<form method="post" action="/login">' in answer.body, "ours answered"
    for path in ("/logout", "/logout?all_session=true"):
        assert ask(served.url, "GET", path).status == 405


def test_no_trick_of_paths_and_methods_passes(served: Served, capsys: pytest.CaptureFixture[str]) -> None:
    tried, passed = 0, []
    for target in TRICKS:
        for method in (*METHODS, "FOO"):
            answer = ask(served.url, method, target, BROWSER)
            tried += 1
            if not (refused(answer) or answer.status in (403, 404)) or len(answer.body) > 200:
                passed.append((method, target, answer.status, answer.body[:80]))
    assert passed == []
    with capsys.disabled():
        print(f"\n{tried} requests with tricks in path and method refused")


def test_a_websocket_is_refused(served: Served) -> None:
    for path in ("/", "/gradio_api/queue/join", "/login", "/health"):
        assert ask(served.url, "GET", path, UPGRADE).status in (303, 401, 403, 200)


def test_a_cookie_that_is_no_session_opens_nothing(served: Served) -> None:
    for value in ("", "x", "a" * 5000, "%00", "\xff\xfe", "'; DROP TABLE sessions; --", '"quoted"'):
        assert ask(served.url, "GET", "/config", {"Cookie": f"{COOKIE}={value}"}).status in (400, 401)


def test_with_a_session_everything_answers(served: Served) -> None:
    with closing(open_database(served.data)) as db:
        token = sign_in(db, NAME, PASSWORD, "127.0.0.1")
    cookie = {"Cookie": f"{COOKIE}={token}"}
    for path in ("/", "/config", "/own/keys.js", "/gradio_api/info", "/desk/stamp"):
        assert ask(served.url, "GET", path, cookie).status == 200, path
    assert ask(served.url, "GET", "/", cookie).headers["cache-control"] == "no-store"
    assert ask(served.url, "POST", "/logout", cookie | {"Origin": served.url}).status == 303
    assert ask(served.url, "GET", "/config", cookie).status == 401
