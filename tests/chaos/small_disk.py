"""A real disk of a few megabytes (a tmpfs) that tests fill, enlarge or make read-only, and read-only bind mounts."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PIECE = b"\x01" * 4096


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A mounted disk; ``path`` is its root."""

    path: Path

    def fill(self, *, leave: int = 0) -> None:
        """Fill the disk up to ``leave`` bytes."""
        with (self.path / "filling").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(PIECE)
        os.truncate(self.path / "filling", (self.path / "filling").stat().st_size - leave)

    def free(self) -> None:
        """Free what ``fill`` took."""
        (self.path / "filling").unlink()

    def remount(self, options: str) -> None:
        """Remount with other options, such as "size=8m", "ro" or "rw"."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """A disk mounted at ``folder`` until the block ends; the test is skipped where none can be mounted."""
    folder.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder]
    mounted = subprocess.run(asked, capture_output=True, check=False)
    if os.geteuid() != 0 or mounted.returncode != 0:
        pytest.skip("a disk of its own needs the right to mount one (root)")
    try:
        yield Disk(path=folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Make a file or folder read-only until the block ends, for root too (a read-only bind mount upon itself)."""
    bound = subprocess.run(["mount", "--bind", path, path], capture_output=True, check=False)
    if os.geteuid() != 0 or bound.returncode != 0:
        pytest.skip("making a folder read-only for everybody needs the right to mount (root)")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", path], check=True)
        yield
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def as_anybody() -> list[str]:
    """A command prefix under which file permissions hold for root too: it drops the capabilities to bypass them."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root is held to no rights without setpriv")
    gone = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", gone, "--inh-caps", gone]
