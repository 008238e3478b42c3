"""Backups: one zip with the database as it is at one moment and the adapters and checkpoints that its runs have.

Works while jobs run. The file appears whole or not at all, and its manifest holds the SHA-256 of every member. Knows
files; what a copy of the database holds says ``storage.copy_database``.
"""

import hashlib
import importlib.metadata
import json
import os
import sqlite3
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from app.progress import ProgressCallback, nothing_to_save
from core.atomic_files import atomic_path
from core.errors import UserError
from core.tuning.saved_checkpoints import newest_first
from storage.copy_database import DatabaseCopy, copy_database
from storage.database import FILE_NAME, Database
from storage.errors import is_full
from storage.tables.columns import utc_now

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK_BYTES = 2**20
SAMPLED, WORTH_PACKING = 16, 0.7
Members = dict[str, dict[str, Any]]


def create_backup(
    db: Database,
    file: Path,
    *,
    project: str = "",
    with_images: bool = False,
    force: bool = False,
    on_progress: ProgressCallback,
) -> dict[str, Any]:
    """Write the backup ``file`` and return its manifest; ``on_progress`` hears of MiB written.

    With ``project`` it holds that one alone. Raises UserError when the file is there (unless ``force``) and as
    ``copy_database`` does.
    """
    with _sentences(file), _new_or_forced(file, force), atomic_path(file) as half, _beside(half) as copy:
        on_pages = _pages_callback(on_progress)
        kept = copy_database(db.data, copy, project=project, with_images=with_images, on_progress=on_pages)
        members: Members = {}
        with zipfile.ZipFile(half, "w", compresslevel=1) as archive:
            with copy.open("rb") as source:
                members[FILE_NAME] = _add(archive, FILE_NAME, source, _way_to_pack(source))
            for run in kept.runs:
                for folder, files in run_folders(db.adapters / f"run-{run}"):
                    for name, content in files.items():
                        member = f"adapters/run-{run}/{folder.name}/{name}"
                        members[member] = _add(archive, member, content, zipfile.ZIP_STORED)
                        on_progress(nothing_to_save(half.stat().st_size // CHUNK_BYTES, 0, member))
            manifest = _manifest(kept, members)
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False))
        with half.open("rb") as written:
            os.fsync(written.fileno())
    return manifest


@contextmanager
def _sentences(file: Path) -> Iterator[None]:
    """What keeps the file from being written, said of it: the data directory, which others speak of, may be whole."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if is_full(error):
            raise UserError(
                f"The disk of {file.parent} is full, so no backup was written: free some room, or name a FILE on "
                "another disk (it needs room for the database twice)."
            ) from error
        if isinstance(error, OSError):
            raise UserError(
                f"The backup {file} cannot be written ({error.strerror or error}): set the rights of its folder, or "
                "name another FILE."
            ) from error
        raise


@contextmanager
def _new_or_forced(file: Path, force: bool) -> Iterator[None]:
    """The file's folder, made where it is missing; those that were made go again when no backup comes into them."""
    if file.exists() and not force:
        raise UserError(f"{file} is there already and nothing is overwritten: choose another name, or add --force.")
    made = [each for each in (file.parent, *file.parent.parents) if not each.exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for each in made:
            with suppress(OSError):
                each.rmdir()
        raise


def run_folders(run: Path) -> Iterator[tuple[Path, dict[str, IO[bytes]]]]:
    """The adapter and the checkpoints of a run's folder with their files, opened before the first is read.

    The run may go on meanwhile and remove its older checkpoints: an open file stays readable, and the folder is looked
    at again after each, so that what has come in the place of one that went is found.
    """
    seen: set[str] = set()
    while fresh := [each for each in (run / "adapter", *newest_first(run)) if each.is_dir() and each.name not in seen]:
        folder = fresh[0]
        seen.add(folder.name)
        with ExitStack() as stack:
            if files := _opened(folder, stack):
                yield folder, files


def _opened(folder: Path, stack: ExitStack) -> dict[str, IO[bytes]]:
    """The folder's files by name, or none when it is removed in the meantime or was never whole."""
    try:
        manifest = stack.enter_context((folder / MANIFEST).open("rb"))
        names = list(json.loads(manifest.read()))
        manifest.seek(0)
        return {MANIFEST: manifest} | {name: stack.enter_context((folder / name).open("rb")) for name in names}
    except (OSError, ValueError, TypeError):
        return {}


def _way_to_pack(source: IO[bytes]) -> int:
    """Deflated where that makes the file much smaller, by pieces from all over it: packing pictures, of which most of a
    large database is, takes ten times as long as writing them and gains nothing."""
    size = source.seek(0, os.SEEK_END)
    taken = packed = 0
    for place in range(SAMPLED):
        source.seek(size * place // SAMPLED)
        piece = source.read(CHUNK_BYTES // 4)
        taken, packed = taken + len(piece), packed + len(zlib.compress(piece, 1))
    source.seek(0)
    return zipfile.ZIP_DEFLATED if packed < taken * WORTH_PACKING else zipfile.ZIP_STORED


def _add(archive: zipfile.ZipFile, name: str, source: IO[bytes], how: int) -> dict[str, Any]:
    """Write one member piece by piece; returns its size and its hash."""
    entry = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
    entry.compress_type = how
    entry.external_attr = 0o100600 << 16
    found, size = hashlib.sha256(), 0
    with archive.open(entry, "w", force_zip64=True) as target:
        while piece := source.read(CHUNK_BYTES):
            found.update(piece)
            size += len(piece)
            target.write(piece)
    return {"bytes": size, "sha256": found.hexdigest()}


def _manifest(kept: DatabaseCopy, members: Members) -> dict[str, Any]:
    lost = [
        f"run-{run}"
        for run, adapter in kept.runs.items()
        if adapter and f"adapters/{adapter}/{MANIFEST}" not in members
    ]
    return {
        "format": FORMAT,
        "switchpoint": importlib.metadata.version("switchpoint"),
        "schema": kept.schema,
        "created": utc_now(),
        "projects": kept.projects,
        "referenced_images": kept.referenced,
        "missing_adapters": lost,
        "members": members,
    }


@contextmanager
def _beside(half: Path) -> Iterator[Path]:
    """Where the copy of the database lies until it is in the zip: on the same disk, under a name that tells."""
    copy = half.with_name(f"{half.name}.db")
    copy.unlink(missing_ok=True)
    try:
        yield copy
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)


def _pages_callback(on_progress: ProgressCallback) -> Callable[[int, int], None]:
    return lambda done, total: on_progress(nothing_to_save(done, total, "pages of the database"))
