"""A smaller cut of the demo's own files, so that a test of the loop takes a minute and not ten."""

import json
import zipfile
from pathlib import Path

from assets.demo.draw import write_support


def cut_zip(source: Path, target: Path, samples: int) -> Path:
    """The first ``samples`` of a demo zip with their images."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as cut:
        listing = next(name for name in whole.namelist() if name.endswith(".json"))
        rows = json.loads(whole.read(listing))[:samples]
        cut.writestr(listing, json.dumps(rows))
        for row in rows:
            cut.writestr(row["image"], whole.read(row["image"]))
    return target


def cut_support(folder: Path) -> Path:
    """A folder with the pictures of all support samples, as the demo draws them, and the row of every fiftieth."""
    drawn = write_support(folder)
    drawn.write_text("".join(drawn.read_text().splitlines(keepends=True)[::50]))
    return drawn
