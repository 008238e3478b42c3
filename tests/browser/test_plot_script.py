"""The script that draws plots, where the network breaks its load off: it is loaded again, and the page says so."""

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.cases import PROJECT
from tests.browser.test_review import shown
from tests.servers.app_server import Served

pytestmark = pytest.mark.browser
SCRIPT = "**/own/plotly.min.js"
NOTICE = "#curve .plot-notice"


def break_off(page: Page, loads: int) -> list[str]:
    """Let the first loads fail as on a network that goes away; returns what was asked for, as it comes."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > loads:
            route.continue_()
        else:
            route.abort("connectionreset")

    page.route(SCRIPT, answer)
    return asked


def test_a_load_that_breaks_off_is_repeated_and_said(page: Page, served: Served) -> None:
    asked = break_off(page, 2)
    page.goto(f"{served.url}/?project={PROJECT}&tab=review")
    expect(page.locator(NOTICE)).to_contain_text("Switchpoint loads it again")
    expect(page.locator("#curve .plot .main-svg").first).to_be_visible()
    expect(page.locator(NOTICE)).to_be_hidden()
    assert len(asked) == 3


def test_without_the_script_the_page_says_so_and_cases_are_reviewed_all_the_same(page: Page, served: Served) -> None:
    asked = break_off(page, 100)
    page.goto(f"{served.url}/?project={PROJECT}&tab=review")
    expect(page.locator(NOTICE)).to_contain_text("Reload the page")
    assert len(asked) == 4
    case = shown(page)
    page.keyboard.press("j")
    expect(page.locator("form.editor")).not_to_have_attribute("data-sample", case)


def test_a_load_cut_off_by_leaving_the_page_is_no_script_error(page: Page, served: Served) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:  # Playwright marks its handlers, which a builtin method does not allow
        held.append(route)

    page.route(SCRIPT, hold)
    page.goto(f"{served.url}/?project={PROJECT}&tab=review")
    expect(page.locator("form.editor")).to_be_visible()
    held[0].abort()
    expect(page.locator(NOTICE)).to_contain_text("Switchpoint loads it again")
    page.goto(f"{served.url}/health")
