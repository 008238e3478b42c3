"""The checks of ``switchpoint doctor``: each says what it found and, where it fails, what to do.

Changes nothing, except that it creates the database in an empty data directory.
"""

import importlib.metadata
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from app.backup.schedule import age_text
from app.doctor.model_checks import check_models, key_variables
from app.processes.file_systems import network_warning
from app.processes.worker_process import stalled_worker, worker_pid
from app.settings import PACKAGE_ROOT, AppSettings
from core.endpoints.keys import find_key
from core.errors import UserError
from storage import jobs, store
from storage.database import Database, open_database

LIBRARIES = ("torch", "transformers", "peft", "accelerate", "datasets", "openai", "gradio", "sqlalchemy")
KEY_VARIABLES = ("OPENAI_API_KEY", "SWITCHPOINT_API_KEY", "HF_TOKEN")
HOST_KEY_PREFIX = "SWITCHPOINT_API_KEY_"
MIN_MEMORY_BYTES = 2**30  # bytes
MIN_DISK_GB = 2  # GB


def run_checks(data: Path) -> list[dict[str, Any]]:
    """One row for each check: ``name``, ``ok`` and ``found`` (a sentence)."""
    checks: tuple[tuple[str, Callable[[Path], str]], ...] = (
        ("python", _python),
        ("libraries", _libraries),
        ("device", _device),
        ("memory", _memory),
        ("data directory", _data),
        ("disk", _disk),
        ("worker", _worker),
        ("backup", _backup),
        ("demo models", _demo_models),
        ("keys", _keys),
    )
    return [_run_check(name, check, data) for name, check in checks] + _models(data)


def _run_check(name: str, check: Callable[[Path], str], data: Path) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "found": check(data)}
    except UserError as error:
        return {"name": name, "ok": False, "found": str(error)}
    except OSError as error:
        found = (
            f"{error.filename or data}: {error.strerror}; name another data directory with --data, or set its rights."
        )
        return {"name": name, "ok": False, "found": found}


def _python(_: Path) -> str:
    return f"{platform.python_version()} at {sys.executable}"


def _libraries(_: Path) -> str:
    try:
        return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    except importlib.metadata.PackageNotFoundError as error:
        raise UserError(f"{error.name} is not installed: run `make run` once, or install requirements.lock.") from error


def _device(_: Path) -> str:
    from core.models.devices import choose_device, device_memory

    runs_on = f"models run on {choose_device(AppSettings().device)}"
    memory = [f"{name}: {total / 2**30:.0f} GB, {free / 2**30:.1f} GB free" for name, total, free in device_memory()]
    return "; ".join([runs_on, *memory])


def _memory(_: Path) -> str:
    memory = psutil.virtual_memory()
    summary = f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GB are free"
    if memory.available < MIN_MEMORY_BYTES:
        raise UserError(f"only {summary}: end other programs, or choose smaller models.")
    return summary


def _data(data: Path) -> str:
    db = open_database(data)
    try:
        with db.read() as connection:
            waiting = [job for job in jobs.jobs_of(connection, limit=100) if job.state in ("queued", "running")]
    finally:
        db.close()
    if warning := network_warning(data):
        raise UserError(warning)
    return f"{data} can be written, its database is up to date, {len(waiting)} jobs wait or run"


def _disk(data: Path) -> str:
    free = shutil.disk_usage(data if data.exists() else Path.home()).free / 2**30
    if free < MIN_DISK_GB:
        raise UserError(
            f"only {free:.1f} GB are free, and checkpoints and adapters need room: delete what is not needed."
        )
    return f"{free:.0f} GB are free"


def _worker(data: Path) -> str:
    pid = worker_pid(data)
    if sentence := stalled_worker(data):
        raise UserError(sentence)
    return f"process {pid} does the jobs" if pid else "none runs; the next job starts one"


def _backup(data: Path) -> str:
    return age_text(data, time.time())


def _keys(data: Path) -> str:
    """Where each key is found, by name; no part of a value is ever shown."""
    found = {name for name in os.environ if name.startswith(HOST_KEY_PREFIX)} | _key_variables_of_projects(data)
    known = list(dict.fromkeys([*KEY_VARIABLES, *sorted(found)]))
    places = {"environment": "in the environment", "keyring": "in the keyring", "": "absent"}
    return ", ".join(f"{name} {places[find_key(name)[1]]}" for name in known)


def _key_variables_of_projects(data: Path) -> set[str]:
    """The names of the variables that the keys of all projects' endpoints are read from."""
    with _open_if_usable(data) as db:
        if db is None:
            return set()
        with db.read() as connection:
            projects = store.list_projects(connection)
    return {name for project in projects for name in key_variables(project)}


def _models(data: Path) -> list[dict[str, Any]]:
    """A row for each project's student and teacher; none where the data directory cannot be opened."""
    with _open_if_usable(data) as db:
        return [{"name": name, "ok": ok, "found": found} for name, ok, found in check_models(db)] if db else []


@contextmanager
def _open_if_usable(data: Path) -> Iterator[Database | None]:
    """The database; None where it cannot be opened, which the check of the data directory reports."""
    try:
        db = open_database(data)
    except (UserError, OSError):
        yield None
        return
    try:
        yield db
    finally:
        db.close()


def _demo_models(_: Path) -> str:
    folders = [PACKAGE_ROOT / "assets" / "demo" / name for name in ("student", "teacher")]
    missing = [str(folder) for folder in folders if not (folder / "model.safetensors").exists()]
    if missing:
        raise UserError(f"{' and '.join(missing)} is missing: `make demo-assets` builds the demo models.")
    return "the demo's student and teacher are there"
