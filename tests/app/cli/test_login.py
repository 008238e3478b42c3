"""The login commands; without a login the page is open to no other machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.security.authentication import safe_path
from app.security.sessions import sign_in
from storage.database import open_database
from tests.servers.app_server import ROOT

PASSWORD = "correct horse battery"


def switchpoint(data: Path, *words: str, said: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "--data", str(data), "--json", *words]
    return subprocess.run(
        command, cwd=ROOT, input=said, capture_output=True, text=True, env=os.environ | variables, check=False
    )


def test_a_login_is_added_listed_and_removed(tmp_path: Path) -> None:
    assert switchpoint(tmp_path, "login", "add", "Ada", SWITCHPOINT_PASSWORD=PASSWORD).returncode == 0
    again = switchpoint(tmp_path, "login", "add", "Ada", said="another long one\n")
    assert not json.loads(again.stdout)["new"]
    listed = json.loads(switchpoint(tmp_path, "login", "list").stdout)
    assert [each["name"] for each in listed["logins"]] == ["Ada"]
    assert "scrypt" not in json.dumps(listed)
    db = open_database(tmp_path)
    assert sign_in(db, "Ada", PASSWORD, "127.0.0.1") is None
    assert sign_in(db, "Ada", "another long one", "127.0.0.1")
    db.close()
    assert switchpoint(tmp_path, "login", "remove", "Ada").returncode == 0
    gone = switchpoint(tmp_path, "login", "remove", "Ada")
    assert gone.returncode != 0
    assert "There is no login 'Ada'" in gone.stderr + gone.stdout


def test_a_short_password_is_refused(tmp_path: Path) -> None:
    done = switchpoint(tmp_path, "login", "add", "Ada", said="short\n")
    assert done.returncode != 0
    assert "A password has 12 to 1024 characters" in done.stderr + done.stdout


def test_the_page_is_open_to_no_other_machine_while_nobody_has_to_sign_in(tmp_path: Path) -> None:
    done = switchpoint(tmp_path, "serve", "--host", "0.0.0.0", "--port", "1")
    assert done.returncode != 0
    assert "nobody has to sign in: run `switchpoint login add NAME` first" in done.stderr + done.stdout


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "/a\nb", "", "/login?next=/", "/" * 3],
)
def test_signing_in_leads_to_no_other_site(wanted: str) -> None:
    assert safe_path(wanted) == "/"


def test_signing_in_leads_to_where_one_wanted_to_go() -> None:
    assert safe_path("/?project=demo&tab=review") == "/?project=demo&tab=review"
