"""Coverage-guided fuzzing of the importers with atheris, which is not a dependency.

``python -m tests.fuzz.guided RUNS``, with atheris and the app importable, prints how many inputs were tried. The first
byte chooses how the bytes are imported, the rest is the file; only the importers are instrumented. An import must give
a sentence or rows, and never another exception.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["core.importers"]):
    from core.importers import read_predictions, read_samples
from core.errors import UserError
from core.types import Sample

NAMES = ("set.json", "set.csv", "set.tsv", "set.parquet", "set.zip")
KNOWN = {"q1": Sample(source_id="q1", question="How many?", options=("3", "4"), answer="4")}
TRIED = [0, 0]


def import_it(data: bytes) -> None:
    """Import the bytes; anything but a UserError ends the run with the input that raised it."""
    if not data:
        return
    TRIED[0] += 1
    path = Path(FOLDER.name) / NAMES[data[0] % len(NAMES)]
    path.write_bytes(data[1:])
    try:
        if data[0] & 64:
            read_predictions(path, KNOWN)
        else:
            read_samples(path, role="support" if data[0] & 128 else "validation")
    except UserError:
        TRIED[1] += 1


def corpus(folder: Path) -> None:
    """Valid files to start from."""
    from tests.fuzz.recipes import INNER, in_json, mistakes, predicted

    starts = [b"\0" + text().encode() for _, text in INNER]
    starts += [b"\x40" + in_json(rows, lines=True).encode() for rows in (predicted(), mistakes())]
    for number, content in enumerate(starts):
        (folder / str(number)).write_bytes(content)


if __name__ == "__main__":
    FOLDER = tempfile.TemporaryDirectory()
    seeds = Path(FOLDER.name) / "seeds"
    seeds.mkdir()
    corpus(seeds)
    atheris.Setup([sys.argv[0], f"-atheris_runs={sys.argv[1]}", "-max_len=4096", str(seeds)], import_it)
    atheris.Fuzz()
