"""The Experiments tab in a real Chromium: started by keyboard, its tables and plot after a reload, and axe-core."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.reviews.verdicts import accept_all
from storage.database import open_database
from tests.browser.test_accessibility import violations
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import fill_project, write_files
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def fill(data: Path) -> None:
    files = write_files(data.parent / "tiny")
    with closing(open_database(data)) as db:
        name = fill_project(db, files)
        diagnose_by_hand(db, name, files)
        accept_all(db, name, reviewer="ann")


def test_an_experiment_is_started_by_keyboard_and_its_tables_survive_a_reload(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?tab=experiments")
    expect(page.locator("#experiment-tables")).to_contain_text("Nothing is measured yet")
    for arm in ("nearest instructions", "random step", "step's text", "the whole support set"):
        box = page.locator("#experiment-arms label").filter(has_text=arm).locator("input")
        box.focus()
        page.keyboard.press("Space")
    budgets = page.locator("#experiment-budgets textarea, #experiment-budgets input").first
    budgets.fill("four")
    page.locator("#run-experiment").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Budgets are whole numbers separated by commas")
    budgets.fill("3, 4")
    page.locator("#experiment-seeds input").fill("2")
    page.locator("#run-experiment").focus()
    page.keyboard.press("Enter")
    tables = page.locator("#experiment-tables")
    expect(tables.locator("table").first.locator("tbody tr")).to_have_count(6, timeout=240_000)
    expect(tables).to_contain_text("Paired on the same seeds and samples")
    page.reload()
    expect(tables.locator("table").first.locator("tbody tr")).to_have_count(6)
    expect(page.locator("#outcomes .main-svg").first).to_be_visible()
    expect(budgets).to_have_value("3, 4")
    expect(
        page.locator("#experiment-arms label").filter(has_text="the whole support set").locator("input")
    ).not_to_be_checked()


def test_ways_to_find_mistakes_are_compared_and_the_tables_go_out_as_markdown(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?tab=experiments")
    page.get_by_role("button", name="Compare ways to find mistakes").click()
    found = page.locator("#experiment-tables table").filter(has_text="Known mistake steps found")
    expect(found.locator("tbody tr")).to_have_count(4, timeout=120_000)
    expect(found).to_contain_text("answer switch (ours)")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the tables as Markdown").click()
    text = download.value.path().read_text()
    assert "| targeted (ours) | 4 | 2 |" in text
    assert "| answer switch (ours) | 100.0% |" in text


def test_the_tab_has_no_serious_violation(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?tab=experiments")
    expect(page.locator("#experiment-tables table").first).to_be_visible()
    assert violations(page) == []
