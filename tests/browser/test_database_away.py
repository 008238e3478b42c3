"""While the database is away every page says so and keeps what is typed; when it is back all goes on by itself."""

import pytest
from playwright.sync_api import Page, expect

from storage.database import FILE_NAME
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SENTENCE = "is not there any more"


def test_the_page_says_that_the_database_is_away_and_goes_on_when_it_is_back(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?tab=review")
    expect(page.locator("form.editor")).to_be_visible()
    page.locator("form.editor input[name=skill]").fill("a skill that was typed")
    file = served.data / FILE_NAME
    away = file.rename(file.with_name("away.db"))
    expect(page.locator("#notice")).to_contain_text(SENTENCE)
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text(SENTENCE)
    fresh = page.context.new_page()
    for tab in ("data", "skills", "comparison"):
        fresh.goto(f"{served.url}/?tab={tab}")
        expect(fresh.get_by_role("alert")).to_contain_text(SENTENCE)
    away.rename(file)
    expect(fresh.locator("#comparison-head, #compared").first).to_be_visible()
    expect(page.locator("#notice")).not_to_contain_text(SENTENCE)
    expect(page.locator("form.editor input[name=skill]")).to_have_value("a skill that was typed")
