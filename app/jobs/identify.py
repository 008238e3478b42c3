"""The identify job: asks the teacher where rationales go wrong, by each method of identification."""

from collections.abc import Iterator
from functools import partial

from app.endpoints.metered_models import endpoint_teacher
from app.engines.engine import Engine
from app.experiments.identification import Case, ask_teacher, cases_of_round, known_errors, ways_to_ask
from app.progress import Advance, ShouldStop, nothing_to_save, raise_if_stopped
from app.projects.lookup import job_project
from app.settings import model_path
from core.types import Evidence, Method, Settings
from storage import store
from storage.database import Database
from storage.jobs import Job

BATCH_SIZE = 16


def run_identify(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """Ask each method about each error of the round ``args["round"]`` (id) with a known step, unless it was asked."""
    round_id = job.args["round"]
    with db.read() as connection:
        project = job_project(connection, job)
        known = {each.sample for each in known_errors(db, project, round_id)}
        cases = cases_of_round(db, round_id, known)
    ways = ways_to_ask(project.settings)
    total = len(ways) * len(cases)
    open_: list[tuple[Method, str, Settings, list[Case]]] = []
    with db.read() as connection:
        for method, variant, settings in ways:
            there = store.evidence_of(connection, round_id, project.teacher, method, variant)
            open_.append((method, variant, settings, [each for each in cases if each[0].id not in there]))
    done = total - sum(len(missing) for *_, missing in open_)
    yield nothing_to_save(done, total)
    if done == total:
        return
    check_stopped = partial(raise_if_stopped, should_stop)
    teacher = endpoint_teacher(db, project, check_stopped) or engine.teacher(model_path(project.teacher))
    for method, variant, settings, missing in open_:
        for start in range(0, len(missing), BATCH_SIZE):
            raise_if_stopped(should_stop)
            some = missing[start : start + BATCH_SIZE]
            said = ask_teacher(teacher, method, some, settings)
            found = [
                Evidence(
                    round=round_id, teacher=project.teacher, method=method, variant=variant, sample=sample.id,
                    value=said.get(sample.id),
                )
                for sample, _ in some
            ]  # fmt: skip
            done += len(some)
            yield Advance(
                save=partial(store.save_evidence, found=found), done=done, total=total, message=method.replace("_", " ")
            )
