"""Tasks that run one at a time on a virtual clock; one generator of random numbers decides which goes on.

Each task is a thread, but only the one that the scheduler chose runs, until it pauses or sleeps: a seed gives the same
order every time, and an hour passes at once.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import pytest

EPOCH = 1_800_000_000.0
PATIENCE_SECONDS = 60.0  # real ones, for one turn of a task
_real = (time.sleep, time.time, time.monotonic)


class Killed(BaseException):
    """Ends a task where it pauses; no handler of errors stops it."""


@dataclass(eq=False)
class Task:
    """A thread that runs only when it is its turn; ``busy`` counts the blocks in which it must not be interrupted."""

    name: str
    wake: float
    turn: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    busy: int = 0
    killed: bool = False
    ended: bool = False
    error: BaseException | None = None


class Tasks:
    """The tasks of one simulation; ``now`` are the seconds since its start, ``shift`` how far the wall clock is off."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.now, self.shift = rng, 0.0, 0.0
        self.tasks: list[Task] = []
        self.trace: list[str] = []
        self._control = threading.Semaphore(0)
        self._mine = threading.local()

    @property
    def current(self) -> Task | None:
        """The task of this thread; None outside of tasks."""
        return getattr(self._mine, "task", None)

    def note(self, text: str) -> None:
        """Add a line to the trace, by which two runs of a seed are compared."""
        task = self.current
        self.trace.append(f"{self.now:.3f} {task.name if task else ''}: {text}")

    def start(self, name: str, act: Callable[[], object]) -> Task:
        """Start a task, which waits for its first turn."""
        task = Task(name, self.now)

        def run() -> None:
            self._mine.task = task
            task.turn.acquire()
            try:
                if not task.killed:
                    act()
            except Killed:
                self.note("killed")
            except BaseException as error:
                task.error = error
            task.ended = True
            self._control.release()

        self.tasks.append(task)
        threading.Thread(target=run, daemon=True, name=name).start()
        return task

    def pause(self, seconds: float = 0.0) -> None:
        """Let another task go on, and come back after some virtual seconds. Raises Killed where this one was killed."""
        task = self.current
        if task is None or task.busy:
            return
        task.wake = self.now + seconds
        self._control.release()
        task.turn.acquire()
        if task.killed:
            raise Killed

    def run(self, until: Callable[[], bool]) -> None:
        """Let the tasks take turns until ``until()``; the first error of a task is raised."""
        while not until():
            waiting = [each for each in self.tasks if not each.ended]
            assert waiting, "every task has ended"
            self.now = max(self.now, min(each.wake for each in waiting))
            self._give_turn(self.rng.choice([each for each in waiting if each.wake <= self.now]))

    def kill_all(self) -> None:
        """End every task."""
        for task in self.tasks:
            task.killed = True
            while not task.ended:
                self._give_turn(task)

    def _give_turn(self, task: Task) -> None:
        task.turn.release()
        assert self._control.acquire(timeout=PATIENCE_SECONDS), f"{task.name} hangs"
        if task.ended:
            self.tasks.remove(task)
        if task.error is not None:
            raise task.error


@dataclass
class Patience:
    """Looks whether something is so once every virtual second, and fails after ``seconds`` of them."""

    tasks: Tasks
    condition: Callable[[], bool]
    seconds: float
    last: float = -1.0

    def __post_init__(self) -> None:
        self.until = self.tasks.now + self.seconds

    def __call__(self) -> bool:
        assert self.tasks.now < self.until, "it never comes"
        if self.tasks.now - self.last < 1:
            return False
        self.last = self.tasks.now
        return self.condition()


@contextmanager
def virtual_time(tasks: Tasks, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the tasks see the virtual clock in ``time`` and in what storage writes; other threads see the real one."""

    def wall() -> float:
        return EPOCH + tasks.now + tasks.shift if tasks.current else _real[1]()

    class Now(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.fromtimestamp(wall(), tz or UTC)

    with monkeypatch.context() as patch:
        patch.setattr(time, "sleep", lambda seconds: tasks.pause(seconds) if tasks.current else _real[0](seconds))
        patch.setattr(time, "time", wall)
        patch.setattr(time, "monotonic", lambda: tasks.now if tasks.current else _real[2]())
        patch.setattr("storage.tables.columns.datetime", Now)
        yield
