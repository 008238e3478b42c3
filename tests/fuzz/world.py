"""The real import over a real database, one input after another, and the laws that hold for each.

An input is tried as users would: first unchanged, then without the refused rows, then again. ``Tally`` counts the
results for the table that every run prints.
"""

import json
import re
import time
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.imports.pipeline import commit, dry_run
from app.imports.report import ImportKind, ImportReport, ImportRequest
from app.projects.configuration import create_project
from core.errors import UserError
from core.images import load_upright
from core.types import Role
from storage import store, tables
from storage.database import Database, open_database
from storage.images import image_bytes

KNOWN = [
    {"id": "q1", "question": "How many?", "options": ["3", "4", "5"], "answer": "4"},
    {"id": "q2", "question": "Is it?", "options": ["yes", "no"], "answer": "no"},
    {"id": "free", "question": "What sum?", "answer": "16"},
]
RENEWED_EVERY = 150
MAX_SECONDS = 30
MAX_SENTENCE_LENGTH = 5_000
ROLES: tuple[Role, ...] = ("validation", "test")
UNPRINTABLE = ("Cc", "Cs", "Zl", "Zp")
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
COUNTED = (tables.samples, tables.images, tables.predictions)


@dataclass(frozen=True, kw_only=True)
class Given:
    """An input: its files, the path among them that is imported ("" for their folder), and how.

    ``kind`` is its line of the table.
    """

    kind: str
    files: Mapping[str, bytes]
    path: str
    what: ImportKind = "validation"
    more: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        files = {name: content[:1500] for name, content in self.files.items()}
        return f"Given({self.what} {self.path!r} {files} {self.more})"


@dataclass
class Tally:
    """The results of the inputs of a kind."""

    whole: int = 0
    in_part: int = 0
    rows_refused: int = 0
    unreadable: int = 0
    seconds: float = 0
    slowest: float = 0

    @property
    def inputs(self) -> int:
        return self.whole + self.in_part + self.unreadable

    def line(self, kind: str) -> str:
        """The line of the table."""
        counts = f"{self.inputs:8,}{self.whole:8,}{self.in_part:9,}{self.unreadable:12,}{self.rows_refused:14,}"
        return f"{kind:24}{counts}{self.seconds:8.1f}{self.slowest:9.2f}"


TALLIES: dict[str, Tally] = {}


class World:
    """A data folder and a folder for files; ``judge`` checks one input against the laws."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.db = open_database(folder / "data")
        self.files = folder / "files"
        self.number = 0
        self.known = folder / "known.jsonl"
        self.known.write_text("\n".join(map(json.dumps, KNOWN)))

    def judge(self, given: Given) -> ImportReport | str:
        """The report of the import without refused rows, or the sentence why it cannot be read."""
        if self.number and self.number % RENEWED_EVERY == 0:
            self._renew()
        began = time.monotonic()
        result = self._judged(given)
        tally = TALLIES.setdefault(given.kind, Tally())
        took = time.monotonic() - began
        assert took < MAX_SECONDS, f"this input takes {took:.0f} s"
        tally.seconds += took
        tally.slowest = max(tally.slowest, took)
        if isinstance(result, str):
            tally.unreadable += 1
        elif result["refused_rows"]:
            tally.in_part += 1
            tally.rows_refused += result["refused_rows"]
        else:
            tally.whole += 1
        return result

    def _judged(self, given: Given) -> ImportReport | str:
        request = self.written(given)
        before = counts(self.db)
        try:
            dry = dry_run(self.db, replace(request, skip_refused=True))
        except UserError as error:
            return self._unreadable(request, str(error), before)
        assert counts(self.db) == before, "a dry run writes nothing"
        check_report(dry)
        if dry["refused_rows"]:
            strict = commit(self.db, request)
            assert (strict["accepted"], counts(self.db)) == (0, before), "half imported"
        done = commit(self.db, replace(request, skip_refused=True))
        assert done == dry, "an import does what its dry run said"
        after = counts(self.db)
        self._holds_what_was_accepted(request, done, before, after)
        again = commit(self.db, replace(request, skip_refused=True))
        assert counts(self.db) == after, "importing again changes nothing"
        assert again["accepted"] == 0
        assert again["already_present"] + again["left_out"] >= done["accepted"]
        return done

    def _unreadable(self, request: ImportRequest, sentence: str, before: dict[str, int]) -> str:
        check_sentence(sentence)
        assert Path(request.path).name in sentence or any(
            each.name in sentence for each in Path(request.path).rglob("*")
        ), f"the sentence names no file: {sentence}"
        for skip in (False, True):
            with pytest.raises(UserError) as raised:
                commit(self.db, replace(request, skip_refused=skip))
            assert str(raised.value) == sentence, "a dry run raises what the import does"
        assert counts(self.db) == before, "half imported after an error"
        return sentence

    def _holds_what_was_accepted(
        self, request: ImportRequest, done: ImportReport, before: dict[str, int], after: dict[str, int]
    ) -> None:
        noun = "predictions" if request.what == "predictions" else "samples"
        assert after[noun] - before[noun] == done["accepted"], "what was accepted is there, and nothing else"
        if request.what == "predictions":
            return
        with self.db.read() as connection:
            if request.what == "support":
                found = list(store.support_samples(connection, request.set_name)) if done["accepted"] else []
            else:
                key = store.project_named(connection, request.project).id
                found = [each for role in ROLES for each in store.samples_of(connection, project=key, role=role)]
            assert len({each.source_id for each in found}) == len(found) == done["accepted"]
            for each in found:
                assert each.question
                assert each.answer
                assert not each.options or (each.answer in each.options and len(each.options) > 1)
                if each.image and not each.image.startswith("file:"):
                    check_image(*image_bytes(connection, each.image))

    def _renew(self) -> None:
        """Continue with an empty database, since every input is imported into its own project."""
        self.db.close()
        self.db = open_database(self.folder / f"data-{self.number}")

    def written(self, given: Given) -> ImportRequest:
        """The input on disk, with its own project, as an import request."""
        self.number += 1
        folder = self.files / str(self.number) if given.path == "" else self.files
        for name, content in given.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        name = f"p{self.number}"
        if given.what != "support":
            create_project(self.db, name, student="s", teacher="t")
        if given.what == "predictions":
            commit(self.db, ImportRequest(what="validation", path=str(self.known), project=name, test_share=0))
        return ImportRequest(
            what=given.what, path=str(folder / given.path), project="" if given.what == "support" else name, name=name,
            **given.more,
        )  # fmt: skip


def counts(db: Database) -> dict[str, int]:
    """The number of rows in the tables that an import writes to."""
    with db.read() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in COUNTED}


def check_sentence(text: str) -> None:
    """A sentence can be printed on any terminal, shown on any page, and read to its end."""
    text.encode()
    broken = [each for each in text if unicodedata.category(each) in UNPRINTABLE or each in TURNING]
    assert not broken, f"{broken} in {text!r}"
    assert re.search(r"[.?!…)”]$", text), f"no whole sentence: {text!r}"
    assert len(text) <= MAX_SENTENCE_LENGTH, f"{len(text)} characters"


def check_report(report: ImportReport) -> None:
    """The numbers add up, and every refused row says where it is, what is wrong and why."""
    json.dumps(report, ensure_ascii=False).encode()
    assert len(report["refused"]) == min(report["refused_rows"], 2000)
    rest = report["accepted"] + report["refused_rows"] + report["already_present"] + report["left_out"]
    assert report["found"] == rest, f"{report['found']} rows were found and {rest} accounted for"
    for refusal in report["refused"]:
        assert refusal["file"]
        assert refusal["line"] >= 1
        assert refusal["field"]
        for name in ("file", "field", "reason"):
            check_sentence(refusal[name] + ("" if name == "reason" else "."))
    for note in report["notes"]:
        check_sentence(note)


def check_image(content: bytes, mime: str) -> None:
    """A stored image can be opened everywhere and has a type that browsers show."""
    assert mime in ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp"), mime
    assert min(load_upright(content).size) > 0


def table() -> list[str]:
    """The results of all inputs so far, as lines of a table."""
    head = f"{'kind':24}  inputs   whole  in part  unreadable  rows refused       s  slowest"
    everything = Tally()
    for each in TALLIES.values():
        for name in ("whole", "in_part", "rows_refused", "unreadable", "seconds"):
            setattr(everything, name, getattr(everything, name) + getattr(each, name))
        everything.slowest = max(everything.slowest, each.slowest)
    return [head, *(each.line(kind) for kind, each in sorted(TALLIES.items())), everything.line("all")]
