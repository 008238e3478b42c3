"""Batches on the command line: estimated, submitted, listed, waited for and cancelled."""

from collections.abc import Iterator

import pytest

from app.cli import labels as cli_labels
from storage.database import Database
from tests.app.command_line import CommandLine
from tests.app.labels.test_batch_labelling import failing
from tests.projects.unlabelled_support import KEY, Quick, bare, labels
from tests.servers.batch_api import BatchRoom
from tests.servers.openai_server import MODEL, Manners, OpenAIServer, openai_server

TEACHER = f"openai:{MODEL}"
COUNT = 20


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with openai_server(Quick(), Manners(key=KEY)) as running:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", running.url)
        monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.02")
        running.batches = BatchRoom(ends="")
        yield running


@pytest.mark.process
def test_batches_are_handed_in_listed_ended_and_waited_for(
    db: Database, server: OpenAIServer, command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare(db, TEACHER, COUNT)
    run = command_line.json
    run("spending", "p", "--price", TEACHER, 10, 100)
    whole, half = (run("label", "bare", "--estimate", *more)["cost"]["money"] for more in ((), ("--batch",)))
    assert half == pytest.approx(whole / 2)
    job = run("label", "bare", "--batch")["job"]
    assert "1 batch (18 requests) is under way" in job["message"]
    assert server.batches is not None
    (listed,) = run("batches", "p")["batches"]
    assert (listed["state"], listed["requests"], listed["remote"]) == ("in_progress", 18, "batch_0")
    (ended,) = run("batches", "--cancel", 1)["batches"]
    assert ended["state"] == "cancelling"
    server.batches.outcome = failing("What is 7", 0, "batch_cancelled", "Cancelled.")
    (ended,) = run("batches")["batches"]
    assert (ended["state"], ended["done"], ended["failed"]) == ("cancelled", 17, 1)
    monkeypatch.setattr(cli_labels, "sleep", paused := Pauses(server.batches))
    job = run("label", "bare", "--batch", "--wait")["job"]
    assert (job["done"], job["total"], job["message"]) == (COUNT, COUNT, "")
    assert paused.seconds == [60.0, 75.0, 93.75, 117.1875], "each longer than the one before"
    assert all(labels(db).values())
    assert [each["collected"] is not None for each in run("batches")["batches"]] == [True, True]
    assert "Batch 1 is collected already" in command_line.refused("batches", "--cancel", 1)
    assert "Batch 9 is not there" in command_line.refused("batches", "--cancel", 9)
    assert "say --batch too" in command_line.refused("label", "bare", "--wait")


class Pauses:
    """Records the pauses between two polls, and lets the server end its batches in the fourth."""

    def __init__(self, room: BatchRoom) -> None:
        self.room, self.seconds = room, list[float]()

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if len(self.seconds) == 4:
            self.room.outcome, self.room.ends = lambda _: None, "completed"
