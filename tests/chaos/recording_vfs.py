"""Records what SQLite writes, syncs, truncates and deletes (see ``watched_vfs``), and can let a sync fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.watched_vfs import Fault, watched

IO_ERROR_FSYNC = 1034  # SQLITE_IOERR_FSYNC


@dataclass(frozen=True)
class Event:
    """What SQLite did to a file: "write" ``content`` at ``offset``, "truncate" it to ``offset``, "sync" or "delete" it.

    "acknowledged" has no file: everything that was written before had been promised to somebody.
    """

    kind: str
    file: str = ""
    offset: int = 0
    content: bytes = b""


@dataclass
class Recording:
    """The events in the folder ``folder`` in their order; the sync number ``failing`` (from 0) fails, and what was to
    be synced by it is never written, as Linux does it."""

    folder: Path
    failing: int = -1
    events: list[Event] = field(default_factory=list)
    syncs: int = 0

    def acknowledge(self) -> None:
        """Note that everything written so far was promised to somebody."""
        self.events.append(Event("acknowledged"))

    def before(self, kind: str, path: str, offset: int = 0, content: bytes = b"") -> Fault | None:
        if kind == "read" or Path(path).parent != self.folder:
            return None
        failed = kind == "sync" and self.syncs == self.failing
        self.syncs += kind == "sync"
        self.events.append(Event("drop" if failed else kind, Path(path).name, offset, content))
        return Fault(IO_ERROR_FSYNC) if failed else None


@contextmanager
def recorded(folder: Path, failing: int = -1) -> Iterator[Recording]:
    """Record the databases in ``folder`` that are opened within the block."""
    recording = Recording(folder.resolve(), failing)
    with watched(recording):
        yield recording
