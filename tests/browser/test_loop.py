"""The whole loop by mouse and keyboard in a real Chromium, on the real app with a real worker and the demo's models.

A cut of the demo's files comes in as a new project; the page is reloaded in the middle of each job and finds it again.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from app.web.page.place import TABS
from assets import demo
from tests.browser.demo_cut import cut_support, cut_zip
from tests.browser.importing import bring_in, look_at
from tests.browser.screens import screens_folder, take_screens
from tests.browser.test_review import shown
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
JOB_MS = 300_000


def fill(_: Path) -> None:
    """A newcomer begins with nothing."""


def test_a_newcomer_clicks_through_the_whole_loop(
    chromium: Browser, page: Page, served: Served, tmp_path: Path
) -> None:
    page.goto(served.url)
    make_project(page)
    look_at(page, "validation", file=cut_zip(demo.VALIDATION, tmp_path / "validation.zip", 60), share=0)
    bring_in(page, "60 samples are in “The loop”.")
    look_at(page, "test", file=cut_zip(demo.TEST, tmp_path / "test.zip", 40))
    bring_in(page, "40 samples are in “The loop”.")
    look_at(page, "support", path=str(cut_support(tmp_path / "support")), name="few")
    bring_in(page, "400 samples are in support set “few”.")
    predict(page, 1)
    diagnose(page)
    review_three(page)
    select(page)
    tune(page)
    predict(page, 2)
    compare(page)
    assert len(take_screens(chromium, served, "The loop", screens_folder(tmp_path / "screens"))) == 4 * len(TABS)


def make_project(page: Page) -> None:
    expect(hint(page)).to_contain_text("Start with a project")
    hint(page).get_by_role("button", name="New project").click()
    dialog = page.locator("#new-project")
    dialog.get_by_label("Name").fill("The loop")
    dialog.get_by_role("button", name="Create project").click()
    expect(page.locator("#notice")).to_contain_text("'The loop' is ready")
    expect(page).to_have_url(re.compile("project=The\\+loop|project=The%20loop"))


def predict(page: Page, number: int) -> None:
    expect(hint(page)).to_contain_text("answer")
    hint(page).get_by_role("button", name="Predict").click()
    found_again_after_reload(page, "Predict", number)


def diagnose(page: Page) -> None:
    hint(page).get_by_role("button", name="Diagnose").click()
    found_again_after_reload(page, "Diagnose", 1)


def review_three(page: Page) -> None:
    hint(page).get_by_role("link", name="Review cases").click()
    expect(page.locator("#curve .plot .main-svg").first).to_be_visible()
    first = shown(page)
    page.keyboard.press("a")
    expect(page.locator("#cases")).to_contain_text("1 of")
    second = shown(page)
    assert second != first
    page.keyboard.press("1")
    page.keyboard.press("e")
    page.keyboard.type("reading a handwritten digit")
    page.keyboard.press("Enter")
    expect(page.locator("#cases")).to_contain_text("2 of")
    page.keyboard.press("r")
    expect(page.locator("#cases")).to_contain_text("3 of")
    here = shown(page)
    page.reload()
    expect(page.locator("#cases")).to_contain_text("3 of")
    expect(page.locator("form.editor")).to_have_attribute("data-sample", here)
    page.goto(re.sub(r"sample=\d+", f"sample={second}", page.url))
    expect(page.locator("form.editor input[name=skill]")).to_have_value("reading a handwritten digit")
    expect(page.locator(".history")).to_contain_text("accepted edited")


def select(page: Page) -> None:
    tab(page, "Selection")
    expect(page.locator("#ready")).to_contain_text("accepted skill")
    page.locator("#budget input[type=number]").fill("40")
    page.locator("#budget input[type=number]").press("Tab")
    page.locator("#fewer input").check()
    page.locator("#select-button").click()
    expect(page.locator("#notice")).to_contain_text("Selection 1 holds", timeout=60_000)
    expect(page.locator("#selection")).to_contain_text("What it is made of")
    page.reload()
    expect(page.locator("#selection table.hits mark").first).to_be_visible()


def tune(page: Page) -> None:
    page.get_by_role("link", name="Tune on it").click()
    page.get_by_role("button", name="Settings of the next run").click()
    fill_number(page, "#set-epochs", "1")
    fill_number(page, "#set-batch_size", "8")
    page.get_by_role("button", name="Start tuning").click()
    found_again_after_reload(page, "Tune", 1)
    expect(page.locator("#runs")).to_contain_text("done")
    expect(page.locator("#progress .plot .main-svg").first).to_be_visible()


def compare(page: Page) -> None:
    tab(page, "Comparison")
    expect(page.locator("#compared")).to_contain_text("on the test set, 40 samples")
    page.locator("#comparison .tile.still_right").click()
    expect(page.locator("#comparison .pairs h3")).to_contain_text("Still right")
    page.locator("#compared select[data-param=set]").select_option("validation")
    expect(page.locator("#compared")).to_contain_text("on the validation set, 60 samples")
    page.reload()
    expect(page.locator("#compared")).to_contain_text("on the validation set, 60 samples")


def found_again_after_reload(page: Page, kind: str, number: int) -> None:
    """The job is in the tray, is there again after a reload while it waits or runs, and ends well."""
    job = page.locator("#tray .job", has_text=kind)
    expect(job.first).to_be_visible()
    page.reload()
    expect(job.first).to_be_visible()
    done = page.locator("#tray .job[data-state=done]", has_text=kind)
    failed = page.locator("#tray .job[data-state=failed]")
    expect(done.or_(failed)).not_to_have_count(number - 1, timeout=JOB_MS)
    expect(failed).to_have_count(0)
    expect(done).to_have_count(number, timeout=JOB_MS)


def hint(page: Page) -> Locator:
    return page.locator("#hint")


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name).click()
    expect(page).to_have_url(re.compile(f"tab={name.lower()}"))


def fill_number(page: Page, field: str, value: str) -> None:
    page.locator(f"{field} input[type=number]").fill(value)
    page.locator(f"{field} input[type=number]").press("Tab")
