"""``kill -9`` of the app during reviews: saved drafts survive, and a bulk review is applied completely or not at
all."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from app.reviews.bulk_verdicts import plan_bulk
from app.settings import AppSettings
from storage import store
from storage.database import open_database
from storage.store import CaseFilters
from tests.app.rpc import Remote
from tests.bench.big_project import PROJECT, made
from tests.servers.app_server import Served, serving

ERRORS = 3000
PLACE = {"project": PROJECT, "round": "0", "tab": "review"}


def kill(served: Served) -> None:
    os.kill(served.pid, signal.SIGKILL)


def test_a_draft_that_was_saved_survives_the_end_of_the_app(tmp_path: Path) -> None:
    data = made(tmp_path, errors=3, support=5)
    draft = {"project": PROJECT, "round": 0, "sample": 2, "seen": 0, "step": 1, "skill": "half a thou", "note": "x"}
    with serving(data) as served:
        said = httpx.post(f"{served.url}/desk/draft", json=draft)
        kill(served)
    assert said.json()["saved"]
    db = open_database(data)
    with db.read() as connection:
        (at,) = store.rounds_of(connection, store.project_named(connection, PROJECT).id)
        kept = store.draft_of(connection, at.id, 2, AppSettings().reviewer)
    db.close()
    assert kept
    assert (kept.skill, kept.note, kept.mistake_step) == ("half a thou", "x", 1)


@pytest.mark.parametrize("wait", [0.03, 0.3])
def test_a_bulk_act_that_was_cut_off_changed_all_cases_or_none(tmp_path: Path, wait: float) -> None:
    data = made(tmp_path, errors=ERRORS, support=5)
    db = open_database(data)
    with db.read() as connection:
        seal = plan_bulk(connection, PROJECT, 0, CaseFilters(), "accepted", skill="", reviewer="x").seal
    with serving(data) as served:
        remote = Remote(served.url)
        killer = threading.Timer(wait, kill, [served])
        killer.start()
        with suppress(httpx.TransportError):  # the app died before it answered: that is what is tried
            remote.send("bulk-do", PLACE, act="accepted", skill="", of="", seal=seal)
        killer.join()
    with db.read() as connection:
        (at,) = store.rounds_of(connection, store.project_named(connection, PROJECT).id)
        found = store.review_counts(connection, at.id)
    db.close()
    assert found in ({}, {"accepted": ERRORS})
