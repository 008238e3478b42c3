"""Random sequences of job events on a real file, with workers that die, against a plain model.

No sequence leaves a job running without a worker once another has started, ends one twice, or lets a worker speak of a
job that is not its own any more. ``SWITCHPOINT_LONG=1`` tries thousands of sequences instead of hundreds.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from storage import jobs
from storage.database import open_database
from storage.jobs import Job
from tests.projects.empty_data import open_empty
from tests.wait_for import read_job

IS_LONG = os.environ.get("SWITCHPOINT_LONG") == "1"
EXAMPLES, STEPS = (4000, 50) if IS_LONG else (80, 30)
PIDS = (11, 12, 13)  # few, so that ids are used again
ENDINGS = {"finish": "done", "fail": "failed", "finish_cancelled": "cancelled"}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The expected row of a job; ``owner`` is the last worker that claimed it."""

    state: str = "queued"
    owner: tuple[int, float] | None = None
    cancel_asked: bool = False
    done: int = 0


@dataclass(kw_only=True)
class World:
    """The model: jobs by id, living workers by process id, and the rows of ended jobs."""

    jobs: dict[int, Expected] = field(default_factory=dict)
    alive: dict[int, float] = field(default_factory=dict)
    ended: dict[int, Job] = field(default_factory=dict)

    def waiting(self) -> list[int]:
        """The ids of jobs that can be claimed."""
        return [key for key, each in self.jobs.items() if each.state in jobs.WAITING]


class JobMachine(RuleBasedStateMachine):
    """Queued jobs, claims, reports of living and dead workers, deaths, cancelling, restarts."""

    claims = Bundle("claims")
    put_jobs = Bundle("put_jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="jobs-"))
        self.db = open_empty(self.folder / "data")
        self.world = World()
        self.starts = 0.0

    def teardown(self) -> None:
        self.db.close()
        shutil.rmtree(self.folder)

    @rule(target=put_jobs, kind=st.sampled_from(["predict", "diagnose", "tune", "import"]))
    def put(self, kind: str) -> int:
        with self.db.write() as connection:
            made = jobs.put(connection, kind, None, {})  # type: ignore[arg-type]
        assert made.id not in self.world.jobs
        self.world.jobs[made.id] = Expected()
        return made.id

    @rule(pid=st.sampled_from(PIDS))
    def start_worker(self, pid: int) -> None:
        """A worker starts, perhaps under a reused process id, and marks the jobs of dead workers."""
        if pid in self.world.alive:
            return
        self.starts += 1.0
        self.world.alive[pid] = self.starts
        self._take_up()

    @precondition(lambda self: self.world.alive)
    @rule(target=claims, data=st.data())
    def claim(self, data: st.DataObject) -> object:
        pid = data.draw(st.sampled_from(sorted(self.world.alive)))
        with self.db.write() as connection:
            taken = jobs.claim(connection, f"worker-{pid}", pid, self.world.alive[pid])
        waiting = self.world.waiting()
        if not waiting:
            assert taken is None
            return multiple()
        assert taken is not None
        assert taken.id == min(waiting), "the oldest first"
        owner = (pid, self.world.alive[pid])
        self.world.jobs[taken.id] = replace(self.world.jobs[taken.id], state="running", owner=owner)
        return taken

    @rule(mine=claims)
    def progress(self, mine: Job) -> None:
        """Also from a worker that was taken for dead."""
        known = self.world.jobs[mine.id]
        with self.db.write() as connection:
            heard = jobs.progress(connection, mine, known.done + 1, 100)
        assert heard == self._is_theirs(mine)
        if heard:
            self.world.jobs[mine.id] = replace(known, done=known.done + 1)

    @rule(mine=claims, how=st.sampled_from(sorted(ENDINGS)))
    def end(self, mine: Job, how: str) -> None:
        with self.db.write() as connection:
            getattr(jobs, how)(connection, mine, *(["It broke."] if how == "fail" else []))
        if self._is_theirs(mine):
            self._ends(mine.id, ENDINGS[how])

    @rule(key=put_jobs)
    def request_cancel(self, key: int) -> None:
        with self.db.write() as connection:
            jobs.request_cancel(connection, key)
        known = self.world.jobs[key]
        if known.state in jobs.ACTIVE:
            self.world.jobs[key] = replace(known, cancel_asked=True)
        if known.state in jobs.WAITING:
            self._ends(key, "cancelled")

    @rule(pid=st.sampled_from(PIDS))
    def kill(self, pid: int) -> None:
        self.world.alive.pop(pid, None)

    @rule(pid=st.sampled_from(PIDS))
    def restart(self, pid: int) -> None:
        """All workers die, and one opens the file again."""
        self.world.alive.clear()
        self.db.close()
        self.db = open_database(self.folder / "data")
        self.start_worker(pid)
        assert all(each.state != "running" for each in self.world.jobs.values())

    def _take_up(self) -> None:
        with self.db.write() as connection:
            interrupted = jobs.interrupt_orphans(connection, lambda pid, start: self.world.alive.get(pid) == start)
        orphans = [key for key, each in self.world.jobs.items() if each.state == "running" and not self._lives(each)]
        asked = [key for key in orphans if self.world.jobs[key].cancel_asked]
        assert sorted(interrupted) == sorted({*orphans} - {*asked})
        for key in orphans:
            if key in asked:
                self._ends(key, "cancelled")
            else:
                self.world.jobs[key] = replace(self.world.jobs[key], state="interrupted")
        assert all(self._lives(each) for each in self.world.jobs.values() if each.state == "running")

    def _lives(self, known: Expected) -> bool:
        assert known.owner is not None
        return self.world.alive.get(known.owner[0]) == known.owner[1]

    def _is_theirs(self, mine: Job) -> bool:
        known = self.world.jobs[mine.id]
        return known.state == "running" and known.owner == (mine.pid, mine.pid_start)

    def _ends(self, key: int, state: str) -> None:
        assert key not in self.world.ended, "a job ends once"
        self.world.jobs[key] = replace(self.world.jobs[key], state=state)
        self.world.ended[key] = read_job(self.db, key)

    @invariant()
    def rows_say_what_the_model_says(self) -> None:
        with self.db.read() as connection:
            rows = {each.id: each for each in jobs.jobs_of(connection, limit=1000)}
        assert rows.keys() == self.world.jobs.keys()
        for key, known in self.world.jobs.items():
            row = rows[key]
            owner = None if row.pid is None else (row.pid, row.pid_start)
            assert known == Expected(state=row.state, owner=owner, cancel_asked=row.cancel_asked, done=row.done)
            assert (row.finished is not None) == (key in self.world.ended)
        assert all(rows[key] == row for key, row in self.world.ended.items()), "what has ended stays as it was"


JobMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
)
TestJobs = JobMachine.TestCase
