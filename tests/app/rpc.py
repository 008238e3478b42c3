"""Calls the page's handlers over plain HTTP with any payload, as a hostile client would that never loaded the page.

And the data that such a client is let loose on: a project with errors and a right answer, and another project.
"""

import html
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

from core.types import Prediction, Sample, Settings
from storage import store
from storage.database import FILE_NAME, open_database
from tests.browser.cases import PROJECT, fill

OTHER = "another project"
REVIEW = {"project": PROJECT, "round": "0", "tab": "review"}
DATA = REVIEW | {"tab": "data"}
ACTS = ("open", "tick", "verdict", "undo", "redo", "theirs", "unreviewed", "turn", "jump", "filter")
SESSION = "a-client-of-its-own"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: the HTTP status, the whole body, and the notice line above the tabs ("" where none came)."""

    status: int
    body: str
    notice: str

    @property
    def sentence(self) -> str:
        """What a person reads: the notice, else the sentence with which Gradio itself refused the call."""
        if not self.notice:
            return str(json.loads(self.body).get("error") or "") if self.body.startswith('{"error"') else ""
        return html.unescape(re.sub(r"<button.*?</button>|<[^>]+>", "", self.notice, flags=re.DOTALL))

    @property
    def is_refusal(self) -> bool:
        """Whether the call was refused, by the page or by Gradio before it reached the page."""
        return 'class="notice error"' in self.notice or self.body.startswith('{"error"')


class Remote:
    """The handlers of a running app by the id of the element and the name of the event."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=60)
        config = self.http.get("/config").json()
        names = {part["id"]: part["props"].get("elem_id") or part["type"] for part in config["components"]}
        self.handlers = {
            (names.get(target, "page"), event): (each, target)
            for each in config["dependencies"]
            for target, event in each["targets"]
        }
        self.notice = next(number for number, name in names.items() if name == "notice")

    def close(self) -> None:
        """Hang up."""
        self.http.close()

    def send(self, kind: Any, place: dict[str, Any], **data: Any) -> Answer:
        """A command or an act as the page's bridge sends it."""
        sent = {"kind": kind, **data}
        return self.act(place, sent) if kind in ACTS else self.call("bridge", "cmd", place, [], sent=sent)

    def act(self, place: dict[str, Any], sent: Any) -> Answer:
        """An act as the page sends it, past Gradio."""
        content = json.dumps(sent)  # which, unlike httpx, writes NaN, infinity and half characters too
        said = self.http.post("/desk/act", params=place, content=content)
        parts = said.json() if said.status_code == 200 else {}
        return Answer(status=said.status_code, body=said.text, notice=parts.get("notice") or "")

    def call(self, element: str, event: str, place: dict[str, Any], inputs: list[Any], *, sent: Any = None) -> Answer:
        """Call one handler with these inputs and event data; a queued one is waited for."""
        handler, target = self.handlers[element, event]
        body = {
            "data": inputs,
            "event_data": sent,
            "fn_index": handler["id"],
            "session_hash": SESSION,
            "trigger_id": target,
        }
        said = self.http.post(
            f"/gradio_api/{'queue/join' if handler['queue'] else 'run/predict'}",
            params=place,
            content=json.dumps(body),  # which, unlike httpx, writes NaN, infinity and half characters too
            headers={"content-type": "application/json"},
        )
        queued = handler["queue"] and said.status_code == 200
        return self._answer(said.status_code, self._finished() if queued else said.text, handler["outputs"])

    def _finished(self) -> str:
        """What the queue answers this session."""
        with self.http.stream("GET", "/gradio_api/queue/data", params={"session_hash": SESSION}) as lines:
            for line in lines.iter_lines():
                if '"process_completed"' in line:
                    return json.dumps(json.loads(line.removeprefix("data: "))["output"])
        raise AssertionError("the queue ended without an answer")

    def _answer(self, status: int, body: str, outputs: list[int]) -> Answer:
        values = json.loads(body).get("data") if body.startswith("{") else None
        notice = values[outputs.index(self.notice)] if values else ""
        return Answer(status=status, body=body, notice=notice if isinstance(notice, str) else "")


def fill_two(data: Path) -> None:
    """Sixty errors, one right answer (sample 61), and an error of another project (62) that has a second round."""
    fill(data)
    db = open_database(data)
    with db.write() as connection:
        _one_more(connection, store.project_named(connection, PROJECT).id, correct=True)
        other = store.create_project(connection, OTHER, student="s", teacher="t", settings=Settings()).id
        _one_more(connection, other, correct=False)
        store.open_round(connection, other, run=None)
    db.close()


def _one_more(connection: Connection, project: int, *, correct: bool) -> None:
    one = Sample(source_id="one more", question="One more?", options=("right", "wrong"), answer="right")
    store.save_samples(connection, project=project, role="validation", samples=[one], images={})
    known = max(store.samples_of(connection, project=project, role="validation"), key=lambda sample: sample.id)
    base = store.rounds_of(connection, project)[0].id
    said = "right" if correct else "wrong"
    steps = ("First.", "Second.")
    store.save_predictions(
        connection,
        [Prediction(round=base, sample=known.id, text=said, steps=steps, answer=said, reading="x", correct=correct)],
    )


def rows(data: Path) -> dict[str, int]:
    """How many rows each table has."""
    with closing(sqlite3.connect(data / FILE_NAME)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}


def refused(answer: Answer) -> str:
    """Make sure that the call was refused calmly, and return the sentence."""
    assert answer.is_refusal, answer.body[:300]
    assert "bug" not in answer.sentence
    assert "Traceback" not in answer.body
    return answer.sentence
