"""The Ray engine on a real cluster of two nodes gives the local engine's results, also after kills."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from app.engines.engine import Engine
from app.engines.local_engine import LocalEngine
from app.engines.ray_engine import RayEngine
from app.imports.pipeline import import_file
from app.jobs.queue import cancel_job, put_diagnose, put_label, put_predict, put_tune
from app.processes.worker_process import ensure_worker, worker_pid
from app.selections.draw import make_selection
from app.worker.loop import run_claimed_job
from storage import jobs, store
from storage.database import Database, open_database
from storage.jobs import Job
from tests.chaos.nodes import Nodes, actors, kill_a_node, two_nodes
from tests.projects.tiny_project import TinyFiles, fill_project, write_files
from tests.test_kill import kill_in_the_middle
from tests.wait_for import read_job, wait_for

PROJECT = "tiny"
pytestmark = [
    pytest.mark.skipif(os.environ.get("SWITCHPOINT_LONG") != "1", reason="minutes: make chaos runs it"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # Ray's own, of its own settings
]
MODEL_ACTOR, TUNER = "ModelActor", "RayTrainWorker"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    """The small project with enough samples for kills in the middle, and an unlabelled support set."""
    made = write_files(tmp_path_factory.mktemp("many"), samples=40, support=40)
    rows = [json.loads(line) for line in made["support"].read_text().splitlines()]
    bare = [each | {"id": f"bare {each['id']}", "skill_label": ""} for each in rows]
    made["bare"].write_text("\n".join(map(json.dumps, bare)))
    return made


@pytest.fixture(scope="module")
def nodes() -> Iterator[Nodes]:
    with two_nodes() as made:
        yield made


@pytest.fixture(scope="module")
def local(many: TinyFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The results of the local engine."""
    with closing(make_project(tmp_path_factory.mktemp("local"), many)) as db:
        loop(db, LocalEngine("cpu"))
        yield db


def make_project(folder: Path, files: TinyFiles) -> Database:
    db = open_database(folder / "data")
    fill_project(db, files, PROJECT)
    import_file(db, "support", files["bare"], images=files.images, name="bare")
    return db


@pytest.fixture
def db(many: TinyFiles, tmp_path: Path) -> Iterator[Database]:
    with closing(make_project(tmp_path, many)) as opened:
        yield opened


def on(nodes: Nodes) -> RayEngine:
    return RayEngine("cpu", address=nodes.address, cpus_per_actor=1)


def go(db: Database, job: Job, engine: Engine, *acts: tuple[int, Callable[[], None]]) -> Job:
    """Run the job as a worker does, and each of ``acts`` once so much of it is saved."""
    with db.write() as connection:
        claimed = jobs.claim(connection, "test", 1, 1.0)
    assert claimed is not None
    still = list(acts)

    def ended() -> bool:
        done = read_job(db, job.id).done
        while still and done >= still[0][0]:
            still.pop(0)[1]()
        return False

    run_claimed_job(db, claimed, engine, ended)
    assert not still, "the job ended too soon"
    return read_job(db, job.id)


def loop(db: Database, engine: Engine) -> None:
    for put in (
        lambda: put_predict(db, PROJECT),
        lambda: put_diagnose(db, PROJECT),
        lambda: put_label(db, "bare", project=PROJECT),
    ):
        assert go(db, put(), engine).state == "done"
    make_selection(db, PROJECT, budget=24, arm="random", support="support")
    assert go(db, put_tune(db, PROJECT), engine).state == "done"


def predictions(db: Database) -> list[Any]:
    with db.read() as connection:
        return [each for role in ("validation", "test") for each in store.predictions_of(connection, 1, role)]


def found(db: Database) -> dict[str, Any]:
    with db.read() as connection:
        return {
            "diagnoses": store.diagnoses_of(connection, 1),
            "labels": [(each.source_id, each.skill_label) for each in store.support_samples(connection, "bare")],
            "selection": list(store.selected_sample_ids(connection, 1)),
        }


def losses(db: Database) -> list[float]:
    with db.read() as connection:
        return [update.loss for update in store.updates_of(connection, 1)]


def weights(db: Database) -> dict[str, Any]:
    return load_file(db.adapters / "run-1" / "adapter" / "adapter_model.safetensors")


def same_run(db: Database, local: Database) -> None:
    assert losses(db) == pytest.approx(losses(local), rel=1e-4)
    theirs = weights(local)
    for name, tensor in weights(db).items():
        assert (tensor - theirs[name]).abs().max() < 1e-4, name
    assert not [each for each in (db.adapters / "run-1").iterdir() if each.name != "adapter"]


def test_both_engines_give_the_same_predictions_diagnoses_labels_selection_and_run(
    db: Database, local: Database, nodes: Nodes
) -> None:
    job = put_predict(db, PROJECT, roles=("validation",))
    assert go(db, job, on(nodes), (6, lambda: cancel_job(db, job.id))).state == "cancelled"
    assert 0 < len(predictions(db)) < 40
    wait_for(lambda: not actors(MODEL_ACTOR), db, timeout=60)
    loop(db, on(nodes))
    assert predictions(db) == predictions(local)
    assert len(predictions(db)) == 80
    assert found(db) == found(local)
    same_run(db, local)


def test_an_actor_and_a_node_that_die_while_the_student_answers_change_nothing(
    db: Database, local: Database, nodes: Nodes
) -> None:
    killed = (6, partial(kill_an_actor, MODEL_ACTOR)), (30, lambda: kill_a_node(nodes))
    job = go(db, put_predict(db, PROJECT), on(nodes), *killed)
    assert job.state == "done", job.error
    assert predictions(db) == predictions(local)


def test_an_actor_and_a_node_that_die_while_the_student_is_tuned_change_nothing(
    db: Database, local: Database, nodes: Nodes
) -> None:
    selected(db)
    killed = (3, partial(kill_an_actor, TUNER)), (7, lambda: kill_a_node(nodes))
    job = go(db, put_tune(db, PROJECT), on(nodes), *killed)
    assert job.state == "done", job.error
    same_run(db, local)


def test_a_run_that_is_cancelled_on_the_cluster_is_gone_on_with_by_the_local_engine(
    db: Database, local: Database, nodes: Nodes
) -> None:
    selected(db)
    job = put_tune(db, PROJECT)
    assert go(db, job, on(nodes), (3, lambda: cancel_job(db, job.id))).state == "cancelled"
    assert 0 < len(losses(db)) < 12
    assert go(db, put_tune(db, PROJECT), LocalEngine("cpu")).state == "done"
    same_run(db, local)


def test_a_student_that_is_dealt_over_the_actors_makes_the_same_run(
    db: Database, local: Database, nodes: Nodes
) -> None:
    selected(db)
    cluster = RayEngine("cpu", address=nodes.address, cpus_per_actor=1, shard=True)
    assert go(db, put_tune(db, PROJECT), cluster).state == "done"
    same_run(db, local)


def test_what_is_wrong_is_said_in_a_sentence(db: Database, many: TinyFiles, nodes: Nodes) -> None:
    job = go(db, put_predict(db, PROJECT), RayEngine("cpu", address="ray://127.0.0.1:10001"))
    assert job.error.startswith("The worker itself has to run on a machine of the cluster")
    moved = (many.teacher / "model.safetensors").rename(many.folder / "away")
    try:
        job = go(db, put_label(db, "bare", project=PROJECT), on(nodes))
    finally:
        moved.rename(many.teacher / "model.safetensors")
    assert job.state == "failed"
    assert "teacher" in job.error
    assert "(said by " in job.error
    assert "Traceback" not in job.error


@pytest.fixture
def by_ray(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers started now use the cluster."""
    for name, value in {"ENGINE": "ray", "RAY_ADDRESS": nodes.address, "RAY_CPUS": "1", "IDLE_MINUTES": "0.01"}.items():
        monkeypatch.setenv(f"SWITCHPOINT_{name}", value)


@pytest.mark.usefixtures("by_ray")
def test_a_driver_that_dies_while_the_student_answers_is_followed_by_one_that_finds_what_is_missing(
    db: Database, local: Database
) -> None:
    job = put_predict(db, PROJECT)
    kill_in_the_middle(db, job)
    assert 0 < len(predictions(db)) < 80
    finish(db, job)
    assert predictions(db) == predictions(local)


@pytest.mark.usefixtures("by_ray")
def test_a_driver_that_dies_while_the_student_is_tuned_is_followed_by_one_that_goes_on(
    db: Database, local: Database
) -> None:
    selected(db)
    job = put_tune(db, PROJECT)
    kill_in_the_middle(db, job)
    assert not (db.adapters / "run-1" / "adapter").exists()
    finish(db, job)
    same_run(db, local)


def finish(db: Database, job: Job) -> None:
    assert ensure_worker(db.data)
    # Ray Train holds back for three minutes what a driver that died had asked for (decision 0036).
    wait_for(lambda: read_job(db, job.id).state == "done", db, timeout=400)
    wait_for(lambda: worker_pid(db.data) is None, db)


def kill_an_actor(word: str) -> None:
    actors(word)[0].kill()


def selected(db: Database) -> None:
    make_selection(db, PROJECT, budget=24, arm="random", support="support")
