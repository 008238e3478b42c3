"""Folders that are either complete and verified or not there at all, and the checkpoints of a run among them.

A folder is written under a temporary name with a manifest of SHA-256 hashes, flushed to the disk, and then renamed, so
that a kill at any moment leaves the newest finished one. Knows files; nothing of tensors, so that the page may ask.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_folder(target: Path, write: Callable[[Path], None]) -> Path:
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
            _fsync(path)
    except Exception:  # above all a full disk, which half a folder would keep full
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    _fsync(target.parent)
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


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fsync(path: Path) -> None:
    """Asks the system to put a file or a folder's entries on the disk (fsync)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_path(out: Path) -> Iterator[Path]:
    """Where to write a file or folder that gets the name ``out`` once it is whole; cut short, nothing is left of it."""
    half = out.with_name(f"{out.name}.part")
    _remove(half)
    try:
        yield half
        half.rename(out)
    except BaseException:
        _remove(half)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
