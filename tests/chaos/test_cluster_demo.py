"""Both engines give the same answers, diagnoses and selection on the demo project. Minutes: ``make chaos``."""

import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from app.demo.project import PROJECT, init_demo
from app.engines.engine import Engine
from app.engines.local_engine import LocalEngine
from app.engines.ray_engine import RayEngine
from app.jobs.queue import put_diagnose, put_predict
from app.reviews.verdicts import accept_all
from app.selections.draw import make_selection
from app.worker.loop import run_queued_job
from storage import store
from storage.database import open_database
from tests.chaos.nodes import two_nodes

pytestmark = [
    pytest.mark.skipif(os.environ.get("SWITCHPOINT_LONG") != "1", reason="minutes: make chaos runs it"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Ray's own, of its own settings
]


def found(data: Path, engine: Engine) -> dict[str, Any]:
    with closing(open_database(data)) as db:
        run_queued_job(db, put_predict(db, PROJECT, roles=("validation",)), engine)
        run_queued_job(db, put_diagnose(db, PROJECT), engine)
        accept_all(db, PROJECT, reviewer="Ada")
        chosen = make_selection(db, PROJECT, budget=1000)
        with db.read() as connection:
            return {
                "predictions": store.predictions_of(connection, 1, "validation"),
                "diagnoses": store.diagnoses_of(connection, 1),
                "selection": [hit.sample for hit in chosen.hits],
            }


def test_the_demo_project_comes_out_the_same_from_both_engines(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "one")) as db:
        init_demo(db)
    shutil.copytree(tmp_path / "one", tmp_path / "other")
    local = found(tmp_path / "one", LocalEngine("cpu"))
    with two_nodes() as nodes:
        there = found(tmp_path / "other", RayEngine("cpu", address=nodes.address, cpus_per_actor=1))
    assert len(local["predictions"]) == 1000
    assert len(local["diagnoses"]) > 100
    assert there == local
