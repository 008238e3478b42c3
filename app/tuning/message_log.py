"""A message log: a file of JSON lines that the tuning processes append to and the worker reads as it grows."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

MESSAGES_FILE = "said.jsonl"
POLL_SECONDS = 0.1


def append_message(log: Path, **message: Any) -> None:
    """Append one message in a single write, so that messages of several processes never mix."""
    with log.open("ab", buffering=0) as file:
        file.write((json.dumps(message) + "\n").encode())


def follow_messages(log: Path, ended: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """Each message once, as it arrives, until the writers have ``ended`` and all of it is read.

    Yields {} after every look at the file, so that the reader can do other work meanwhile. The file need not exist yet.
    """
    offset = 0
    while True:
        has_ended = ended()  # before the file is read, so that the last messages are not missed
        with suppress(FileNotFoundError), log.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                yield json.loads(line)
        if has_ended:
            return
        yield {}
        time.sleep(POLL_SECONDS)
