"""A real disk of a few megabytes (a tmpfs) that tests fill to the last byte, enlarge, or make read-only."""

import os
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
        """Take all room but ``leave`` bytes."""
        with (self.path / "filling").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(PIECE)
        os.truncate(self.path / "filling", (self.path / "filling").stat().st_size - leave)

    def free(self) -> None:
        """Give back what ``fill`` took."""
        (self.path / "filling").unlink()

    def remount(self, options: str) -> None:
        """Change the disk: its size, or to "ro" and back."""
        subprocess.run(["mount", "-o", f"remount,{options}", self.path], check=True)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Disk]:
    """A disk of that size at ``folder``, gone afterwards; the test is skipped where none can be mounted."""
    folder.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder]
    mounted = subprocess.run(asked, capture_output=True, check=False)
    if os.geteuid() != 0 or mounted.returncode != 0:
        pytest.skip("a disk of its own needs the right to mount one (root)")
    try:
        yield Disk(path=folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
