"""List and remove checkpoint folders, without torch."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SavedCheckpoint:
    """A complete checkpoint: its number of ``updates``, its size in bytes, and when it was written (Unix time)."""

    updates: int
    bytes: int
    written: float


def checkpoints_in(folder: Path) -> list[SavedCheckpoint]:
    """The complete checkpoints of a run's folder, newest first. Files are verified only when one is loaded."""
    found = []
    for path in newest_first(folder):
        try:
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
            written = (path / "manifest.json").stat().st_mtime
        except FileNotFoundError:  # the running job may remove older ones
            continue
        found.append(SavedCheckpoint(updates=_update_number(path), bytes=size, written=written))
    return found


def remove_checkpoints(folder: Path, *, after: int = 0) -> None:
    """Remove a run's checkpoints of more than ``after`` updates; each is several times the adapter's size."""
    for path in newest_first(folder):
        if _update_number(path) > after:
            shutil.rmtree(path)


def newest_first(folder: Path) -> Iterator[Path]:
    """The checkpoint folders of a run, the one with the most updates first."""
    found = [path for path in folder.glob("checkpoint-*") if path.is_dir()]
    numbered = [path for path in found if path.name.removeprefix("checkpoint-").isdecimal()]
    yield from sorted(numbered, key=_update_number, reverse=True)


def _update_number(checkpoint: Path) -> int:
    """The number of updates of a checkpoint, from its folder's name."""
    return int(checkpoint.name.removeprefix("checkpoint-"))
