"""The registry of job kinds: the generator that runs each kind."""

from collections.abc import Callable, Iterator

from app.engines.engine import Engine
from app.jobs.diagnose import run_diagnose
from app.jobs.experiment import run_experiment
from app.jobs.identify import run_identify
from app.jobs.import_support import run_import
from app.jobs.label import run_label
from app.jobs.measure import run_measure
from app.jobs.predict import run_predict
from app.jobs.try_model import run_try
from app.jobs.tune import run_tune
from app.progress import Advance, ShouldStop
from core.errors import UserError
from storage.database import Database
from storage.jobs import Job


def run_job(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """The generator for the job's kind; raises ``Stopped`` after the batch in which ``should_stop()`` became true.

    Raises UserError for a kind that this version does not know: the database takes any.
    """
    generators: dict[str, Callable[[Database, Job, Engine, ShouldStop], Iterator[Advance]]] = {
        "predict": run_predict,
        "diagnose": run_diagnose,
        "label": run_label,
        "tune": run_tune,
        "import": run_import,
        "try": run_try,
        "measure": run_measure,
        "experiment": run_experiment,
        "identify": run_identify,
    }
    if job.kind not in generators:
        raise UserError(
            f"This Switchpoint knows no job of the kind '{job.kind}': a newer one queued it, so update this one."
        )
    return generators[job.kind](db, job, engine, should_stop)
