"""Importing a support set of a million rows: peak memory and rows a second against ``json.load`` of the same file, the
size of the database, and an import that is killed in the middle and run again.

``python -m tests.bench.support [--rows N] [--data DIR]``; each measurement is a new process, with imports inside the
functions, so that ``json.load``'s memory holds none of ours. The rows of the killed import are compared with those of
an undisturbed one.
"""

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.children import ROOT, child, report
from tests.bench.results import Bar, save_results

LIMIT_MB = 1024
# Seconds and peak of memory of each way, by what it is called.
Ways = dict[str, dict[str, float]]


def write_rows(path: Path, rows: int, seed: int = 0) -> None:
    """A LLaVA JSON list of so many labelled conversations, fifty rows a label, one a line."""
    from tests.bench.big_project import ACTS, THINGS, skills

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


def peer(path: str) -> None:
    """``json.load`` of the file, which does no more than hold it in memory."""
    started = time.perf_counter()
    with open(path) as file:
        json.load(file)
    report(seconds=time.perf_counter() - started)


def imported(path: str, data: str) -> None:
    """The import of the command line."""
    started = time.perf_counter()
    from app.cli.main import cli
    from app.cli.terminal import run_command_line

    assert run_command_line(cli, ["--data", data, "import", "support", path, "--name", "big", "--json"]) == 0
    report(seconds=time.perf_counter() - started)


def kill_in_the_middle(path: Path, data: Path, rows: int) -> int:
    """Start the import, kill it once a third is saved, and return how many (hidden) rows it left behind."""
    from storage import store
    from storage.database import open_database

    code = "import sys; from tests.bench.support import imported; imported(*sys.argv[1:])"
    process = subprocess.Popen([sys.executable, "-c", code, str(path), str(data)], cwd=ROOT)
    saved = 0
    with closing(open_database(data)) as db:
        while saved < rows / 3:
            assert process.poll() is None, "the import ended before it could be killed"
            time.sleep(0.05)
            with db.read() as c:
                saved = sum(part.handled for part in store.unfinished_support_parts(c, "big"))
        process.send_signal(signal.SIGKILL)
        process.wait()
        with db.read() as c:
            assert store.support_sets(c) == [], "half an import is seen"
            return sum(part.handled for part in store.unfinished_support_parts(c, "big"))


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
    """Index the set and draw 1,000 samples from it, as a selection does."""
    started = time.perf_counter()
    from app.selections.support_index import indexed_support
    from core.selection.draw import select_hits
    from core.types import SkillDemand
    from storage.database import open_database
    from tests.bench.big_project import ACTS, THINGS

    with closing(open_database(Path(data))) as db, db.read() as c:
        found = indexed_support(c, db, "")
    assert found is not None
    demands = [SkillDemand(skill=f"{act} {THINGS[0]}", errors=3) for act in ACTS]
    assert len(select_hits(found.index, demands, budget=1000, leaked=(), seed=0)) == 1000
    report(seconds=time.perf_counter() - started)


def main() -> None:
    """Print the table; raises where the killed import ends with different rows."""
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
        ways = {"json.load": child("support", "peer", path), "import": child("support", "imported", path, whole)}
        ways["again"] = child("support", "imported", path, whole)
        left = kill_in_the_middle(path, killed, given.rows)
        ways["killed and resumed"] = child("support", "imported", path, killed)
        assert digest(whole) == digest(killed), "the killed import ended in another state"
        ways["index and draw"] = child("support", "draw", whole)
        size = (whole / "switchpoint.db").stat().st_size / 2**20
        show(given.rows, path.stat().st_size / 2**20, size, left, ways)
    most = max(ways[name]["peak"] for name in ("import", "again", "killed and resumed"))
    save_results("support", {"rows": given.rows, "ways": ways}, [Bar(what="MB at most", value=most, below=LIMIT_MB)])


def show(rows: int, file: float, size: float, left: int, ways: Ways) -> None:
    """Print what was measured."""
    table = Table("measured", "seconds", "rows a second", "peak MB", "seconds / peer", "peer MB / ours")
    base = ways["json.load"]
    for name, each in ways.items():
        seconds, peak = each["seconds"], each["peak"]
        ratios = (f"{seconds / base['seconds']:.1f}", f"{base['peak'] / peak:.1f}")
        table.add_row(name, f"{seconds:.1f}", f"{rows / seconds:,.0f}", f"{peak:,.0f}", *ratios)
    table.title = f"{rows:,} rows, {file:,.0f} MB of JSON; killed after {left:,}; the database has {size:,.0f} MB"
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
