"""Signing in by keyboard, deciding a case under one's own name, and signing out, in a real Chromium."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.security.sessions import add_login
from storage.database import open_database
from tests.browser import cases
from tests.browser.cases import PROJECT
from tests.browser.screens import screens_folder
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser]
NAME, PASSWORD = "Ada", "correct horse battery"
WANTED = f"/?project={PROJECT}&tab=review&round=0"


def fill(data: Path) -> None:
    cases.fill(data)
    with closing(open_database(data)) as db:
        add_login(db, NAME, PASSWORD)


def type_in(page: Page, name: str, password: str) -> None:
    """By keyboard alone, from where the page puts the cursor."""
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")


def test_one_signs_in_by_keyboard_reviews_under_ones_name_and_signs_out(page: Page, served: Served) -> None:
    page.goto(served.url + WANTED)
    expect(page.get_by_label("Name")).to_be_focused()
    type_in(page, NAME, "not the password")
    expect(page.get_by_role("alert")).to_contain_text("Name and password do not fit")
    expect(page.get_by_label("Name")).to_have_value(NAME)
    expect(page.get_by_label("Password")).to_be_focused()
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("#head .head")).to_have_attribute("data-tab", "review")
    assert page.url.startswith(served.url + WANTED), "back to where one wanted to go"
    expect(page.locator("#head")).to_contain_text(f"Signed in as {NAME}")
    first = page.locator("form.editor").get_attribute("data-sample")
    page.keyboard.press("a")
    expect(page.locator("form.editor")).not_to_have_attribute("data-sample", str(first))
    page.reload()
    expect(page.locator("#head")).to_contain_text(f"Signed in as {NAME}")
    with closing(open_database(served.data)) as db, db.read() as connection:
        found = connection.exec_driver_sql("SELECT reviewer, verdict FROM reviews").all()
    assert [tuple(each) for each in found] == [(NAME, "accepted")]
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Name")).to_be_focused()
    page.goto(served.url + WANTED)
    expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_page_needs_no_script(
    chromium: Browser, served: Served, scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    context = chromium.new_context(
        viewport={"width": 1280, "height": 900}, color_scheme=scheme, java_script_enabled=False
    )
    window = context.new_page()
    window.goto(served.url)
    window.get_by_label("Name").fill("Bob")
    window.get_by_label("Password").fill("nobody's password")
    window.get_by_role("button", name="Sign in").click()
    expect(window.get_by_role("alert")).to_be_visible()
    folder = screens_folder(tmp_path_factory.mktemp("pictures"))
    window.screenshot(path=folder / f"sign-in-1280-{scheme}.png")
    context.close()
