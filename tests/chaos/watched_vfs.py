"""A VFS of SQLite that asks a watcher before SQLite reads, writes, syncs, truncates or deletes: a call can fail.

It wraps the system's own VFS (https://www.sqlite.org/vfs.html) by ctypes, in the library that Python's sqlite3 uses, so
that the product runs unchanged: while ``watched`` is open, every connection that this process opens is watched.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from dataclasses import dataclass
from typing import Protocol

# The name as an address: SQLite keeps it beyond the call.
Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
Write = Read = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
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
class Fault:
    """How a call fails: SQLite's result ``code``, after ``share`` of a write has reached the file."""

    code: int
    share: float = 0.0


class Watcher(Protocol):
    """Is asked before each call on the file at ``path``; ``kind`` is read, write, sync, truncate or delete."""

    def before(self, kind: str, path: str, offset: int = 0, content: bytes = b"") -> Fault | None:
        """The fault by which the call fails, or None."""


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let ``watcher`` watch the databases that are opened within the block."""
    shim = _Shim(watcher)
    shim.library.sqlite3_vfs_register(ctypes.byref(shim.vfs), 1)
    try:
        yield
    finally:
        shim.library.sqlite3_vfs_unregister(ctypes.byref(shim.vfs))
        shim.library.sqlite3_vfs_register(ctypes.byref(shim.system), 1)
        _kept.append(shim)  # connections that are still open call it


_kept: list["_Shim"] = []


class _Shim:
    """The VFS and the methods of its files; ``paths`` are those of the open files by address."""

    def __init__(self, watcher: Watcher) -> None:
        self.watcher, self.paths = watcher, dict[int, str]()
        self.library = ctypes.CDLL("libsqlite3.so.0")
        self.library.sqlite3_vfs_find.restype = POINTER(Vfs)
        self.system: Vfs = self.library.sqlite3_vfs_find(None).contents
        self.vfs = Vfs.from_buffer_copy(self.system)
        self.vfs.zName = b"watched"
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
        if fault := self.watcher.before("delete", name.decode()):
            return fault.code
        return int(Delete(self.system.xDelete)(ctypes.addressof(self.system), name, sync_folder))

    def wrapped(self, system: IoMethods) -> IoMethods:
        """The methods of one kind of file, watched."""

        def read(file: int, content: int, size: int, offset: int) -> int:
            if fault := self.watcher.before("read", self.paths[file]):
                return fault.code
            return int(Read(system.xRead)(file, content, size, offset))

        def write(file: int, content: int, size: int, offset: int) -> int:
            fault = self.watcher.before("write", self.paths[file], offset, ctypes.string_at(content, size))
            reached = size if fault is None else int(size * fault.share)
            code = int(Write(system.xWrite)(file, content, reached, offset)) if reached else 0
            return code if fault is None else fault.code

        def truncate(file: int, size: int) -> int:
            if fault := self.watcher.before("truncate", self.paths[file], size):
                return fault.code
            return int(Truncate(system.xTruncate)(file, size))

        def sync(file: int, flags: int) -> int:
            if fault := self.watcher.before("sync", self.paths[file]):
                return fault.code
            return int(Sync(system.xSync)(file, flags))

        def close(file: int) -> int:
            self.paths.pop(file, None)
            return int(Close(system.xClose)(file))

        made = IoMethods.from_buffer_copy(system)
        callbacks = Read(read), Write(write), Truncate(truncate), Sync(sync), Close(close)
        self.callbacks += callbacks
        names = ("xRead", "xWrite", "xTruncate", "xSync", "xClose")
        for name, each in zip(names, callbacks, strict=True):
            setattr(made, name, ctypes.cast(each, c_void_p).value)
        return made
