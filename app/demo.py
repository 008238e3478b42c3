"""The embedded demo project, and the loop over it without a page: ``python -m app.demo`` is ``make demo``.

Goes through the same imports, jobs and stages as a person's project; only the order is fixed and every diagnosis is
accepted by the reviewer "demo". Knows where the demo's files lie; what is true in its world stands in ``demo_truth``.
"""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app import actions
from app.demo_arms import ARMS, measure, run_arm
from app.demo_truth import found_by_the_machine
from app.figures import accuracy_table
from app.models import Models
from app.settings import AppSettings
from app.terminal import run_command_line
from app.worker import work_off
from assets import demo as files
from assets.demo.draw import write_support
from core.errors import UserError
from core.types import Settings, TuningSettings
from storage import store
from storage.database import Database, open_database
from storage.jobs import Job

PROJECT = "demo"
BUDGET = 2000
MARK = "made-by-make-demo"

runner = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


def init_demo(db: Database) -> dict[str, Any]:
    """Create the project "demo" with its three sets, or what is missing of it (each set is there whole or not at all).

    Returns ``{"project", "created": whether anything was missing, "imported": {set: import report}}``.
    """
    with db.read() as connection:
        known = PROJECT in [each.name for each in store.list_projects(connection)]
    if not known:
        actions.create_project(
            db, PROJECT, student="assets/demo/student", teacher="assets/demo/teacher", settings=demo_settings()
        )
    row = actions.project_status(db, PROJECT)["rounds"][0]
    imported: dict[str, Any] = {}
    if not row["samples"]:
        imported["validation"] = actions.import_file(db, "validation", files.VALIDATION, PROJECT, test_share=0)
    if not row["test_samples"]:
        imported["test"] = actions.import_file(db, "test", files.TEST, PROJECT)
    with db.read() as connection:
        support = [each.name for each in store.support_sets(connection)]
    if files.SUPPORT_NAME not in support:
        imported["support"] = _import_support(db)
    return {"project": PROJECT, "created": not known or bool(imported), "imported": imported}


def _import_support(db: Database) -> dict[str, Any]:
    """The support set's 20,000 pictures are drawn when they are needed, then imported like anybody's."""
    with tempfile.TemporaryDirectory() as folder:
        drawn = write_support(Path(folder))
        return actions.import_file(db, "support", drawn, images=Path(folder), name=files.SUPPORT_NAME, copy_images=True)


def demo_settings() -> Settings:
    """The project settings that the demo's small models were made for (``assets/demo/settings.json``)."""
    stored = json.loads(files.SETTINGS.read_text())
    return Settings(**stored | {"support": files.SUPPORT_NAME, "tuning": TuningSettings(**stored["tuning"])})


def run_demo(data: Path, seeds: int) -> dict[str, Any]:
    """The whole loop; returns what ``demo-result.json`` holds."""
    started = time.monotonic()
    db = open_database(data)
    seconds: dict[str, list[float]] = {}
    models = Models(AppSettings().device)
    try:
        init_demo(db)
        finish = _finisher(db, models, seconds)
        finish(actions.put_predict(db, PROJECT, roles=("validation",)), "predict")
        finish(actions.put_diagnose(db, PROJECT), "diagnose")
        actions.accept_all(db, PROJECT, reviewer="demo")
        finish(actions.put_predict(db, PROJECT, roles=("test",)), "measure")
        rounds: dict[str, list[int]] = {"before": [0]}
        for seed in range(seeds):
            for arm in ARMS:
                number = run_arm(db, PROJECT, arm, budget=BUDGET, seed=seed, finish=finish)
                rounds.setdefault(arm, []).append(number)
        result = measure(db, PROJECT, rounds) | found_by_the_machine(db, PROJECT)
    finally:
        db.close()
    took = {stage: sum(each) / len(each) for stage, each in seconds.items()} | {"total": time.monotonic() - started}
    return result | {"seconds": took, "budget": BUDGET}


@runner.command()
def main(
    data: Annotated[Path, typer.Option(help="An empty folder, or the one of an earlier run.")] = Path(".data/demo-run"),
) -> None:
    """Run the loop on the demo project and print what came out; SEEDS=5 repeats selection and tuning."""
    _make_empty(data)
    result = run_demo(data, int(os.environ.get("SEEDS", "1")))
    (data / "demo-result.json").write_text(json.dumps(result, indent=2))
    for table in result_tables(result):
        Console().print(table)
    print(f"The figures are in {data / 'demo-result.json'}; `switchpoint --data {data} serve` shows the project.")


def result_tables(result: dict[str, Any]) -> list[Table]:
    """Accuracy of the arms; who finds the gold mistake step; seconds for each stage."""
    accuracy = accuracy_table(result["accuracy"] | result["difference"])
    accuracy.title = f"Accuracy on the test set ({result['samples']:,} samples, {result['budget']:,} to tune on)"
    found = Table(
        "mistake step found by", "share", title=f"Gold mistake step, {result['skills']['errors']} real errors"
    )
    for name, share in result["identification"].items():
        found.add_row(name.replace("_", " "), f"{share:.1%}")
    found.add_row("gold skill named", f"{result['skills']['gold_share']:.1%}", end_section=True)
    times = Table("stage", "seconds")
    for stage, seconds in result["seconds"].items():
        times.add_row(stage, f"{seconds:.1f}")
    return [accuracy, found, times]


def _finisher(db: Database, models: Models, seconds: dict[str, list[float]]) -> Callable[..., Job]:
    """A function that does a job in this process, notes its seconds, and raises when it failed."""

    def finish(job: Job, stage: str = "") -> Job:
        started = time.monotonic()
        ended = work_off(db, job, models)
        took = time.monotonic() - started
        name = stage or {"predict": "measure"}.get(job.kind, job.kind)
        seconds.setdefault(name, []).append(took)
        Console(stderr=True).print(f"{name}: {ended.done} of {ended.total} in {took:.1f} s")
        return ended

    return finish


def _make_empty(data: Path) -> None:
    """Times and figures are those of a whole run: an earlier run's folder is emptied, anyone else's is left alone."""
    if (data / MARK).exists():
        shutil.rmtree(data)
    elif data.exists() and any(data.iterdir()):
        raise UserError(f"{data} holds something else: choose an empty folder with --data.")
    data.mkdir(parents=True)
    (data / MARK).touch()


if __name__ == "__main__":
    raise SystemExit(run_command_line(runner))
