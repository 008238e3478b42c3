"""LoRA adapters of a student (Hu et al. 2021, through PEFT): made new, attached, and described for people.

An adapter changes the linear layers of the language model only: neither the vision tower nor the projector nor the
output layer. Knows nothing of samples and of training.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model

from core.errors import UserError
from core.types import TuningSettings


def new_adapter(weights: Any, settings: TuningSettings) -> Any:
    """The model with a fresh adapter (a PEFT model in which only the adapter is trainable; it starts as no change).

    Raises UserError when the model's language model has no linear layers to adapt.
    """
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=language_layers(weights),
        task_type="CAUSAL_LM",
    )
    with _transformers_6_ignored():
        return get_peft_model(weights, config)


def language_layers(weights: Any) -> str:
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
    """The model with the adapter saved in the folder ``adapter`` (a PEFT model).

    Raises UserError when there is none, or when it was made for another model.
    """
    if not (adapter / "adapter_config.json").is_file():
        raise UserError(f"There is no adapter in {adapter}; tune again, or choose a round whose adapter is there.")
    try:
        with _transformers_6_ignored():
            return PeftModel.from_pretrained(weights, str(adapter), is_trainable=trainable)
    except (RuntimeError, ValueError, OSError) as error:
        raise UserError(
            f"The adapter in {adapter} does not fit this student; choose the student that it was tuned from."
        ) from error


@contextmanager
def _transformers_6_ignored() -> Iterator[None]:
    """PEFT 0.21 still asks for a property that transformers 6 will drop; nobody here can do anything about it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)
        yield


def model_card(model: str, samples: int, settings: TuningSettings, losses: list[float]) -> str:
    """The README.md of a finished adapter: what it was made from, how, and how to use it."""
    return f"""---
library_name: peft
base_model: {model}
---
# A Switchpoint adapter

A LoRA adapter for `{model}`, tuned on a selection of {samples} samples.

| rank | alpha | dropout | learning rate | epochs | samples per update | updates | seed | loss, first to last update |
|---|---|---|---|---|---|---|---|---|
| {settings.rank} | {settings.alpha} | {settings.dropout} | {settings.learning_rate:g} | {settings.epochs:g} | \
{settings.batch_size * settings.accumulation} | {len(losses)} | {settings.seed} | {losses[0]:.4f} to {losses[-1]:.4f} |

It changes the linear layers of the language model; the loss was taken on the replies only. Load it with
`PeftModel.from_pretrained(model, folder)`, or as the student of a Switchpoint round.
"""
