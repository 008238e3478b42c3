"""Exported files can be read by other tools, run nothing there, and never overwrite a file."""

import base64
import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sqlalchemy import update

from app.engines.local_engine import LocalEngine
from app.exports.reviews import BOM, COLUMNS, csv_text
from app.exports.round_report import report_html
from app.exports.write import export_adapter, export_report, export_reviews
from app.imports.pipeline import import_file
from app.jobs.queue import put_predict, put_tune
from app.projects.lookup import find_project, find_round
from app.reviews.verdicts import accept_all, add_review
from app.selections.draw import make_selection
from app.web.routes.downloads import file_name
from app.worker.loop import run_queued_job
from core.errors import UserError
from storage import store
from storage.database import Database, open_database
from storage.tables import samples
from tests.app.command_line import CommandLine
from tests.app.html_page import read_page
from tests.browser import cases
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import TinyFiles
from tests.servers.app_server import Served, serving

FORMULA = ("=", "+", "-", "@", "\t", "\r")


def test_an_exported_adapter_is_the_rounds_own(db: Database, tiny: str, tmp_path: Path) -> None:
    make_selection(db, tiny, budget=4, arm="random")
    run_queued_job(db, put_tune(db, tiny), LocalEngine("cpu"))
    out = export_adapter(db, tiny, tmp_path / "adapter")
    stored = db.adapters / "run-1" / "adapter"
    assert {path.name for path in out.iterdir()} == {path.name for path in stored.iterdir()}
    assert (out / "adapter_model.safetensors").read_bytes() == (stored / "adapter_model.safetensors").read_bytes()
    with pytest.raises(UserError, match="nothing is overwritten"):
        export_adapter(db, tiny, tmp_path / "adapter")


def test_exported_reviews_hold_every_verdict_in_order(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="no reviews to export"):
        export_reviews(db, tiny, tmp_path / "reviews.jsonl")
    sample = diagnose_by_hand(db, tiny, files)[0]
    add_review(db, tiny, sample, "rejected", reviewer="ann")
    add_review(db, tiny, sample, "accepted", reviewer="bob", skill="adding up")
    (row,) = map(json.loads, export_reviews(db, tiny, tmp_path / "reviews.jsonl").read_text().splitlines())
    assert [(each["reviewer"], each["verdict"]) for each in row["reviews"]] == [("ann", "rejected"), ("bob", "edited")]
    assert row["diagnosis"]["mistake_step"] == 2


def test_the_report_says_on_which_set_each_figure_was_measured(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    diagnose_by_hand(db, tiny, files, test_too=True)
    accept_all(db, tiny, reviewer="ann")
    made = make_selection(db, tiny, budget=4)
    run_queued_job(db, put_tune(db, tiny, selection=made.id), LocalEngine("cpu"))
    run_queued_job(db, put_predict(db, tiny), LocalEngine("cpu"))
    text = export_report(db, tiny, tmp_path / "report.md").read_text()
    assert "Round 1 against round 0 on the test set" in text
    assert "Round 1 against round 0 on the validation set" in text
    assert all(demand.skill in text for demand in made.demands)


def test_hint_and_lecture_go_into_every_export_of_a_sample_that_has_them(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    first, second = diagnose_by_hand(db, tiny, files)[:2]
    with db.write() as connection:
        beside = {"hint": "=The <b>passage</b>", "lecture": "A sum\nis what you get."}
        connection.execute(update(samples).where(samples.c.id == first).values(**beside))
    accept_all(db, tiny, reviewer="ann")
    rows = lines_of(export_reviews(db, tiny, tmp_path / "reviews.csv"))
    assert [(row["hint"], row["lecture"]) for row in rows[:2]] == [
        ("'=The <b>passage</b>", "A sum\nis what you get."),
        ("", ""),
    ]
    lines = export_reviews(db, tiny, tmp_path / "reviews.jsonl").read_text().splitlines()
    assert beside.items() <= json.loads(lines[0]).items()
    assert not {"hint", "lecture"} & json.loads(lines[1]).keys()
    page = export_report(db, tiny, tmp_path / "report.html", round_number=0, samples=[first, second]).read_text()
    assert '<p class="hint" dir="auto">=The &lt;b&gt;passage&lt;/b&gt;</p>' in page
    assert page.count("<summary>Lecture</summary>") == 1
    assert "A sum\nis what you get." in page


def test_exported_reviews_as_csv_have_one_line_for_each_review(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    first, second = diagnose_by_hand(db, tiny, files)[:2]
    add_review(db, tiny, first, "rejected", reviewer="ann", note="why,\n“so”")
    add_review(db, tiny, second, "misread", reviewer="ann", answer="3")
    add_review(db, tiny, first, "accepted", reviewer="bob", skill="adding up", mistake_step=1)
    rows = lines_of(export_reviews(db, tiny, tmp_path / "reviews.CSV"))
    assert [(row["id"], row["reviewer"], row["verdict"], row["step"]) for row in rows] == [
        ("v1", "ann", "rejected", ""),
        ("v1", "bob", "edited", "1"),
        ("v2", "ann", "misread", ""),
    ]
    assert rows[0]["note"] == "why,\n“so”"
    assert rows[2]["answer"] == "3"
    machine = {name.removeprefix("machine_"): rows[0][name] for name in COLUMNS if name.startswith("machine_")}
    assert machine == {
        "step": "2", "skill": "addition of numbers", "status": "switched", "confidence": "0.9000"
    }  # fmt: skip
    assert (rows[0]["question"], rows[0]["truth"], rows[0]["student_answer"]) == (
        "What is the sum of 2 and 2 in A1?", "4", "5"
    )  # fmt: skip


def test_a_review_without_a_diagnosis_is_exported_too(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    import_file(db, "predictions", files["predictions"], tiny)
    with db.read() as connection:
        at = find_round(connection, find_project(connection, tiny), 0).id
        right, wrong = (each.sample for each in store.predictions_of(connection, at, "validation")[:2])
    add_review(db, tiny, right, "label_wrong", reviewer="ann")
    add_review(db, tiny, wrong, "accepted", reviewer="ann", skill="adding up", mistake_step=2)
    rows = list(map(json.loads, export_reviews(db, tiny, tmp_path / "reviews.jsonl").read_text().splitlines()))
    assert [(row["id"], row["diagnosis"], len(row["reviews"])) for row in rows] == [("v0", None, 1), ("v1", None, 1)]
    lines = lines_of(export_reviews(db, tiny, tmp_path / "reviews.csv"))
    assert [(line["machine_step"], line["machine_status"], line["skill"]) for line in lines] == [
        ("", "", ""),
        ("", "", "adding up"),
    ]


def test_what_a_reviewer_typed_is_no_formula_in_a_spreadsheet(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    sample = diagnose_by_hand(db, tiny, files)[0]
    typed = {"skill": "=1+1", "note": '=HYPERLINK("http://evil.example")'}
    add_review(db, tiny, sample, "accepted", reviewer="@ann", mistake_step=1, **typed)
    (row,) = lines_of(export_reviews(db, tiny, tmp_path / "reviews.csv"))
    assert (row["reviewer"], row["skill"], row["note"]) == ("'@ann", "'=1+1", f"'{typed['note']}")


ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
CELL = ANY | st.builds(str.__add__, st.sampled_from(FORMULA), ANY)


@given(st.lists(st.lists(CELL | st.builds("{};{}".format, ANY, CELL), min_size=2, max_size=6), max_size=6))
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_cell_begins_a_formula_whatever_separates_cells_in_the_reader_s_country(
    delimiter: str, rows: list[list[str]]
) -> None:
    text = csv_text(rows).removeprefix(BOM)
    read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert not any(cell.lstrip(' "').startswith(FORMULA[:4]) for row in read for cell in row)


@given(st.lists(st.lists(CELL, min_size=2, max_size=6), max_size=6))
def test_no_exported_cell_begins_with_a_formula_character_and_no_text_is_lost(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows).removeprefix(BOM), newline="")))
    assert not any(cell.startswith(FORMULA) for row in read for cell in row)
    assert [[cell.replace("'", "") for cell in row] for row in read] == [
        [cell.replace("'", "") for cell in row] for row in rows
    ]


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Sixty errors with curves and images; those of least confidence have texts that try to run as scripts."""
    data = tmp_path_factory.mktemp("nasty") / "data"
    cases.fill(data)
    opened = open_database(data)
    yield opened
    opened.close()


def test_the_html_report_needs_nothing_beside_itself(nasty: Database, tmp_path: Path) -> None:
    page = read_page(export_report(nasty, cases.PROJECT, tmp_path / "report.html").read_text())
    assert page.ids == {f"case-{number}" for number in range(1, 13)}, "the twelve least sure ones"
    assert page.plots == 12
    assert len(page.images) == 12
    for source in page.images:
        assert source.startswith("data:image/png;base64,")
        Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).verify()
    assert not page.links, "neither src nor href leads anywhere"
    assert "default-src 'none'" in page.policy
    assert page.libraries == 1, "plotly.js is in it once"


def test_no_text_of_a_sample_becomes_markup_in_the_html_report(nasty: Database, tmp_path: Path) -> None:
    text = export_report(nasty, cases.PROJECT, tmp_path / "report.html").read_text()
    page = read_page(text)
    assert not page.handlers
    assert not {"iframe", "svg", "a", "textarea"} & page.tags
    assert page.scripts == 13, "plotly.js and one for each curve"
    own = page.policy.split("script-src ")[1].split(";")[0].split()
    assert len(own) == 13
    assert all(re.fullmatch(r"'sha256-[\w+/]{43}='", each) for each in own)
    for number in range(len(cases.NASTY)):
        assert cases.NASTY[number] in page.text


def test_a_report_shows_the_cases_that_were_asked_for(nasty: Database) -> None:
    with nasty.read() as connection:
        project = find_project(connection, cases.PROJECT)
        page = read_page(report_html(connection, project, find_round(connection, project, 0), [40, 7]))
        assert page.ids == {"case-40", "case-7"}
        with pytest.raises(UserError, match="no error of round 0"):
            report_html(connection, project, find_round(connection, project, 0), [999])


def test_the_html_report_says_counts_verdicts_and_skills(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="switchpoint predict tiny"):
        export_report(db, tiny, tmp_path / "report.html")
    first, second, *_ = diagnose_by_hand(db, tiny, files, test_too=True)
    add_review(db, tiny, first, "accepted", reviewer="ann")
    add_review(db, tiny, second, "label_wrong", reviewer="bob", note="see the picture")
    page = read_page(export_report(db, tiny, tmp_path / "report.html").read_text())
    assert page.ids == {f"case-{first}", f"case-{second}"}, "only those with a verdict"
    text = " ".join(page.text.split())
    assert "4 of 11 samples correct; 95 % interval 15.2 % to 64.6 %" in text
    assert "1 sample is left out: a person called the label wrong." in text
    assert "12 of 12 samples correct" in text
    assert "2 of 8 wrong answers on the validation set have a verdict." in text
    assert "✓ truth" in text
    assert "▸ mistake step" in text
    assert "see the picture" in text
    with pytest.raises(UserError, match="nothing is overwritten"):
        export_report(db, tiny, tmp_path / "report.html")


def test_a_newer_round_that_has_not_answered_is_not_what_a_report_shows(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path
) -> None:
    diagnose_by_hand(db, tiny, files)
    with db.write() as connection:
        store.open_round(connection, find_project(connection, tiny).id, run=None)
    page = read_page(export_report(db, tiny, tmp_path / "newest.html").read_text())
    assert "0 (untuned)" in page.text
    page = read_page(export_report(db, tiny, tmp_path / "named.html", round_number=1).read_text())
    assert "1 (untuned)" in page.text
    assert page.text.count("Not measured.") == 2
    assert page.libraries == 0, "no curve, no plotly.js"


def test_the_command_line_hands_round_and_cases_on(
    nasty: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, commands = tmp_path / "report.html", CommandLine(nasty.data, capsys)
    asked = ("export", "report", cases.PROJECT, out)
    assert "has no round 1" in commands.refused(*asked, "--round", 1)
    assert commands.json(*asked, "--round", 0, "--sample", 3, "--sample", 5) == {"written": str(out)}
    assert read_page(out.read_text()).ids == {"case-3", "case-5"}


@pytest.fixture(scope="module")
def served(nasty: Database) -> Iterator[Served]:
    with serving(nasty.data) as running:
        yield running


def test_downloads_are_what_the_exports_write(nasty: Database, served: Served, tmp_path: Path) -> None:
    add_review(nasty, cases.PROJECT, 60, "rejected", reviewer="=ann")
    written = {
        "reviews.csv": export_reviews(nasty, cases.PROJECT, tmp_path / "reviews.csv"),
        "reviews.jsonl": export_reviews(nasty, cases.PROJECT, tmp_path / "reviews.jsonl"),
    }
    for name, path in written.items():
        answer = httpx.get(f"{served.url}/export/{name}", params={"project": cases.PROJECT, "round": 0})
        assert answer.status_code == 200
        assert answer.content == path.read_bytes()
        assert answer.headers["content-disposition"] == f'attachment; filename="cases-round-0-{name}"'
    report = httpx.get(f"{served.url}/export/report.html", params={"project": cases.PROJECT, "sample": [60, 2]})
    assert read_page(report.text).ids == {"case-60", "case-2"}
    assert report.headers["content-disposition"] == 'attachment; filename="cases-round-0-report.html"'
    assert report.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ("reviews.csv?project=gone", "There is no project 'gone'"),
        ("reviews.jsonl?project=cases&round=7", "has no round 7"),
        ("report.html?project=cases&round=x", "'x' is no round: give its number."),
        ("report.html?project=cases&sample=999", "Sample 999 is no error of round 0"),
        ("report.html", "There is no project ''"),
    ],
)
def test_a_download_that_is_not_there_is_one_plain_sentence(served: Served, asked: str, sentence: str) -> None:
    answer = httpx.get(f"{served.url}/export/{asked}")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")
    assert sentence in answer.text


@given(st.text(max_size=100))
def test_a_download_has_a_file_name_that_any_system_takes(project: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]*-round-3-reviews\.csv", file_name(project, 3, "reviews.csv"))


def lines_of(path: Path) -> list[dict[str, str]]:
    """A CSV file's lines as dictionaries by column."""
    assert path.read_bytes().startswith(BOM.encode())
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file, strict=True))
