"""Creates backups: one zip with a snapshot of the database and the adapters and checkpoints of its runs.

Works while jobs run. The file is written atomically, and its manifest has the SHA-256 of every member.
``storage.copy_database`` decides what the snapshot holds.
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
SAMPLE_CHUNKS, MAX_PACKED_RATIO = 16, 0.7
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
    """Write the backup ``file`` and return its manifest; ``on_progress`` gets the MiB written.

    With ``project`` it holds only that project. Raises UserError when the file exists (unless ``force``), and like
    ``copy_database``.
    """
    with (
        _explain_errors(file),
        _parent_folder(file, force),
        atomic_path(file) as partial,
        _temporary_copy(partial) as copy,
    ):
        on_pages = _pages_callback(on_progress)
        db.check_identity()
        kept = copy_database(db.data, copy, project=project, with_images=with_images, on_progress=on_pages)
        members: Members = {}
        with zipfile.ZipFile(partial, "w", compresslevel=1) as archive:
            with copy.open("rb") as source:
                members[FILE_NAME] = _add(archive, FILE_NAME, source, _compression_for(source))
            for run in kept.runs:
                for folder, files in run_folders(db.adapters / f"run-{run}"):
                    for name, content in files.items():
                        member = f"adapters/run-{run}/{folder.name}/{name}"
                        members[member] = _add(archive, member, content, zipfile.ZIP_STORED)
                        on_progress(nothing_to_save(partial.stat().st_size // CHUNK_BYTES, 0, member))
            manifest = _manifest(kept, members)
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False))
        with partial.open("rb") as written:
            os.fsync(written.fileno())
    return manifest


@contextmanager
def _explain_errors(file: Path) -> Iterator[None]:
    """Turn errors of writing into UserError about the backup file, since the data directory may be sound."""
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
def _parent_folder(file: Path, force: bool) -> Iterator[None]:
    """Create the file's folder where it is missing, and remove it again when the block raises."""
    if file.exists() and not force:
        raise UserError(f"{file} is there already and nothing is overwritten: choose another name, or add --force.")
    created = [each for each in (file.parent, *file.parent.parents) if not each.exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for each in created:
            with suppress(OSError):
                each.rmdir()
        raise


def run_folders(run: Path) -> Iterator[tuple[Path, dict[str, IO[bytes]]]]:
    """The adapter and checkpoint folders of a run with their files, all opened before the first is read.

    The run may continue and remove older checkpoints: an open file stays readable, and the run's folder is listed again
    after each, so that newer checkpoints are found.
    """
    seen: set[str] = set()
    while fresh := [each for each in (run / "adapter", *newest_first(run)) if each.is_dir() and each.name not in seen]:
        folder = fresh[0]
        seen.add(folder.name)
        with ExitStack() as stack:
            if files := _open_files(folder, stack):
                yield folder, files


def _open_files(folder: Path, stack: ExitStack) -> dict[str, IO[bytes]]:
    """The folder's open files by name; none when it was removed or is incomplete."""
    try:
        manifest = stack.enter_context((folder / MANIFEST).open("rb"))
        names = list(json.loads(manifest.read()))
        manifest.seek(0)
        return {MANIFEST: manifest} | {name: stack.enter_context((folder / name).open("rb")) for name in names}
    except (OSError, ValueError, TypeError):
        return {}


def _compression_for(source: IO[bytes]) -> int:
    """The zip compression that pays, by chunks from all over the file: deflating images, which fill a large database,
    takes ten times as long as writing them and saves nothing."""
    size = source.seek(0, os.SEEK_END)
    taken = packed = 0
    for place in range(SAMPLE_CHUNKS):
        source.seek(size * place // SAMPLE_CHUNKS)
        chunk = source.read(CHUNK_BYTES // 4)
        taken, packed = taken + len(chunk), packed + len(zlib.compress(chunk, 1))
    source.seek(0)
    return zipfile.ZIP_DEFLATED if packed < taken * MAX_PACKED_RATIO else zipfile.ZIP_STORED


def _add(archive: zipfile.ZipFile, name: str, source: IO[bytes], compression: int) -> dict[str, Any]:
    """Write one member in chunks; returns its size and hash."""
    entry = zipfile.ZipInfo(name, date_time=time.gmtime()[:6])
    entry.compress_type = compression
    entry.external_attr = 0o100600 << 16
    found, size = hashlib.sha256(), 0
    with archive.open(entry, "w", force_zip64=True) as target:
        while chunk := source.read(CHUNK_BYTES):
            found.update(chunk)
            size += len(chunk)
            target.write(chunk)
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
def _temporary_copy(partial: Path) -> Iterator[Path]:
    """The path of the temporary copy of the database, beside the zip; removed afterwards."""
    copy = partial.with_name(f"{partial.name}.db")
    copy.unlink(missing_ok=True)
    try:
        yield copy
    finally:
        for ending in ("", "-journal", "-wal", "-shm"):
            copy.with_name(copy.name + ending).unlink(missing_ok=True)


def _pages_callback(on_progress: ProgressCallback) -> Callable[[int, int], None]:
    return lambda done, total: on_progress(nothing_to_save(done, total, "pages of the database"))
