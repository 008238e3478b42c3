"""A VFS of SQLite that records what SQLite writes, syncs, truncates and deletes, and can let a sync fail.

It wraps the system's own VFS (https://www.sqlite.org/vfs.html) by ctypes, in the library that Python's sqlite3 uses, so
that the product runs unchanged: while ``recorded`` is open, every connection of this process is recorded.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass, field
from pathlib import Path

IO_ERROR_FSYNC = 1034  # SQLITE_IOERR_FSYNC

# The name as an address: SQLite keeps it beyond the call.
Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
Sync = CFUNCTYPE(c_int, c_void_p, c_int)
Close = CFUNCTYPE(c_int, c_void_p)


class IoMethods(Structure):
    """``sqlite3_io_methods``."""

    _fields_ = [
        ("iVersion", c_int),
        *((name, c_void_p) for name in ("xClose", "xRead", "xWrite", "xTruncate", "xSync", "xFileSize", "xLock")),
        *((name, c_void_p) for name in ("xUnlock", "xCheckReservedLock", "xFileControl", "xSectorSize")),
        *((name, c_void_p) for name in ("xDeviceCharacteristics", "xShmMap", "xShmLock", "xShmBarrier")),
        *((name, c_void_p) for name in ("xShmUnmap", "xFetch", "xUnfetch")),
    ]


class Vfs(Structure):
    """``sqlite3_vfs``."""

    _fields_ = [
        *((name, c_int) for name in ("iVersion", "szOsFile", "mxPathname")),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        *((name, c_void_p) for name in ("pAppData", "xOpen", "xDelete", "xAccess", "xFullPathname", "xDlOpen")),
        *((name, c_void_p) for name in ("xDlError", "xDlSym", "xDlClose", "xRandomness", "xSleep", "xCurrentTime")),
        *((name, c_void_p) for name in ("xGetLastError", "xCurrentTimeInt64", "xSetSystemCall", "xGetSystemCall")),
        ("xNextSystemCall", c_void_p),
    ]


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

    def add(self, path: str, kind: str, offset: int = 0, content: bytes = b"") -> None:
        if Path(path).parent == self.folder:
            self.events.append(Event(kind, Path(path).name, offset, content))


@contextmanager
def recorded(folder: Path, failing: int = -1) -> Iterator[Recording]:
    """Record the databases in ``folder`` that are opened within the block."""
    recording = Recording(folder.resolve(), failing)
    shim = _Shim(recording)
    shim.library.sqlite3_vfs_register(ctypes.byref(shim.vfs), 1)
    try:
        yield recording
    finally:
        shim.library.sqlite3_vfs_unregister(ctypes.byref(shim.vfs))
        shim.library.sqlite3_vfs_register(ctypes.byref(shim.system), 1)
        _kept.append(shim)  # connections that are still open call it


_kept: list["_Shim"] = []


class _Shim:
    """The VFS and the methods of its files; ``paths`` are those of the open files by address."""

    def __init__(self, recording: Recording) -> None:
        self.recording, self.paths = recording, dict[int, str]()
        self.library = ctypes.CDLL("libsqlite3.so.0")
        self.library.sqlite3_vfs_find.restype = POINTER(Vfs)
        self.system: Vfs = self.library.sqlite3_vfs_find(None).contents
        self.vfs = Vfs.from_buffer_copy(self.system)
        self.vfs.zName = b"recording"
        self.callbacks = [Open(self.open), Delete(self.delete)]
        self.vfs.xOpen, self.vfs.xDelete = (ctypes.cast(each, c_void_p) for each in self.callbacks)
        self.methods: dict[int, IoMethods] = {}

    def open(self, _: int, name: int | None, file: int, flags: int, out: int) -> int:
        code = int(Open(self.system.xOpen)(ctypes.addressof(self.system), name, file, flags, out))
        methods = c_void_p.from_address(file)
        if code == 0 and name and methods.value:
            self.paths[file] = ctypes.string_at(name).decode()
            if methods.value not in self.methods:
                self.methods[methods.value] = self.wrapped(IoMethods.from_address(methods.value))
            methods.value = ctypes.addressof(self.methods[methods.value])
        return code

    def delete(self, _: int, name: bytes, sync_folder: int) -> int:
        code = int(Delete(self.system.xDelete)(ctypes.addressof(self.system), name, sync_folder))
        if code == 0:
            self.recording.add(name.decode(), "delete")
        return code

    def wrapped(self, system: IoMethods) -> IoMethods:
        """The methods of one kind of file, recorded."""

        def write(file: int, content: int, size: int, offset: int) -> int:
            self.recording.add(self.paths[file], "write", offset, ctypes.string_at(content, size))
            return int(Write(system.xWrite)(file, content, size, offset))

        def truncate(file: int, size: int) -> int:
            self.recording.add(self.paths[file], "truncate", size)
            return int(Truncate(system.xTruncate)(file, size))

        def sync(file: int, flags: int) -> int:
            recording = self.recording
            recording.syncs += 1
            if recording.syncs - 1 == recording.failing:
                recording.add(self.paths[file], "drop")
                return IO_ERROR_FSYNC
            recording.add(self.paths[file], "sync")
            return int(Sync(system.xSync)(file, flags))

        def close(file: int) -> int:
            self.paths.pop(file, None)
            return int(Close(system.xClose)(file))

        made = IoMethods.from_buffer_copy(system)
        callbacks = Write(write), Truncate(truncate), Sync(sync), Close(close)
        self.callbacks += callbacks
        made.xWrite, made.xTruncate, made.xSync, made.xClose = (ctypes.cast(each, c_void_p).value for each in callbacks)
        return made
