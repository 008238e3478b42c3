"""How fast a million rows stream in, and the most memory it takes: ``python -m tests.bench.importing [rows]``.

Writes LLaVA JSON (one list in one file) and parquet into a temporary folder, with 50,000 image
files, and reads each as a support set with lazy images in a process of its own, whose peak is its own.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow
from pyarrow.parquet import ParquetWriter
from rich.console import Console
from rich.table import Table

from core.importers import open_samples
from core.types import Refusal
from tests.bench.children import peak_mb

IMAGES, FOLDERS = 50_000, 1_000


def image_of(number: int) -> str:
    """The name of a row's image: fifty in a folder."""
    return f"images/{number % FOLDERS}/{number % IMAGES}.jpg"


def row(number: int) -> dict[str, object]:
    """A row of about 600 characters, as Vision-Flan's are."""
    asked = f"<image>\nQuestion {number}: {'which of the things on the table is it? ' * 8}"
    turns = [{"from": "human", "value": asked}, {"from": "gpt", "value": "It is the cup. " * 6}]
    return {
        "id": f"row-{number}",
        "image": image_of(number),
        "task_name": f"task {number % 190}",
        "conversations": turns,
    }


def write(folder: Path, rows: int) -> None:
    """The two files; the images are links to one."""
    for number in range(FOLDERS):
        (folder / "images" / str(number)).mkdir(parents=True)
    (folder / "images" / "any.jpg").write_bytes(b"never opened")
    for number in range(IMAGES):
        (folder / image_of(number)).hardlink_to(folder / "images" / "any.jpg")
    with (folder / "llava.json").open("w") as file:
        for number in range(rows):
            file.write(("[\n" if number == 0 else ",\n") + json.dumps(row(number)))
        file.write("\n]\n")
    schema = pyarrow.Table.from_pylist([row(0)]).schema
    with ParquetWriter(folder / "llava.parquet", schema) as writer:
        for start in range(0, rows, 50_000):
            part = [row(number) for number in range(start, min(start + 50_000, rows))]
            writer.write_table(pyarrow.Table.from_pylist(part, schema=schema))


def read(path: Path) -> None:
    """Stream a file and print rows read, rows refused, seconds, and the peak of this process in MB."""
    started = time.perf_counter()
    taken = refused = 0
    with open_samples(path, role="support", lazy_images=True) as file:
        for item in file.items:
            if isinstance(item, Refusal):
                refused += 1
            else:
                assert file.image(str(item.sample.image)).path
                taken += 1
    print(json.dumps([taken, refused, time.perf_counter() - started, peak_mb()]))


def main(rows: int) -> None:
    """Print the table."""
    table = Table("file", "MB", "rows", "refused", "seconds", "peak MB", title=f"{rows:,} rows, images looked for")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), rows)
        for name in ("llava.json", "llava.parquet"):
            path = Path(folder, name)
            command = [sys.executable, "-m", "tests.bench.importing", "--read", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            taken, refused, seconds, peak = json.loads(done.stdout)
            size = path.stat().st_size / 1e6
            table.add_row(name, f"{size:.0f}", f"{taken:,}", str(refused), f"{seconds:.0f}", f"{peak:.0f}")
    Console().print(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
