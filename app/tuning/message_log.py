"""What the processes that tune say to the one that saves: a file of JSON lines, written by all of them and read as it
grows. Knows no process and nothing of what is said.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

NEWS = "said.jsonl"


LOOK_SECONDS = 0.1


def say(news: Path, **what: Any) -> None:
    """Appends one thing that is said, in one piece, whoever else does."""
    with news.open("ab", buffering=0) as file:
        file.write((json.dumps(what) + "\n").encode())


def heard(news: Path, ended: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """What is said, as it comes, until those who say it have ``ended`` and all of it is read; {} now and then where
    nothing comes, for whoever has something else to see to. A file that is not there yet says nothing."""
    at = 0
    while True:
        last = ended()  # asked first: what is said before the end is there when the file is read after it
        with suppress(FileNotFoundError), news.open("rb") as file:
            file.seek(at)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                at += len(line)
                yield json.loads(line)
        if last:
            return
        yield {}
        time.sleep(LOOK_SECONDS)
