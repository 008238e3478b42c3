"""Every bench, one after the other, then the report: ``python -m tests.bench [NAME …]``, which is ``make bench``.

A bench runs ours and its peers in turn, each measure in a process of its own, raises where they compute something else,
and keeps its medians in ``assets/bench/results.json``; the report makes a table in the docs and plots of them. 85
minutes in all: nothing else should run meanwhile.
"""

import subprocess
import sys
import time

from tests.bench.children import PEERS, ROOT

# The longest last; those that hold a peer's packages in their own process run where these are.
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
    """Run those that are named (all, without a name), then the report; ends with 1 where one of them failed."""
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
