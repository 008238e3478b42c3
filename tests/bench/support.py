"""Importing a support set of a million rows: peak memory and rows a second against ``json.load`` of the same file, the
size of the database, and an import that is killed in the middle and run again.

``python -m tests.bench.support [--rows N] [--data DIR]``; every measure is a process of its own, so that its peak
memory is its own. What the killed import leads to is compared row by row with the one that nobody disturbed.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from core.selection import select
from core.types import SkillDemand
from tests.bench.big_project import ACTS, THINGS, skills
from tests.bench.results import Bar, save_results

ROOT = Path(__file__).resolve().parents[2]
LIMIT_MB = 1024
PEER = "import json, sys; json.load(open(sys.argv[1]))"
IMPORT = "import sys; from app.__main__ import main; main()"
INDEX = "import sys; from tests.bench.support import draw; draw(sys.argv[1])"


def write_rows(path: Path, rows: int, seed: int = 0) -> None:
    """A LLaVA JSON list of that many conversations with labels, fifty rows to a label, one a line."""
    rng = random.Random(seed)
    labels = skills(max(20, rows // 50), rng)
    part = path.with_suffix(".part")
    with part.open("w") as file:
        file.write("[\n")
        for number in range(rows):
            asked = f"Look at the {rng.choice(THINGS)} in the image and answer.\nWhat does item {number} show?"
            turns = [{"from": "human", "value": asked}, {"from": "gpt", "value": f"It shows {rng.choice(ACTS)}."}]
            row = {"id": f"r{number}", "task_name": f"task {number % 190}", "skill_label": rng.choice(labels)}
            file.write(json.dumps(row | {"conversations": turns}) + (",\n" if number < rows - 1 else "\n"))
        file.write("]\n")
    part.rename(path)


def measured(code: str, *arguments: object) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a Python process."""
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{arguments} ended with {status}"
    return time.monotonic() - started, used.ru_maxrss / 1024


def import_arguments(path: Path, data: Path) -> tuple[str, ...]:
    """The command line of the import."""
    return ("--data", str(data), "import", "support", str(path), "--name", "big", "--json")


def kill_in_the_middle(path: Path, data: Path, rows: int) -> int:
    """Start the import, kill it once a third is saved, and return how many rows it left behind, seen by nobody."""
    from storage import store
    from storage.database import open_database

    process = subprocess.Popen([sys.executable, "-c", IMPORT, *import_arguments(path, data)], cwd=ROOT)
    saved = 0
    with closing(open_database(data)) as db:
        while saved < rows / 3:
            assert process.poll() is None, "the import ended before it could be killed"
            time.sleep(0.05)
            with db.read() as c:
                saved = sum(part.handled for part in store.unfinished_parts(c, "big"))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with db.read() as c:
            assert store.support_sets(c) == [], "half an import is seen"
            return sum(part.handled for part in store.unfinished_parts(c, "big"))


def digest(data: Path) -> str:
    """A hash of every stored sample with its id and label, in their order."""
    from storage import store
    from storage.database import open_database

    found = hashlib.sha256()
    with closing(open_database(data)) as db, db.read() as c:
        for sample in store.support_samples(c, "big"):
            found.update(repr(sample).encode())
    return found.hexdigest()


def draw(data: str) -> None:
    """Index the set and draw 10,000 samples from it, as a selection does."""
    from app.support import indexed
    from storage.database import open_database

    with closing(open_database(Path(data))) as db, db.read() as c:
        found = indexed(c, db, "")
    assert found is not None
    demands = [SkillDemand(skill=f"{act} {THINGS[0]}", errors=3) for act in ACTS]
    assert len(select(found.index, demands, budget=1000, leaked=(), seed=0)) == 1000


def main() -> None:
    """Print the table; raises where the killed import ends in another state."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="where to keep the generated file (default: a temporary folder)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.data) as folder:
        at = Path(folder)
        path = (given.data or at) / f"rows-{given.rows}.json"
        if not path.exists():
            write_rows(path, given.rows)
        whole, killed = at / "whole", at / "killed"
        peer = measured(PEER, path)
        ours = measured(IMPORT, *import_arguments(path, whole))
        again = measured(IMPORT, *import_arguments(path, whole))
        left = kill_in_the_middle(path, killed, given.rows)
        resumed = measured(IMPORT, *import_arguments(path, killed))
        assert digest(whole) == digest(killed), "the killed import ended in another state"
        drawn = measured(INDEX, whole)
        size = (whole / "switchpoint.db").stat().st_size / 2**20
        report(given.rows, path.stat().st_size / 2**20, size, left, peer, ours, again, resumed, drawn)
        shutil.rmtree(whole)
    names = ("json.load", "import", "again", "killed and resumed", "index and draw")
    ways = {name: list(each) for name, each in zip(names, (peer, ours, again, resumed, drawn), strict=True)}
    most = max(ours[1], again[1], resumed[1])
    save_results("support", {"rows": given.rows, "ways": ways}, [Bar(what="MB at most", value=most, below=LIMIT_MB)])


def report(
    rows: int, file: float, size: float, left: int, peer: tuple[float, float], *ours: tuple[float, float]
) -> None:
    """Print what was measured."""
    table = Table("measured", "seconds", "rows a second", "peak MB", "seconds / peer", "peer MB / ours")
    names = ("import", "import again", f"import killed after {left:,} rows, run again", "index and draw 1,000")
    for name, (seconds, peak) in zip(("peer: json.load", *names), (peer, *ours), strict=True):
        ratios = (f"{seconds / peer[0]:.1f}", f"{peer[1] / peak:.1f}")
        table.add_row(name, f"{seconds:.1f}", f"{rows / seconds:,.0f}", f"{peak:,.0f}", *ratios)
    table.title = f"{rows:,} rows, {file:,.0f} MB of JSON; the database has {size:,.0f} MB"
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
