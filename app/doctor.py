"""What ``switchpoint doctor`` looks at, as plain lines: each check says what it found and, where it fails, what to do.

Looks and changes nothing but an empty data directory it was pointed at.
"""

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.endpoints import found_at
from app.settings import PACKAGE_ROOT, AppSettings
from app.worker import worker_pid
from core.errors import UserError
from storage import jobs, store
from storage.database import open_database

LIBRARIES = ("torch", "transformers", "peft", "gradio", "sqlalchemy")


def examine(data: Path) -> list[dict[str, Any]]:
    """One row for each check: ``name``, ``ok`` and ``found`` (a sentence)."""
    checks: tuple[tuple[str, Callable[[Path], str]], ...] = (
        ("python", _python),
        ("libraries", _libraries),
        ("device", _device),
        ("data directory", _data),
        ("disk", _disk),
        ("worker", _worker),
        ("demo models", _demo_models),
    )
    return [_row(name, check, data) for name, check in checks] + _endpoints(data)


def _row(name: str, check: Callable[[Path], str], data: Path) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "found": check(data)}
    except UserError as error:
        return {"name": name, "ok": False, "found": str(error)}


def _python(_: Path) -> str:
    return f"{platform.python_version()} at {sys.executable}"


def _libraries(_: Path) -> str:
    try:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    except importlib.metadata.PackageNotFoundError as error:
        raise UserError(f"{error.name} is not installed: run `make run` once, or install requirements.lock.") from error


def _device(_: Path) -> str:
    from core.devices import choose_device

    return f"models run on {choose_device(AppSettings().device)}"


def _data(data: Path) -> str:
    db = open_database(data)
    try:
        with db.read() as connection:
            waiting = [job for job in jobs.jobs_of(connection, limit=100) if job.state in ("queued", "running")]
    finally:
        db.close()
    return f"{data} can be written, its database is up to date, {len(waiting)} jobs wait or run"


def _disk(data: Path) -> str:
    free = shutil.disk_usage(data if data.exists() else Path.home()).free / 2**30
    if free < 2:
        raise UserError(f"only {free:.1f} GB are free: checkpoints and adapters need room.")
    return f"{free:.0f} GB are free"


def _worker(data: Path) -> str:
    pid = worker_pid(data)
    return f"process {pid} does the jobs" if pid else "none runs; the next job starts one"


def _endpoints(data: Path) -> list[dict[str, Any]]:
    """One row for each model behind an endpoint that a project names, asked just now."""
    try:
        db = open_database(data)
    except UserError:
        return []  # which the check of the data directory says
    try:
        with db.read() as connection:
            projects = store.list_projects(connection)
        return [
            {"name": f"{name} ({project.name})", "ok": ok, "found": found}
            for project in projects
            for name, ok, found in found_at(db, project)
        ]
    finally:
        db.close()


def _demo_models(_: Path) -> str:
    folders = [PACKAGE_ROOT / "assets" / "demo" / name for name in ("student", "teacher")]
    missing = [str(folder) for folder in folders if not (folder / "model.safetensors").exists()]
    if missing:
        raise UserError(f"{' and '.join(missing)} is missing: `make demo-assets` builds the demo models.")
    return "the demo's student and teacher are there"
