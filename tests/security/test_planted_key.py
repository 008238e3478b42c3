"""API keys are stored and shown nowhere, although the endpoint of a project repeats them in every encoding.

Two keys, one in the environment and one in a keyring of the real library; the app, its worker and the command line run
as processes. Prints what was searched.
"""

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.exports.write import export_report
from app.jobs.queue import put_diagnose, put_label, put_predict
from app.reviews.verdicts import accept_all
from app.selections.draw import make_selection
from app.web.page.place import TABS
from core.redaction import REDACTED, redact, remove_secrets
from core.types import Sample
from storage import store
from storage.database import Database, open_database
from storage.jobs import Job
from tests.app.rpc import Remote
from tests.projects.demo_mistakes import SETTINGS, fill
from tests.security.planted import found_below, found_in, ways
from tests.servers.app_server import ROOT, serving
from tests.servers.faulty_server import ByHash
from tests.servers.openai_server import MODEL, Handler, Manners, OpenAIServer, failed, listening
from tests.wait_for import read_job, wait_for

# Unlike real keys, so that no pattern finds them, and so that every encoding of them differs.
ENVIRONMENT, KEYRING = 'planted"env/Key+71&<x>%\\~', "planted'ring/Key+42&<y>%\\~"
KEYS = {"environment": ENVIRONMENT, "keyring": KEYRING}
REPEATED = [name for name in ways("x") if name not in ("hexadecimal", "UTF-16")]
RING = """
import json, pathlib
from keyring.backend import KeyringBackend
class Ring(KeyringBackend):
    priority = 1
    file = pathlib.Path(__file__).with_name("ring.json")
    def _kept(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}
    def get_password(self, service, username):
        return self._kept().get(username)
    def set_password(self, service, username, password):
        self.file.write_text(json.dumps(self._kept() | {username: password}))
"""


class Parrot(OpenAIServer):
    """An endpoint that repeats the key of each request: in errors while it is ``failing``, else in its answers."""

    failing: int | str = 0

    def __init__(self) -> None:
        super().__init__(ByHash(), Manners())
        self.RequestHandlerClass = Repeats
        self.sent: set[str] = set()


class Repeats(Handler):
    server: Parrot

    def answer(self, body: dict[str, Any], number: int) -> tuple[int, dict[str, str], bytes]:
        key = self.headers["Authorization"].removeprefix("Bearer ")
        self.server.sent.add(key)
        said = " ".join(ways(key)[name].decode() for name in REPEATED)
        if self.server.failing == "html":
            return 200, {}, f"<html><body>Bearer {said}</body></html>".encode()
        if self.server.failing:
            return failed(int(self.server.failing), {"X-Request-Id": key}, f"Incorrect API key provided: {said}")
        status, headers, content = super().answer(body, number)
        completion = json.loads(content)
        for choice in completion["choices"]:
            choice["message"]["content"] += f" {said}"
        return status, headers, json.dumps(completion).encode()


@contextmanager
def command_lines() -> Iterator[set[bytes]]:
    """The command lines of all processes while the block lasts, read five times a second."""
    seen: set[bytes] = set()
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(path.read_bytes())
                except OSError:
                    continue

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def ended(db: Database, job: Job) -> Job:
    wait_for(lambda: read_job(db, job.id).state in ("done", "failed"), db)
    return read_job(db, job.id)


def make(db: Database, server: Parrot) -> None:
    """A project whose teacher uses the environment's key and whose student the keyring's."""
    settings = replace(SETTINGS, endpoint=replace(SETTINGS.endpoint, retries=0), max_new_tokens=64, support="bare")
    student = f"{MODEL}@http://localhost:{server.server_port}/v1"
    fill(db, "p", teacher=server.name, student=student, count=4, settings=settings)
    asked = [Sample(source_id=f"t{n}", question=f"{n} plus 1?", answer="5") for n in range(2)]
    lessons = [Sample(source_id=f"l{n}", question=f"{n} plus 2?", answer="5", response="5") for n in range(3)]
    with db.write() as c:
        store.save_samples(c, project=1, role="test", samples=asked, images={})
        store.save_samples(c, project=None, role="support", name="bare", samples=lessons, images={})


def work(db: Database, server: Parrot) -> None:
    """Run every kind of job that asks an endpoint, first while it fails and then while it answers."""
    kinds: tuple[Callable[[], Job], ...] = (
        lambda: put_predict(db, "p"),
        lambda: put_diagnose(db, "p"),
        lambda: put_label(db, "bare", project="p"),
    )
    failures = []
    for server.failing in (401, 400, 500, "html"):
        for put in kinds:
            failures.append(ended(db, put()))
            assert failures[-1].state == "failed", server.failing
    assert any(REDACTED in each.error for each in failures), "nothing was repeated to be taken out"
    server.failing = 0
    for put in kinds:
        assert ended(db, put()).error == ""
    assert accept_all(db, "p", reviewer="Ada") == 4
    make_selection(db, "p", budget=2, arm="random")


def page_answers(remote: Remote, server: Parrot) -> list[bytes]:
    """All that the page gets: every tab of the project, a project created there, every download."""
    place = {"project": "p", "round": "0", "tab": "data"}
    new = {"name": "made", "student": server.name, "teacher": server.name}
    said = [remote.send("create", place, **new).body]
    for hidden in (f"m@http://user:{ENVIRONMENT}@127.0.0.1/v1", f"m@http://127.0.0.1/v1?key={ENVIRONMENT}"):
        answer = remote.send("create", place, **new | {"name": "no", "teacher": hidden})
        assert answer.is_refusal
        said.append(answer.body)
    for tab in TABS:
        for project in ("p", "made"):
            at = {"project": project, "round": "0", "tab": tab}
            said += [remote.call("page", "load", at, []).body, remote.send("nav", at).body]
    assert sum("demo-teacher" in each for each in said) > len(TABS)
    answers = [each.encode() for each in said]
    for path in ("reviews.csv", "reviews.jsonl", "report.html", "selection.zip", "selection.parquet", "selection.json"):
        got = remote.http.get(f"/export/{path}", params={"project": "p"})
        assert got.status_code == 200, path
        answers += [got.content, repr(got.headers).encode()]
    for path in ("/", "/config", "/desk/stamp?project=p", "/desk/hits?project=p&skill=reading", "/gradio_api/info"):
        answers.append(remote.http.get(path).content)
    return answers


def test_a_planted_key_lies_nowhere_after_a_whole_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out, ring = tmp_path / "data", tmp_path / "out", tmp_path / "ring"
    out.mkdir()
    ring.mkdir()
    (ring / "planted_ring.py").write_text(RING)
    monkeypatch.setenv("SWITCHPOINT_API_KEY", ENVIRONMENT)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "planted_ring.Ring")
    monkeypatch.setenv("PYTHONPATH", f"{ring}:{ROOT}")
    server, db = Parrot(), open_database(data)

    def switchpoint(*words: str, said: str = "", code: int = 0) -> None:
        command = [sys.executable, "-m", "app", "--data", str(data), *words]
        done = subprocess.run(
            command, cwd=ROOT, input=said, capture_output=True, text=True, env=os.environ, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        (out / f"{words[0]}.out").write_text(done.stdout + done.stderr)

    with listening(server), command_lines() as seen:
        switchpoint("key", "set", "localhost", said=f"{KEYRING}\n")
        assert KEYRING in json.loads((ring / "ring.json").read_text()).values()
        make(db, server)
        with serving(data) as served:
            work(db, server)
            remote = Remote(served.url)
            with closing(remote.http):
                answers = page_answers(remote, server)
            server.failing = 401
            switchpoint("doctor", code=1)
            switchpoint("diagnose", "made", code=1)
            switchpoint("backup", str(out / "saved.zip"))
    export_report(db, "p", out / "report.md")
    db.close()
    assert server.sent == set(KEYS.values()), "both keys were sent, and repeated"
    for word in (b"serve", b"worker", b"doctor", b"backup", b"key\0set"):
        assert [each for each in seen if word in each], word
    (files, found), (more, others) = (found_below(folder, KEYS) for folder in (data, out))
    assert (found, others) == ([], [])
    assert [each for answer in answers for each in found_in(answer, KEYS)] == []
    assert [each for line in seen for each in found_in(line, KEYS)] == []
    with capsys.disabled():
        print(
            f"\ntwo keys in {len(ways(ENVIRONMENT))} ways of writing: in none of {files + more} files (database, logs, "
            f"backup, exports, outputs), {len(answers)} answers of the page, {len(seen)} command lines"
        )


@pytest.mark.parametrize("way", ways("x"))
def test_the_search_finds_a_key_in_every_way_of_writing_it(tmp_path: Path, way: str) -> None:
    written = b"(" + ways(ENVIRONMENT)[way] + b")"
    for folder, content in (("plain", written), ("packed", gzip.compress(bytes(99) + written))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "file").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "packed" / "archive", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", content)
    for folder, count in (("plain", 1), ("packed", 2)):
        looked, found = found_below(tmp_path / folder, KEYS)
        assert looked == count
        assert len({each.partition(":")[0] for each in found}) == count
        assert any(f"environment: {way}" in each for each in found), found


def test_the_search_finds_a_key_in_the_log_of_a_database_and_across_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "switchpoint.db"
    c = sqlite3.connect(path)
    c.execute("PRAGMA journal_mode = WAL")
    c.execute("CREATE TABLE said (text)")
    c.executemany("INSERT INTO said VALUES (?)", [("x" * count + ENVIRONMENT,) for count in range(4040, 4100)])
    c.commit()
    kept = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    c.close()
    (tmp_path / "killed").mkdir()
    for name, content in kept.items():  # as a killed process leaves them
        (tmp_path / "killed" / name).write_bytes(content)
    assert any("-wal: environment: as it is" in each for each in found_below(tmp_path / "killed", KEYS)[1])
    assert any("db: environment" in each for each in found_below(tmp_path, KEYS)[1])


@pytest.mark.parametrize("way", REPEATED)
def test_each_way_in_which_a_server_may_repeat_a_key_is_taken_out(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHPOINT_API_KEY", ENVIRONMENT)
    text = f"key ({ways(ENVIRONMENT)[way].decode()}) was refused"
    for clean in (redact, remove_secrets):
        assert clean(text) == f"key ({REDACTED}) was refused"
