"""The Tuning tab in a real Chromium on a real worker: presets, a measure, a run that is cancelled and goes on."""

import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.selections.draw import make_selection
from core.types import TuningSettings
from storage import store
from storage.database import open_database
from tests.projects.tiny_project import SETTINGS, fill_project, write_files
from tests.servers.app_server import Served

pytestmark = [pytest.mark.browser]
WAIT = 300_000  # other things run beside the tests


def fill(data: Path) -> None:
    # Seconds of work, so that a cancel lands in its middle.
    slow = replace(SETTINGS, tuning=replace(SETTINGS.tuning, epochs=60.0, checkpoint_every=20, batch_size=1))
    with closing(open_database(data)) as db:
        fill_project(db, write_files(data.parent / "files", support=40), settings=slow)
        make_selection(db, "tiny", budget=30, arm="random")


def visit(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?project=tiny&tab=tuning")
    expect(page.locator("#launch")).to_contain_text("Tunes the student on 30 samples and opens round 1")


def own(served: Served) -> TuningSettings:
    with closing(open_database(served.data)) as db, db.read() as connection:
        return store.project_named(connection, "tiny").settings.tuning


def points(page: Page) -> list[int]:
    """The updates that the loss is drawn for."""
    return page.evaluate("document.querySelector('#progress .plot').data[0].x")  # type: ignore[no-any-return]


def test_settings_are_folded_away_kept_as_they_are_typed_and_filled_by_presets(page: Page, served: Served) -> None:
    before = own(served)
    visit(page, served)
    expect(page.locator("#set-rank input")).not_to_be_visible()
    page.get_by_role("button", name="Settings of the next run").click()
    expect(page.locator("#set-rank input")).to_have_value(str(before.rank))  # the page has come whole
    page.locator("#set-rank input").fill("5")
    page.locator("#set-rank input").press("Tab")
    page.get_by_text("The same on the command line").first.click()
    expect(page.locator("#estimate code")).to_contain_text("--rank 5 ")
    page.reload()
    page.get_by_role("button", name="Settings of the next run").click()
    expect(page.locator("#set-rank input")).to_have_value("5")
    page.get_by_label("LLaVA-1.5's LoRA recipe").check()
    expect(page.locator("#set-projector_rate input")).to_have_value("0.00002")
    expect(page.locator("#set-rank input")).to_have_value("128")
    page.get_by_role("button", name="Take back").click()
    expect(page.locator("#set-rank input")).to_have_value("5")
    assert own(served) == replace(before, rank=5)
    page.locator("#set-rank input").fill("0")
    page.locator("#set-rank input").press("Tab")
    expect(page.locator("#notice")).to_contain_text("LoRA rank must be a number from 1 to 1024")
    assert own(served).rank == 5


def test_a_measure_says_what_the_run_will_take_before_it_starts(page: Page, served: Served) -> None:
    visit(page, served)
    expect(page.locator("#estimate")).to_contain_text("Not measured yet")
    page.get_by_role("button", name="Measure first").click()
    expect(page.locator("#estimate .tiles")).to_contain_text("samples a second", timeout=WAIT)
    expect(page.locator("#estimate")).to_contain_text("for 1,800 updates")
    expect(page.locator("#estimate")).to_contain_text(re.compile(r"Measured .* by 5 updates on cpu"))
    page.reload()
    expect(page.locator("#estimate .tiles")).to_contain_text("GiB")


def test_a_run_is_watched_cancelled_resumed_from_a_checkpoint_and_opens_a_round(page: Page, served: Served) -> None:
    visit(page, served)
    page.get_by_role("button", name="Start tuning").click()
    expect(page.locator("#run")).to_contain_text(re.compile(r"update [\d,]+ of 1,800"), timeout=WAIT)
    expect(page.locator("#run table.checkpoints")).to_contain_text(re.compile(r"after [\d,]+ updates"), timeout=WAIT)
    page.reload()
    expect(page.locator("#progress .main-svg").first).to_be_visible()
    drawn = points(page)
    assert drawn == list(range(1, len(drawn) + 1)), "after a reload the plot is whole"
    page.locator("#run").get_by_role("button", name="Cancel").click()
    expect(page.locator("#run")).to_contain_text("cancelled", timeout=WAIT)
    rows = page.locator("#run table.checkpoints tbody tr")
    expect(rows).to_have_count(2)
    older = rows.nth(1)
    kept = int(re.search(r"after ([\d,]+) updates", older.inner_text()).group(1).replace(",", ""))  # type: ignore[union-attr]
    older.get_by_role("button", name="Resume from here").click()
    expect(page.locator("#run")).to_contain_text("done", timeout=WAIT)
    expect(page.locator("#runs")).to_contain_text("Round 1")
    assert 0 < kept < 1800
    with closing(open_database(served.data)) as db, db.read() as connection:
        updates = store.updates_of(connection, 1)
        assert [each.number for each in updates] == list(range(1, 1801)), "no gap and no double point"
        assert [each.number for each in store.rounds_of(connection, 1)] == [0, 1]


def test_a_runs_settings_can_be_used_again(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?project=tiny&tab=tuning")
    page.get_by_label("Small: rank 16, 3 epochs").check()
    expect(page.locator("#notice")).to_contain_text("filled in")
    page.locator("#run").get_by_role("button", name="Use its settings").click()
    page.get_by_role("button", name="Settings of the next run").click()
    expect(page.locator("#set-rank input")).to_have_value("5")
