"""Runs the benches one after the other, then the report: ``python -m tests.bench [NAME …]``, which is ``make bench``.

A bench runs ours and its peers in turn, each measurement in a new process, raises where their results differ, and saves
the medians in ``assets/bench/results.json``. 85 minutes in all, during which nothing else should run.
"""

import subprocess
import sys
import time

from tests.bench.children import PEERS, ROOT

# The longest last. Some run in the environment with the peers' packages.
BENCHES = (
    "endpoint",
    "predicting",
    "tuning",
    "backup",
    "page",
    "cluster",
    "retrieval",
    "support",
    "importing",
    "switching",
)
WITH_PEERS = ("switching", "report")


def main() -> None:
    """Run the named benches (default: all), then the report; exit code 1 where one failed."""
    failed = []
    for name in [*(sys.argv[1:] or BENCHES), "report"]:
        print(f"\n== {name}", flush=True)
        python, started = PEERS if name in WITH_PEERS else sys.executable, time.monotonic()
        if subprocess.run([str(python), "-m", f"tests.bench.{name}"], cwd=ROOT, check=False).returncode:
            failed.append(name)
        print(f"{name} took {(time.monotonic() - started) / 60:.1f} minutes", flush=True)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main()
