"""Keys in the environment and in a keyring: which one wins, and how one is saved and deleted.

Uses the real keyring library with a backend of this test, since a test machine has no desktop keyring.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import NoKeyringError, PasswordDeleteError

from app.cli.main import cli
from app.cli.terminal import run_command_line
from core.endpoints.addresses import key_of, key_variable_of
from core.endpoints.keys import find_key
from core.errors import UserError
from core.redaction import redact
from tests.servers.openai_server import endpoint_of


class Drawer(KeyringBackend):
    """A keyring that lives as long as the test."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


class Closed(Drawer):
    """A machine without a keyring."""

    def get_password(self, service: str, username: str) -> str | None:
        raise NoKeyringError

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NoKeyringError


@pytest.fixture(autouse=True)
def _key_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO("a-key-of-somebody\n"))


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before = keyring.get_keyring()
    made = Drawer()
    keyring.set_keyring(made)
    yield made
    keyring.set_keyring(before)


def test_the_environment_goes_before_the_keyring(drawer: Drawer, monkeypatch: pytest.MonkeyPatch) -> None:
    drawer.set_password("switchpoint", "SWITCHPOINT_API_KEY_VLLM_LAN", "from-the-keyring")
    monkeypatch.delenv("SWITCHPOINT_API_KEY_VLLM_LAN", raising=False)
    assert key_of(endpoint_of("m@http://vllm.lan:8000/v1")) == "from-the-keyring"
    assert find_key("SWITCHPOINT_API_KEY_VLLM_LAN") == ("from-the-keyring", "keyring")
    assert "from-the-keyring" not in redact("said from-the-keyring"), "one that was read is a secret from then on"
    monkeypatch.setenv("SWITCHPOINT_API_KEY_VLLM_LAN", "from-the-environment")
    assert find_key("SWITCHPOINT_API_KEY_VLLM_LAN") == ("from-the-environment", "environment")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("vllm.lan", "SWITCHPOINT_API_KEY_VLLM_LAN"),
        ("gpu-box:8000", "SWITCHPOINT_API_KEY_GPU__BOX"),
        ("http://Vllm.lan:8000/v1", "SWITCHPOINT_API_KEY_VLLM_LAN"),
        ("openai", "OPENAI_API_KEY"),
        ("api.openai.com", "OPENAI_API_KEY"),
        ("OPENAI_API_KEY", "OPENAI_API_KEY"),
        ("SWITCHPOINT_API_KEY", "SWITCHPOINT_API_KEY"),
        ("SWITCHPOINT_API_KEY_TEAM", "SWITCHPOINT_API_KEY_TEAM"),
    ],
)
def test_a_key_is_named_by_what_it_is_for(typed: str, name: str) -> None:
    assert key_variable_of(typed) == name


@pytest.mark.parametrize(
    "typed", ["", "sk-0123456789abcdef0123", "http://user:secret@box/v1", "two words", "[", "a/b c"]
)
def test_what_names_no_host_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(UserError, match="never the key") as refused:
        key_variable_of(typed)
    assert not typed or typed not in str(refused.value)


def run(tmp_path: Path, *arguments: str) -> int:
    return run_command_line(cli, ["--data", str(tmp_path), *arguments])


def test_the_command_keeps_a_key_and_takes_it_out_and_the_doctor_says_where_it_lies(
    drawer: Drawer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "key", "set", "openai") == 0
    assert drawer.kept == {("switchpoint", "OPENAI_API_KEY"): "a-key-of-somebody"}
    run(tmp_path, "doctor")
    said = capsys.readouterr()
    assert "OPENAI_API_KEY in the keyring" in said.out.replace("\n", " ")
    assert "a-key-of-somebody" not in said.out + said.err
    assert run(tmp_path, "key", "remove", "openai") == 0
    assert drawer.kept == {}
    assert run(tmp_path, "key", "remove", "openai") == 1
    assert "nothing to remove" in capsys.readouterr().err


def test_a_terminal_is_asked_without_an_echo(drawer: Drawer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []

    def without_echo(prompt: str) -> str:
        asked.append(prompt)
        return "typed-without-echo"

    monkeypatch.setattr(sys, "stdin", Terminal("never read\n"))
    monkeypatch.setattr("getpass.getpass", without_echo)
    assert run(tmp_path, "key", "set", "vllm.lan") == 0
    assert asked == ["SWITCHPOINT_API_KEY_VLLM_LAN: "]
    assert list(drawer.kept.values()) == ["typed-without-echo"]


def test_without_a_keyring_the_environment_is_named(
    drawer: Drawer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keyring.set_keyring(Closed())
    assert find_key("OPENAI_API_KEY") == ("", "")
    assert run(tmp_path, "key", "set", "openai") == 1
    said = capsys.readouterr().err
    assert "set OPENAI_API_KEY in the environment instead" in said
    assert "somebody" not in said


def test_without_the_library_only_the_command_minds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden: Any = None
    monkeypatch.setitem(sys.modules, "keyring", hidden)
    assert find_key("OPENAI_API_KEY") == ("", "")
    assert run(tmp_path, "key", "set", "openai") == 1
    assert "pip install keyring" in capsys.readouterr().err
