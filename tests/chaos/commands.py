"""Commands as a person types them, in this process or in one of their own."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.cli.main import cli
from app.cli.terminal import run_command_line
from tests.servers.app_server import APP, ROOT


def command(data: Path, *words: object) -> int:
    """Run a command on a data directory; returns its exit code."""
    return run_command_line(cli, ["--data", str(data), *map(str, words)])


def command_process(data: Path, *words: str, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """Run a command in a process, with this before it."""
    asked = [*before, sys.executable, *APP, "--data", str(data), *words]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
