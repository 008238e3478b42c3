"""Model folders, adapters and checkpoints with code in them: none of it runs, and a sentence says so.

Each has a real payload that writes a file when it runs; the first tests show that it works.
"""

import json
import logging
import os
import pickle
import runpy
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from core.atomic_files import write_folder
from core.errors import UserError
from core.student.local import load_student
from core.student.lora import continue_adapter, new_adapter
from core.teacher.local import load_teacher
from core.tuning.checkpoints import newest_checkpoint, save_checkpoint
from core.types import TuningSettings
from tests.core.tuning.test_checkpoints import checkpoint
from tests.models.tiny_students import publish_adapter, save_llava
from tests.projects.tiny_project import save_teacher

Load = Callable[[str], Any]
SETTINGS = TuningSettings(rank=2, alpha=4)


@dataclass(frozen=True)
class Payload:
    """Unpickling it creates the file ``touched``."""

    touched: Path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.touched),)


@pytest.fixture
def touched(tmp_path: Path) -> Path:
    return tmp_path / "touched"


@pytest.fixture(params=["student", "teacher"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Load]:
    """The folder of a tiny real model, and what loads it."""
    if request.param == "student":
        return save_llava(tmp_path / "model"), lambda name: load_student(name, device="cpu")
    return save_teacher(tmp_path / "model"), lambda name: load_teacher(name, device="cpu")


def as_pickle(folder: Path, payload: Payload) -> None:
    """Save the model's weights as ``pytorch_model.bin`` too, with the payload among them."""
    torch.save({**load_file(folder / "model.safetensors"), "payload": payload}, folder / "pytorch_model.bin")


def with_code(folder: Path, touched: Path, *, unknown: bool) -> None:
    """Add custom model code for every class, which writes a file when it is imported."""
    code = (
        "import os\n"
        f"os.makedirs({str(touched)!r}, exist_ok=True)\n"
        "from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast\n"
        "class OwnConfig(LlamaConfig):\n    model_type = 'own'\n"
        "class OwnModel(LlamaForCausalLM):\n    config_class = OwnConfig\n"
        "class OwnTokenizer(PreTrainedTokenizerFast):\n    pass\n"
    )
    (folder / "own.py").write_text(code)
    config = json.loads((folder / "config.json").read_text())
    autos = ("AutoModel", "AutoModelForCausalLM", "AutoModelForImageTextToText")
    config["auto_map"] = {"AutoConfig": "own.OwnConfig"} | dict.fromkeys(autos, "own.OwnModel")
    if unknown:
        config["model_type"] = "own"
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("tokenizer_config.json", "processor_config.json"):
        if (folder / name).exists():
            known = json.loads((folder / name).read_text())
            known["auto_map"] = {"AutoTokenizer": [None, "own.OwnTokenizer"], "AutoProcessor": "own.OwnProcessor"}
            (folder / name).write_text(json.dumps(known))


def test_the_payloads_would_run(touched: Path, tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Payload(touched)))
    assert touched.exists()
    touched.rmdir()
    torch.save({"payload": Payload(touched)}, tmp_path / "x.bin")
    torch.load(tmp_path / "x.bin", weights_only=False)
    assert touched.exists()
    touched.rmdir()
    with_code(save_teacher(tmp_path / "model"), touched, unknown=True)
    runpy.run_path(str(tmp_path / "model" / "own.py"))
    assert touched.exists()


def test_weights_as_a_pickle_are_refused_unread(model: tuple[Path, Load], touched: Path) -> None:
    folder, load = model
    as_pickle(folder, Payload(touched))
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"pytorch_model\.bin.*could run code.*as safetensors"):
        load(str(folder))
    assert not touched.exists()


def test_a_pickle_beside_safetensors_is_left_unread(model: tuple[Path, Load], touched: Path) -> None:
    folder, load = model
    as_pickle(folder, Payload(touched))
    load(str(folder))
    assert not touched.exists()


def test_a_pickle_that_the_config_names_is_left_unread(model: tuple[Path, Load], touched: Path) -> None:
    folder, load = model
    as_pickle(folder, Payload(touched))
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"transformers_weights": "pytorch_model.bin"}))
    with pytest.raises(UserError):
        load(str(folder))
    assert not touched.exists()


def test_a_model_that_needs_code_of_its_own_is_refused_with_that_reason(
    model: tuple[Path, Load], touched: Path
) -> None:
    folder, load = model
    with_code(folder, touched, unknown=True)
    with pytest.raises(UserError, match="Python code of its own, which Switchpoint never runs"):
        load(str(folder))
    assert not touched.exists()


def test_a_model_that_transformers_knows_is_loaded_without_the_code_beside_it(
    model: tuple[Path, Load], touched: Path
) -> None:
    folder, load = model
    with_code(folder, touched, unknown=False)
    loaded = load(str(folder))
    assert type(loaded.model).__module__.startswith("transformers.models.")
    assert not touched.exists()


def test_an_adapter_in_a_models_folder_is_refused(model: tuple[Path, Load], touched: Path) -> None:
    folder, load = model
    torch.save({"payload": Payload(touched)}, folder / "adapter_model.bin")
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(folder)}))
    with pytest.raises(UserError, match="adapters come from Switchpoint's own runs only"):
        load(str(folder))
    assert not touched.exists()


@pytest.fixture
def adapter(tmp_path: Path) -> tuple[Path, Path]:
    """A student's folder and a published adapter for it."""
    folder = save_llava(tmp_path / "student")
    return folder, publish_adapter(
        new_adapter(load_student(str(folder), device="cpu").model, SETTINGS), tmp_path / "adapter"
    )


def refused(folder: Path, adapter: Path) -> str:
    """The sentence that refuses an adapter, the same for prediction and for tuning."""
    with pytest.raises(UserError) as answering:
        load_student(str(folder), adapter=adapter, device="cpu")
    with pytest.raises(UserError) as training:
        continue_adapter(load_student(str(folder), device="cpu").model, adapter, SETTINGS)
    assert str(answering.value) == str(training.value)
    return str(answering.value)


def test_an_adapter_is_put_on_when_it_is_as_it_was_published(adapter: tuple[Path, Path]) -> None:
    load_student(str(adapter[0]), adapter=adapter[1], device="cpu")


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_changed_adapter_is_refused(adapter: tuple[Path, Path], name: str) -> None:
    content = (adapter[1] / name).read_bytes()
    (adapter[1] / name).write_bytes(content[:-2] + b" }")
    said = refused(*adapter)
    assert f"{name} has changed" in said
    assert "tune again" in said


def test_an_adapter_without_our_manifest_is_refused(adapter: tuple[Path, Path]) -> None:
    (adapter[1] / "manifest.json").unlink()
    assert "manifest.json is missing" in refused(*adapter)


@pytest.mark.parametrize("manifest", ["[]", "7", "{", '{"adapter_config.json": 1}', "null", '{"..": "x"}'])
def test_a_manifest_that_is_none_is_refused(adapter: tuple[Path, Path], manifest: str) -> None:
    (adapter[1] / "manifest.json").write_text(manifest)
    assert "is not as Switchpoint left it" in refused(*adapter)


def test_a_file_that_somebody_put_into_an_adapter_is_refused_unread(adapter: tuple[Path, Path], touched: Path) -> None:
    torch.save({"payload": Payload(touched)}, adapter[1] / "adapter_model.bin")
    assert "adapter_model.bin came from elsewhere" in refused(*adapter)
    assert not touched.exists()


def test_an_adapter_of_pickles_is_refused_whatever_its_manifest_says(
    adapter: tuple[Path, Path], touched: Path, tmp_path: Path
) -> None:
    def write(draft: Path) -> None:
        shutil.copy(adapter[1] / "adapter_config.json", draft)
        torch.save({"payload": Payload(touched)}, draft / "adapter_model.bin")

    assert "no weights as safetensors" in refused(adapter[0], write_folder(tmp_path / "forged", write))
    assert not touched.exists()


def make_manifest_fit(folder: Path) -> None:
    """Publish what lies in the folder anew, as if Switchpoint had written it."""
    kept = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.json"}

    def write(draft: Path) -> None:
        for name, content in kept.items():
            (draft / name).write_bytes(content)

    write_folder(folder, write)


@pytest.mark.parametrize("manifest", ["as it was", "made to fit"])
def test_a_planted_optimizer_is_not_run_and_the_checkpoint_before_it_is_taken(
    tmp_path: Path, touched: Path, manifest: str, caplog: pytest.LogCaptureFixture
) -> None:
    save_checkpoint(tmp_path, checkpoint(2))
    newest = save_checkpoint(tmp_path, checkpoint(4))
    torch.save({"optimizer": Payload(touched), "random": {}}, newest / "optimizer.pt")
    if manifest == "made to fit":
        make_manifest_fit(newest)
    with caplog.at_level(logging.WARNING):
        found = newest_checkpoint(tmp_path, "this run")
    assert not touched.exists()
    assert found is not None
    assert len(found.updates) == 2
    assert "checkpoint-4" in caplog.text
    assert "an earlier one is tried" in caplog.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", b"{}"),
        ("state.json", b"[]"),
        ("state.json", b'{"fingerprint": "this run", "updates": [{"unknown": 1}]}'),
        ("adapter.safetensors", b"no tensors"),
        ("optimizer.pt", b""),
        ("optimizer.pt", b"PK\x03\x04 no zip"),
        ("optimizer.pt", pickle.dumps([1, 2], protocol=2)),
    ],
)
def test_a_forged_checkpoint_with_a_fitting_manifest_is_passed(tmp_path: Path, name: str, content: bytes) -> None:
    save_checkpoint(tmp_path, checkpoint(2))
    newest = save_checkpoint(tmp_path, checkpoint(4))
    (newest / name).write_bytes(content)
    make_manifest_fit(newest)
    found = newest_checkpoint(tmp_path, "this run")
    assert found is not None
    assert len(found.updates) == 2
