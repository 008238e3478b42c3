"""A run made in several processes on this machine, which ``accelerate launch`` begins around
``app.tuning.process_main``.

The worker hears from them through a file and alone saves what they make. It ends them when the job ends, and they end
by themselves when it is gone. Knows no model.
"""

import json
import os
import subprocess  # one call, to begin the processes  # nosec B404
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Literal

from app.processes.identity import own_start
from app.progress import Stop
from app.settings import PACKAGE_ROOT
from app.tuning.message_log import NEWS, heard
from core.errors import UserError
from core.types import StudentSettings, Update
from storage.database import Database
from storage.store import Run

PATIENCE_SECONDS = 30.0  # in which accelerate ends its processes when it is asked to
LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"  # gloo would take the interface of the machine's name
# Every default named, so that neither a question is asked nor the person's own defaults for other work are taken.
DEFAULTS = {
    "compute_environment": "LOCAL_MACHINE",
    "distributed_type": "MULTI_GPU",
    "debug": False,
    "num_machines": 1,
    "machine_rank": 0,
    "gpu_ids": "all",
    "mixed_precision": "no",
    "rdzv_backend": "static",
}


def how_many(processes: int | Literal["auto"], device: str, loading: StudentSettings, *, shard: bool = False) -> int:
    """In how many processes a run is made. A student that is spread over all GPUs (and not to be sharded, which spreads
    it in another way), or a device that is one GPU, leaves room for one process."""
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
    many: int,
    *,
    device: str,
    shard: bool = False,
    stop: Stop,
    told: Callable[[str], None],
) -> Iterator[Update]:
    """The updates of the run, as ``tune_here``, from ``many`` processes that make it together.

    Raises UserError with the first cause when one of them fails, and RuntimeError when that is a bug.
    """
    from core.models.devices import free_memory

    free_memory()  # what this process held on a GPU, one of those processes needs
    with tempfile.TemporaryDirectory(prefix="switchpoint-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        asked = {"data": str(db.data.resolve()), "run": run.id, "device": device, "shard": shard}
        (folder / "asked.json").write_text(json.dumps(asked | {"worker": os.getpid(), "started": own_start()}))
        (folder / "accelerate.json").write_text(json.dumps(DEFAULTS | {"num_processes": many}))
        failures: list[dict[str, Any]] = []
        with _begun(folder, many) as launcher:
            for said in heard(folder / NEWS, partial(_has_ended, launcher)):
                if stop():
                    (folder / "stop").touch()
                if "update" in said:
                    yield Update(**said["update"])
                elif "remark" in said:
                    told(said["remark"])
                elif "failed" in said:
                    failures.append(said)
            code = launcher.wait()
    if code and not (db.adapters / f"run-{run.id}" / "adapter").is_dir():
        _raise(failures, many)


@contextmanager
def _begun(folder: Path, many: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The launcher with its processes, which are ended at the end of the block if they have not ended by then."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--config_file", str(folder / "accelerate.json")]
    # With "--cpu" it would begin one process; which device they take they see for themselves.
    command += ["--multi_gpu", "--num_processes", str(many), "--main_process_port", "0"]
    command += ["--module", "app.tuning.process_main", str(folder)]
    path = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // many))
    launcher = subprocess.Popen(  # our own command, as a list, without a shell  # nosec B603
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the worker, which has them write a checkpoint
        env={"GLOO_SOCKET_IFNAME": LOOPBACK} | os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": threads},
    )
    try:
        yield launcher
    finally:
        launcher.terminate()
        try:
            launcher.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            launcher.kill()  # its processes see that it is gone
            launcher.wait()


def _has_ended(launcher: "subprocess.Popen[bytes]") -> bool:
    return launcher.poll() is not None


def _raise(failures: list[dict[str, Any]], many: int) -> None:
    """Of what the processes say the one that failed by itself is right; the others only lost it."""
    first = next((each for each in failures if each["own"]), next(iter(failures), None))
    if first is None:
        raise UserError(
            f"One of the {many} processes that tune together was ended from outside: resume, and the run goes on from "
            "its newest checkpoint. If that happens again, the machine's memory may be too small for so many."
        )
    if first["bug"]:
        raise RuntimeError(first["failed"])
    raise UserError(first["failed"])
