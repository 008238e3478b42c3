"""A disk that fails for SQLite when the simulation says so (see ``watched_vfs``)."""

from dataclasses import dataclass

from tests.chaos.watched_vfs import Fault

FULL, READ, WRITE, FSYNC = 13, 266, 778, 1034  # SQLITE_FULL, and SQLITE_IOERR of a read, a write, a sync
ONE_FAULT = {
    "eio when reading": ("read", Fault(READ)),
    "eio when writing": ("write", Fault(WRITE)),
    "short write": ("write", Fault(WRITE, 0.4)),
    "no space for one write": ("write", Fault(FULL)),
    "failed sync": ("sync", Fault(FSYNC)),
}


@dataclass
class Disk:
    """The faults of the disk: full for a while, or the n-th call of a kind from now fails once."""

    full: bool = False
    kind: str = ""
    fault: Fault | None = None
    left: int = 0
    failed: int = 0

    def before(self, kind: str, path: str, offset: int = 0, content: bytes = b"") -> Fault | None:
        """As in ``watched_vfs.Watcher``. A sync that does not fail does nothing: nothing here cuts the power."""
        return self.due(kind) or (Fault(0) if kind == "sync" else None)

    def due(self, kind: str) -> Fault | None:
        """The fault of this call, if it is one that fails."""
        if self.full and kind == "write":
            self.failed += 1
            return Fault(FULL)
        if self.fault is None or kind != self.kind:
            return None
        self.left -= 1
        if self.left > 0:
            return None
        found, self.fault = self.fault, None
        self.failed += 1
        return found

    def mend(self) -> None:
        """Let nothing fail any more."""
        self.full, self.fault = False, None
