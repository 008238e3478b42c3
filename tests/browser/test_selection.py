"""The Selection tab in a real Chromium: hits, pinned and removed by mouse and keyboard, and what was made of them."""

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.reviews.verdicts import accept_all
from app.selections.rulings import standing_rulings
from storage import store
from storage.database import open_database
from tests.browser import cases
from tests.browser.test_accessibility import violations
from tests.servers.app_server import Served

pytestmark = pytest.mark.browser
SKILL = "adding two digits"


def fill(data: Path) -> None:
    cases.fill(data)
    with closing(open_database(data)) as db:
        accept_all(db, cases.PROJECT, reviewer="ann")


@pytest.fixture
def hits(page: Page, served: Served) -> Locator:
    """The hits of the skill, with nothing said of them."""
    with closing(open_database(served.data)) as db, db.write() as connection:
        for each in store.rulings_of(connection, 1):
            store.add_ruling(connection, 1, replace(each, act="clear"))
    page.goto(f"{served.url}/?project={cases.PROJECT}&round=0&tab=selection&view=hits&for={SKILL.replace(' ', '+')}")
    found = page.locator("#choosing .hit")
    expect(found).to_have_count(10)
    return found


def said(served: Served) -> list[tuple[str, str, bool]]:
    """What stands: act, skill, whether it is on a task."""
    with closing(open_database(served.data)) as db:
        return [(each.act, each.skill, each.task is not None) for each in standing_rulings(db, cases.PROJECT)]


def test_a_hit_is_removed_and_put_back_by_mouse(page: Page, served: Served, hits: Locator) -> None:
    expect(hits.first.locator("mark").first).to_have_text("adding")
    second = hits.nth(1).get_attribute("data-hit")
    hits.nth(1).locator(".one").get_by_text("Remove").click()
    expect(page.locator("#notice")).to_contain_text("is not drawn for any skill")
    row = page.locator(f"#choosing .hit[data-hit='{second}']")
    expect(row).to_have_class(re.compile("out"))
    assert said(served) == [("remove", SKILL, False)]
    page.reload()
    expect(row.locator(".badge")).to_have_text("removed")
    row.get_by_text("Put back").click()
    expect(row.locator(".badge")).to_have_count(0)
    page.locator("#notice").get_by_text("Undo").click()
    expect(row.locator(".badge")).to_have_text("removed")
    assert said(served) == [("remove", SKILL, False)]


def test_hits_are_ruled_by_keyboard(page: Page, served: Served, hits: Locator) -> None:
    third = hits.nth(2).get_attribute("data-hit") or ""
    for _ in range(3):
        page.keyboard.press("j")
    expect(hits.nth(2)).to_be_focused()
    page.keyboard.press("p")
    expect(hits.first).to_have_attribute("data-hit", third)
    expect(hits.first).to_be_focused()
    expect(page.locator("#choosing .facts")).to_contain_text("match")
    page.keyboard.press("u")
    expect(hits.nth(2)).to_have_attribute("data-hit", third)
    page.keyboard.press("Shift+X")
    expect(hits.nth(2).locator(".task .badge")).to_have_text("removed")
    assert said(served) == [("remove", SKILL, True)]
    page.keyboard.press("k")
    expect(hits.nth(1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("pin the hit")


def test_the_budget_stands_in_the_url_and_says_who_would_run_dry(page: Page, hits: Locator) -> None:
    field = page.locator("#budget input[type=number]")
    field.fill("20")
    field.press("Tab")
    expect(page).to_have_url(re.compile("budget=20"))
    expect(page.locator("#choosing .facts").first).to_contain_text("of 20")
    expect(page.locator("#choosing")).to_contain_text("the other skills would take the rest")
    page.reload()
    expect(field).to_have_value("20")
    expect(hits.first).to_be_visible()


def test_what_was_made_shows_skills_tasks_samples_and_shortfalls(page: Page, served: Served, hits: Locator) -> None:
    hits.first.locator(".one").get_by_text("Pin", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("comes first")
    page.locator("#fewer input").check()
    page.locator("#select-button").click()
    expect(page.locator("#notice")).to_contain_text("holds", timeout=60_000)
    page.locator("#notice").get_by_text("Look at it").click()
    made = page.locator("#selection")
    expect(made).to_contain_text("What it is made of")
    expect(made).to_contain_text("By source task")
    expect(made).to_contain_text("1 pinned")
    expect(made.locator("ul.why")).to_contain_text("ran dry")
    expect(made.locator("table.leaks")).to_contain_text("same image as validation sample case-0")
    expect(made.locator("table.hits tbody tr").last).to_contain_text("Lineage")
    assert made.locator("tbody tr").count() <= 50
    assert violations(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hits_have_no_serious_violation_and_few_rows(page: Page, served: Served, hits: Locator, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    hits.nth(1).locator(".one").get_by_text("Remove").click()
    expect(hits.nth(1)).to_have_class(re.compile("out"))
    assert violations(page) == []
    assert page.locator("#choosing li").count() <= 50
    assert page.evaluate("window.xss") is None
    assert all(page.locator("#choosing img").evaluate_all("all => all.map(each => each.loading === 'lazy')"))
