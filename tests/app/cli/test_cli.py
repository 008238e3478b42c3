"""The command line: the same options on every command, JSON output, and exit codes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import cli
from app.cli.terminal import run_command_line
from app.projects import status
from storage.database import open_database
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import TinyFiles, fill_project

COMMANDS = [
    "serve",
    "worker",
    "init-demo",
    "import",
    "new",
    "predict",
    "diagnose",
    "label",
    "label-check",
    "review",
    "select",
    "tune",
    "compare",
    "adopt",
    "loop",
    "experiment",
    "export",
    "prompts",
    "settings",
    "spending",
    "batches",
    "status",
    "doctor",
    "backup",
    "restore",
]


@pytest.fixture
def data(tmp_path: Path, files: TinyFiles) -> Path:
    """A data directory with the small project."""
    db = open_database(tmp_path / "data")
    fill_project(db, files)
    db.close()
    return tmp_path / "data"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of one command."""
    code = run_command_line(cli, [str(each) for each in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_data_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, name, "--help")
    assert code == 0
    assert "--data" in out
    assert "--json" in out


def test_both_options_stand_before_or_after_the_command(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = run(capsys, "--data", data, "--json", "status", "tiny")
    after = run(capsys, "status", "tiny", "--json", "--data", data)
    assert before == after
    assert before[0] == 0


def test_status_counts_each_round_and_names_the_jobs(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shown = run_json(capsys, "--data", data, "status", "tiny")
    row = shown["rounds"][0]
    counted = ("round", "samples", "predictions", "wrong", "diagnosed", "reviewed", "selected")
    assert [row[name] for name in counted] == [0, 12, 0, 0, 0, 0, 0]
    assert shown["jobs"] == []
    assert "answer" in shown["next"]
    assert run(capsys, "--data", data, "status", "tiny")[0] == 0
    assert run_json(capsys, "--data", data, "status")["projects"] == ["tiny"]


def test_import_prints_its_report(data: Path, files: TinyFiles, capsys: pytest.CaptureFixture[str]) -> None:
    report = run_json(capsys, "--data", data, "import", "predictions", files["predictions"], "--project", "tiny")
    assert report.keys() >= {"format", "found", "accepted", "refused", "duplicates", "already_present", "preview"}
    assert (report["found"], report["accepted"], report["refused"]) == (12, 12, [])


def test_an_import_with_a_refused_row_exits_with_1_and_says_where(
    data: Path, files: TinyFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(files["test"].read_text().replace('"t3.png"', '"gone.png"').replace('"id": "t', '"id": "u'))
    arguments = ("--data", data, "import", "test", path, "--project", "tiny", "--images", files.images)
    code, out, err = run(capsys, *arguments, "--json")
    assert code == 1
    refused = json.loads(out)["refused"]
    assert len(refused) == 1
    assert {"line": 4, "field": "image"}.items() <= refused[0].items()
    assert "--skip-refused" in err
    assert run(capsys, *arguments, "--skip-refused")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["predict", "nobody"], "switchpoint new nobody"),
        (["select", "tiny", "--budget", "5"], "no accepted skill"),
        (["tune", "tiny"], "no selection"),
        (["compare", "tiny", "0", "1"], "no round 1"),
        (["import", "nonsense", "here"], "choose one of validation, test, support, predictions"),
        (["review", "tiny"], "--accept-all"),
        (["export", "adapter", "tiny", "out"], "untuned student"),
        (["export", "poem", "tiny", "out"], "choose one of"),
        (["predict", "tiny", "--round", "7"], "no round 7"),
        (["predict"], "Missing argument"),
        (["select", "tiny"], "--budget"),
        (["no-such-command"], "--help"),
    ],
)
def test_what_a_person_can_put_right_is_one_sentence_and_exit_code_1(
    data: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, "--data", data, *arguments)
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


def test_a_bug_is_one_sentence_and_exit_code_2_with_the_traceback_in_the_log(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(status.store, "round_counts", lambda *_: 1 / 0)
    code, _, err = run(capsys, "--data", data, "status", "tiny")
    assert code == 2
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    assert "Traceback" in (data / "logs" / "switchpoint.log").read_text()


def test_review_select_and_export_without_a_model(
    data: Path, files: TinyFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = open_database(data)
    sample = diagnose_by_hand(db, "tiny", files)[0]
    db.close()
    edited = run_json(capsys, "--data", data, "review", "tiny", sample, "accepted", "--skill", "addition", "--step", 1)
    assert (edited["verdict"], edited["skill"], edited["mistake_step"]) == ("edited", "addition", 1)
    assert run_json(capsys, "--data", data, "review", "tiny", "--accept-all") == {"accepted": 7}
    chosen = run_json(capsys, "--data", data, "select", "tiny", "--budget", 5)
    assert (chosen["hits"], chosen["arm"]) == (5, "targeted")
    for what in ("selection", "reviews", "report"):
        out = tmp_path / f"out-{what}"
        assert run_json(capsys, "--data", data, "export", what, "tiny", out) == {"written": str(out)}
    rows = json.loads((tmp_path / "out-selection" / "data.json").read_text())
    assert len(rows) == 5
    assert all((tmp_path / "out-selection" / row["image"]).exists() for row in rows)
    assert "## Missing skills" in (tmp_path / "out-report").read_text()
    code, _, err = run(capsys, "--data", data, "export", "report", "tiny", tmp_path / "out-report")
    assert code == 1, "nothing is overwritten"
    assert "nothing is overwritten" in err


def test_an_exported_selection_can_be_imported_again(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_json(capsys, "--data", data, "select", "tiny", "--budget", 8, "--random")
    run_json(capsys, "--data", data, "export", "selection", "tiny", tmp_path / "out")
    report = run_json(
        capsys, "--data", data, "import", "support", tmp_path / "out" / "data.json", "--name", "again",
    )  # fmt: skip
    assert (report["found"], report["accepted"]) == (8, 8)


@pytest.mark.parametrize("arguments", [["--help"], ["status"]])
def test_start_up_loads_no_model_library(arguments: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from app.cli.main import cli; from app.cli.terminal import run_command_line;"
        f"run_command_line(cli, ['--data', {str(tmp_path)!r}, *{arguments!r}]);"
        "print([m for m in ('torch', 'transformers', 'peft', 'gradio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_python_m_app_is_the_same_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app", "--data", str(tmp_path), "status", "nobody"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "switchpoint new nobody" in done.stderr
