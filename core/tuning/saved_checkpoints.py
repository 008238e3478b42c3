"""Checkpoints as folders on disk, without torch."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SavedCheckpoint:
    """A complete checkpoint of a run: after how many ``updates``, its size in bytes, when it was written (seconds)."""

    updates: int
    bytes: int
    written: float


def checkpoints_in(folder: Path) -> list[SavedCheckpoint]:
    """The complete checkpoints of a run's folder, newest first. What is in their files is verified when one is used."""
    found = []
    for path in newest_first(folder):
        try:
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            written = (path / "manifest.json").stat().st_mtime
        except FileNotFoundError:  # the run goes on meanwhile and removes its older ones
            continue
        found.append(SavedCheckpoint(updates=number_of(path), bytes=size, written=written))
    return found


def remove_checkpoints(folder: Path, *, after: int = 0) -> None:
    """Removes a run's checkpoints of more than ``after`` updates; with the optimizer's state they are several times
    the adapter."""
    for path in newest_first(folder):
        if number_of(path) > after:
            shutil.rmtree(path)


def newest_first(folder: Path) -> Iterator[Path]:
    """The folders of a run's checkpoints, the one with the most updates first."""
    found = [path for path in folder.glob("checkpoint-*") if path.is_dir()]
    numbered = [path for path in found if path.name.removeprefix("checkpoint-").isdecimal()]
    yield from sorted(numbered, key=number_of, reverse=True)


def number_of(checkpoint: Path) -> int:
    """After how many updates a checkpoint was written, by its folder's name."""
    return int(checkpoint.name.removeprefix("checkpoint-"))
