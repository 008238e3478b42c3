"""One simulated life of a project: reviewers, a person who asks for jobs, workers and a disk, all drawn from one seed.

The product runs unchanged on a real SQLite file: its reviews, its queue, its worker and its supervisor. Simulated are
time (``virtual_time``), the disk's faults (``watched_vfs``), the death of workers, and the models. What was
acknowledged is held against a model that plays the same acts one after another.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from app.jobs.queue import cancel_job, put_label, put_predict
from app.progress import BUG_MESSAGE
from app.reviews.verdicts import add_review
from app.worker.loop import serve_jobs
from app.worker.supervisor import Supervisor
from core.errors import ConflictError, FolderError, UserError
from core.types import Draft, Prediction, RoundId, Sample
from storage import jobs, store
from storage.database import Database
from tests.chaos.faulty_disk import ONE_FAULT, Disk
from tests.chaos.serial_model import Act, hold_reviews
from tests.chaos.virtual_time import Patience, Task, Tasks
from tests.storage.world import a_prediction

CASES, PREDICTED, LABELLED = 6, 12, 12
REVIEWERS = ("Ada", "Bo", "Cy")
ACTS_EACH = 8
SPAN_SECONDS = 100.0
PATIENCE_SECONDS = 3600.0  # virtual ones, for the jobs to end once nothing fails any more


class Models:
    """An engine whose models take virtual time; counts what each sample was asked for."""

    device = "cpu"

    def __init__(self, life: "Life") -> None:
        self.life = life

    def predictions(
        self, db: Database, project: object, round_: store.Round, samples: Sequence[Sample], **_: object
    ) -> Iterator[list[Prediction]]:
        """Two answers at a time."""
        for start in range(0, len(samples), 2):
            ids = [each.id for each in samples[start : start + 2]]
            self.life.ask("prediction", ids)
            yield [a_prediction(round_.id, each) for each in ids]
            self.life.saved |= {("prediction", each) for each in ids}

    def labels(
        self, db: Database, project: object, sample_ids: "array[int]", **_: object
    ) -> Iterator[list[tuple[int, str]]]:
        """Three labels at a time."""
        for start in range(0, len(sample_ids), 3):
            ids = list(sample_ids[start : start + 3])
            self.life.ask("label", ids)
            yield [(each, f"skill {each}") for each in ids]
            self.life.saved |= {("label", each) for each in ids}

    def clear(self) -> None:
        """There is nothing to free."""


class Life:
    """A life from its seed: the tasks and what they share."""

    def __init__(self, seed: int, data: Path) -> None:
        self.rng = random.Random(seed)
        self.tasks = Tasks(self.rng)
        self.disk = Disk()
        self.data = data
        self.acts: list[Act] = []
        self.saved: set[tuple[str, int]] = set()
        self.asked = 0
        self.worker: Task | None = None
        self.workers = 0
        self.doing: dict[str, Act] = {}

    # What patches of the product call.

    def ask(self, what: str, ids: list[int]) -> None:
        """The models are asked about samples, which takes a while. Fails for one whose answer is saved."""
        self.tasks.pause(self.rng.uniform(0.5, 4))
        again = [each for each in ids if (what, each) in self.saved]
        assert not again, f"{what} of {again} was saved and is asked for again"
        self.asked += len(ids)

    def start_worker(self, *_: object) -> bool:
        """In place of the process that the supervisor starts."""
        if self.worker_pid():
            return False
        self.workers += 1
        self.worker = self.tasks.start(f"worker-{self.workers}", self.work)
        self.tasks.note("a worker starts")
        return True

    def worker_pid(self, *_: object) -> int | None:
        """The number of the worker that runs."""
        return self.workers if self.worker and not self.worker.ended else None

    def is_alive(self, pid: int, started: float) -> bool:
        """Whether the worker with this number runs: it claims jobs under it."""
        return started == self.worker_pid()

    @contextmanager
    def committing(self) -> Iterator[None]:
        """A transaction, which no other task interrupts; a reviewer's act is put in the order of transactions."""
        task = self.tasks.current
        if task is None:
            yield
            return
        task.busy += 1
        try:
            yield
        finally:
            task.busy -= 1
            if task.name in self.doing:
                self.acts.append(self.doing[task.name])

    # Tasks.

    def work(self) -> None:
        """A worker's whole life."""
        try:
            serve_jobs(self.data, Models(self), idle_minutes=0.1)  # type: ignore[arg-type]
        except UserError as error:
            self.tasks.note(f"the worker ends: {type(error).__name__}")

    def supervise(self, db: Database) -> None:
        """The app's supervisor."""
        supervisor = Supervisor(db)
        while True:
            self.tasks.pause(3)
            supervisor.check()

    def review(self, db: Database, name: str, round_id: RoundId, samples: Sequence[int]) -> None:
        """A reviewer, who tries again where something was refused."""
        for number in range(ACTS_EACH):
            self.tasks.pause(self.rng.uniform(0, 10))
            kind = self.rng.choice(("draft", "verdict", "verdict", "undo", "redo"))
            act = Act(kind=kind, sample=self.rng.choice(samples), reviewer=name, text=f"{name} {number}")
            for _ in range(5):
                act = self.do(db, act, round_id)
                if act.outcome == "ok":
                    break
                self.tasks.pause(self.rng.uniform(1, 8))

    def do(self, db: Database, act: Act, round_id: RoundId) -> Act:
        """One act, on the newest review that can be read now; returns it with its outcome."""
        act = Act(kind=act.kind, sample=act.sample, reviewer=act.reviewer, text=act.text)
        try:
            with db.read() as connection:
                act.seen = store.newest_review_id(connection, round_id, act.sample)
            self.tasks.pause(self.rng.uniform(0, 4))
            self.doing[act.reviewer] = act
            act.id = self.sent(db, act, round_id)
            act.outcome = "ok"
        except ConflictError:
            act.outcome = "conflict"
        except FolderError:
            act.outcome = "refused"
        finally:
            self.doing.pop(act.reviewer, None)
        self.tasks.note(f"{act.kind} {act.sample} {act.outcome} {act.id}")
        return act

    def sent(self, db: Database, act: Act, round_id: RoundId) -> int | None:
        """Send an act as the page does; returns the id of the review that it appended."""
        if act.kind == "verdict":
            said = add_review(db, "demo", act.sample, "rejected", reviewer=act.reviewer, note=act.text, seen=act.seen)
            return said.id
        with db.write() as connection:
            if act.kind == "draft":
                draft = Draft(round=round_id, sample=act.sample, reviewer=act.reviewer, note=act.text)
                store.save_draft(connection, draft)
                return None
            step = store.undo_review if act.kind == "undo" else store.redo_review
            appended = step(connection, round_id, act.sample, act.reviewer)
            return None if appended is None else appended.id

    def want_jobs(self, db: Database) -> None:
        """A person who asks for jobs, and cancels some."""
        while True:
            self.tasks.pause(self.rng.uniform(2, 10))
            try:
                put = self.rng.choice((put_predict_job, put_label_job))(db)
                self.tasks.note(f"job {put} is wanted")
                if self.rng.random() < 0.3:
                    self.tasks.pause(self.rng.uniform(0, 10))
                    cancel_job(db, put)
                    self.tasks.note(f"job {put} is cancelled")
            except FolderError as error:
                self.tasks.note(f"asking for a job: {type(error).__name__}")

    def disturb(self) -> None:
        """The disk, the clock, and whoever stops or kills tasks."""
        while self.tasks.now < SPAN_SECONDS:
            self.tasks.pause(self.rng.uniform(1, 6))
            what = self.rng.choice((*ONE_FAULT, "full disk", "clock", "stall", "kill"))
            self.tasks.note(what)
            if what in ONE_FAULT:
                self.disk.kind, self.disk.fault = ONE_FAULT[what]
                self.disk.left = self.rng.randint(1, 30)
            elif what == "full disk":
                self.disk.full = True
                self.tasks.pause(self.rng.uniform(1, 8))
                self.disk.full = False
            elif what == "clock":
                self.tasks.shift += self.rng.choice((-3600.0, 3600.0))
            elif what == "stall":
                self.rng.choice(self.tasks.tasks).wake += self.rng.uniform(10, 40)
            elif self.worker:
                self.worker.killed = True

    # The whole of it.

    def live(self, db: Database) -> None:
        """Let everybody work while things fail, then end every job with nothing failing."""
        with db.read() as connection:
            base = store.rounds_of(connection, store.project_named(connection, "demo").id)[0].id
            samples = [each.id for each in store.samples_of(connection, project=1, role="validation")]
        busy = [self.tasks.start("disturber", self.disturb)]
        busy += [self.tasks.start(each, partial(self.review, db, each, base, samples)) for each in REVIEWERS]
        wanting = self.tasks.start("person", lambda: self.want_jobs(db))
        self.tasks.start("supervisor", lambda: self.supervise(db))
        self.tasks.run(lambda: all(each.ended for each in busy))
        self.disk.mend()
        wanting.killed = True
        self.tasks.run(Patience(self.tasks, lambda: self.have_ended(db), PATIENCE_SECONDS))
        wanted = [put_predict_job(db), put_label_job(db)]
        self.tasks.run(Patience(self.tasks, lambda: self.have_ended(db), PATIENCE_SECONDS))
        self.tasks.kill_all()
        self.hold(db, base, samples, wanted)

    def have_ended(self, db: Database) -> bool:
        """Whether no job runs or waits."""
        with db.read() as connection:
            return jobs.next_job(connection) is None

    def hold(self, db: Database, base: RoundId, samples: Sequence[int], wanted: Sequence[int]) -> None:
        """Hold the database against the model."""
        with db.read() as connection:
            assert [jobs.job(connection, each).state for each in wanted] == ["done", "done"]
            assert not [each for each in jobs.jobs_of(connection) if each.error.startswith(BUG_MESSAGE)]
            hold_reviews(connection, self.acts, base, samples, REVIEWERS)
            asked = store.rounds_of(connection, store.project_named(connection, "asked").id)[0].id
            predicted = [each.sample for each in store.predictions_of(connection, asked, "validation")]
            assert len(predicted) == len(set(predicted)) == PREDICTED
            assert all(each.skill_label for each in store.support_samples(connection, "flan"))
        assert self.asked < 20 * (PREDICTED + LABELLED)


def put_predict_job(db: Database) -> int:
    return put_predict(db, "asked", roles=("validation",)).id


def put_label_job(db: Database) -> int:
    return put_label(db, "flan", project="asked").id
