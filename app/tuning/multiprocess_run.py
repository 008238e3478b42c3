"""A tuning run in several processes on this machine: ``accelerate launch`` starts ``app.tuning.process_main``.

The worker follows the processes' message log and alone saves the updates. It ends the processes when the job ends;
they end by themselves when the worker is gone.
"""

import json
import os
import subprocess  # one call, to start the processes  # nosec B404
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from app.processes.child_environment import child_environment
from app.processes.identity import own_start
from app.progress import ShouldStop
from app.tuning.message_log import MESSAGES_FILE, follow_messages
from core.errors import UserError
from core.types import StudentSettings, Update
from storage.database import Database
from storage.store import Run

TERMINATE_TIMEOUT_SECONDS = 30.0  # until accelerate has ended its processes
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"  # gloo's default is the interface of the host name
# Complete, so that accelerate neither asks questions nor reads the user's own default configuration.
ACCELERATE_CONFIG = {
    "compute_environment": "LOCAL_MACHINE",
    "distributed_type": "MULTI_GPU",
    "debug": False,
    "num_machines": 1,
    "machine_rank": 0,
    "gpu_ids": "all",
    "mixed_precision": "no",
    "rdzv_backend": "static",
}


def process_count(
    processes: int | Literal["auto"], device: str, loading: StudentSettings, *, shard: bool = False
) -> int:
    """In how many processes a run is made.

    One where the student is spread over all GPUs (unless it is sharded instead), and where the device is a single GPU.
    """
    if (loading.device_map == "auto" and not shard) or device.startswith("cuda:"):
        return 1
    if processes != "auto":
        return processes
    if device == "cpu":
        return 1
    from core.models.devices import gpu_count

    return max(1, gpu_count())


def tune_in_processes(
    db: Database,
    run: Run,
    processes: int,
    *,
    device: str,
    shard: bool = False,
    should_stop: ShouldStop,
    on_remark: Callable[[str], None],
) -> Iterator[Update]:
    """The updates of the run, as ``tune_here`` yields them, made by several ``processes`` together.

    Raises UserError with the first cause when one of them fails, and RuntimeError when that is a bug.
    """
    from core.models.devices import free_memory

    free_memory()  # the processes need the GPU memory that this one holds
    with tempfile.TemporaryDirectory(prefix="switchpoint-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        request = {"data": str(db.data.resolve()), "run": run.id, "device": device, "shard": shard}
        (folder / "asked.json").write_text(json.dumps(request | {"worker": os.getpid(), "started": own_start()}))
        (folder / "accelerate.json").write_text(json.dumps(ACCELERATE_CONFIG | {"num_processes": processes}))
        failures: list[dict[str, Any]] = []
        with _launch(folder, processes) as launcher:
            for message in follow_messages(folder / MESSAGES_FILE, partial(_has_ended, launcher)):
                if should_stop():
                    (folder / "stop").touch()
                if "update" in message:
                    yield Update(**message["update"])
                elif "remark" in message:
                    on_remark(message["remark"])
                elif "failed" in message:
                    failures.append(message)
            code = launcher.wait()
    if code and not (db.adapters / f"run-{run.id}" / "adapter").is_dir():
        _raise_first_cause(failures, processes)


@contextmanager
def _launch(folder: Path, processes: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The running launcher; it and its processes are ended when the block is left."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(folder / "accelerate.json")]
    # Also without a GPU, as "--cpu" starts a single process; each process chooses its device itself.
    command += ["--multi_gpu", "--num_processes", str(processes), "--main_process_port", "0"]
    command += ["--module", "app.tuning.process_main", str(folder)]
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // processes))
    launcher = subprocess.Popen(  # our own command, as a list, without a shell  # nosec B603
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches the worker only, which has the processes write a checkpoint
        env={"GLOO_SOCKET_IFNAME": LOOPBACK} | child_environment(OMP_NUM_THREADS=threads),
    )
    try:
        yield launcher
    finally:
        launcher.terminate()
        try:
            launcher.wait(TERMINATE_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            launcher.kill()  # its processes notice and end
            launcher.wait()


def _has_ended(launcher: "subprocess.Popen[bytes]") -> bool:
    return launcher.poll() is not None


def _raise_first_cause(failures: list[dict[str, Any]], processes: int) -> None:
    """Raise the error of the process that failed by itself; the others failed because they lost that one."""
    first = next((each for each in failures if each["own"]), next(iter(failures), None))
    if first is None:
        raise UserError(
            f"One of the {processes} processes that tune together was ended from outside: resume, and the run goes on "
            "from its newest checkpoint. If that happens again, the machine's memory may be too small for so many."
        )
    if first["bug"]:
        raise RuntimeError(first["failed"])
    raise UserError(first["failed"])
