"""Scheduled backups are whole, few, and made whatever the clock does."""

import os
import time
from pathlib import Path

import pytest

from app.backup import schedule
from app.backup.create import create_backup
from app.backup.restore import restore_backup
from app.backup.schedule import Schedule, backups_in, is_due, make_scheduled, read_schedule
from app.doctor.checks import run_checks
from app.projects.configuration import create_project
from core.errors import UserError
from storage import store
from storage.database import Database, open_database
from tests.servers.app_server import serving

DAILY = Schedule(seconds=86_400, keep=2)


@pytest.mark.parametrize(("every", "seconds"), [("30m", 1800), ("24h", 86_400), (" 7d ", 604_800)])
def test_an_interval_is_minutes_hours_or_days(every: str, seconds: float) -> None:
    assert read_schedule(every, 3) == Schedule(seconds=seconds, keep=3)


@pytest.mark.parametrize("every", ["24", "0h", "-1d", "1w", "1h30m", "１h", "999999d"])
def test_any_other_interval_is_refused(every: str) -> None:
    with pytest.raises(UserError, match="is no interval: write 30m, 24h or 7d"):
        read_schedule(every, 3)
    assert read_schedule("", 3) is None


def test_the_newest_backups_are_kept_and_each_can_be_restored(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_project(db, "first", student="s", teacher="t")
    made = []
    for number in range(4):
        monkeypatch.setattr(schedule, "NAME", f"switchpoint-2026120{number}-000000.zip")
        made.append(make_scheduled(db, DAILY))
    assert backups_in(db.data) == [made[3], made[2]]
    assert sorted(path.name for path in made[3].parent.iterdir()) == [made[2].name, made[3].name]
    restore_backup(made[2], tmp_path / "restored", on_progress=lambda _: None)
    restored = open_database(tmp_path / "restored")
    with restored.read() as connection:
        assert [each.name for each in store.list_projects(connection)] == ["first"]
    restored.close()


def test_a_backup_that_cannot_be_restored_goes_and_the_older_ones_stay(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "NAME", "switchpoint-20261201-000000.zip")
    whole = make_scheduled(db, Schedule(seconds=1, keep=1))

    def cut(db: Database, file: Path, **options: object) -> None:
        create_backup(db, file, **options)  # type: ignore[arg-type]
        os.truncate(file, file.stat().st_size - 100)

    monkeypatch.setattr(schedule, "create_backup", cut)
    monkeypatch.setattr(schedule, "NAME", "switchpoint-20261202-000000.zip")
    with pytest.raises(UserError, match="was not restored"):
        make_scheduled(db, Schedule(seconds=1, keep=1))
    assert [path.name for path in whole.parent.iterdir()] == [whole.name]


def test_a_backup_is_due_after_the_interval_and_where_the_clock_was_set_back(db: Database) -> None:
    assert is_due(db.data, DAILY, time.time())
    now = make_scheduled(db, DAILY).stat().st_mtime
    assert [is_due(db.data, DAILY, now + hours * 3600) for hours in (0, 1, 23.9, 24, 48)] == [False] * 3 + [True] * 2
    assert is_due(db.data, DAILY, now - 3600)


def test_a_page_that_was_asked_to_makes_the_first_backup_at_once_and_doctor_says_how_old_it_is(tmp_path: Path) -> None:
    with serving(tmp_path / "data", "--backup-every", "24h", "--keep", "3") as served:
        deadline = time.monotonic() + 60
        while not backups_in(served.data):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        (found,) = (each["found"] for each in run_checks(served.data) if each["name"] == "backup")
        assert found.startswith("the newest is ")
        assert str(backups_in(served.data)[0]) in found
    (none,) = (each["found"] for each in run_checks(tmp_path / "other") if each["name"] == "backup")
    assert none.startswith("none by schedule")
