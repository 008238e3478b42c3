"""The Data tab in a real Chromium: imports in two steps, labels judged by keys, models chosen and tried."""

import json
import os
import re
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.projects.configuration import DEMO_STUDENT, DEMO_TEACHER, create_project, settings_for
from assets import demo
from storage import store
from storage.database import open_database
from tests.browser import cases
from tests.browser.cases import PROJECT as MEASURED
from tests.browser.importing import IMPORT_MS, bring_in, found, look_at
from tests.fuzz.oddities import saved
from tests.servers.app_server import Served

pytestmark = pytest.mark.browser
JOB_MS = 300_000
ROWS = 12


def fill(data: Path) -> None:
    cases.fill(data)
    with closing(open_database(data)) as db:
        for name in ("fruit", "again", "tried", "named"):
            create_project(db, name, student=DEMO_STUDENT, teacher=DEMO_TEACHER, settings=settings_for(DEMO_TEACHER))
        create_project(db, "paid", student=DEMO_STUDENT, teacher="openai:gpt-4o-mini")


def opened(page: Page, served: Served, project: str) -> None:
    page.goto(f"{served.url}/?project={project}&tab=data")
    expect(page.locator("#head .head")).to_have_attribute("data-project", project)
    expect(page.locator("#bring section")).to_be_visible()


def fruit_zip(folder: Path, *, images: int = ROWS) -> Path:
    """A table of another language with its pictures; the column that looks like the question is none."""
    rows = ["nr,bild,text,frage,A,B,C,answer,art"]
    for n in range(ROWS):
        rows.append(f"r{n},{n}.png,a note,Welche Frucht ist in Bild {n}?,Apfel,Birne,Kiwi,{'ABC'[n % 3]},Obst")
    target = folder / "fruit.zip"
    with zipfile.ZipFile(target, "w") as packed:
        packed.writestr("fruit.csv", "\n".join(rows))
        for n in range(images):
            packed.writestr(f"images/{n}.png", saved(Image.new("RGB", (8, 8), (n, 0, 0)), "PNG"))
    return target


def choose(page: Page, field: str, column: str) -> None:
    """Set a field's column by keyboard, as a person who never touches the mouse."""
    select = found(page).get_by_role("combobox", name=field, exact=True)
    select.focus()
    select.select_option(column)


def uploads(served: Served) -> list[Path]:
    return [each for each in (served.data / "uploads").rglob("*") if each.is_file()]


def test_a_mapping_is_fixed_by_hand_outlives_a_reload_and_another_window_and_is_imported(
    page: Page, other: Page, served: Served, tmp_path: Path
) -> None:
    opened(page, served, "fruit")
    look_at(page, "validation", file=fruit_zip(tmp_path))
    expect(found(page).locator(".preview")).to_contain_text("a note")
    choose(page, "question", "frage")
    expect(found(page).locator(".preview")).to_contain_text("Welche Frucht ist in Bild 0?")
    choose(page, "category", "art")
    expect(found(page).locator(".preview")).to_contain_text("Obst")
    expect(found(page).get_by_role("combobox", name="category", exact=True)).to_be_focused()
    choose(page, "sample id", "nr")
    expect(found(page).locator(".preview")).to_contain_text("r4")
    expect(found(page).locator(".preview img")).to_have_count(5)
    page.reload()
    expect(found(page).get_by_role("combobox", name="question", exact=True)).to_have_value("frage")
    opened(other, served, "fruit")
    expect(found(other).get_by_role("combobox", name="category", exact=True)).to_have_value("art")
    assert len(uploads(served)) == 1
    bring_in(page, "12 samples are in “fruit”, 4 of them held out as its test set")
    assert uploads(served) == []
    expect(page.locator("#overview table.sets").first).to_contain_text("8")
    page.locator("#overview summary").click()
    expect(page.locator("#overview details table")).to_contain_text("Obst")


def test_importing_the_same_file_again_changes_nothing(page: Page, served: Served, tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "question": f"What is {n} plus 1?", "answer": str(n + 1)} for n in range(10)]
    file = tmp_path / "sums.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    opened(page, served, "again")
    look_at(page, "validation", path=str(file), share=0)
    bring_in(page, "10 samples are in “again”.")
    look_at(page, "validation", path=str(file), share=0)
    expect(found(page)).to_contain_text("There is nothing new in it.")
    expect(found(page).locator(".figures")).to_contain_text(re.compile("10\\s*already there|already there\\s*10"))
    expect(page.locator("#import-button")).to_be_disabled()
    page.get_by_role("button", name="Give up").click()
    expect(page.locator("#import-form")).to_be_visible()
    assert file.exists()


def test_a_page_saved_as_json_is_named_for_what_it_is(page: Page, served: Served, tmp_path: Path) -> None:
    wrong = tmp_path / "sums.json"
    wrong.write_text("<!doctype html><html><body>404 Not Found</body></html>")
    opened(page, served, "again")
    look_at(page, "validation", file=wrong)
    expect(found(page).get_by_role("alert")).to_contain_text("sums.json is a web page")
    expect(page.locator("#import-button")).to_be_disabled()
    page.get_by_role("button", name="Give up").click()
    page.locator("#ask-yes").click()
    expect(page.locator("#import-form")).to_be_visible()
    assert uploads(served) == []


def test_an_encoding_that_is_found_wrong_is_chosen_by_hand(page: Page, served: Served, tmp_path: Path) -> None:
    file = tmp_path / "names.csv"
    file.write_bytes("id,question,answer\n1,Qui a gagné ?,Zoé\n".encode("cp1252"))
    opened(page, served, "again")
    look_at(page, "validation", path=str(file), share=0)
    expect(found(page)).to_contain_text("was read as Windows-1252")
    page.get_by_label("Encoding").select_option("koi8-r")
    expect(found(page)).to_contain_text("ZoИ")
    page.get_by_label("Encoding").select_option("")
    expect(found(page)).to_contain_text("Zoé")
    page.get_by_role("button", name="Give up").click()


def test_one_bad_row_keeps_a_file_out_until_it_is_left_out(page: Page, served: Served, tmp_path: Path) -> None:
    opened(page, served, "tried")
    look_at(page, "test", file=fruit_zip(tmp_path, images=ROWS - 1))
    expect(found(page).locator(".refused")).to_contain_text("“11.png” is not there")
    expect(page.locator("#import-button")).to_be_disabled()
    expect(page.locator("#why-not")).to_contain_text("1 of 12 rows are refused")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download all as CSV").click()
    assert "11.png" in Path(started.value.path()).read_text(encoding="utf-8")
    page.locator("#import-skip").focus()
    page.keyboard.press("Space")
    expect(page.locator("#import-button")).to_be_enabled()
    bring_in(page, "11 samples are in “tried”; 1 refused rows were left out.")


def test_paths_outside_of_the_roots_are_refused_also_by_way_of_a_link(
    page: Page, served: Served, tmp_path: Path
) -> None:
    opened(page, served, "again")
    (tmp_path / "link.json").symlink_to("/etc/hostname")
    for path in ("/etc/hostname", str(tmp_path / "link.json"), f"{tmp_path}/../../../../../etc/hostname"):
        page.locator("#import-source").fill(path)
        page.get_by_role("button", name="Look", exact=True).click()
        expect(page.locator("#notice .error")).to_contain_text("outside of the folders that the page may read")
        expect(page.locator("#import-form")).to_be_visible()
        page.locator("#notice [data-close]").click()


def test_a_large_support_set_comes_in_as_a_job_that_the_page_follows(
    page: Page, served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "lessons.jsonl"
    with file.open("w") as written:
        for n in range(6000):
            row = {"id": f"l{n}", "question": f"What is {n} plus 1?", "answer": str(n + 1), "task": f"sums {n % 3}"}
            written.write(json.dumps(row) + "\n")
    opened(page, served, "again")
    look_at(page, "support", path=str(file), name="six thousand")
    page.locator("#import-button").click()
    expect(page.locator("#notice")).to_contain_text("6,000 samples are on their way into “six thousand”")
    page.reload()
    expect(page.locator("#tray .job[data-state=done]", has_text="Import")).to_be_visible(timeout=JOB_MS)
    row = page.locator("#supports tr", has_text="six thousand")
    expect(row).to_contain_text("6,000", timeout=IMPORT_MS)
    expect(page.locator("#import-form")).to_be_visible()
    row.get_by_role("link", name="Label 6,000").click()
    expect(page.locator("#labelling")).to_contain_text("6,000")
    group = page.locator("#labelling tr", has=page.get_by_role("button", name="Label by group"))
    expect(group).to_contain_text("3")
    expect(group).to_contain_text("none: it runs here")


def test_labels_are_judged_by_keys_one_at_a_time(page: Page, served: Served) -> None:
    opened(page, served, MEASURED)
    page.locator("#supports tr", has_text="lessons").get_by_role("link", name="Check labels").click()
    check = page.locator("#check")
    expect(check).to_contain_text("0 judged")
    for judged, key in enumerate(("y", "y", "n", "y"), 1):
        seen = check.locator("[data-cmd=judge]").first.get_attribute("data-sample")
        page.keyboard.press(key)
        expect(check).to_contain_text(f"{judged} judged")
        expect(check.locator("[data-cmd=judge]").first).not_to_have_attribute("data-sample", seen or "")
    expect(check).to_contain_text("75 % fit")
    page.reload()
    expect(check).to_contain_text("4 judged")


def test_models_are_tried_on_one_sample(page: Page, served: Served, tmp_path: Path) -> None:
    opened(page, served, "named")
    look_at(page, "validation", file=demo.VALIDATION)
    bring_in(page, "samples are in “named”")
    page.locator("[data-cmd=try][data-who=teacher]").first.click()
    teacher = page.locator("#tried [data-who=teacher]")
    expect(teacher.locator("table.curve")).to_be_visible(timeout=JOB_MS)
    expect(teacher.locator(".share").first).to_contain_text("%")
    student = page.locator("#tried [data-who=student]")
    expect(student).to_contain_text(" s for this sample")
    student.get_by_text("What it was shown").click()
    expect(student.locator("pre").first).to_be_visible()
    before = student.locator("h3").inner_text()
    page.locator("[data-cmd=try][data-who=student][data-another]").click()
    expect(student.locator("h3")).not_to_have_text(before, timeout=JOB_MS)
    (tmp_path / "empty").mkdir()
    page.locator("#model-student").fill(str(tmp_path / "empty"))
    page.get_by_role("button", name="Use these models").click()
    expect(page.locator("#notice")).to_contain_text("Kept")
    page.locator("[data-cmd=try][data-who=student]").first.click()
    expect(student.get_by_role("alert")).to_contain_text("holds no model", timeout=JOB_MS)


def test_names_and_prompts_that_are_not_saved_outlive_a_reload(page: Page, served: Served) -> None:
    opened(page, served, "again")
    page.locator("#model-teacher").fill("openai:gpt-4o-mini")
    page.locator("#prompts summary").click()
    cue = page.get_by_label("teacher.cue")
    old = cue.input_value()
    cue.fill("So the answer must be")
    expect(page.locator("#models .unsaved")).to_be_visible()
    page.reload()
    expect(page.locator("#model-teacher")).to_have_value("openai:gpt-4o-mini")
    expect(cue).to_have_value("So the answer must be")
    cue.locator("xpath=..").get_by_role("button", name="Save").click()
    expect(page.locator("#notice")).to_contain_text("“teacher.cue” is kept")
    expect(page.locator("#prompts summary")).to_contain_text("2 of them this project's own")
    cue.locator("xpath=..").get_by_role("button", name="Back to the built-in text").click()
    expect(cue).to_have_value(old)
    page.locator("#model-teacher").fill("gpt@http://user:key@host/v1")
    page.get_by_role("button", name="Use these models").click()
    expect(page.locator("#notice .error")).to_contain_text("hold no key")
    page.locator("#model-teacher").fill("openai:gpt-4o-mini")
    page.get_by_role("button", name="Use these models").click()
    expect(page.locator("#notice")).to_contain_text("Kept")
    expect(page.locator("#models .unsaved")).to_be_hidden()
    with closing(open_database(served.data)) as db, db.read() as connection:
        assert store.project_named(connection, "again").teacher == "openai:gpt-4o-mini"
        assert store.project_named(connection, "again").settings == settings_for("openai:gpt-4o-mini")


def test_settings_are_changed_on_the_page_and_a_bad_value_is_refused_by_name(page: Page, served: Served) -> None:
    opened(page, served, "paid")
    page.locator("#settings summary").click()
    page.get_by_label("Longest side of an image").fill("512")
    page.locator("#settings").get_by_role("button", name="Save").click()
    expect(page.locator("#notice")).to_contain_text("Kept: longest_side 512")
    expect(page.get_by_label("Longest side of an image")).to_have_value("512")
    page.get_by_label("Cap, US dollars").fill("five")
    page.get_by_label("Variable that holds its key").fill("SWITCHPOINT_API_KEY_TEAM")
    page.locator("#spending").get_by_role("button", name="Save").click()
    expect(page.locator("#notice .error")).to_contain_text("spend_cap is an amount of US dollars")
    page.reload()
    expect(page.get_by_label("Cap, US dollars")).to_have_value("five")
    page.get_by_label("Cap, US dollars").fill("5")
    page.get_by_label("US dollars per million tokens").fill("0.2, 0.8")
    page.locator("#spending").get_by_role("button", name="Save").click()
    expect(page.locator("#spending")).to_contain_text("of a cap of $5.00")
    expect(page.locator("#spending .unsaved")).to_be_hidden()
    with closing(open_database(served.data)) as db, db.read() as connection:
        found = store.project_named(connection, "paid").settings
    assert found.student.longest_side == 512
    assert found.endpoint.prices == (("openai:gpt-4o-mini", 0.2, 0.8),)
    assert found.endpoint.addresses == (("openai:gpt-4o-mini", "", "SWITCHPOINT_API_KEY_TEAM"),)


def test_what_predictions_were_made_with_cannot_be_typed_over(page: Page, served: Served) -> None:
    opened(page, served, MEASURED)
    page.locator("#settings summary").click()
    expect(page.get_by_label("Number format")).to_be_disabled()
    expect(page.get_by_label("Batch size")).to_be_enabled()
    expect(page.locator("#settings")).to_contain_text("the project has predictions and diagnoses, and those")


def test_models_stay_once_something_was_measured_with_them(page: Page, served: Served) -> None:
    opened(page, served, MEASURED)
    expect(page.locator("#models")).to_contain_text("because this project has predictions")
    expect(page.locator("#models input")).to_have_count(0)
    page.locator("#models").get_by_role("button", name="New project").click()
    expect(page.locator("#new-project")).to_be_visible()


def test_everything_on_the_tab_has_a_label_and_a_place_in_the_order_of_tabs(page: Page, served: Served) -> None:
    opened(page, served, "fruit")
    unnamed = page.locator("#tab-data, #bring").evaluate_all(
        "parts => parts.flatMap(part => [...part.querySelectorAll('input, select, textarea')])"
        ".filter(each => each.type !== 'hidden' && !each.labels.length && !each.ariaLabel).map(each => each.outerHTML)"
    )
    assert unnamed == []
    page.locator("#import-source").focus()
    page.keyboard.type(os.devnull)
    page.keyboard.press("Enter")
    expect(page.locator("#notice .error")).to_be_visible()
