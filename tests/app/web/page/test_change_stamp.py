"""How a page that is open learns what jobs and other people do: a short stamp, and the parts once it has changed."""

import json

from core.types import Review
from storage import store
from storage.database import open_database
from tests.app.rpc import REVIEW, Remote, refused
from tests.servers.app_server import Served


def test_a_stamp_stays_until_somebody_decides_and_a_tick_then_brings_what_changed(
    remote: Remote, served: Served
) -> None:
    def stamp() -> str:
        return remote.http.get("/desk/stamp", params=REVIEW).text

    before = stamp()
    assert stamp() == before
    db = open_database(served.data)
    with db.write() as connection:
        store.add_review(
            connection, Review(round=1, sample=2, reviewer="x", verdict="skipped", mistake_step=1, skill="y")
        )
    db.close()
    assert stamp() != before
    brought = json.loads(remote.send("tick", REVIEW, last=before).body)
    assert "1 of 60 reviewed" in brought["cases"]
    assert brought.keys() == {"hint", "tray", "cases", "filters"}


def test_a_stamp_of_a_project_that_is_gone_and_a_tick_without_one_are_refused(remote: Remote) -> None:
    assert remote.http.get("/desk/stamp", params={"project": "gone"}).status_code == 400
    for last in (None, 5, "x" * 1000):
        refused(remote.send("tick", REVIEW, last=last))
