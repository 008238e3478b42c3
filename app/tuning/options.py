"""The settings of a tuning run: one table for the page's form, the command line's options and ``tune_command``."""

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
    """A number that can be set: its name in ``TuningSettings``, its label, what it does, and its bounds (inclusive)."""

    name: str
    label: str
    about: str
    low: float
    high: float
    whole: bool = True

    @property
    def option(self) -> str:
        """The command line's option."""
        return f"--{self.name.replace('_', '-')}"

    def read(self, value: object) -> int | float:
        """The value as it is stored. Raises UserError for a value that is no number within the bounds."""
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
# The settings that no preset changes.
NOT_IN_PRESETS = ("seed", "start", "checkpoint_every", "keep_checkpoints")


def preset(name: str) -> TuningSettings:
    """The settings of a preset (``PRESETS``). Raises UserError for an unknown name.

    "llava" is ``finetune_lora.sh`` of LLaVA-1.5 (Liu et al. 2023); its 8 GPUs × 16 samples are 8 batches of 16 here.
    """
    if name == "llava":
        return TuningSettings(dropout=0.05, projector_rate=2e-5, batch_size=16, accumulation=8)
    if name == "small":
        return TuningSettings(rank=16, alpha=32, epochs=3.0, batch_size=8, accumulation=2)
    if name == "demo":
        return TuningSettings(**json.loads(demo.SETTINGS.read_text())["tuning"])
    raise UserError(f"There is no preset {name[:40]!r}: choose one of {', '.join(PRESETS)}.")


def with_preset(settings: TuningSettings, name: str) -> TuningSettings:
    """The preset's settings, with those that no preset changes (``NOT_IN_PRESETS``) taken from ``settings``."""
    return replace(preset(name), **{each: getattr(settings, each) for each in NOT_IN_PRESETS})


def preset_in(settings: TuningSettings) -> str | None:
    """The name of the preset that the settings equal, None for others."""
    return next((name for name in PRESETS if with_preset(settings, name) == settings), None)


def read_settings(own: TuningSettings, given: Mapping[str, Any]) -> TuningSettings:
    """``own`` with the ``given`` settings replaced. Raises UserError naming the first invalid one."""
    read: dict[str, Any] = {each.name: each.read(given[each.name]) for each in FIELDS if each.name in given}
    if "start" in given:
        if str(given["start"]) not in STARTS:
            raise UserError("A run starts from the round's adapter or from the base model: choose one of the two.")
        read["start"] = given["start"]
    return replace(own, **read)


def tune_command(project: str, data: Path, selection: int, settings: TuningSettings, *, verb: str = "tune") -> str:
    """The command that tunes with exactly these settings, independent of the project's own."""
    words = ["switchpoint", "--data", str(data.resolve()), verb, project, "--selection", str(selection)]
    for each in FIELDS:
        words += [each.option, f"{getattr(settings, each.name):.12g}"]
    return shlex.join([*words, "--start", settings.start])
