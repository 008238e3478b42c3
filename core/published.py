"""Folders that are either complete and verified or not there at all, and the checkpoints of a run among them.

A folder is written under a temporary name with a manifest of SHA-256 hashes, flushed to the disk, and then renamed, so
that a kill at any moment leaves the newest finished one. Knows files; nothing of tensors, so that the page may ask.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
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


def publish(target: Path, write: Callable[[Path], None]) -> Path:
    """Makes the folder ``target`` appear whole: ``write`` fills a temporary folder, which is then renamed.

    A ``manifest.json`` with the SHA-256 of every file is added; an earlier folder of that name is replaced. Where
    writing fails, nothing of the folder is left.
    """
    draft = target.with_name(f"{target.name}.partial")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    try:
        write(draft)
        files = sorted(path for path in draft.rglob("*") if path.is_file())
        hashes = {str(path.relative_to(draft)): _sha256(path) for path in files}
        (draft / "manifest.json").write_text(json.dumps(hashes, indent=1))
        for path in (*files, draft / "manifest.json", draft):
            _flush(path)
    except Exception:  # above all a full disk, which half a folder would keep full
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    _flush(target.parent)
    return target


def find_damage(folder: Path) -> str:
    """What is wrong with a folder, in a few words; "" when it holds exactly what the manifest says that was published.

    A file that the manifest does not name came from elsewhere: it might be loaded in the place of one that it names.
    """
    manifest = folder / "manifest.json"
    try:
        hashes = json.loads(manifest.read_text())
        if not hashes:
            return "its manifest is empty"
        for name, expected in hashes.items():
            if _sha256(folder / name) != expected:
                return f"{name} has changed"
        there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path != manifest}
    except FileNotFoundError as error:
        return f"{Path(error.filename).name} is missing"
    except (OSError, ValueError, AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return "".join(f"{name} came from elsewhere" for name in sorted(there - hashes.keys())[:1])


def newest_first(folder: Path) -> Iterator[Path]:
    """The folders of a run's checkpoints, the one with the most updates first."""
    found = [path for path in folder.glob("checkpoint-*") if path.is_dir()]
    numbered = [path for path in found if path.name.removeprefix("checkpoint-").isdecimal()]
    yield from sorted(numbered, key=number_of, reverse=True)


def number_of(checkpoint: Path) -> int:
    """After how many updates a checkpoint was written, by its folder's name."""
    return int(checkpoint.name.removeprefix("checkpoint-"))


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
