"""The engine on Ray, on a cluster of one node: what the local one finds, and what is wrong in a sentence.

Two nodes, and who is killed on them: ``tests/chaos/test_cluster.py``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.engines.factory import create_engine
from app.engines.local_engine import LocalEngine
from app.engines.ray_engine import RayEngine
from app.jobs.queue import put_diagnose, put_predict
from app.settings import AppSettings
from app.worker.loop import run_queued_job
from core.errors import UserError
from core.types import Prediction
from storage import store
from storage.database import Database, open_database
from tests.projects.tiny_project import TinyFiles, fill_project

# Ray's own, of its own settings.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def node() -> Iterator[str]:
    """A node of its own, with two processors."""
    import ray
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes(initialize_head=True, head_node_args={"num_cpus": 2, "object_store_memory": 100 * 2**20})
    yield nodes.address
    ray.shutdown()
    nodes.shutdown()


def answered(db: Database, tiny: str, models: LocalEngine) -> list[Prediction]:
    assert run_queued_job(db, put_predict(db, tiny, roles=("validation",)), models).state == "done"
    with db.read() as connection:
        return store.predictions_of(connection, 1, "validation")


@pytest.mark.process
def test_the_cluster_answers_as_the_local_engine_does_and_what_it_cannot_do_is_a_sentence(
    db: Database, tiny: str, files: TinyFiles, node: str, tmp_path: Path
) -> None:
    other = open_database(tmp_path / "other")
    fill_project(other, files, tiny)
    cluster = RayEngine("cpu", address=node, cpus_per_actor=1)
    assert answered(db, tiny, cluster) == answered(other, tiny, LocalEngine("cpu"))
    other.close()
    weights = files.teacher / "model.safetensors"
    moved = weights.rename(files.folder / "away")
    try:
        with pytest.raises(UserError, match=r"teacher.* \(said by .+\)$"):
            run_queued_job(db, put_diagnose(db, tiny), cluster)
    finally:
        moved.rename(weights)


def test_a_worker_outside_of_the_cluster_is_refused(db: Database, tiny: str) -> None:
    with pytest.raises(UserError, match="The worker itself has to run on a machine of the cluster"):
        run_queued_job(db, put_predict(db, tiny), RayEngine("cpu", address="ray://127.0.0.1:10001"))


def test_the_engine_is_the_local_one_unless_the_settings_say_otherwise() -> None:
    assert type(create_engine(AppSettings())) is LocalEngine
    assert isinstance(create_engine(AppSettings(engine="ray")), RayEngine)
