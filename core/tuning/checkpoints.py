"""Save and load checkpoints of a tuning run, as atomically written folders (``core.atomic_files``)."""

import json
import logging
import pickle  # only for the name of its error  # nosec B403
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from core.atomic_files import find_damage, write_folder
from core.tuning.saved_checkpoints import newest_first
from core.types import Update

# Raised when reading files that are not a checkpoint, even with a valid manifest.
READ_ERRORS = (
    pickle.UnpicklingError,
    SafetensorError,
    RuntimeError,
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    AttributeError,
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A tuning run after ``updates``: the adapter's weights by name, and the optimizer's state.

    ``fingerprint`` identifies the samples and settings; a checkpoint continues only a run with the same one. The number
    of processes is not part of it: any number can continue the run.
    """

    fingerprint: str
    updates: tuple[Update, ...]
    adapter: dict[str, torch.Tensor]
    optimizer: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, *, keep: int = 2) -> Path:
    """Write ``folder/checkpoint-N`` for N updates; keep only the newest ``keep`` (at least one)."""

    def write(target: Path) -> None:
        save_file(
            {name: tensor.contiguous() for name, tensor in checkpoint.adapter.items()}, target / "adapter.safetensors"
        )
        # Into a Python file: given a path, torch hides that the disk is full.
        with (target / "optimizer.pt").open("wb") as file:
            torch.save({"optimizer": checkpoint.optimizer}, file)
        state = {"fingerprint": checkpoint.fingerprint, "updates": [asdict(update) for update in checkpoint.updates]}
        (target / "state.json").write_text(json.dumps(state))

    saved = write_folder(checkpoint_folder(folder, len(checkpoint.updates)), write)
    for older in list(newest_first(folder))[max(1, keep) :]:
        shutil.rmtree(older)
    return saved


def newest_checkpoint(
    folder: Path, fingerprint: str, *, on_remark: Callable[[str], None] = logger.warning
) -> Checkpoint | None:
    """The newest complete checkpoint with this fingerprint, on the CPU; None when there is none.

    ``on_remark`` gets a sentence for the user about each damaged or foreign checkpoint that is skipped.
    """
    for path in newest_first(folder):
        damage, found = find_damage(path), None
        if not damage:
            try:
                found = read_checkpoint(path)
            except READ_ERRORS as error:
                damage = f"{type(error).__name__}: it holds what no run of ours wrote, and nothing of it was run"
        if found is None:
            on_remark(f"The checkpoint {path} is damaged ({damage}), so an earlier one is tried.")
        elif found.fingerprint != fingerprint:
            on_remark(f"The checkpoint {path} belongs to another selection or other settings, so it is not continued.")
        else:
            return found
    return None


def checkpoint_folder(folder: Path, updates: int) -> Path:
    """The folder of the checkpoint after that many updates."""
    return folder / f"checkpoint-{updates}"


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a verified folder, its tensors on the CPU. Raises any of ``READ_ERRORS``."""
    state = json.loads((path / "state.json").read_text())
    # weights_only: a pickle with anything but tensors and plain values is refused before it runs.
    kept = torch.load(path / "optimizer.pt", map_location="cpu", weights_only=True)
    return Checkpoint(
        fingerprint=state["fingerprint"],
        updates=tuple(Update(**update) for update in state["updates"]),
        adapter=load_file(path / "adapter.safetensors"),
        optimizer=kept["optimizer"],
    )
