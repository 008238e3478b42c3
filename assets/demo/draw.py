"""Draw the demo's support set on first use: 20,000 annotations and their images, from 600 bytes a sample.

The repository stores scenes instead of images to stay small. Needs only NumPy and Pillow.
"""

import gzip
import json
from itertools import islice
from pathlib import Path

from PIL import Image

from assets.demo.scene import Cell, render

SCENES = Path(__file__).with_name("support.jsonl.gz")


def write_support(folder: Path, limit: int | None = None) -> Path:
    """Write ``support.jsonl`` (LLaVA's format) and ``images/`` into a folder; returns the path of the annotations.

    ``limit`` is the number of samples (None: all 20,000).
    """
    (folder / "images").mkdir(parents=True, exist_ok=True)
    target = folder / "support.jsonl"
    with gzip.open(SCENES, "rt", encoding="utf-8") as scenes, target.open("w", encoding="utf-8") as annotations:
        for line in islice(scenes, limit):
            row = json.loads(line)
            scene = row.pop("scene")
            cells = tuple(Cell(kind=k, value=v, colour=c, variant=n) for k, v, c, n in scene["cells"])
            Image.fromarray(render(cells, scene["seed"])).save(folder / row["image"], compress_level=1)
            annotations.write(json.dumps(row) + "\n")
    return target
