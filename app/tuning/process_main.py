"""One of the processes that make a tuning run together, as ``accelerate launch`` begins them for a worker.

Reads the data directory and writes no row: process 0 appends each update to a file, which the worker reads. Ends when
the worker or the launcher is gone. ``python -m app.tuning.process_main FOLDER``; the folder holds what is asked.
"""

import json
import logging
import os
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.processes.identity import is_alive
from app.processes.redacted_output import redact_output
from app.tuning.local_run import tune_here
from app.tuning.message_log import NEWS, say
from core.errors import UserError
from core.redaction import redact
from storage import store
from storage.database import open_database
from storage.errors import fault_told

LOOK_SECONDS = 0.3
logger = logging.getLogger("switchpoint.tuning")


def main(folder: Path) -> int:
    """Makes this process's share of the run and returns the exit status; what fails is told in the file."""
    asked = json.loads((folder / "asked.json").read_text())
    threading.Thread(target=_end_with, args=(asked["worker"], asked["started"]), daemon=True).start()
    redact_output()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _tune(folder, asked)
    except Exception as error:  # whatever it is, the worker has to hear of it
        told = fault_told(error, Path(asked["data"])) or error
        logger.warning("process %s: %s", os.environ["RANK"], told, exc_info=not isinstance(told, UserError))
        say(folder / NEWS, **_failure(told))
        return 1
    return 0


def _tune(folder: Path, asked: dict[str, Any]) -> None:
    from core.tuning.process_group import joined

    db = open_database(Path(asked["data"]))
    try:
        with joined(asked["device"]) as device:
            with db.read() as connection:
                run = store.run_of(connection, asked["run"])
            updates = tune_here(
                db,
                run,
                device=device,
                shard=asked["shard"],
                stop=(folder / "stop").exists,
                told=lambda remark: say(folder / NEWS, remark=remark),
            )
            for update in updates:
                if os.environ["RANK"] == "0":
                    say(folder / NEWS, update=asdict(update))
    finally:
        db.close()


def _failure(error: Exception) -> dict[str, Any]:
    """``own`` is false where another process failed, or is gone."""
    from core.tuning.process_group import ElsewhereError

    bug = not isinstance(error, UserError)
    said = redact(f"{type(error).__name__}: {error}") if bug else str(error)
    return {"failed": said, "bug": bug, "own": not isinstance(error, ElsewhereError)}


def _end_with(worker: int, started: float) -> None:
    """A run whose worker is gone is made by the next one, from the newest checkpoint, and two must not write there. The
    launcher begins each process in a session of its own, so that nothing else would end it."""
    launcher = os.getppid()
    while is_alive(worker, started) and os.getppid() == launcher:
        time.sleep(LOOK_SECONDS)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
