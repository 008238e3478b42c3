"""Reviewing in a real Chromium: keys in a burst, undo, reload and filters."""

import re
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.web.page.place import TABS
from storage import store
from storage.database import open_database
from tests.browser.cases import PROJECT
from tests.browser.importing import found, look_at
from tests.servers.app_server import Served

pytestmark = pytest.mark.browser


def test_a_burst_of_keys_gives_each_verdict_to_its_own_case(page: Page, served: Served) -> None:
    open_review(page, served)
    order = listed(page)
    for key in "jjrjsajjr":
        page.keyboard.press(key)
    expect(page.locator("form.editor")).to_have_attribute("data-sample", order[9])
    assert verdicts(served) == {order[2]: "rejected", order[4]: "skipped", order[5]: "accepted", order[8]: "rejected"}


def test_undo_takes_back_the_newest_verdict_and_returns_to_its_case(page: Page, served: Served) -> None:
    open_review(page, served)
    expect(page.locator(".stands")).to_contain_text("not reviewed")
    before, case = verdicts(served), shown(page)
    page.keyboard.press("a")
    expect(page.locator("form.editor")).not_to_have_attribute("data-sample", case)
    page.keyboard.press("u")
    expect(page.locator("form.editor")).to_have_attribute("data-sample", case)
    expect(page.locator("#notice")).to_contain_text("Undone")
    assert verdicts(served) == before


def test_n_leads_to_the_next_case_without_a_verdict(page: Page, served: Served) -> None:
    open_review(page, served)
    order, reviewed = listed(page), verdicts(served)
    page.keyboard.press("n")
    following = next(each for each in order[1:] if each not in reviewed)
    expect(page.locator("form.editor")).to_have_attribute("data-sample", following)


def test_a_click_on_a_step_or_on_the_curve_moves_the_mistake_step(page: Page, served: Served) -> None:
    open_review(page, served)
    page.locator("#steps .step").nth(1).click()
    expect(page.locator("form.editor")).to_have_attribute("data-step", "2")
    expect(page.locator("#curve")).to_contain_text("mistake step 2")
    page.locator("#steps .step").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("form.editor")).to_have_attribute("data-step", "1")
    click_curve(page, 3)
    expect(page.locator("form.editor")).to_have_attribute("data-step", "3")


def test_shortcuts_rest_while_someone_types(page: Page, served: Served) -> None:
    open_review(page, served)
    before = verdicts(served)
    page.locator("[data-search]").click()
    page.keyboard.type("ar")
    expect(page).to_have_url(re.compile("text=ar"))
    assert verdicts(served) == before
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    assert verdicts(served) == before


def test_filters_are_in_the_link_and_agree_with_the_database(page: Page, served: Served) -> None:
    open_review(page, served)
    page.locator("select[data-param=category]").select_option("colours")
    expect(page.locator(".cases-head")).to_contain_text("14 cases here")
    page.reload()
    expect(page.locator(".cases-head")).to_contain_text("14 cases here")
    page.go_back()
    expect(page.locator(".cases-head")).to_contain_text("60 cases here")


def test_a_misread_answer_is_scored_again(page: Page, served: Served) -> None:
    open_review(page, served)
    case = shown(page)
    page.keyboard.press("m")
    page.locator(".misread select").select_option("right")
    page.get_by_role("button", name="Save and score again").click()
    expect(page.locator("form.editor")).not_to_have_attribute("data-sample", case)
    assert verdicts(served)[case] == "misread"


def test_a_link_to_what_is_gone_says_so_and_shows_what_is_there(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?project=gone&tab=review")
    expect(page.locator("#notice")).to_contain_text("There is no project 'gone'")
    expect(page.locator("#head select[data-param=project]")).to_have_value(PROJECT)


def test_a_wrong_file_is_refused_in_one_sentence(page: Page, served: Served, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.zip"
    wrong.write_text("this is no zip")
    page.goto(f"{served.url}/?project={PROJECT}&tab=data")
    look_at(page, "validation", file=wrong)
    expect(found(page).get_by_role("alert")).to_contain_text("wrong.zip")
    page.get_by_role("button", name="Give up").click()
    page.locator("#ask-yes").click()
    expect(page.locator("#import-form")).to_be_visible()


def test_nothing_scrolls_sideways_at_1280(page: Page, served: Served) -> None:
    for tab in TABS:
        page.goto(f"{served.url}/?project={PROJECT}&tab={tab}")
        expect(page.locator("#head .head")).to_have_attribute("data-tab", tab)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab


def open_review(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?project={PROJECT}&tab=review")
    expect(page.locator("#curve .plot .main-svg").first).to_be_visible()


def listed(page: Page) -> list[str]:
    return page.eval_on_selector_all("#cases .case-row", "rows => rows.map(row => row.dataset.sample)")


def shown(page: Page) -> str:
    return page.locator("form.editor").get_attribute("data-sample") or ""


def verdicts(served: Served) -> dict[str, str]:
    """The verdicts that stand, by sample, straight from the database."""
    with closing(open_database(served.data)) as db, db.read() as connection:
        at = store.rounds_of(connection, store.project_named(connection, PROJECT).id)[0].id
        cases = store.cases_page(connection, at, limit=1000, order="id")
        return {str(case.sample.id): case.review.verdict for case in cases if case.review}


def click_curve(page: Page, step: int) -> None:
    """Click the curve's own marker of a step: plotly answers to where the pointer is, not to the element."""
    place = page.evaluate(
        """step => {
        const plot = document.querySelector('#curve .plot'), box = plot.getBoundingClientRect(), l = plot._fullLayout;
        return [box.left + l.xaxis._offset + l.xaxis.l2p(step), box.top + l.yaxis._offset + l.yaxis.l2p(0.5)]; }""",
        step,
    )
    page.mouse.move(*place)
    page.wait_for_timeout(150)
    page.mouse.click(*place)
