"""Commands of ``switchpoint``, run in this process on a test's data directory."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import cli
from app.cli.terminal import run_command_line


@dataclass(frozen=True)
class CommandLine:
    """What commands print on ``data``, and how they end."""

    data: Path
    captured: pytest.CaptureFixture[str]

    def run(self, *words: object) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        code = run_command_line(cli, ["--data", str(self.data), *map(str, words)])
        return code, *self.captured.readouterr()

    def said(self, *words: object) -> str:
        """What a command that succeeds prints."""
        code, out, err = self.run(*words)
        assert code == 0, err
        return out

    def json(self, *words: object) -> Any:
        """What a command that succeeds prints as JSON."""
        return json.loads(self.said(*words, "--json"))

    def refused(self, *words: object) -> str:
        """The one sentence with which a command refuses what a person can put right."""
        code, out, err = self.run(*words)
        assert (code, out) == (1, "")
        assert "Traceback" not in err
        assert len(err.strip().splitlines()) == 1
        return err.strip()
