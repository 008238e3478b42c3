"""The guide on the running app: every page and picture is there, under the policy, and behind the sign-in."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.security.sessions import add_login
from app.web.routes import guide
from storage.database import open_database
from tests.servers.app_server import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("guide") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("closed") / "data"
    db = open_database(data)
    add_login(db, "Ada", "correct horse battery")
    db.close()
    with serving(data) as running:
        yield running


def test_every_page_answers_and_every_link_of_it_leads_to_a_page(served: Served) -> None:
    with httpx.Client(base_url=served.url) as client:
        for name in ("", *(f"/{each}" for each in guide.pages())):
            answer = client.get(f"/guide{name}")
            assert answer.status_code == 200, name
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "<!--" not in answer.text
            assert "&lt;!--" not in answer.text
            own = re.findall(r"<main>.*</main>", answer.text, re.DOTALL)[0]
            for page, anchor in re.findall(r'href="/guide/([^"#]+)(?:#([^"]+))?"', own):
                there = guide.rendered(guide.pages()[page]).html
                assert not anchor or f'id="{anchor}"' in there, f"{name}: #{anchor} of {page}"
            for address in re.findall(r'src="([^"]+)"', answer.text):
                shown = client.get(address)
                assert shown.headers["content-type"] in guide.PICTURES.values(), address
                assert shown.content == guide.pictures()[address.rpartition("/")[2]].read_bytes()


def test_the_list_at_the_side_marks_the_page_and_names_every_page_of_the_documentation(served: Served) -> None:
    text = httpx.get(f"{served.url}/guide/method").text
    assert '<a href="/guide/method" aria-current="page">Method</a>' in text
    listed = set(re.findall(r'<li><a href="/guide/([\w-]+)"', text))
    assert listed == {path.stem for path in (guide.ASSETS / "docs").glob("*.md")} | {"decisions"}


def test_only_what_is_listed_is_answered(served: Served) -> None:
    for name in (
        *("nothing", "method.md", "decisions/README", "..%2f..%2fpyproject.toml", "..%2fweb%2fstyle.css"),
        *("picture/", "picture/logo.png", "picture/..%2fdocs%2fmethod.md", "picture/review-1600-dark.png"),
    ):
        assert httpx.get(f"{served.url}/guide/{name}").status_code == 404, name


def test_the_guide_needs_a_session_where_the_page_does(closed: Served) -> None:
    paths = ("/guide", "/guide/method", "/guide/guide.css", "/guide/picture/review-1280-dark.png")
    for path in paths:
        assert httpx.get(f"{closed.url}{path}").status_code == 401
    led = httpx.get(f"{closed.url}/guide/method", headers={"accept": "text/html"})
    assert led.status_code == 303
    assert led.headers["location"] == "/login?next=%2Fguide%2Fmethod"
    with httpx.Client(base_url=closed.url) as client:
        sent = {"name": "Ada", "password": "correct horse battery", "next": "/guide/method"}
        entered = client.post("/login", data=sent, headers={"origin": closed.url})
        assert entered.headers["location"] == "/guide/method"
        assert [client.get(path).status_code for path in paths] == [200] * len(paths)


def test_another_page_cannot_read_it(served: Served) -> None:
    elsewhere = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert httpx.get(f"{served.url}/guide/method", headers=elsewhere).status_code == 403


def test_html_in_a_page_is_shown_as_text_and_links_elsewhere_are_plain(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A <b>\n\n<script>alert(1)</script> [no](javascript:alert(1)) [out](../README.md) ![x](../x.png)\n"
    )
    found = guide.rendered(page)
    assert "<script" not in found.html
    assert "<a" not in found.html
    assert "<span>out</span>" in found.html


def test_a_heading_has_the_anchor_that_github_makes() -> None:
    assert guide.anchor_of("`switchpoint key set`") == "switchpoint-key-set"
    assert guide.anchor_of("Splits and the held-out test set") == "splits-and-the-held-out-test-set"
