"""The Comparison tab in a real Chromium: numbers open their samples by keyboard, the gate, adopting, and axe-core."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_accessibility import violations
from tests.projects import finished_loop
from tests.projects.finished_loop import LOOP
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
fill = finished_loop.finished


def visit(page: Page, served: Served, query: str = "") -> None:
    page.goto(f"{served.url}/?project={LOOP}&tab=comparison{query}")
    expect(page.locator("#comparison .pair").first).to_be_visible()


def test_a_number_opens_its_samples_by_keyboard(page: Page, served: Served) -> None:
    visit(page, served, "&set=validation")
    expect(page.locator("#compared")).to_contain_text("on the validation set, 60 samples")
    page.locator("#comparison .tile.fixed").focus()
    page.keyboard.press("Enter")
    title = page.locator("#comparison .pairs h3")
    expect(title).to_have_text("Fixed on the validation set: 10 samples")
    expect(title).to_be_focused()
    expect(title).to_be_in_viewport()
    expect(page).to_have_url(re.compile("show=fixed"))
    page.locator("#comparison .breakdown a[aria-label='10 Broken in skill reading a map']").focus()
    page.keyboard.press("Enter")
    expect(title).to_have_text("Broken on the validation set: 10 samples in missing skill “reading a map”")
    page.reload()
    expect(title).to_contain_text("in missing skill “reading a map”")
    page.locator("#comparison").get_by_role("link", name="Show all").click()
    expect(title).to_have_text("Broken on the validation set: 10 samples")
    page.locator("#comparison").get_by_role("link", name="Review").first.click()
    expect(page.locator("form.editor")).to_have_attribute("data-round", "1")


def test_the_tab_has_no_serious_violation(page: Page, served: Served) -> None:
    visit(page, served, "&set=validation")
    assert violations(page) == []


def test_a_round_that_the_gate_stops_is_adopted_with_a_reason_that_is_not_lost(page: Page, served: Served) -> None:
    visit(page, served)
    gate = page.locator("#adopting")
    expect(gate).to_contain_text("The gate stops it")
    expect(gate).to_contain_text("Broken in category “maps” is significant")
    reason = gate.get_by_label("Why adopt it all the same?")
    reason.fill("maps are out of scope")
    page.locator("#comparison .tile.still_wrong").click()
    expect(page.locator("#comparison .pairs h3")).to_contain_text("Still wrong")
    page.reload()
    expect(reason).to_have_value("maps are out of scope")
    reason.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Round 1 is adopted")
    expect(gate).to_contain_text("Round 1 is adopted")
    expect(gate).to_contain_text("against the gate, held against round 0: “maps are out of scope”")
    expect(page.locator("#head select[data-param=round]")).to_contain_text("1 · after tuning run 1, adopted")
    page.locator("#compared select[data-param=after]").select_option("0")
    expect(gate).to_contain_text("Broken in category “sums” is significant")
    expect(gate.get_by_label("Why adopt it all the same?")).to_have_value("")


def test_lineage_is_walked_both_ways_by_keyboard(page: Page, served: Served) -> None:
    visit(page, served, "&set=validation&show=fixed&before=0&after=1")
    page.locator("#comparison .pair").first.get_by_role("link", name="Lineage").focus()
    page.keyboard.press("Enter")
    panel = page.locator("#lineage")
    title = panel.locator("h3")
    expect(title).to_contain_text("Lineage of sample #")
    expect(title).to_be_focused()
    expect(panel).to_contain_text("accepted by Ada")
    expect(panel.locator(".chain").first).to_contain_text("✓ fixed")
    sample = title.inner_text()
    panel.locator(".chain li.wide ul a").first.click()
    expect(title).to_contain_text("Lineage of training sample #")
    expect(panel).to_contain_text("10 errors of round 0 asked for")
    expect(panel).to_contain_text("opened round 1: 10 fixed, 0 still wrong")
    assert violations(page) == []
    page.reload()
    expect(title).to_contain_text("Lineage of training sample #")
    panel.locator(f".errors a[href*='sample={sample.split('#')[1]}&']").first.click()
    expect(title).to_have_text(sample)
    panel.get_by_role("link", name="Close").click()
    expect(panel.locator(".lineage")).to_have_count(0)
