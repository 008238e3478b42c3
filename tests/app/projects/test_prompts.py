"""A project's own prompts: checked, shown with version and hash, and used by its models."""

from pathlib import Path

import pytest

from app.imports.pipeline import import_file
from app.jobs.queue import put_diagnose
from app.projects.prompts import project_prompts, set_prompts, student_family
from core.errors import UserError
from core.prompts.texts import prompts_hash
from storage import store
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.app.jobs.test_predict_diagnose_label import go
from tests.projects.tiny_project import SETTINGS, TinyFiles


def own(db: Database, project: str) -> dict[str, str]:
    with db.read() as connection:
        return store.project_named(connection, project).settings.prompts


def test_a_projects_own_text_is_kept_and_taken_back(db: Database, tiny: str) -> None:
    shown = {each.name: each for each in set_prompts(db, tiny, {"skill": " {question} lacks {step} \n"})}
    assert (shown["skill"].text, shown["skill"].version) == ("{question} lacks {step}", "own")
    assert own(db, tiny) == SETTINGS.prompts | {"skill": "{question} lacks {step}"}
    shown = {each.name: each for each in set_prompts(db, tiny, {"skill": None, "student": None})}
    assert own(db, tiny) == {}
    assert shown["skill"].version == "1"
    assert "Explain your reasoning step by step" in shown["student"].text, "the LLaVA family's own"


def test_one_bad_text_keeps_all_of_them_out(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match=r"'student' has no {question}"):
        set_prompts(db, tiny, {"skill": "{question} {step}", "student": "Answer!"})
    with pytest.raises(UserError, match="There is no prompt 'skil'"):
        set_prompts(db, tiny, {"skil": "{question} {step}"})
    assert own(db, tiny) == SETTINGS.prompts


def test_a_diagnosis_keeps_the_hash_of_the_prompts_it_was_made_with(db: Database, tiny: str, files: TinyFiles) -> None:
    import_file(db, "predictions", files["predictions"], tiny)
    set_prompts(db, tiny, {"teacher.step": "Then: {step}"})
    go(db, put_diagnose(db, tiny))
    set_prompts(db, tiny, {"teacher.step": None})
    with db.read() as connection:
        settings = store.project_named(connection, tiny).settings
        kept = {each.prompts for each in store.diagnoses_of(connection, 1)}
    assert len(kept) == 1
    assert kept != {prompts_hash(settings)}


def test_the_family_is_read_from_the_config_or_is_the_default(files: TinyFiles, tmp_path: Path) -> None:
    assert student_family(str(files.student)) == "llava"
    assert student_family("assets/demo/student") == "llava"
    (tmp_path / "config.json").write_text("{}")
    for model in (str(tmp_path), str(tmp_path / "gone"), "nobody/has-this-model", "gpt 4o: not a name"):
        assert student_family(model) == "default"


def test_the_command_shows_every_text_with_version_and_hash(db: Database, tiny: str, command_line: CommandLine) -> None:
    set_prompts(db, tiny, {"teacher.cue": "[bold]So[/bold]"})
    code, out, err = command_line.run("prompts", tiny)
    assert (code, err) == (0, "")
    for each in project_prompts(db, tiny):
        assert f"{each.name} · version {each.version} · {each.hash}" in out
        assert each.text.split()[0] in out
    assert "[bold]So[/bold]" in out
    listed = command_line.json("prompts", tiny)["prompts"]
    assert [each["name"] for each in listed][:2] == ["student", "teacher.header"]


def test_the_command_takes_texts_from_files_and_says_what_is_wrong_with_them(
    db: Database, tiny: str, tmp_path: Path, command_line: CommandLine
) -> None:
    (tmp_path / "mine.txt").write_text("version: 1\nLook: {question}\n")
    (tmp_path / "bad.txt").write_text("Look!")
    command_line.said("prompts", tiny, "--set", f"student={tmp_path / 'mine.txt'}")
    assert own(db, tiny)["student"] == "Look: {question}"
    for setting, sentence in (
        (f"student={tmp_path / 'bad.txt'}", "has no {question}"),
        (f"student={tmp_path / 'gone.txt'}", "cannot be read as text"),
        ("student", "write --set NAME=FILE"),
    ):
        assert sentence in command_line.refused("prompts", tiny, "--set", setting)
    assert own(db, tiny)["student"] == "Look: {question}"
    command_line.said("prompts", tiny, "--reset", "student")
    assert "student" not in own(db, tiny)
