"""Lives of a project whose worker and app are killed or stopped at random end with the same results as one without.

``SWITCHPOINT_LONG=1`` for at least ``SWITCHPOINT_KILLS`` kills (200), ``SWITCHPOINT_SEED`` for other moments. After
each kill the database is sound, and all that was saved or acknowledged is there once. ``-s`` prints the figures.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.killer import TARGETS, App, Kill, Killer
from tests.chaos.ledger import differences, portrait
from tests.chaos.life import PROJECT, Life, Sizes, write_world
from tests.chaos.stages import STAGES, live_through

LONG = os.environ.get("SWITCHPOINT_LONG") == "1"
SEED = int(os.environ.get("SWITCHPOINT_SEED", "0"))
KILLS = int(os.environ.get("SWITCHPOINT_KILLS", "200"))
LARGE = Sizes(validation=240, test=40, lessons=6000, unlabelled=400, epochs=4.0)
SMALL = Sizes(validation=24, test=12, lessons=600, unlabelled=20, epochs=1.0)
SMALL_LIVES = 20 if LONG else 1
STAGES_HIT = 6  # of a small life, once each
MAX_KILLS_PER_STAGE = 6


@pytest.fixture(autouse=True)
def small_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("SWITCHPOINT_IDLE_MINUTES", "0.5")  # a worker that outlives its app ends by itself


@pytest.mark.skipif(not LONG, reason="three quarters of an hour: make chaos runs it")
def test_lives_with_kills_end_as_one_without(tmp_path: Path) -> None:
    names = [name for name, *_ in STAGES]

    def killer(seed: str) -> Callable[[App], Killer]:
        return lambda app: Killer(app, seed=seed, max_kills=dict.fromkeys(names, MAX_KILLS_PER_STAGE), max_seconds=1.5)

    live_again(tmp_path, LARGE, killer, lambda kills, _: len(kills) >= KILLS)


def test_small_lives_whose_processes_are_stopped_and_killed_end_as_one_without(tmp_path: Path) -> None:
    names = [name for name, *_ in STAGES]

    def killer(seed: str) -> Callable[[App], Killer]:
        hit = dict.fromkeys(random.Random(seed).sample(names, STAGES_HIT), 1)
        return lambda app: Killer(app, seed=seed, max_kills=hit, max_seconds=0.3, max_stop_seconds=2.0)

    live_again(tmp_path, SMALL, killer, lambda _, lives: lives >= SMALL_LIVES)


def live_again(
    folder: Path,
    sizes: Sizes,
    killer: Callable[[str], Callable[[App], Killer]],
    is_enough: Callable[[list[Kill], int], bool],
) -> None:
    """Live with kills until ``is_enough(kills, lives)``, and hold each life against one that nobody disturbs."""
    started, kills, lives, starts = time.monotonic(), list[Kill](), 0, 0
    counts: Counter[str] = Counter()
    files = write_world(folder / "world", sizes)
    calm = live_through(folder / "calm" / "data", files, sizes, lambda app: None)
    calm.close()
    wanted = portrait(calm.db, PROJECT)
    calm.db.close()
    while not is_enough(kills, lives):
        seed = f"{SEED}:{lives}"
        life = live_through(folder / f"life {lives}" / "data", files, sizes, killer(seed))
        life.close()
        found = differences(wanted, portrait(life.db, PROJECT))
        life.db.close()
        assert life.killer is not None
        kills, lives, starts = kills + life.killer.kills, lives + 1, starts + life.app.starts - 1
        counts.update(life_counts(life))
        print(f"\nlife {lives}: {len(life.killer.kills)} kills, {time.monotonic() - started:.0f} s so far", flush=True)
        assert found == [], f"seed {seed}: another end than without kills"
        assert life.killer.kills, "a life without a kill proves nothing"
    report(kills, counts, f"{lives} of {lives} lives ended as the one that nobody killed; {starts} apps begun again")
    print(f"seed {SEED}, {time.monotonic() - started:.0f} s")


def life_counts(life: Life) -> dict[str, int]:
    """The counts of a life for the report."""
    workers = (life.db.data / "logs" / "worker.log").read_text().count(" serves ")
    return {
        "looks at the whole database": life.ledger.looks,
        "workers begun": workers,
        "answers lost": life.lost,
        "verdicts sent again that were saved already": life.repeated,
        "jobs given up after three deaths and asked for again": life.given_up,
    }


def report(kills: list[Kill], counts: Counter[str], ended: str) -> None:
    """Print the kills by stage and target, and how it ended."""
    print(f"\n| stage | {' | '.join(TARGETS)} |\n|---|{'---|' * len(TARGETS)}")
    by = Counter((kill.stage, kill.target) for kill in kills)
    for stage, *_ in STAGES:
        print(f"| {stage} | {' | '.join(str(by[stage, target]) for target in TARGETS)} |")
    hit = Counter(kill.target for kill in kills)
    print(f"| all {len(kills)} | {' | '.join(str(hit[target]) for target in TARGETS)} |")
    print(f"{sum(kill.done > 0 for kill in kills)} kills in the middle of a job")
    print("; ".join(f"{number} {way}" for way, number in Counter(kill.way for kill in kills).items()))
    print("; ".join(f"{number} {name}" for name, number in counts.items()))
    print(ended)
