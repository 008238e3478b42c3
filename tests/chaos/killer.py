"""An app that can be restarted, and a thread that kills or stops it, its worker or both at random moments."""

import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.processes.worker_process import worker_pid
from tests.servers.app_server import free_port, start_app, wait_for

TARGETS = ("worker", "app", "both")
WEIGHTS = (45, 37, 18)
WAYS = ("kill -9", "stop, go on", "stop, kill -9")
POLL_SECONDS = 0.02


class App:
    """The app of one data directory on one port; its worker is another process that outlives it."""

    def __init__(self, data: Path) -> None:
        self.data, self.port, self.starts = data, free_port(), 0
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: psutil.Process | None = None

    def start(self) -> None:
        """Start the app unless it runs, and wait until it answers."""
        if self.process is None or not self.process.is_running():
            self.starts += 1
            self.process = start_app(self.data, self.port)
        wait_for(self.url, self.process, self.data)

    def kill(self) -> None:
        """``kill -9`` the app if it runs."""
        if self.process is not None:
            with suppress(psutil.NoSuchProcess):
                self.process.kill()
            self.process.wait()

    def end(self) -> None:
        """End the app and its worker."""
        self.kill()
        pid = worker_pid(self.data)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True, kw_only=True)
class Kill:
    """What was killed, in which stage, the progress of the job (-1 where none ran), and in which of ``WAYS``."""

    stage: str
    target: str
    done: int
    way: str = WAYS[0]


class Killer(threading.Thread):
    """Kills after some seconds of work, then waits until the driver has checked the database and calls ``arm`` again.

    ``max_kills`` is the limit by stage. Mostly only the seconds count in which a worker works on the stage's job, so
    that the life makes progress; for one kill in four all seconds count, so that starting workers are killed too.
    ``max_stop_seconds``: how long SIGSTOP may hold a process before it goes on or is killed (0: it never does).
    """

    def __init__(
        self, app: App, *, seed: str, max_kills: dict[str, int], max_seconds: float, max_stop_seconds: float = 0.0
    ) -> None:
        super().__init__(daemon=True)
        self.max_stop_seconds = max_stop_seconds
        self.app, self.max_kills, self.max_seconds = app, max_kills, max_seconds
        self.draw = random.Random(seed)
        self.kills: list[Kill] = []
        self.stage, self.done, self.working = "", -1, False
        self.struck, self.over, self.armed = threading.Event(), threading.Event(), threading.Event()
        self.left, self.anyhow, self.turn = 0.0, False, threading.Lock()

    def enter(self, stage: str, *, soon: float) -> None:
        """Begin a stage, whose first kill comes within ``soon`` seconds of work."""
        with self.turn:
            self.stage, self.done, self.working = stage, -1, False
            if not self.struck.is_set():
                self._aim(min(soon, self.max_seconds))

    def arm(self) -> None:
        """Kill again after some seconds of work."""
        with self.turn:
            self.struck.clear()
            self._aim(self.max_seconds)

    def _aim(self, max_seconds: float) -> None:
        self.left = self.draw.uniform(0.0, max_seconds)
        self.anyhow = self.draw.random() < 0.25
        self.armed.set()

    def run(self) -> None:
        while not self.over.wait(POLL_SECONDS):
            hits = sum(kill.stage == self.stage for kill in self.kills)
            if not self.armed.is_set() or hits >= self.max_kills.get(self.stage, 0):
                continue
            if self.working or self.anyhow:
                self.left -= POLL_SECONDS
            if self.left <= 0:
                with self.turn:
                    self.strike()

    def strike(self) -> None:
        """Kill the worker, the app or both; the app where no worker runs."""
        target = self.draw.choices(TARGETS, WEIGHTS)[0]
        pid = worker_pid(self.app.data)
        if pid is None:
            target = "app"
        self.armed.clear()
        way = self.draw.choice(WAYS) if self.max_stop_seconds else WAYS[0]
        hit = [] if target == "app" or pid is None else [pid]
        hit += [] if target == "worker" or self.app.process is None else [self.app.process.pid]
        if way != WAYS[0]:
            send_all(hit, signal.SIGSTOP)
            time.sleep(self.draw.uniform(0.0, self.max_stop_seconds))
        if way == WAYS[1]:
            send_all(hit, signal.SIGCONT)
        else:
            self.kill(hit)
        self.kills.append(Kill(stage=self.stage, target=target, done=self.done, way=way))
        print(f"{time.strftime('%X')} {way} {len(self.kills)}: {target}, {self.stage}, at {self.done}", flush=True)
        self.struck.set()

    def kill(self, pids: Sequence[int]) -> None:
        """``kill -9`` the processes, and return once they have ended."""
        send_all(pids, signal.SIGKILL)
        if self.app.process is not None and self.app.process.pid in pids:
            self.app.process.wait()
        while worker_pid(self.app.data) in pids:
            time.sleep(POLL_SECONDS)


def send_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to the processes that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
