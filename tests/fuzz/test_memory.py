"""Giant lines and bombs: each import runs in its own process and may take at most 400 MB more than at its start.

``SWITCHPOINT_LONG=1`` uses lines of 100 MB instead of 20 MB, and larger bombs.
"""

import gzip
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from PIL import Image
from pyarrow import parquet

from tests.fuzz.conftest import MEASURED
from tests.fuzz.oddities import claiming, saved

ROOT = Path(__file__).resolve().parents[2]
LONG = bool(os.environ.get("SWITCHPOINT_LONG"))
MB = 2**20
LINE = (100 if LONG else 20) * MB
MAX_MEGABYTES = 400
ROW = {"id": "1", "question": "Which?", "answer": "no"}


def measured(folder: Path, name: str, what: str = "validation") -> dict[str, Any]:
    """The result of the process that imports the file of that name."""
    command = [sys.executable, "-m", "tests.fuzz.measured", str(folder), what, str(folder / name)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def blocks(*parts: bytes | int) -> Iterator[bytes]:
    """The parts, a number meaning that many letters."""
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from (b"x" * min(MB, part - at) for at in range(0, part, MB))


def giant_line(path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(blocks(b'{"id": "1", "answer": "no", "question": "', LINE, b'"}\n', json.dumps(ROW).encode()))


def giant_value(path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(blocks(b'[{"id": "1", "answer": "no", "question": "', LINE, b'"}]'))


def giant_cell(path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(blocks(b"id,question,answer\n1,", LINE, b",no\n2,Which?,no\n"))


def open_quote(path: Path) -> None:
    with path.open("wb") as file:
        file.writelines((b'id,question,answer\n1,"', *(b"Which?,no\n" * (LINE // 10 // 10) for _ in range(10))))


def giant_name(path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(blocks(b'{"id": "1", "answer": "no", "question": "?", "image": "', 20 * MB, b'"}\n'))


def many_rows_refused(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(20 if LONG else 6):
            file.write(b'{"id":0,"rationale":""}\n' * 100_000)


def many_brackets(path: Path) -> None:
    path.write_bytes(b"[" * (20 * MB))


def gzip_bomb(path: Path) -> None:
    with gzip.open(path, "wb", 9) as file:
        file.writelines(blocks((1000 if LONG else 200) * MB))


def gzip_of_empty_lines(path: Path) -> None:
    with gzip.open(path, "wb", 9) as file:
        file.write(json.dumps(ROW).encode() + b"\n")
        for _ in range(1000 if LONG else 100):
            file.write(b"\n" * MB)


def zip_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("set.jsonl", "w", force_zip64=True) as file,
    ):
        for block in blocks((1000 if LONG else 200) * MB):
            file.write(block)


def zip_of_many(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("set.jsonl", json.dumps(ROW))
        for number in range(200_000 if LONG else 20_000):
            archive.writestr(f"{number}.png", b"")


def with_image(path: Path, content: bytes) -> None:
    (path.parent / "odd.png").write_bytes(content)
    path.write_text(json.dumps(ROW | {"image": "odd.png"}))


def dictionary_bomb(path: Path) -> None:
    """One value of 16 MB that 256 rows refer to: 4 GB when all are read together."""
    value = pyarrow.array(["x" * (16 * MB)])
    rows = 256
    told = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int32()), value)
    table = pyarrow.table({"id": [str(n) for n in range(rows)], "question": told, "answer": ["no"] * rows})
    parquet.write_table(table, path, dictionary_pagesize_limit=64 * MB, write_statistics=False)


CASES: dict[str, tuple[str, Callable[[Path], None], str]] = {
    "a giant line": ("set.jsonl", giant_line, "validation"),
    "a giant value in a list": ("set.json", giant_value, "validation"),
    "a giant cell": ("set.csv", giant_cell, "validation"),
    "a quote that never closes": ("set.csv", open_quote, "validation"),
    "a giant image name": ("set.jsonl", giant_name, "validation"),
    "predictions that are all refused": ("set.jsonl", many_rows_refused, "predictions"),
    "nothing but brackets": ("set.json", many_brackets, "validation"),
    "a gzip bomb": ("set.jsonl.gz", gzip_bomb, "validation"),
    "a gzip of empty lines": ("set.jsonl.gz", gzip_of_empty_lines, "support"),
    "a zip bomb": ("set.zip", zip_bomb, "validation"),
    "a zip of many files": ("set.zip", zip_of_many, "validation"),
    "a PNG that claims 60,000 × 60,000": (
        "set.jsonl",
        lambda path: with_image(path, claiming(60000, 60000)),
        "validation",
    ),
    "a PNG of 49 million pixels": (
        "set.jsonl",
        lambda path: with_image(path, saved(Image.new("RGBA", (7000, 7000)), "PNG", compress_level=1)),
        "validation",
    ),
    "a parquet file that points to one value": ("set.parquet", dictionary_bomb, "support"),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc, which Linux has")
@pytest.mark.parametrize("case", CASES)
def test_an_import_takes_no_more_memory_than_is_its_due(case: str, tmp_path: Path) -> None:
    name, write, what = CASES[case]
    write(tmp_path / name)
    said = measured(tmp_path, name, what)
    MEASURED[case] = said["mb"], said["seconds"]
    assert said["mb"] < MAX_MEGABYTES, said
