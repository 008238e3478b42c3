"""Bringing files in on the Data tab as a person does, for tests that need them there or look at how it is done."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

IMPORT_MS = 60_000


def look_at(
    page: Page, what: str, *, file: Path | None = None, path: str = "", name: str = "", share: int = 30
) -> None:
    """Fill the form and look; returns once the page shows what was found, or why it was not looked at."""
    page.locator(f"#import-form input[value={what}]").check()
    if file is not None:
        page.locator("#import-file").set_input_files(file)
    page.locator("#import-source").fill(path)
    if what == "validation":
        page.locator("#import-share").fill(str(share))
    if name:
        page.locator("#import-name").fill(name)
    page.get_by_role("button", name="Look", exact=True).click()
    expect(found(page).locator("#import-button").or_(page.locator("#notice .error"))).to_be_visible(timeout=IMPORT_MS)


def found(page: Page) -> Locator:
    """What the look found."""
    return page.locator("#bring .found")


def bring_in(page: Page, told: str) -> None:
    """Import what was found; the page says ``told``, and the form is back."""
    page.locator("#import-button").click()
    expect(page.locator("#notice")).to_contain_text(told, timeout=IMPORT_MS)
    expect(page.locator("#import-form")).to_be_visible()
