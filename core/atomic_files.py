"""Write files and folders completely or not at all, and verify the folders later.

A folder is written under a temporary name with a manifest of SHA-256 hashes, flushed to disk and then renamed, so that
a kill at any moment leaves the previous version intact.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def write_folder(target: Path, write: Callable[[Path], None]) -> Path:
    """Create the folder ``target`` atomically: ``write`` fills a temporary folder, which is then renamed. Returns
    ``target``.

    Adds a ``manifest.json`` with the SHA-256 of every file and replaces an earlier folder of that name. When ``write``
    raises, the temporary folder is removed.
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
    except Exception:  # usually a full disk, which a partial folder would keep full
        shutil.rmtree(draft, ignore_errors=True)
        raise
    shutil.rmtree(target, ignore_errors=True)
    draft.rename(target)
    _fsync(target.parent)
    return target


def find_damage(folder: Path) -> str:
    """A short description of what is wrong with a folder, or "" when its files match its manifest exactly.

    A file missing from the manifest counts as damage: it could be loaded in place of a listed one.
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
    """Flush a file, or a folder's entries, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def atomic_path(out: Path) -> Iterator[Path]:
    """A temporary path for a file or folder, renamed to ``out`` when the block ends; after an error it is removed."""
    partial = out.with_name(f"{out.name}.part")
    _remove(partial)
    try:
        yield partial
        partial.rename(out)
    except BaseException:
        _remove(partial)
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
