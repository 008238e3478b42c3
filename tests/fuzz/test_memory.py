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


def text_of(*parts: bytes | int) -> Callable[[Path], None]:
    """Writes the parts; packed for a name that says so."""

    def write(path: Path) -> None:
        with gzip.open(path, "wb", 9) if path.suffix == ".gz" else path.open("wb") as file:
            file.writelines(blocks(*parts))

    return write


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


def with_image(make: Callable[[], bytes]) -> Callable[[Path], None]:
    """Writes a row that refers to the image."""

    def write(path: Path) -> None:
        (path.parent / "odd.png").write_bytes(make())
        path.write_text(json.dumps(ROW | {"image": "odd.png"}))

    return write


def dictionary_bomb(path: Path) -> None:
    """One value of 16 MB that 256 rows refer to: 4 GB when all are read together."""
    value = pyarrow.array(["x" * (16 * MB)])
    rows = 256
    told = pyarrow.DictionaryArray.from_arrays(pyarrow.array([0] * rows, pyarrow.int32()), value)
    table = pyarrow.table({"id": [str(n) for n in range(rows)], "question": told, "answer": ["no"] * rows})
    parquet.write_table(table, path, dictionary_pagesize_limit=64 * MB, write_statistics=False)


def large_picture() -> bytes:
    return saved(Image.new("RGBA", (7000, 7000)), "PNG", compress_level=1)


BEGIN, WHOLE = b'{"id": "1", "answer": "no", "question": "', json.dumps(ROW).encode() + b"\n"
QUOTED, REFUSED = [b"Which?,no\n" * (LINE // 100)] * 10, [b'{"id":0,"rationale":""}\n' * 100_000]
# What is imported, the file's name, and what writes it.
CASES: dict[str, tuple[str, str, Callable[[Path], None]]] = {
    "a giant line": ("validation", "set.jsonl", text_of(BEGIN, LINE, b'"}\n', WHOLE)),
    "a giant value in a list": ("validation", "set.json", text_of(b"[", BEGIN, LINE, b'"}]')),
    "a giant cell": ("validation", "set.csv", text_of(b"id,question,answer\n1,", LINE, b",no\n2,Which?,no\n")),
    "a quote that never closes": ("validation", "set.csv", text_of(b'id,question,answer\n1,"', *QUOTED)),
    "a giant image name": ("validation", "set.jsonl", text_of(BEGIN, b'?", "image": "', 20 * MB, b'"}\n')),
    "predictions that are all refused": ("predictions", "set.jsonl", text_of(*REFUSED * (20 if LONG else 6))),
    "nothing but brackets": ("validation", "set.json", text_of(*[b"[" * MB] * 20)),
    "a gzip bomb": ("validation", "set.jsonl.gz", text_of((1000 if LONG else 200) * MB)),
    "a gzip of empty lines": ("support", "set.jsonl.gz", text_of(WHOLE, *[b"\n" * MB] * (1000 if LONG else 100))),
    "a zip bomb": ("validation", "set.zip", zip_bomb),
    "a zip of many files": ("validation", "set.zip", zip_of_many),
    "a PNG that claims 60,000 × 60,000": ("validation", "set.jsonl", with_image(lambda: claiming(60000, 60000))),
    "a PNG of 49 million pixels": ("validation", "set.jsonl", with_image(large_picture)),
    "a parquet file that points to one value": ("support", "set.parquet", dictionary_bomb),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc, which Linux has")
@pytest.mark.parametrize("case", CASES)
def test_an_import_takes_no_more_memory_than_is_its_due(case: str, tmp_path: Path) -> None:
    what, name, write = CASES[case]
    write(tmp_path / name)
    said = measured(tmp_path, name, what)
    MEASURED[case] = said["mb"], said["seconds"]
    assert said["mb"] < MAX_MEGABYTES, said
