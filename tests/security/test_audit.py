"""The audit fails for a vulnerability, passes without network, and says both."""

import json
from importlib import metadata
from pathlib import Path

from tests.security.audit import LOCK, verdict

SOUND = {"name": "sound", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"], "aliases": []}]}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def said(*found: dict[str, object]) -> tuple[int, str]:
    return verdict(json.dumps({"dependencies": found, "fixes": []}), "")


def test_a_known_vulnerability_fails_and_is_named() -> None:
    code, text = said(SOUND, BAD)
    assert code == 1
    assert "bad 2: PYSEC-1, fixed in 2.1" in text


def test_sound_packages_pass_and_are_counted() -> None:
    assert said(SOUND, UNKNOWN) == (0, "audit: 1 packages looked at, 1 not on PyPI, 0 known vulnerabilities")


def test_where_nothing_can_be_asked_it_passes_and_says_that_nothing_was_looked_at() -> None:
    assert said(UNKNOWN) == (
        0,
        "audit: no advisories can be reached here, so none of 1 packages was looked at.",
    )
    code, text = verdict("", "requests.exceptions.ConnectionError: Max retries exceeded")
    assert (code, text) == (0, "audit: no network, so no package was looked at.")


def test_a_failure_of_another_kind_is_no_pass() -> None:
    code, text = verdict("", "ERROR: invalid requirement on line 3")
    assert code == 1
    assert "invalid requirement" in text


def test_the_lock_names_what_is_installed() -> None:
    rows = [line for line in Path(LOCK).read_text().splitlines() if line and not line.startswith("#")]
    for row in rows:
        name, version = row.split("==")
        assert metadata.version(name).partition("+")[0] == version, row
