"""What may be set for a tuning run, as the page's form, the command line's options and a command that repeats a run.

One table says it for all three. Pure but for the demo's preset, which is read from its file; knows no page.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assets import demo
from core.errors import UserError
from core.types import TuningSettings


@dataclass(frozen=True, kw_only=True)
class Field:
    """A number to be set: its name in ``TuningSettings``, how it is called, what it does, and between what it lies."""

    name: str
    label: str
    about: str
    low: float
    high: float
    whole: bool = True

    @property
    def option(self) -> str:
        """What the command line calls it."""
        return f"--{self.name.replace('_', '-')}"

    def read(self, value: object) -> int | float:
        """The value as it is stored; UserError where it is no such number."""
        if not isinstance(value, int | float) or isinstance(value, bool) or not self.low <= value <= self.high:
            raise UserError(f"{self.label} must be a number from {self.low:g} to {self.high:g}.")
        if self.whole and value != int(value):
            raise UserError(f"{self.label} must be a whole number.")
        return int(value) if self.whole else float(value)


FIELDS = (
    Field(name="rank", label="LoRA rank", about="of each adapted layer's update", low=1, high=1024),
    Field(name="alpha", label="LoRA alpha", about="the update is scaled by alpha / rank", low=1, high=4096),
    Field(name="dropout", label="LoRA dropout", about="share of the adapter's inputs", low=0, high=0.9, whole=False),
    Field(name="learning_rate", label="Learning rate", about="the highest; it falls as a cosine to 0", low=1e-7, high=1,
          whole=False),
    Field(name="projector_rate", label="Projector's rate", about="0 leaves the projector as it is", low=0, high=1,
          whole=False),
    Field(name="warmup", label="Warm-up share", about="until the highest rate", low=0, high=1,
          whole=False),
    Field(name="epochs", label="Epochs", about="how often each sample is seen", low=0.01, high=100, whole=False),
    Field(name="batch_size", label="Batch size", about="samples at a time", low=1,
          high=1024),
    Field(name="accumulation", label="Batches per update", about="an update is batch size × this", low=1,
          high=1024),
    Field(name="max_length", label="Longest, tokens", about="longer conversations are left out", low=16,
          high=1_000_000),
    Field(name="max_grad_norm", label="Gradient's norm", about="a larger gradient is cut to this", low=1e-3, high=1e6,
          whole=False),
    Field(name="checkpoint_every", label="Checkpoint every", about="so many updates", low=1, high=1_000_000),
    Field(name="keep_checkpoints", label="Checkpoints kept", about="the newest so many", low=1, high=1000),
    Field(name="seed", label="Seed", about="of the order and of dropout", low=0, high=2**31 - 1),
)  # fmt: skip
STARTS = {"adapter": "The round's adapter, trained further", "base": "The base model, afresh"}
PRESETS = {
    "llava": "LLaVA-1.5's LoRA recipe",
    "small": "Small: rank 16, 3 epochs",
    "demo": "The demo's",
}
# What a preset says nothing of: it belongs to this run.
OWN = ("seed", "start", "checkpoint_every", "keep_checkpoints")


def preset(name: str) -> TuningSettings:
    """The settings of a preset (``PRESETS``). Raises UserError for an unknown name.

    LLaVA's is that of its ``finetune_lora.sh`` (Liu et al. 2023), whose 8 GPUs × 16 samples here are 8 batches of 16.
    """
    if name == "llava":
        return TuningSettings(dropout=0.05, projector_rate=2e-5, batch_size=16, accumulation=8)
    if name == "small":
        return TuningSettings(rank=16, alpha=32, epochs=3.0, batch_size=8, accumulation=2)
    if name == "demo":
        return TuningSettings(**json.loads(demo.SETTINGS.read_text())["tuning"])
    raise UserError(f"There is no preset {name[:40]!r}: choose one of {', '.join(PRESETS)}.")


def with_preset(settings: TuningSettings, name: str) -> TuningSettings:
    """The settings with those of a preset in their place, but for what belongs to one run (the seed, the start)."""
    return replace(preset(name), **{each: getattr(settings, each) for each in OWN})


def preset_in(settings: TuningSettings) -> str | None:
    """The name of the preset that the settings are of, None where they are a person's own."""
    return next((name for name in PRESETS if with_preset(settings, name) == settings), None)


def read_settings(own: TuningSettings, given: Mapping[str, Any]) -> TuningSettings:
    """The settings with the given ones in place of one's own. Raises UserError naming the one that does not hold."""
    read: dict[str, Any] = {each.name: each.read(given[each.name]) for each in FIELDS if each.name in given}
    if "start" in given:
        if str(given["start"]) not in STARTS:
            raise UserError("A run starts from the round's adapter or from the base model: choose one of the two.")
        read["start"] = given["start"]
    return replace(own, **read)


def tune_command(project: str, data: Path, selection: int, settings: TuningSettings, *, verb: str = "tune") -> str:
    """The command line that tunes with exactly these settings, whatever the project's own are by then."""
    words = ["switchpoint", "--data", str(data.resolve()), verb, project, "--selection", str(selection)]
    for each in FIELDS:
        words += [each.option, f"{getattr(settings, each.name):.12g}"]
    return shlex.join([*words, "--start", settings.start])
