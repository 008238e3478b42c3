from pathlib import Path

import pytest
import torch

from core.errors import UserError
from core.student.local import load_student
from core.student.lora import attach_adapter, model_card, new_adapter
from core.types import TuningSettings
from tests.models.tiny_students import publish_adapter

SETTINGS = TuningSettings(rank=3, alpha=6)


def test_only_linear_layers_of_the_language_model_are_adapted(folder: Path) -> None:
    weights = load_student(str(folder), device="cpu").model
    linear = {
        name
        for name, module in weights.named_modules()
        if isinstance(module, torch.nn.Linear) and "language_model" in name
    }
    tuned = new_adapter(weights, SETTINGS)
    trained = {name for name, parameter in tuned.named_parameters() if parameter.requires_grad}
    adapted = {name.removeprefix("base_model.model.").partition(".lora_")[0] for name in trained}
    assert adapted == linear
    assert len(linear) == 14
    assert all("lora_A" in name or "lora_B" in name for name in trained)


def test_a_fresh_adapter_changes_nothing(folder: Path) -> None:
    student = load_student(str(folder), device="cpu")
    ids = torch.tensor([[2, 9, 12, 30, 14]])
    with torch.inference_mode():
        before = student.model(input_ids=ids).logits
        after = new_adapter(student.model, SETTINGS)(input_ids=ids).logits
    assert torch.equal(before, after)


def test_a_language_model_without_linear_layers_cannot_be_tuned(llava: Path) -> None:
    weights = load_student(str(llava), device="cpu").model
    weights.model.language_model.layers = torch.nn.ModuleList()
    with pytest.raises(UserError, match="no linear layers; choose another"):
        new_adapter(weights, SETTINGS)


def test_an_attached_adapter_is_trained_further_only_when_asked(folder: Path, tmp_path: Path) -> None:
    made = publish_adapter(new_adapter(load_student(str(folder), device="cpu").model, SETTINGS), tmp_path / "adapter")
    for trainable in (False, True):
        tuned = attach_adapter(load_student(str(folder), device="cpu").model, made, trainable=trainable)
        lora = [parameter for name, parameter in tuned.named_parameters() if "lora_" in name]
        assert {parameter.requires_grad for parameter in lora} == {trainable}


def test_the_model_card_says_what_the_adapter_was_made_from_and_how() -> None:
    settings = TuningSettings(seed=5, projector_rate=2e-5)
    card = model_card("some/model", 2000, settings, [2.5, 1.25, 0.5], continued=True)
    assert card.startswith("---\nlibrary_name: peft\nbase_model: some/model\n")
    assert "2000 samples" in card
    for row in (
        "| rank, alpha, dropout | 128, 256, 0 |",
        "| projector's learning rate | 2e-05 |",
        "| epochs, updates | 1, 3 |",
        "| seed | 5 |",
        "| loss, first to last update | 2.5000 to 0.5000 |",
        "| started from | an earlier adapter",
    ):
        assert row in card
