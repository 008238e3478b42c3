"""The whole loop on the demo project in this process."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from app.demo.arms import ARMS, measure, run_arm
from app.demo.gold_measures import measure_against_gold
from app.demo.project import PROJECT, init_demo
from app.engines.local_engine import LocalEngine
from app.jobs.queue import put_diagnose, put_predict
from app.reviews.verdicts import accept_all
from app.settings import AppSettings
from app.worker.loop import run_queued_job
from storage.database import Database, open_database
from storage.jobs import Job

BUDGET = 2000


def run_demo(data: Path, seeds: int) -> dict[str, Any]:
    """Run the loop with so many seeds of selection and tuning; returns the content of ``demo-result.json``."""
    started = time.monotonic()
    db = open_database(data)
    seconds: dict[str, list[float]] = {}
    engine = LocalEngine(AppSettings().device)
    try:
        init_demo(db)
        finish = _job_runner(db, engine, seconds)
        finish(put_predict(db, PROJECT, roles=("validation",)), "predict")
        finish(put_diagnose(db, PROJECT), "diagnose")
        accept_all(db, PROJECT, reviewer="demo")
        finish(put_predict(db, PROJECT, roles=("test",)), "measure")
        rounds: dict[str, list[int]] = {"before": [0]}
        for seed in range(seeds):
            for arm in ARMS:
                number = run_arm(db, PROJECT, arm, budget=BUDGET, seed=seed, finish=finish)
                rounds.setdefault(arm, []).append(number)
        result = measure(db, PROJECT, rounds) | measure_against_gold(db, PROJECT)
    finally:
        db.close()
    took = {stage: sum(each) / len(each) for stage, each in seconds.items()} | {"total": time.monotonic() - started}
    return result | {"seconds": took, "budget": BUDGET}


def _job_runner(db: Database, engine: LocalEngine, seconds: dict[str, list[float]]) -> Callable[..., Job]:
    """A function that runs a job in this process, records its ``seconds`` by stage, and raises where it failed."""

    def finish(job: Job, stage: str = "") -> Job:
        started = time.monotonic()
        ended = run_queued_job(db, job, engine)
        took = time.monotonic() - started
        name = stage or {"predict": "measure"}.get(job.kind, job.kind)
        seconds.setdefault(name, []).append(took)
        Console(stderr=True).print(f"{name}: {ended.done} of {ended.total} in {took:.1f} s")
        return ended

    return finish
