"""The support set, written out on first use: 20,000 annotations and their images from 600 bytes a sample.

The repository holds the scenes, not the pictures, so that it stays small. Needs NumPy and Pillow only.
"""

import gzip
import json
from itertools import islice
from pathlib import Path

from PIL import Image

from assets.demo.scene import Cell, render

SCENES = Path(__file__).with_name("support.jsonl.gz")


def write_support(folder: Path, most: int | None = None) -> Path:
    """Writes ``support.jsonl`` (LLaVA-style) and ``images/`` into a folder; returns the annotation file's path. Of the
    20,000 samples, the first ``most`` (None: all)."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    target = folder / "support.jsonl"
    with gzip.open(SCENES, "rt", encoding="utf-8") as scenes, target.open("w", encoding="utf-8") as annotations:
        for line in islice(scenes, most):
            row = json.loads(line)
            scene = row.pop("scene")
            cells = tuple(Cell(kind=k, value=v, colour=c, variant=n) for k, v, c, n in scene["cells"])
            Image.fromarray(render(cells, scene["seed"])).save(folder / row["image"], compress_level=1)
            annotations.write(json.dumps(row) + "\n")
    return target
