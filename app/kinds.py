"""Which generator does which kind of job. Knows every stage, and nothing of how one works."""

from collections.abc import Iterator

from app.batches import Advance, Stop
from app.identifying import run_identify
from app.models import Models
from app.stages import run_diagnose, run_import, run_label, run_predict
from app.trials import run_experiment
from app.trying import try_out
from app.tuning_stages import run_measure, run_tune
from storage.database import Database
from storage.jobs import Job


def run_job(db: Database, job: Job, models: Models, stop: Stop) -> Iterator[Advance]:
    """The generator for the job's kind; raises ``Stopped`` after the batch in which ``stop()`` became true."""
    stages = {
        "predict": run_predict,
        "diagnose": run_diagnose,
        "label": run_label,
        "tune": run_tune,
        "import": run_import,
        "try": try_out,
        "measure": run_measure,
        "experiment": run_experiment,
        "identify": run_identify,
    }
    return stages[job.kind](db, job, models, stop)
