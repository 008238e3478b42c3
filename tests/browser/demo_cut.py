"""A smaller cut of the demo's own files, so that the loop in the browser takes a minute and not ten."""

import json
import zipfile
from pathlib import Path

from assets import demo

SAMPLES = 60
SUPPORT = 400


def cut_zip(source: Path, target: Path, samples: int = SAMPLES) -> Path:
    """The first ``samples`` of a demo zip with their images."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as cut:
        listing = next(name for name in whole.namelist() if name.endswith((".json", ".jsonl")))
        text = whole.read(listing).decode()
        rows = json.loads(text) if listing.endswith(".json") else [json.loads(line) for line in text.splitlines()]
        kept = rows[:samples]
        joined = json.dumps(kept) if listing.endswith(".json") else "\n".join(json.dumps(row) for row in kept)
        cut.writestr(listing, joined)
        wanted = {Path(str(row["image"])).name for row in kept if row.get("image")}
        for name in whole.namelist():
            if Path(name).name in wanted:
                cut.writestr(name, whole.read(name))
    return target


def cut_support(folder: Path, samples: int = SUPPORT) -> Path:
    """A folder with every fiftieth support sample and its picture, as the demo draws them."""
    from assets.demo.draw import write_support

    drawn = write_support(folder)
    rows = [line for line in drawn.read_text().splitlines() if line.strip()]
    step = max(1, len(rows) // samples)
    drawn.write_text("\n".join(rows[::step][:samples]) + "\n")
    return drawn


VALIDATION, TEST = demo.VALIDATION, demo.TEST
