"""What a disk may hold after a power cut, from a recording of what SQLite wrote.

A write counts once its file was synced. Of the writes since then each may be there or not, whole or in part (sectors of
512 bytes), in any combination: a disk and its system may write them in any order. The same holds for truncating and
deleting. See ``recording_vfs``.
"""

import hashlib
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from storage.database import FILE_NAME
from tests.chaos.recording_vfs import Event

SECTOR_BYTES = 512
Files = dict[str, bytes]
Reached = Callable[[Event], bool]


@dataclass
class Disk:
    """The synced content of each file, and what was done to each since then."""

    synced: Files
    pending: dict[str, list[Event]] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Go on by one event."""
        if event.kind == "sync":
            self._settle(event.file)
        elif event.kind == "drop":
            self.pending.pop(event.file, None)
        elif event.file:
            self.pending.setdefault(event.file, []).append(event)

    def _settle(self, file: str) -> None:
        found = content_after(self.synced.get(file), self.pending.pop(file, []))
        if found is not None:
            self.synced[file] = found
        else:
            self.synced.pop(file, None)

    def files(self, reached: Reached) -> Files:
        """The files after a cut, with the pending events that ``reached`` the disk."""
        found = {}
        for name in self.synced.keys() | self.pending.keys():
            arrived = [each for each in self.pending.get(name, ()) if reached(each)]
            content = content_after(self.synced.get(name), arrived)
            if content is not None:
                found[name] = content
        return found


def content_after(content: bytes | None, events: list[Event]) -> bytes | None:
    """The content of a file after the events; None where it is not there."""
    made = None if content is None else bytearray(content)
    for event in events:
        if event.kind == "delete":
            made = None
            continue
        made = bytearray() if made is None else made
        if event.kind == "truncate":
            del made[event.offset :]
        else:
            made.extend(bytes(max(0, event.offset - len(made))))
            made[event.offset : event.offset + len(event.content)] = event.content
    return None if made is None else bytes(made)


def sectors(event: Event) -> list[Event]:
    """A write as writes of single sectors, which reach the disk one by one."""
    if event.kind != "write":
        return [event]
    starts = range(0, len(event.content), SECTOR_BYTES)
    return [
        Event("write", event.file, event.offset + start, event.content[start : start + SECTOR_BYTES])
        for start in starts
    ]


def torn(disk: Disk, rng: random.Random) -> Files:
    """The files after a cut at which each pending sector reached the disk or not, by chance."""
    split = {name: [part for event in events for part in sectors(event)] for name, events in disk.pending.items()}
    return Disk(disk.synced, split).files(lambda _: rng.random() < 0.5)


def never(_: Event) -> bool:
    """No pending event reached the disk."""
    return False


def always(_: Event) -> bool:
    """Every pending event reached the disk, as after the kill of a process."""
    return True


def recovered(files: Files, folder: Path) -> sqlite3.Connection:
    """The database that SQLite opens from the files, put into the emptied ``folder``."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return sqlite3.connect(folder / FILE_NAME, isolation_level=None)


def state_of(connection: sqlite3.Connection) -> str:
    """A hash of all rows. Raises ``sqlite3.DatabaseError`` for a damaged database."""
    digest = hashlib.sha256()
    (fault,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if fault != "ok":
        raise sqlite3.DatabaseError(fault)
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    for (table,) in tables:
        digest.update(table.encode())
        for row in connection.execute(f'SELECT * FROM "{table}"'):
            digest.update(repr(row).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Cut:
    """A power cut after ``place`` events: how its files came about, and the state that was recovered, or its fault."""

    place: int
    way: str
    state: str


class Cuts:
    """All cuts of a recording from the files at its ``start``."""

    def __init__(self, start: Files, events: list[Event], folder: Path, *, seed: int = 0) -> None:
        self.start, self.events, self.folder, self.seed = start, events, folder, seed
        self._killed: dict[int, str] = {}

    def disks(self, places: "range | list[int]") -> Iterator[tuple[int, Disk]]:
        """The disk after each of the places, in order."""
        disk, done = Disk(dict(self.start)), 0
        for place in places:
            for event in self.events[done:place]:
                disk.apply(event)
            done = place
            yield place, disk

    def lost(self, places: "range | list[int]") -> Iterator[Cut]:
        """The cuts after which the database is damaged, or holds less than what was acknowledged before."""
        for place, disk in self.disks(places):
            self._killed[place] = self.state(disk.files(always))
            rng = random.Random(f"{self.seed} {place}")
            states = {"nothing pending": disk.files(never), "some sectors": torn(disk, rng)}
            for way, files in states.items():
                state = self.state(files)
                if state not in self.allowed(place):
                    yield Cut(place, way, state)

    def allowed(self, place: int) -> Iterator[str]:
        """The states from the last acknowledged one to that at ``place``, as a kill would leave them."""
        promised = max((at for at in range(place) if self.events[at].kind == "acknowledged"), default=-1) + 1
        yield self.killed(place)
        for at in range(promised, place):
            yield self.killed(at)

    def killed(self, place: int) -> str:
        """The state after a kill of the process at ``place``: what was written is there."""
        if place not in self._killed:
            ((_, disk),) = self.disks([place])
            self._killed[place] = self.state(disk.files(always))
        return self._killed[place]

    def state(self, files: Files) -> str:
        with closing(recovered(files, self.folder)) as connection:
            try:
                return state_of(connection)
            except sqlite3.DatabaseError as error:
                return f"damaged: {error}"
