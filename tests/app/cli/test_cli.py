"""The command line: the same options on every command, JSON output, and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.main import cli
from app.cli.terminal import run_command_line
from app.projects import status
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.app.rereadings.older_project import Past, fill
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import TinyFiles


@pytest.mark.parametrize("name", [each.name for each in cli.registered_commands])
def test_every_command_takes_data_and_json(name: str, command_line: CommandLine) -> None:
    out = command_line.said(name, "--help")
    assert "--data" in out
    assert "--json" in out


def test_both_options_stand_before_or_after_the_command(db: Database, tiny: str, command_line: CommandLine) -> None:
    assert run_command_line(cli, ["--json", "status", tiny, "--data", str(db.data)]) == 0
    assert command_line.captured.readouterr().out == command_line.said("status", tiny, "--json")


def test_status_counts_each_round_and_names_the_jobs(tiny: str, command_line: CommandLine) -> None:
    shown = command_line.json("status", tiny)
    row = shown["rounds"][0]
    counted = ("round", "samples", "predictions", "wrong", "diagnosed", "reviewed", "selected")
    assert [row[name] for name in counted] == [0, 12, 0, 0, 0, 0, 0]
    assert shown["jobs"] == []
    assert "answer" in shown["next"]
    assert command_line.said("status", tiny)
    assert command_line.json("status")["projects"] == [tiny]


def test_import_prints_its_report(tiny: str, files: TinyFiles, command_line: CommandLine) -> None:
    report = command_line.json("import", "predictions", files["predictions"], "--project", tiny)
    assert report.keys() >= {"format", "found", "accepted", "refused", "duplicates", "already_present", "preview"}
    assert (report["found"], report["accepted"], report["refused"]) == (12, 12, [])


def test_an_import_with_a_refused_row_exits_with_1_and_says_where(
    tiny: str, files: TinyFiles, tmp_path: Path, command_line: CommandLine
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(files["test"].read_text().replace('"t3.png"', '"gone.png"').replace('"id": "t', '"id": "u'))
    words = ("import", "test", path, "--project", tiny, "--images", files.images)
    code, out, err = command_line.run(*words, "--json")
    assert code == 1
    refused = json.loads(out)["refused"]
    assert len(refused) == 1
    assert {"line": 4, "field": "image"}.items() <= refused[0].items()
    assert "--skip-refused" in err
    assert command_line.said(*words, "--skip-refused")


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
    tiny: str, arguments: list[str], sentence: str, command_line: CommandLine
) -> None:
    assert sentence in command_line.refused(*arguments)


def test_a_bug_is_one_sentence_and_exit_code_2_with_the_traceback_in_the_log(
    tiny: str, monkeypatch: pytest.MonkeyPatch, command_line: CommandLine
) -> None:
    monkeypatch.setattr(status.store, "round_counts", lambda *_: 1 / 0)
    code, _, err = command_line.run("status", tiny)
    assert code == 2
    assert "ZeroDivisionError" in err
    assert "Traceback" not in err
    assert "Traceback" in (command_line.data / "logs" / "switchpoint.log").read_text()


def test_review_select_and_export_without_a_model(
    db: Database, tiny: str, files: TinyFiles, tmp_path: Path, command_line: CommandLine
) -> None:
    sample = diagnose_by_hand(db, tiny, files)[0]
    edited = command_line.json("review", tiny, sample, "accepted", "--skill", "addition", "--step", 1)
    assert (edited["verdict"], edited["skill"], edited["mistake_step"]) == ("edited", "addition", 1)
    assert command_line.json("review", tiny, "--accept-all") == {"accepted": 7}
    chosen = command_line.json("select", tiny, "--budget", 5)
    assert (chosen["hits"], chosen["arm"]) == (5, "targeted")
    for what in ("selection", "reviews", "report"):
        out = tmp_path / f"out-{what}"
        assert command_line.json("export", what, tiny, out) == {"written": str(out)}
    rows = json.loads((tmp_path / "out-selection" / "data.json").read_text())
    assert len(rows) == 5
    assert all((tmp_path / "out-selection" / row["image"]).exists() for row in rows)
    assert "## Missing skills" in (tmp_path / "out-report").read_text()
    said = command_line.refused("export", "report", tiny, tmp_path / "out-report")
    assert "nothing is overwritten" in said


def test_an_exported_selection_can_be_imported_again(tiny: str, tmp_path: Path, command_line: CommandLine) -> None:
    command_line.json("select", tiny, "--budget", 8, "--random")
    command_line.json("export", "selection", tiny, tmp_path / "out")
    report = command_line.json("import", "support", tmp_path / "out" / "data.json", "--name", "again")
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


def test_reread_shows_what_would_change_reads_again_with_yes_and_takes_it_back(
    db: Database, command_line: CommandLine
) -> None:
    with db.write() as connection:
        _, ids = fill(connection, [Past(says="red", damage="unclear"), Past(damage="answer", decision="accepted")])
    shown = command_line.said("reread", "old")
    assert shown.splitlines() == [
        "1 of 2 predictions that an older version read would change.",
        "  unclear → read: 1",
        "  wrong → correct: 1",
        "Round 0, validation: accuracy 0.0% → 50.0%",
        f"1 would be read otherwise and are kept, because a person reviewed them: sample {ids[1]}.",
        f"Round 0, sample {ids[0]} (v0): unclear → red",
        "Nothing was changed yet: `switchpoint reread old --yes` reads them again, and --undo puts them back.",
    ]
    for asked in (["status", "old"], ["status"]):
        assert "A better reading is there for 2 predictions" in " ".join(command_line.said(*asked).split())
    read = command_line.json("reread", "old", "--round", 0, "--yes")
    assert (read["replaced"], read["kept"]) == (1, {"reviewed": [ids[1]]})
    assert read["accuracies"] == [{"round": 0, "set": "validation", "samples": 2, "before": 0.0, "after": 0.5}]
    assert "better reading" not in command_line.said("status", "old")
    assert "there is nothing to change" in command_line.said("reread", "old", "--yes")
    assert command_line.said("reread", "old", "--undo").startswith("Put back 1 prediction as it was")
    assert command_line.refused("reread", "old", "--undo") == "No re-reading of 'old' is there to undo."
    assert "leave out --yes and --round" in command_line.refused("reread", "old", "--undo", "--yes")
