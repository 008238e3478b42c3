"""What the file system of a data directory cannot do: locks, and the memory that SQLite's processes share."""

import errno
import fcntl
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import psutil

from core.errors import FolderError

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "9p", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "glusterfs")
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL}


def refuse_without_locks(folder: Path) -> None:
    """Raise FolderError where the file system keeps no locks: two processes would write to the database at once.

    SQLite waits for such a lock as if somebody else held it, and says "locked" half a minute later.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise FolderError(
                f"The file system of {folder} keeps no locks ({error.strerror}), without which two processes would "
                "damage the database: choose a --data on a local disk."
            ) from error


def network_warning(data: Path) -> str:
    """A sentence where the directory lies on a network file system; "" elsewhere."""
    kind = kind_of(data, ((each.mountpoint, each.fstype) for each in psutil.disk_partitions(all=True)))
    if kind not in NETWORK:
        return ""
    return (
        f"{data} is on a network file system ({kind}): there SQLite is safe only while every process of it runs on "
        "this machine and the server keeps locks. Choose a --data on a local disk, and keep backups there."
    )


def kind_of(path: Path, mounts: Iterable[tuple[str, str]]) -> str:
    """The kind of the file system that holds ``path``, by (mount point, kind); "" where none does."""
    real = Path(os.path.realpath(path))
    holding = [(len(Path(point).parts), place, kind) for place, (point, kind) in enumerate(mounts)
               if real.is_relative_to(point)]  # fmt: skip
    return max(holding, default=(0, 0, ""))[2]
