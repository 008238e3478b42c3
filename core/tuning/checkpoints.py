"""Checkpoints of a tuning run, each a published folder (``core.atomic_files``): what a run needs to go on from there.

Knows files and tensors; nothing of models or of training.
"""

import json
import logging
import pickle  # only to name the error with which a pickle is refused  # nosec B403
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

# What reading a file raises that is no checkpoint of ours, whatever its manifest says.
UNREADABLE = (
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

    ``fingerprint`` identifies what is learned and how; a checkpoint continues only the run that has the same one. In
    how many processes the run was made is not kept: any number goes on with it.
    """

    fingerprint: str
    updates: tuple[Update, ...]
    adapter: dict[str, torch.Tensor]
    optimizer: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, *, keep: int = 2) -> Path:
    """Writes ``folder/checkpoint-N`` for N updates; the newest ``keep`` are kept (at least one)."""

    def write(target: Path) -> None:
        save_file(
            {name: tensor.contiguous() for name, tensor in checkpoint.adapter.items()}, target / "adapter.safetensors"
        )
        # Into a file of Python's: by itself torch says of a full disk only that a position was unexpected.
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
    """The newest complete checkpoint of the run with this fingerprint; damaged and foreign ones are passed over.

    ``on_remark`` hears of each of those as a sentence fit to show. The tensors are on the processor.
    """
    for path in newest_first(folder):
        damage, found = find_damage(path), None
        if not damage:
            try:
                found = read_checkpoint(path)
            except UNREADABLE as error:
                damage = f"{type(error).__name__}: it holds what no run of ours wrote, and nothing of it was run"
        if found is None:
            on_remark(f"The checkpoint {path} is damaged ({damage}), so an earlier one is tried.")
        elif found.fingerprint != fingerprint:
            on_remark(f"The checkpoint {path} belongs to another selection or other settings, so it is not continued.")
        else:
            return found
    return None


def checkpoint_folder(folder: Path, updates: int) -> Path:
    """Where in a run's folder the checkpoint after so many updates lies."""
    return folder / f"checkpoint-{updates}"


def read_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a folder that is known to be whole, its tensors on the processor; raises those UNREADABLE."""
    state = json.loads((path / "state.json").read_text())
    # Tensors and plain values only: a pickle that names anything else is refused before it runs.
    kept = torch.load(path / "optimizer.pt", map_location="cpu", weights_only=True)
    return Checkpoint(
        fingerprint=state["fingerprint"],
        updates=tuple(Update(**update) for update in state["updates"]),
        adapter=load_file(path / "adapter.safetensors"),
        optimizer=kept["optimizer"],
    )
