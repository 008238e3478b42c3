"""One import in its own process, so that its memory can be measured; prints the result as JSON.

``python -m tests.fuzz.measured FOLDER WHAT FILE``; the folder gets a data folder.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

from app.imports.pipeline import commit
from app.imports.report import ImportRequest
from app.projects.configuration import create_project
from core.errors import UserError
from storage.database import open_database
from tests.bench.children import peak_mb


def main(folder: Path, what: Any, path: str) -> dict[str, Any]:
    """Import the file; prints the memory above the start in MB, and the seconds."""

    Image.init()
    db = open_database(folder / "data")
    create_project(db, "p", student="s", teacher="t")
    before, began = peak_mb(), time.monotonic()
    try:
        done = commit(db, ImportRequest(what=what, path=path, project="p", skip_refused=True))
        told: dict[str, Any] = {name: done[name] for name in ("found", "accepted", "refused_rows")}
        told["first"] = done["refused"][0]["reason"] if done["refused"] else ""
    except UserError as error:
        told = {"error": str(error)}
    return told | {"mb": round(peak_mb() - before), "seconds": round(time.monotonic() - began, 1)}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])))
