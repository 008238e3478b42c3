"""Restores backups into a new data directory, which appears only when every member was verified.

A backup may come from an untrusted source: only known member names are extracted, no links, no more bytes than the
manifest states, adapters only inside the backup, and no image or import that refers to other files of this machine.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import sqlite3
import stat
import zipfile
import zlib
from pathlib import Path
from typing import Any

from app.backup.create import CHUNK_BYTES, FORMAT, MANIFEST, Members
from app.backup.sanitize import foreign_object, outside_summary, sanitize
from app.processes.open_files import process_using
from app.progress import ProgressCallback, nothing_to_save
from app.security.file_roots import page_roots
from core.errors import UserError
from storage.database import FILE_NAME, open_database
from storage.errors import folder_error

PARTIAL = ".restoring"
MAX_MANIFEST_BYTES = 64 * 2**20
MAX_MEMBERS = 100_000
_PART = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
MEMBER_NAME = re.compile(rf"adapters/run-\d+/(adapter|checkpoint-\d+)/({_PART}/)*{_PART}", re.ASCII)
ADAPTER_NAME = re.compile(r"run-\d+/adapter", re.ASCII)
BAD_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, NotImplementedError, RuntimeError)


def restore_backup(file: Path, data: Path, *, on_progress: ProgressCallback) -> dict[str, Any]:
    """Restore the backup ``file`` into the new or empty directory ``data``; returns its manifest with "outside_images",
    the number of images that referred to files outside the allowed folders, and "outside", a sentence about them.

    Raises UserError when the directory is not empty or a process has files open in it, or the file is no backup, was
    changed or truncated, is from a newer Switchpoint, or does not fit; nothing is written then. A backup of an older
    schema is upgraded.
    """
    data = _target(data)
    data.parent.mkdir(parents=True, exist_ok=True)
    # An empty directory stays the one it is: it may be a disk of its own, or the one that somebody is in.
    partial = data / PARTIAL if data.exists() else data.with_name(f".{data.name}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with _open_archive(file) as archive:
            manifest = read_manifest(file, archive)
            _check_room(file, manifest["members"], data.parent)
            _unpack(file, archive, manifest["members"], partial, on_progress)
        _check_database(file, partial)
        try:
            report = sanitize(partial / FILE_NAME, data.absolute(), page_roots(data))
        except (sqlite3.Error, OverflowError) as error:
            raise folder_error(error, data) or _refused(file, f"its rows cannot be looked at ({error})") from error
        _put_in_place(partial, data)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return manifest | {"outside_images": report.images, "outside": outside_summary(report, data.absolute())}


def _target(data: Path) -> Path:
    """The directory that a path leads to. Raises UserError where nothing can be restored there."""
    real = Path(os.path.realpath(data))
    if data.is_symlink() and not real.exists():
        raise UserError(
            f"{data} leads to {real}, which is not there: make that directory, or name another with --data."
        )
    if real.exists() and (not real.is_dir() or any(each.name != PARTIAL for each in real.iterdir())):
        raise UserError(f"{data} is not empty, and a backup replaces nothing: name a new directory with --data.")
    if (pid := process_using(real)) is not None:
        raise UserError(
            f"{data} is open in process {pid}, which would go on with files that are not there any more: end it first, "
            "or name another directory with --data."
        )
    return real


def _put_in_place(partial: Path, data: Path) -> None:
    """Move what was verified to its place, the database last: without it a directory is empty to Switchpoint."""
    if not data.exists():
        partial.rename(data)
        return
    for each in sorted(partial.iterdir(), key=lambda path: path.name == FILE_NAME):
        each.rename(data / each.name)


@contextlib.contextmanager
def _open_archive(file: Path) -> Any:
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except FileNotFoundError as error:
        raise UserError(f"There is no file {error.filename}: check the path of the backup.") from error
    except BAD_ZIP as error:
        raise _refused(file, f"it is damaged or none ({error})") from error


def read_manifest(file: Path, archive: zipfile.ZipFile) -> dict[str, Any]:
    """The manifest of a backup. Raises UserError where its members are not exactly those that the manifest lists."""
    entries = {entry.filename: entry for entry in archive.infolist()}
    if len(entries) != len(archive.infolist()) or len(entries) > MAX_MEMBERS:
        raise _refused(file, "it holds names twice, or too many of them")
    if MANIFEST not in entries or entries[MANIFEST].file_size > MAX_MANIFEST_BYTES:
        raise _refused(file, f"it has no {MANIFEST}")
    manifest = json.loads(archive.read(MANIFEST))
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise _refused(file, f"its {MANIFEST} is none of a backup")
    if manifest["format"] > FORMAT:
        raise UserError(f"{file} was made by a newer Switchpoint ({manifest.get('switchpoint')}): update Switchpoint.")
    members = manifest.get("members")
    if not isinstance(members, dict) or set(members) | {MANIFEST} != set(entries) or FILE_NAME not in members:
        raise _refused(file, f"it does not hold what its {MANIFEST} says")
    for name, listed in members.items():
        mode = entries[name].external_attr >> 16
        if (name != FILE_NAME and not MEMBER_NAME.fullmatch(name)) or (stat.S_IFMT(mode) not in (0, stat.S_IFREG)):
            raise _refused(file, f"{name!r} is no file of a backup")
        if listed["bytes"] != entries[name].file_size:
            raise _refused(file, f"{name} has another size than its {MANIFEST} says")
    return manifest


def _check_room(file: Path, members: Members, parent: Path) -> None:
    needed, free = sum(int(each["bytes"]) for each in members.values()), shutil.disk_usage(parent).free
    if needed > free:
        raise UserError(
            f"{file} needs {needed / 2**30:.2f} GiB and the disk of {parent} has {free / 2**30:.2f} GiB free: free "
            "some room, or name a directory on another disk with --data."
        )


def _unpack(
    file: Path, archive: zipfile.ZipFile, members: Members, partial: Path, on_progress: ProgressCallback
) -> None:
    total, done = sum(each["bytes"] for each in members.values()), 0
    (partial / "adapters").mkdir(parents=True)
    for name, listed in members.items():
        digest, target = hashlib.sha256(), partial / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(name) as source, target.open("xb") as written:
            while chunk := source.read(CHUNK_BYTES):  # at most the size that was checked above
                digest.update(chunk)
                written.write(chunk)
                done += len(chunk)
                on_progress(nothing_to_save(done // CHUNK_BYTES, total // CHUNK_BYTES, "MiB"))
        if digest.hexdigest() != listed["sha256"]:
            raise _refused(file, f"{name} has changed since")


def _check_database(file: Path, partial: Path) -> None:
    """Open and upgrade the database, then check its integrity. Raises UserError for a newer or unsound one."""
    try:
        open_database(partial).close()
    except UserError as error:
        raise UserError(f"{file} cannot be restored. {str(error).replace(str(partial), 'the backup')}") from error
    with contextlib.closing(sqlite3.connect(partial / FILE_NAME)) as connection:
        faults = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if faults != "ok" or connection.execute("PRAGMA foreign_key_check").fetchone():
            raise _refused(file, f"its database is not sound ({faults})")
        if foreign := foreign_object(partial / FILE_NAME):
            raise _refused(file, f"its database holds {foreign!r}, which is none of Switchpoint's")
        for (adapter,) in connection.execute("SELECT adapter FROM runs WHERE adapter IS NOT NULL"):
            if not isinstance(adapter, str) or not ADAPTER_NAME.fullmatch(adapter):
                raise _refused(file, f"a run's adapter lies outside of it ({adapter!r})")


def _refused(file: Path, why: str) -> UserError:
    return UserError(f"{file} was not restored: {why}. Take another copy of the backup; nothing was changed.")
