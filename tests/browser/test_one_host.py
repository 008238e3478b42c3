"""Nothing is asked of any other host: neither by the processes of the app at work, nor by the page on any of its tabs.

Every process notes each address that it looks up or connects to, by an audit hook that is set before all else.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Request, Response, expect

from app.jobs.queue import put_diagnose, put_predict
from app.web.page.place import TABS
from storage import jobs
from storage.database import Database, open_database
from tests.projects.tiny_project import fill_project, write_files
from tests.servers.app_server import ROOT, serving
from tests.wait_for import wait_for

pytestmark = pytest.mark.browser
HOOK = """
import json, os, sys
KINDS = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
def write(*row):
    with open(os.environ["ASKED"], "a") as file:
        file.write(json.dumps([os.getpid(), *row]) + "\\n")
def note(event, given):
    if event in KINDS:
        address = given[0] if event.startswith("socket.get") else given[1]
        write(event, str(address[0] if isinstance(address, tuple) else address))
sys.addaudithook(note)
write("started", " ".join(sys.orig_argv))
"""
HERE = ("127.0.0.1", "::1", "localhost", "None", "/")


def elsewhere(noted: Path) -> list[list[str]]:
    """What was asked of other hosts; sockets of this machine's own (a path) are none."""
    rows = [json.loads(line) for line in noted.read_text().splitlines()]
    return [row for row in rows if row[1] != "started" and not str(row[2]).startswith(HERE)]


def processes(noted: Path) -> list[str]:
    return [row[2] for row in map(json.loads, noted.read_text().splitlines()) if row[1] == "started"]


def ended(db: Database) -> list[tuple[str, str]]:
    with db.read() as connection:
        return [(each.kind, each.error) for each in jobs.jobs_of(connection) if each.state in ("done", "failed")]


def test_nothing_is_asked_of_any_other_host(chromium: Browser, tmp_path: Path) -> None:
    noted, hook = tmp_path / "asked", tmp_path / "hook"
    hook.mkdir()
    (hook / "sitecustomize.py").write_text(HOOK)
    db = open_database(tmp_path / "data")
    fill_project(db, write_files(tmp_path / "files", samples=4, support=9))
    put_predict(db, "tiny")
    asked: Counter[str] = Counter()
    missing: list[str] = []

    def note(request: Request) -> None:
        asked[urlsplit(request.url).netloc] += 1

    def look(answer: Response) -> None:
        if answer.status >= 400:
            missing.append(answer.url)

    with serving(tmp_path / "data", PYTHONPATH=f"{hook}:{ROOT}", ASKED=str(noted), HF_HUB_OFFLINE="0") as served:
        context = chromium.new_context()
        context.on("request", note)
        context.on("response", look)
        page = context.new_page()
        for tab in TABS:
            page.goto(f"{served.url}/?project=tiny&tab={tab}")
            expect(page.locator("#head .head")).to_have_attribute("data-project", "tiny")
            expect(page.get_by_role("tab", name=tab.capitalize())).to_have_attribute("aria-selected", "true")
        wait_for(lambda: len(ended(db)) == 1, db)
        put_diagnose(db, "tiny")
        wait_for(lambda: len(ended(db)) == 2, db)
        page.reload()
        page.wait_for_load_state("networkidle")
        context.close()
        host = urlsplit(served.url).netloc
    assert sorted(ended(db)) == [("diagnose", ""), ("predict", "")]
    db.close()
    started = processes(noted)
    assert any("serve" in each for each in started)
    assert any("worker" in each for each in started)
    assert elsewhere(noted) == []
    assert set(asked) == {host}
    assert asked[host] > 200
    assert missing == []
    print(f"\n{len(started)} processes asked no other host; {asked[host]} requests of the page, all to its own")


def test_a_process_that_asks_elsewhere_would_be_noticed(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(HOOK)
    code = (
        "import socket\n"
        "for kind in (socket.getaddrinfo, socket.create_connection):\n"
        "    try: kind(*((('evil.invalid', 80),) if kind is socket.create_connection else ('evil.invalid', 80)))\n"
        "    except OSError: pass\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(('192.0.2.1', 9))\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))\n"
    )
    noted = tmp_path / "asked"
    own = {"PYTHONPATH": str(tmp_path), "ASKED": str(noted)}
    subprocess.run([sys.executable, "-c", code], env=os.environ | own, check=False, capture_output=True)
    assert {row[2] for row in elsewhere(noted)} == {"evil.invalid", "192.0.2.1"}
