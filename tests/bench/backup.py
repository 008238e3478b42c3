"""Backup and restore of a large database: seconds, MB a second and peak memory, as ratios to SQLite's own backup and to
a plain copy of the file.

``python -m tests.bench.backup [--mb N] [--data DIR]``. Each measurement is a new process, on a small and on a large
database, which shows memory that grows with the database. Imports are inside the functions, so that the peers' memory
holds none of ours.
"""

import argparse
import io
import os
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing, redirect_stdout
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.children import child, report
from tests.bench.results import Bar, save_results

SMALL_MB = 64
PICTURE = 200_000
# What one may take more memory for than for a database of 64 MB.
FLAT_MB = 32
# Seconds and peak of memory of each way.
Found = dict[str, dict[str, float]]


def command(*arguments: str) -> None:
    """A command of the command line."""
    started = time.perf_counter()
    from app.cli.main import cli
    from app.cli.terminal import run_command_line

    with redirect_stdout(io.StringIO()):
        assert run_command_line(cli, ["--json", *arguments]) == 0
    report(seconds=time.perf_counter() - started)


def by_sqlite(file: str, copy: str) -> None:
    """SQLite's own backup."""
    started = time.perf_counter()
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as made:
        source.backup(made)
    report(seconds=time.perf_counter() - started)


def copied(file: str, copy: str) -> None:
    """A plain copy of the file."""
    started = time.perf_counter()
    shutil.copyfile(file, copy)
    report(seconds=time.perf_counter() - started)


def fill(data: Path, megabytes: int) -> None:
    """A finished loop with a database of that size: four fifths incompressible images, the rest text."""
    from storage.database import FILE_NAME
    from tests.projects.finished_loop import finished

    finished(data)
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


def measure(folder: Path, megabytes: int) -> tuple[Found, int, int]:
    """Each way's measures on a database of that size, its bytes, and the zip's; output files are deleted in between."""
    from storage.database import FILE_NAME

    data, kept, new = folder / "data", folder / "kept.zip", folder / "new"
    fill(data, megabytes)
    file, copy = data / FILE_NAME, folder / "copy"
    found: Found = {}

    def one(name: str, way: str, *arguments: object) -> None:
        _warm(file)
        found[name] = child("backup", way, *arguments)
        os.sync()

    one("SQLite's backup", "by_sqlite", file, copy)
    copy.unlink()
    one("plain copy", "copied", file, copy)
    copy.unlink()
    one("backup", "command", "--data", data, "backup", kept)
    one("restore", "command", "restore", kept, "--data", new)
    return found, file.stat().st_size, kept.stat().st_size


def _warm(file: Path) -> None:
    """Read the file once, so that it is in the page cache for every measurement."""
    with file.open("rb") as opened:
        while opened.read(2**24):
            pass


def main() -> None:
    """Print the table, and whether memory is independent of the database's size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mb", type=int, default=1100)
    parser.add_argument(
        "--data", type=Path, help="where to keep what is written meanwhile (default: a temporary folder)"
    )
    given = parser.parse_args()
    sizes = []
    for megabytes in (SMALL_MB, given.mb):
        with tempfile.TemporaryDirectory(dir=given.data) as folder:
            sizes.append(measure(Path(folder), megabytes))
    (small, *_), (large, database, packed) = sizes
    show(small, large, database / 1e6, packed / 1e6)
    grown = {name: large[name]["peak"] - small[name]["peak"] for name in ("backup", "restore")}
    bars = [
        Bar(what=f"{name}: MB more than for {SMALL_MB} MB", value=more, below=FLAT_MB) for name, more in grown.items()
    ]
    save_results("backup", {"bytes": database, "ways": large}, bars)


def show(small: Found, large: Found, size: float, packed: float) -> None:
    """Print what was measured; both sizes in MB."""
    table = Table("measured", "seconds", "MB a second", "to its peer", "peak MB", f"peak MB at {SMALL_MB} MB")
    table.title = f"A database of {size:,.0f} MB; the zip has {packed:,.0f} MB"
    peers = {"backup": "SQLite's backup", "restore": "plain copy"}
    for name in ("SQLite's backup", "backup", "plain copy", "restore"):
        seconds, peak = large[name]["seconds"], large[name]["peak"]
        ratio = f"{seconds / large[peers[name]]['seconds']:.1f} × {peers[name]}" if name in peers else ""
        table.add_row(
            name, f"{seconds:.1f}", f"{size / seconds:,.0f}", ratio, f"{peak:.0f}", f"{small[name]['peak']:.0f}"
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
