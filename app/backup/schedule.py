"""Backups by schedule: each is made beside jobs, verified by restoring it, and only the newest ones are kept."""

import logging
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.rendering.formatting import duration
from core.errors import UserError
from storage.database import Database

FOLDER = "backups"
NAME = "switchpoint-%Y%m%d-%H%M%S.zip"
LOOK_SECONDS = 30.0  # so often is it looked whether one is due: the clock may jump
RETRY_SECONDS = 600.0
SECONDS = {"m": 60.0, "h": 3600.0, "d": 86400.0}
logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """A backup is due so many seconds after the newest one; the newest ``keep`` stay."""

    seconds: float
    keep: int


def read_schedule(every: str, keep: int) -> Schedule | None:
    """The schedule of an interval such as "30m", "24h" or "7d"; None for "". Raises UserError for anything else."""
    if not every:
        return None
    given = re.fullmatch(r"([1-9]\d{0,4})([mhd])", every.strip())
    if given is None:
        raise UserError(f"'{every[:40]}' is no interval: write 30m, 24h or 7d.")
    return Schedule(seconds=int(given[1]) * SECONDS[given[2]], keep=keep)


def backups_in(data: Path) -> list[Path]:
    """The scheduled backups of a data directory, the newest first."""
    return sorted((data / FOLDER).glob("switchpoint-*.zip"), reverse=True)


def newest_backup(data: Path, now: float) -> tuple[Path, float] | None:
    """The newest scheduled backup and its age in seconds; None where there is none."""
    return next(((each, now - each.stat().st_mtime) for each in backups_in(data)), None)


def is_due(data: Path, schedule: Schedule, now: float) -> bool:
    """Whether a backup is due; one from the future, made before the clock was set back, counts for nothing."""
    newest = newest_backup(data, now)
    return newest is None or not -LOOK_SECONDS <= newest[1] < schedule.seconds


def make_scheduled(db: Database, schedule: Schedule) -> Path:
    """Make a backup, verify it and remove the older ones beyond ``keep``; returns its path.

    Raises UserError where it cannot be made or restored; no older one is removed then.
    """
    file = db.data / FOLDER / time.strftime(NAME)
    create_backup(db, file, on_progress=lambda _: None)
    try:
        verify_backup(file)
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    for older in backups_in(db.data)[schedule.keep :]:
        older.unlink(missing_ok=True)
    return file


def verify_backup(file: Path) -> None:
    """Restore a backup into a temporary directory beside it. Raises UserError where that fails."""
    restored = file.with_name(f".{file.name}.verified")
    try:
        restore_backup(file, restored, on_progress=lambda _: None)
    finally:
        shutil.rmtree(restored, ignore_errors=True)


def age_text(data: Path, now: float) -> str:
    """How old the newest scheduled backup is, as a sentence."""
    newest = newest_backup(data, now)
    if newest is None:
        return "none by schedule: start with `switchpoint serve --backup-every 24h`, or run `switchpoint backup FILE`"
    file, age = newest
    return f"the newest is {duration(max(age, 0.0))} old: {file}"


@contextmanager
def backing_up(db: Database, schedule: Schedule | None) -> Iterator[None]:
    """Make the backups of a schedule in a thread until the block ends."""
    ended = threading.Event()
    if schedule is not None:
        threading.Thread(target=_keep_backing_up, args=(db, schedule, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _keep_backing_up(db: Database, schedule: Schedule, ended: threading.Event) -> None:
    pause = 0.0
    while not ended.wait(pause):
        pause = LOOK_SECONDS
        try:
            if is_due(db.data, schedule, time.time()):
                logger.info("backed up into %s", make_scheduled(db, schedule))
        except UserError as error:
            logger.warning("no backup was made by schedule: %s", error)
            pause = RETRY_SECONDS
        except Exception:  # a bug here must not end the backups
            logger.exception("no backup was made by schedule")
            pause = RETRY_SECONDS
