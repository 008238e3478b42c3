"""Runs each measurement in a new process, so that peak memory and imports of one do not affect another.

The peers' packages are not the app's: ``make bench`` installs them into ``.venv/bench``, whose Python sees both.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv" / "bench" / "bin" / "python"


def child(module: str, what: str, *arguments: object, threads: int = 1, peers: bool = False) -> dict[str, float]:
    """The measures that ``module.what(*arguments)`` reports from a new process, with its peak memory in MB."""
    code = f"from tests.bench.{module} import {what}; import sys; {what}(*sys.argv[1:])"
    limits = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS"), str(threads))
    own = {**limits, "PYTHONPATH": str(ROOT), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    command = [str(PEERS if peers else sys.executable), "-W", "ignore", "-c", code, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | own
    ) as run:
        said, told = run.communicate()
    assert run.returncode == 0, told.decode()[-3000:]
    found: dict[str, float] = json.loads(said.decode().strip().splitlines()[-1])
    return found


def report(**found: float) -> None:
    """Print a child's measures and its peak memory as JSON."""
    print(json.dumps(found | {"peak": peak_mb()}))


def middle(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    """The median of each measure over the turns."""
    return {key: statistics.median(each[key] for each in runs) for key in runs[0]}


def peak_mb() -> float:
    """The peak memory of this process in MB (getrusage's figure would include the parent's)."""
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024
