"""Backup and restore of a large database: seconds, MB a second and peak memory, as ratios to SQLite's own backup and to
a plain copy of the file.

``python -m tests.bench.backup [--mb N] [--data DIR]``; every measure is a process of its own, on a small database and
on a large one, so that memory which grows with the database is seen.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table

from storage.database import FILE_NAME, open_database
from tests.bench.results import Bar, save_results
from tests.finished_loop import finish_loop

ROOT = Path(__file__).resolve().parents[2]
SMALL_MB = 64
PICTURE = 200_000
# What one may take more memory for than for a database of 64 MB.
FLAT_MB = 32
MEASURED = """
import json, sys, time
from tests.bench.children import peak_mb
began = time.monotonic()
{work}
print(json.dumps([time.monotonic() - began, peak_mb()]))
"""
COMMAND = """
import contextlib, io
from app.cli import cli
from app.terminal import run_command_line
with contextlib.redirect_stdout(io.StringIO()):
    assert run_command_line(cli, ["--json", *sys.argv[1:]]) == 0
"""
SQLITE = """
import contextlib, sqlite3
source, copy = map(sqlite3.connect, sys.argv[1:])
with contextlib.closing(source), contextlib.closing(copy):
    source.backup(copy)
"""
COPY = "import shutil; shutil.copyfile(*sys.argv[1:])"


def fill(data: Path, megabytes: int) -> None:
    """A finished loop whose database is that large: four fifths pictures, which cannot be packed, then text."""
    db = open_database(data)
    finish_loop(db)
    db.close()
    with closing(sqlite3.connect(data / FILE_NAME, isolation_level=None)) as c:
        c.execute("PRAGMA synchronous = OFF")
        c.execute("BEGIN")
        for number in range(megabytes * 800_000 // PICTURE):
            row = (f"{number:064x}", "image/jpeg", 640, 480, os.urandom(PICTURE))
            c.execute("INSERT INTO images (hash, mime, width, height, content) VALUES (?, ?, ?, ?, ?)", row)
        c.execute("COMMIT")
        columns = [name for _, name, *_ in c.execute("PRAGMA table_info(samples)") if name not in ("id", "source_id")]
        listed = ", ".join(f'"{name}"' for name in columns)
        doubling = 0
        while _size(c) < megabytes * 1_000_000:
            doubling += 1
            c.execute(
                f"INSERT INTO samples (source_id, {listed}) SELECT source_id || '-{doubling}', {listed} FROM samples "
                "WHERE sample_set = (SELECT id FROM sample_sets WHERE role = 'support') LIMIT 100000"
            )


def _size(c: sqlite3.Connection) -> int:
    return int(c.execute("PRAGMA page_count").fetchone()[0]) * int(c.execute("PRAGMA page_size").fetchone()[0])


def measured(work: str, *arguments: object) -> tuple[float, float]:
    """Seconds and peak memory (MB) of a process that does that."""
    code = MEASURED.format(work=work)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    seconds, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak


def measure(folder: Path, megabytes: int) -> dict[str, tuple[float, float]]:
    """All that is measured on a database of that size, by name; what was written is removed in between."""
    data, kept, new = folder / "data", folder / "kept.zip", folder / "new"
    fill(data, megabytes)
    file, copy = data / FILE_NAME, folder / "copy"
    found: dict[str, tuple[float, float]] = {"bytes": (file.stat().st_size, 0.0)}

    def one(name: str, work: str, *arguments: object) -> None:
        _warm(file)
        found[name] = measured(work, *arguments)
        os.sync()

    one("SQLite's backup", SQLITE, file, copy)
    copy.unlink()
    one("plain copy", COPY, file, copy)
    copy.unlink()
    one("backup", COMMAND, "--data", data, "backup", kept)
    one("restore", COMMAND, "restore", kept, "--data", new)
    found["zip"] = (kept.stat().st_size, 0.0)
    return found


def _warm(file: Path) -> None:
    """Read the file once, so that every measure finds it in memory."""
    with file.open("rb") as opened:
        while opened.read(2**24):
            pass


def main() -> None:
    """Print the table, and whether memory stays as it is however large the database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1100)
    parser.add_argument(
        "--data", type=Path, help="where to keep what is written meanwhile (default: a temporary folder)"
    )
    given = parser.parse_args()
    sizes: list[dict[str, tuple[float, float]]] = []
    for megabytes in (SMALL_MB, given.mb):
        with tempfile.TemporaryDirectory(dir=given.data) as folder:
            sizes.append(measure(Path(folder), megabytes))
    small, large = sizes
    report(small, large)
    grown = {name: large[name][1] - small[name][1] for name in ("backup", "restore")}
    bars = [
        Bar(what=f"{name}: MB more than for {SMALL_MB} MB", value=more, below=FLAT_MB) for name, more in grown.items()
    ]
    measures = {name: {"seconds": each[0], "peak": each[1]} for name, each in large.items() if each[1]}
    save_results("backup", {"bytes": large["bytes"][0], "ways": measures}, bars)


def report(small: dict[str, tuple[float, float]], large: dict[str, tuple[float, float]]) -> None:
    """Print what was measured."""
    size = large["bytes"][0] / 1e6
    table = Table("measured", "seconds", "MB a second", "to its peer", "peak MB", f"peak MB at {SMALL_MB} MB")
    table.title = f"A database of {size:,.0f} MB; the zip has {large['zip'][0] / 1e6:,.0f} MB"
    peers = {"backup": "SQLite's backup", "restore": "plain copy"}
    for name in ("SQLite's backup", "backup", "plain copy", "restore"):
        seconds, peak = large[name]
        ratio = f"{seconds / large[peers[name]][0]:.1f} × {peers[name]}" if name in peers else ""
        table.add_row(name, f"{seconds:.1f}", f"{size / seconds:,.0f}", ratio, f"{peak:.0f}", f"{small[name][1]:.0f}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
