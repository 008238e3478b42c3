"""LoRA adapters of a student (Hu et al. 2021, through PEFT): create, attach, continue and describe them.

An adapter covers the linear layers of the language model, but not the vision tower or the output layer. On request it
also holds a fully trained copy of the projector.
"""

import json
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from peft.utils.save_and_load import load_peft_weights

from core.atomic_files import find_damage
from core.errors import UserError
from core.types import TuningSettings

# Module names of the projector from image features to the language model.
PROJECTORS = ("multi_modal_projector", "merger", "connector", "mm_projector", "projector", "embed_vision")


def new_adapter(weights: Any, settings: TuningSettings) -> Any:
    """The model with a new adapter (a PEFT model in which only the adapter is trainable and initially changes nothing).

    With a projector rate, its copy of the projector is trainable as well. Raises UserError when the language model has
    no linear layers, or there is no projector to train.
    """
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=_language_layers(weights),
        modules_to_save=[_projector_name(weights)] if settings.projector_rate else None,
        task_type="CAUSAL_LM",
    )
    with _ignore_deprecation():
        return _projector_to_float32(get_peft_model(weights, config))


def continue_adapter(weights: Any, adapter: Path, settings: TuningSettings) -> Any:
    """The model with the adapter in the folder ``adapter``, trainable with that adapter's own rank and alpha.

    With a projector rate, its copy of the projector is trained (and created where it has none), else it is frozen.
    Raises UserError as ``attach_adapter`` and ``new_adapter`` do.
    """
    _check_adapter(adapter)
    saved = json.loads((adapter / "adapter_config.json").read_text())
    if settings.projector_rate and not saved.get("modules_to_save"):
        start = replace(settings, rank=saved.get("r", settings.rank), alpha=saved.get("lora_alpha", settings.alpha))
        attach_adapter(weights, adapter).unload()  # only to raise its errors before anything is changed
        tuned = new_adapter(weights, start)
        known = get_peft_model_state_dict(tuned, save_embedding_layers=False)
        set_peft_model_state_dict(tuned, known | load_peft_weights(str(adapter), device="cpu"))
        return tuned
    tuned = _projector_to_float32(attach_adapter(weights, adapter, trainable=True))
    if not settings.projector_rate:
        for name, parameter in tuned.named_parameters():
            if is_projector_parameter(name):
                parameter.requires_grad_(False)
    return tuned


def _projector_name(weights: Any) -> str:
    """The full module name of the projector. Raises UserError when the student has none by a known name."""
    found = [name for name, _ in weights.named_modules() if name.rpartition(".")[2] in PROJECTORS]
    if not found:
        raise UserError("This student has no projector that could be tuned; set the projector's learning rate to 0.")
    return str(found[0])


def is_projector_parameter(parameter: str) -> bool:
    """Whether a trainable parameter of this name belongs to the projector's copy."""
    return ".modules_to_save." in parameter


def _projector_to_float32(tuned: Any) -> Any:
    """Convert the projector's copy to float32, as PEFT does with LoRA's matrices; in half precision small steps
    would be lost."""
    for name, parameter in tuned.named_parameters():
        if is_projector_parameter(name):
            parameter.data = parameter.data.float()
    return tuned


def _language_layers(weights: Any) -> str:
    """A regular expression for the full names of the language model's linear layers, without the output layer."""
    decoder, output = weights.get_decoder(), weights.get_output_embeddings()
    prefix = next(name for name, module in weights.named_modules() if module is decoder)
    leaves = {
        name.rpartition(".")[2]
        for name, module in decoder.named_modules()
        if isinstance(module, torch.nn.Linear) and module is not output
    }
    if not leaves:
        raise UserError(
            "Nothing of this student can be tuned: its language model has no linear layers; choose another."
        )
    return rf"{re.escape(prefix)}\..*\.({'|'.join(sorted(leaves))})" if prefix else rf".*\.({'|'.join(sorted(leaves))})"


def attach_adapter(weights: Any, adapter: Path, *, trainable: bool = False) -> Any:
    """The model with the adapter in the folder ``adapter`` (a PEFT model).

    Raises UserError when there is none, when its files differ from its manifest, or when it was made for another model.
    """
    _check_adapter(adapter)
    try:
        with _ignore_deprecation():
            return PeftModel.from_pretrained(weights, str(adapter), is_trainable=trainable)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            f"The adapter in {adapter} does not fit this student; choose the student that it was tuned from."
        ) from error


def _check_adapter(adapter: Path) -> None:
    if not (adapter / "adapter_config.json").is_file():
        raise UserError(
            f"There is no adapter in {adapter}; put the folder back from a backup, tune again, or choose a round whose "
            "adapter is there."
        )
    if damage := find_damage(adapter):
        raise UserError(
            f"The adapter in {adapter} is not as Switchpoint left it ({damage}); put the folder back as it was, or "
            "tune again."
        )
    if not (adapter / "adapter_model.safetensors").is_file():  # PEFT would load a pickle instead
        raise UserError(f"The adapter in {adapter} has no weights as safetensors; tune again.")


@contextmanager
def _ignore_deprecation() -> Iterator[None]:
    """Ignore the warning that PEFT 0.21 causes by using a property that transformers 6 will remove."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def model_card(model: str, samples: int, settings: TuningSettings, losses: list[float], *, continued: bool) -> str:
    """The README.md of a finished adapter: what it was made from, how, and how to use it.

    ``continued`` says that an earlier adapter was trained further, whose rank and alpha it keeps.
    """
    projector = f"{settings.projector_rate:g}" if settings.projector_rate else "not tuned"
    start = "an earlier adapter, with that one's rank and alpha" if continued else "the base model"
    rows = {
        "started from": start,
        "rank, alpha, dropout": f"{settings.rank}, {settings.alpha}, {settings.dropout:g}",
        "learning rate, warm-up": f"{settings.learning_rate:g} (cosine), {settings.warmup:g} of the updates",
        "projector's learning rate": projector,
        "epochs, updates": f"{settings.epochs:g}, {len(losses)}",
        "samples an update": f"{settings.batch_size * settings.accumulation}",
        "longest conversation": f"{settings.max_length} tokens",
        "largest norm of the gradient": f"{settings.max_grad_norm:g}",
        "seed": f"{settings.seed}",
        "loss, first to last update": f"{losses[0]:.4f} to {losses[-1]:.4f}",
    }
    listed = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return f"""---
library_name: peft
base_model: {model}
tags: [switchpoint, lora]
---
# A Switchpoint adapter

A LoRA adapter for `{model}`, tuned on a selection of {samples} samples. Its weights are safetensors.

| | |
|---|---|
{listed}

It changes the linear layers of the language model{" and the projector" if settings.projector_rate else ""}; the loss \
was taken on the replies only. Load it with `PeftModel.from_pretrained(model, folder)`, or as the student of a \
Switchpoint round.
"""
