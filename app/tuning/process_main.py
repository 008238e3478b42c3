"""One process of a tuning run in several; ``accelerate launch`` starts ``python -m app.tuning.process_main FOLDER``.

The folder holds the request (``asked.json``) and the message log. Writes no row: process 0 appends each update to the
log, which the worker follows. Ends when the worker or the launcher is gone.
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
from app.tuning.message_log import MESSAGES_FILE, append_message
from core.errors import UserError
from core.redaction import redact
from storage import store
from storage.database import open_database
from storage.errors import folder_error

POLL_SECONDS = 0.3
logger = logging.getLogger("switchpoint.tuning")


def main(folder: Path) -> int:
    """Do this process's share of the run; returns the exit status. An error is appended to the message log."""
    request = json.loads((folder / "asked.json").read_text())
    threading.Thread(target=_end_with, args=(request["worker"], request["started"]), daemon=True).start()
    redact_output()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        _tune(folder, request)
    except Exception as error:  # any error has to reach the worker
        cause = folder_error(error, Path(request["data"])) or error
        logger.warning("process %s: %s", os.environ["RANK"], cause, exc_info=not isinstance(cause, UserError))
        append_message(folder / MESSAGES_FILE, **_failure(cause))
        return 1
    return 0


def _tune(folder: Path, request: dict[str, Any]) -> None:
    from core.tuning.process_group import join_process_group

    db = open_database(Path(request["data"]), background=True)
    try:
        with join_process_group(request["device"]) as device:
            with db.read() as connection:
                run = store.run_of(connection, request["run"])
            updates = tune_here(
                db,
                run,
                device=device,
                shard=request["shard"],
                should_stop=(folder / "stop").exists,
                on_remark=lambda remark: append_message(folder / MESSAGES_FILE, remark=remark),
            )
            for update in updates:
                if os.environ["RANK"] == "0":
                    append_message(folder / MESSAGES_FILE, update=asdict(update))
    finally:
        db.close()


def _failure(error: Exception) -> dict[str, Any]:
    """The message for an error; ``own`` is false where the cause is another process that failed or is gone."""
    from core.tuning.process_group import OtherProcessError

    bug = not isinstance(error, UserError)
    text = redact(f"{type(error).__name__}: {error}") if bug else str(error)
    return {"failed": text, "bug": bug, "own": not isinstance(error, OtherProcessError)}


def _end_with(worker: int, started: float) -> None:
    """End this process when the worker or the launcher ends.

    The next worker resumes the run, and two must not write into its folder. The launcher starts each process in a new
    session, so that no signal ends it.
    """
    launcher = os.getppid()
    while is_alive(worker, started) and os.getppid() == launcher:
        time.sleep(POLL_SECONDS)
    os._exit(1)


def _leave(status: int) -> None:
    """End this process without tearing down the interpreter: all is written, and torch's threads may abort there."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    _leave(main(Path(sys.argv[1])))
