"""The doctor command: its checks, what it says to do, its exit code, and no secrets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.projects.configuration import create_project
from storage.database import open_database
from tests.app.command_line import CommandLine
from tests.projects.tiny_project import TinyFiles, fill_project

CHECKS = {
    "python",
    "libraries",
    "device",
    "memory",
    "data directory",
    "disk",
    "worker",
    "backup",
    "demo models",
    "keys",
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


Examined = tuple[int, dict[str, dict[str, Any]]]


@pytest.fixture
def examined(data: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[], Examined]:
    """Runs the doctor on the data directory; returns the exit code and the checks by name."""

    def run() -> Examined:
        code, out, _ = CommandLine(data, capsys).run("doctor", "--json")
        return code, {row["name"]: row for row in json.loads(out)}

    return run


def with_project(data: Path, *, student: Path | str, teacher: Path | str) -> None:
    db = open_database(data)
    create_project(db, "birds", student=str(student), teacher=str(teacher))
    db.close()


def copied(model: Path, to: Path, *, without: str = "", **changed: bytes) -> Path:
    """Copy a model's folder without a file, or with changed ones (file names with _ for the dot)."""
    to.mkdir(parents=True)
    for path in model.iterdir():
        if path.name != without:
            (to / path.name).write_bytes(changed.get(path.name.replace(".", "_"), path.read_bytes()))
    return to


def test_every_check_says_what_it_found(
    examined: Callable[[], Examined], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = examined()
    assert checks.keys() == CHECKS
    assert all(row.keys() == {"name", "ok", "found"} and row["found"] for row in checks.values())
    assert code == (0 if all(row["ok"] for row in checks.values()) else 1)
    assert "torch 2" in checks["libraries"]["found"]
    assert "GB are free" in checks["memory"]["found"]
    plain, out, _ = CommandLine(data, capsys).run("doctor")
    assert plain == code
    assert "data directory: " in out


def test_models_that_are_here_and_whole_are_fit(examined: Callable[[], Examined], data: Path, files: TinyFiles) -> None:
    db = open_database(data)
    fill_project(db, files)
    db.close()
    _, checks = examined()
    student, teacher = checks["student of tiny"], checks["teacher of tiny"]
    assert student["ok"]
    assert "LlavaForConditionalGeneration" in student["found"]
    assert teacher["ok"]
    assert "LlamaForCausalLM" in teacher["found"]
    assert "log-probabilities" in teacher["found"]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ({"without": "config.json"}, "no config.json"),
        ({"config_json": b"<!doctype html>"}, "is no JSON"),
        ({"without": "model.safetensors"}, "holds no weights"),
        ({"model_safetensors": b"version https://git-lfs.github.com/spec/v1\n"}, "git lfs pull"),
        ({"without": "tokenizer.json"}, "holds no tokenizer"),
        ({"config_json": b'{"architectures": ["BertModel"]}'}, "choose one as teacher"),
    ],
)
def test_a_damaged_teacher_fails_and_the_sentence_says_what_to_do(
    examined: Callable[[], Examined], data: Path, files: TinyFiles, damage: dict[str, Any], said: str
) -> None:
    teacher = copied(files.teacher, data.parent / "teacher", **damage)
    with_project(data, student=files.student, teacher=teacher)
    code, checks = examined()
    assert code == 1
    assert checks["student of birds"]["ok"]
    assert not checks["teacher of birds"]["ok"]
    assert said in checks["teacher of birds"]["found"]


def test_a_missing_folder_and_a_name_that_the_hub_does_not_give_fail(
    examined: Callable[[], Examined], data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with_project(data, student=data / "gone", teacher="nobody/there-is-none-such")
    code, checks = examined()
    assert code == 1
    assert f"There is no folder {data / 'gone'}" in checks["student of birds"]["found"]
    assert "check the name and the network" in checks["teacher of birds"]["found"]


def test_keys_are_present_or_absent_and_never_shown(
    examined: Callable[[], Examined], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("SWITCHPOINT_API_KEY_VLLM_LAN", "another-secret")
    monkeypatch.setenv("HF_TOKEN", " ")
    _, checks = examined()
    found = checks["keys"]["found"]
    assert "OPENAI_API_KEY in the environment" in found
    assert "SWITCHPOINT_API_KEY_VLLM_LAN in the environment" in found
    assert "HF_TOKEN absent" in found
    assert "secret" not in json.dumps(checks)


def test_a_data_directory_that_is_a_file_fails_with_a_sentence(examined: Callable[[], Examined], data: Path) -> None:
    data.write_text("no directory")
    code, checks = examined()
    assert code == 1
    assert not checks["data directory"]["ok"]
