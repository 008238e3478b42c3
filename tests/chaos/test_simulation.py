"""Lives drawn from seeds, on a virtual clock and a failing disk: nothing acknowledged is lost, no work is done twice.

``SWITCHPOINT_LONG=1`` for 2,000 seeds. ``SWITCHPOINT_SEED`` is the first one: a seed that failed repeats exactly.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import Connection

from core.errors import FolderError, UserError
from storage.database import Database
from tests.chaos.simulated_life import Life
from tests.chaos.simulation import make_start, simulate

FIRST = int(os.environ.get("SWITCHPOINT_SEED", "0"))
SEEDS = 2000 if os.environ.get("SWITCHPOINT_LONG") == "1" else 20


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("simulation") / "start"
    make_start(data)
    return data


@pytest.fixture
def live(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Life]:
    return lambda seed: simulate(seed, start, tmp_path / f"seed {seed}", monkeypatch)


def test_nothing_that_was_acknowledged_is_lost_and_every_job_ends(live: Callable[[int], Life]) -> None:
    began, found = time.monotonic(), Counter[str]()
    for seed in range(FIRST, FIRST + SEEDS):
        life = live(seed)  # not kept: two thousand of them take more than a gigabyte
        found.update(act.outcome for act in life.acts)
        found.update({"failed calls": life.disk.failed, "workers": life.workers})
    assert found["failed calls"] > SEEDS
    assert found["workers"] > 2 * SEEDS
    print(
        f"{SEEDS} seeds from {FIRST} in {time.monotonic() - began:.0f} s: {found['ok']} acts acknowledged, 0 lost; "
        f"{found['conflict']} conflicts, {found['refused']} refused; {found['failed calls']} calls to the disk failed, "
        f"{found['workers']} workers"
    )


def test_a_seed_repeats(live: Callable[[int], Life]) -> None:
    assert live(FIRST + 1).tasks.trace == live(FIRST + 1).tasks.trace


def a_failed_commit_is_taken_for_a_good_one(patch: pytest.MonkeyPatch) -> None:
    written = Database.write

    @contextmanager
    def write(self: Database) -> Iterator[Connection]:
        with ExitStack() as stack:
            yield stack.enter_context(written(self))
            with suppress(FolderError):
                stack.close()

    patch.setattr(Database, "write", write)


def a_verdict_goes_over_one_that_its_reviewer_did_not_see(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("app.reviews.verdicts.check_seen", lambda *_: None)


def a_job_of_a_dead_worker_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("storage.jobs.interrupt_orphans", lambda *_: [])


@pytest.mark.parametrize(
    ("plant", "found"),
    [
        (a_failed_commit_is_taken_for_a_good_one, "There is no job|assert"),
        (a_verdict_goes_over_one_that_its_reviewer_did_not_see, "somebody's verdict was not seen"),
        (a_job_of_a_dead_worker_is_forgotten, "it never comes"),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_planted_fault_is_found(
    plant: Callable[[pytest.MonkeyPatch], None],
    found: str,
    live: Callable[[int], Life],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    with pytest.raises((AssertionError, UserError), match=found):
        list(map(live, range(20)))
