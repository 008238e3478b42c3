"""Checkpoints of a tuning run: folders that are either complete and verified or not there at all.

A folder is written under a temporary name with a manifest of SHA-256 hashes, flushed to the disk, and then renamed, so
that a kill at any moment leaves the newest finished one. Knows files and tensors; nothing of models or of training.
"""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from core.types import Update

log = logging.getLogger(__name__)
KEPT = 2  # the newest, and the one before it should the newest turn out to be damaged


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A tuning run after ``updates``: the adapter's weights by name, the optimizer's state, the random generators.

    ``fingerprint`` identifies what is learned and how; a checkpoint continues only the run that has the same one.
    ``random`` maps "cpu" and "cuda" to generator states (one a device).
    """

    fingerprint: str
    updates: tuple[Update, ...]
    adapter: dict[str, torch.Tensor]
    optimizer: dict[str, Any]
    random: dict[str, list[torch.Tensor]]


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> Path:
    """Writes ``folder/checkpoint-N`` for N updates; the newest two are kept."""

    def write(target: Path) -> None:
        save_file(
            {name: tensor.contiguous() for name, tensor in checkpoint.adapter.items()}, target / "adapter.safetensors"
        )
        torch.save({"optimizer": checkpoint.optimizer, "random": checkpoint.random}, target / "optimizer.pt")
        state = {"fingerprint": checkpoint.fingerprint, "updates": [asdict(update) for update in checkpoint.updates]}
        (target / "state.json").write_text(json.dumps(state))

    saved = publish(folder / f"checkpoint-{len(checkpoint.updates)}", write)
    for older in list(_newest_first(folder))[KEPT:]:
        shutil.rmtree(older)
    return saved


def newest_checkpoint(folder: Path, fingerprint: str) -> Checkpoint | None:
    """The newest complete checkpoint of the run with this fingerprint; damaged and foreign ones are logged, passed.

    Its tensors are on the processor.
    """
    for path in _newest_first(folder):
        if damage := find_damage(path):
            log.warning("Checkpoint %s is damaged (%s); trying an earlier one.", path, damage)
            continue
        state = json.loads((path / "state.json").read_text())
        if state["fingerprint"] != fingerprint:
            log.warning("Checkpoint %s belongs to another selection or other settings; it is not continued.", path)
            continue
        kept = torch.load(path / "optimizer.pt", map_location="cpu", weights_only=True)
        return Checkpoint(
            fingerprint=fingerprint,
            updates=tuple(Update(**update) for update in state["updates"]),
            adapter=load_file(path / "adapter.safetensors"),
            optimizer=kept["optimizer"],
            random=kept["random"],
        )
    return None


def remove_checkpoints(folder: Path) -> None:
    """Removes every checkpoint of a finished run; with the optimizer's state they are several times the adapter."""
    for path in _newest_first(folder):
        shutil.rmtree(path)


def publish(target: Path, write: Callable[[Path], None]) -> Path:
    """Makes the folder ``target`` appear whole: ``write`` fills a temporary folder, which is then renamed.

    A ``manifest.json`` with the SHA-256 of every file is added; an earlier folder of that name is replaced.
    """
    draft = target.with_name(f"{target.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    write(draft)
    files = sorted(path for path in draft.rglob("*") if path.is_file())
    hashes = {str(path.relative_to(draft)): _sha256(path) for path in files}
    (draft / "manifest.json").write_text(json.dumps(hashes, indent=1))
    for path in (*files, draft / "manifest.json", draft):
        _flush(path)
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    _flush(target.parent)
    return target


def find_damage(folder: Path) -> str:
    """What is wrong with a published folder, in a few words; "" when every file is as its manifest says."""
    try:
        hashes = json.loads((folder / "manifest.json").read_text())
        for name, expected in hashes.items():
            if _sha256(folder / name) != expected:
                return f"{name} has changed"
    except (OSError, ValueError, AttributeError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def _newest_first(folder: Path) -> Iterator[Path]:
    found = {path: path.name.removeprefix("checkpoint-") for path in folder.glob("checkpoint-*") if path.is_dir()}
    numbered = {path: int(number) for path, number in found.items() if number.isdecimal()}
    yield from sorted(numbered, key=lambda path: -numbered[path])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    """Asks the system to put a file or a folder's entries on the disk (fsync)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
