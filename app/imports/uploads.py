"""Uploaded files: their folder, and removing them. An upload belongs to its pending import and is deleted with it."""

import shutil
from pathlib import Path

from storage import store
from storage.database import Database


def uploads_folder(db: Database) -> Path:
    """The folder of uploads; each has its own folder there."""
    return (db.data / "uploads").resolve()


def uploaded_file(db: Database, given: str) -> Path | None:
    """The uploaded file of that path, None for a path elsewhere."""
    try:
        path = Path(given).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    return path if path.is_relative_to(uploads_folder(db)) and path.is_file() else None


def remove_upload(db: Database, upload: str) -> None:
    """Remove an uploaded copy with its folder; a file elsewhere is left alone."""
    path = uploaded_file(db, upload) if upload else None
    if path is None:
        return
    path.unlink(missing_ok=True)
    if path.parent != uploads_folder(db):
        shutil.rmtree(path.parent, ignore_errors=True)


def sweep_uploads(db: Database) -> None:
    """Remove the uploads without a pending import, such as those of pages closed before their preview."""
    with db.read() as connection:
        kept = {Path(each.upload).parent.resolve() for each in store.pending_imports(connection) if each.upload}
    folder = uploads_folder(db)
    for each in folder.iterdir() if folder.is_dir() else ():
        if each not in kept and each.is_dir() and not each.is_symlink():
            shutil.rmtree(each, ignore_errors=True)
