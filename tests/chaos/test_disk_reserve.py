"""A full disk takes verdicts all the same, since the app gives up its reserve piece by piece."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from app.web.page.place import REVIEWER_COOKIE
from storage import disk_reserve, store
from storage.database import Database, open_database
from tests.chaos.small_disk import Disk
from tests.chaos.test_full_disk import sound
from tests.servers.app_server import Served, serving
from tests.storage.world import a_round_of_errors
from tests.wait_for import wait_for

pytestmark = pytest.mark.process
ERRORS = 40


@pytest.fixture
def db(disk: Disk) -> Iterator[Database]:
    opened = open_database(disk.path / "data")
    yield opened
    opened.close()


@pytest.fixture
def served(db: Database) -> Iterator[Served]:
    with serving(db.data) as app:
        yield app


def reserve(db: Database) -> int:
    return (db.data / disk_reserve.FILE_NAME).stat().st_size


def verdict(served: Served, sample: int, note: str) -> httpx.Response:
    act = {"kind": "verdict", "verdict": "rejected", "project": "demo", "round": 0, "token": "x", "sample": sample}
    act |= {"step": 1, "skill": "counting", "note": note, "seen": 0}
    place = {"project": "demo", "round": "0", "tab": "review"}
    return httpx.post(
        f"{served.url}/desk/act",
        params=place,
        content=json.dumps(act),
        cookies={REVIEWER_COOKIE: "Ada"},
        timeout=60,
    )


def test_every_verdict_gets_in_while_the_disk_is_full(db: Database, served: Served, disk: Disk) -> None:
    whole = reserve(db)
    with db.write() as connection:
        base, samples = a_round_of_errors(connection, ERRORS)
    notices = []
    for number, sample in enumerate(samples):
        if number % 4 == 0:
            disk.fill()  # another program takes what was given up
        notices.append(str(verdict(served, sample, f"note {number}").json().get("notice")))
    assert [each for each in notices if re.search("full|error", each)] == []
    with db.read() as connection:
        cases = [store.case_of(connection, base, each) for each in samples]
    assert [each and each.review and each.review.note for each in cases] == [f"note {n}" for n in range(ERRORS)]
    assert 0 < reserve(db) < whole
    disk.free()
    wait_for(lambda: reserve(db) == whole, db)
    sound(db)
