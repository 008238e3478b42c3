"""What reading a project's predictions again would change: counted, with examples, and the changes themselves.

Reads a thousand predictions at a time and keeps only those that change, in a file: a round may hold a million.
"""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any, Literal

from app.progress import ProgressCallback, nothing_to_save
from app.projects.lookup import find_project, find_round
from app.rereadings.reading import is_changed, is_moved, read_again
from core.parsing.prediction import READING_VERSION
from core.types import Prediction, Role, RoundId
from storage import store
from storage.database import Database
from storage.rows import values_of
from storage.store import StoredReading

CHUNK = 1_000
MAX_EXAMPLES = 20
ROLES: tuple[Role, ...] = ("validation", "test")
Kind = Literal[
    "answer changed",
    "unclear → read",
    "read → unclear",
    "wrong → correct",
    "correct → wrong",
    "steps changed",
    "only rule, place or confidence",
]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A changed prediction in a list: the number of its round, its sample's ids, and both answers (None: unclear)."""

    round: int
    sample: int
    source_id: str
    old: str | None
    new: str | None


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """The accuracy of a round on a set, before and after: sums of scores over ``samples``."""

    round: int
    role: Role
    samples: int
    before: float
    after: float


@dataclass(kw_only=True)
class Preview:
    """What a re-reading of ``rounds`` (ids) would change.

    Of ``read`` predictions that older rules read, ``changed`` would change, counted by ``kinds`` (one may be of
    several). ``kept`` are the samples that would be read otherwise and stay, by why a person decided. ``steps_kept``
    counts those whose file counted the steps, ``set_aside`` the diagnoses that no longer fit.
    """

    project: str
    rounds: list[RoundId]
    read: int = 0
    changed: int = 0
    kinds: Counter[Kind] = field(default_factory=Counter)
    kept: dict[str, list[int]] = field(default_factory=dict)
    steps_kept: int = 0
    set_aside: int = 0
    accuracies: list[Accuracy] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The changed predictions, in a file that lasts as long as the block: one list a line, each of one round."""

    file: IO[str]

    def add(self, changed: list[tuple[Prediction, bool]]) -> None:
        """Keep predictions of one round, each with whether it moved."""
        if changed:
            rows = [values_of(new) | {"text": "", "moved": moved} for new, moved in changed]
            self.file.write(json.dumps(rows) + "\n")

    def lists(self) -> Iterator[tuple[list[Prediction], set[int]]]:
        """The kept predictions, without their texts, and the samples among them that moved."""
        self.file.seek(0)
        for line in self.file:
            rows = json.loads(line)
            moved = {row["sample"] for row in rows if row.pop("moved")}
            yield [_prediction(row) for row in rows], moved


@contextmanager
def preview_rereading(
    db: Database, project: str, *, round_number: int | None = None, on_progress: ProgressCallback
) -> Iterator[tuple[Preview, Changes]]:
    """What reading a round again (None: all of the project, with those of trials) would change, and the changes."""
    with TemporaryFile("w+", encoding="utf-8") as file:
        changes = Changes(file=file)
        yield _read_all(db, project, round_number, changes, on_progress), changes


def _read_all(
    db: Database, project: str, round_number: int | None, changes: Changes, on_progress: ProgressCallback
) -> Preview:
    with db.read() as connection:
        found = find_project(connection, project)
        numbers = store.round_numbers(connection, found.id)
        if round_number is not None:
            one = find_round(connection, found, round_number)
            numbers = {one.id: one.number}
        total = store.count_older_readings(connection, found.id, READING_VERSION)
    shown = Preview(project=project, rounds=list(numbers))
    for round_id, number in numbers.items():
        with db.read() as connection:
            counted = _Counted(
                number=number,
                answers_given=store.has_given_answers(connection, round_id),
                # The rounds of trials are measured in their experiment.
                scores={role: store.summed_scores(connection, round_id, role) for role in ROLES if number >= 0},
            )
        for chunk in _chunks(db, round_id):
            changes.add(list(_changed(shown, chunk, counted)))
            on_progress(nothing_to_save(shown.read, max(total, shown.read), "predictions"))
        shown.accuracies += counted.accuracies()
    return shown


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """A round while it is read: its number, whether its files gave answers, the number and sum of its scores by set,
    and what these gain."""

    number: int
    answers_given: bool
    scores: dict[Role, tuple[int, float]]
    gains: dict[Role, float] = field(default_factory=lambda: dict.fromkeys(ROLES, 0.0))

    def accuracies(self) -> Iterator[Accuracy]:
        """Of each set that has answers."""
        for role, (samples, before) in self.scores.items():
            if samples:
                yield Accuracy(
                    round=self.number, role=role, samples=samples, before=before, after=before + self.gains[role]
                )


def _chunks(db: Database, round_id: RoundId) -> Iterator[list[StoredReading]]:
    after = 0
    while True:
        with db.read() as connection:
            chunk = store.older_readings(connection, round_id, READING_VERSION, after=after, limit=CHUNK)
        if not chunk:
            return
        yield chunk
        after = chunk[-1].sample.id


def _changed(shown: Preview, chunk: list[StoredReading], counted: _Counted) -> Iterator[tuple[Prediction, bool]]:
    """The predictions of a chunk that change, each with whether it moved; counts them in ``shown`` and ``counted``."""
    for stored in chunk:
        old, again = stored.prediction, read_again(stored, answers_given=counted.answers_given)
        new = again.prediction
        shown.read += 1
        if stored.decided:
            if is_changed(old, new):
                shown.kept.setdefault(stored.decided, []).append(stored.sample.id)
            continue
        shown.steps_kept += again.steps_kept
        if not is_changed(old, new):
            continue
        moved = is_moved(old, new)
        shown.changed += 1
        shown.kinds.update(_kinds(old, new))
        shown.set_aside += stored.diagnosed and moved
        if stored.scored and stored.role in counted.gains:
            counted.gains[stored.role] += _score(new) - _score(old)
        if old.answer != new.answer and len(shown.examples) < MAX_EXAMPLES:
            shown.examples.append(
                Example(
                    round=counted.number,
                    sample=stored.sample.id,
                    source_id=stored.sample.source_id,
                    old=old.answer,
                    new=new.answer,
                )
            )
        yield new, moved


def _kinds(old: Prediction, new: Prediction) -> list[Kind]:
    found: list[Kind] = []
    if old.answer != new.answer:
        found.append(
            "unclear → read" if old.answer is None else "read → unclear" if new.answer is None else "answer changed"
        )
    if old.correct != new.correct:
        found.append("wrong → correct" if new.correct else "correct → wrong")
    if old.steps != new.steps:
        found.append("steps changed")
    return found or ["only rule, place or confidence"]


def _score(prediction: Prediction) -> float:
    return float(prediction.correct) if prediction.score is None else prediction.score


def _prediction(row: dict[str, Any]) -> Prediction:
    span = None if row["span"] is None else tuple(row["span"])
    return Prediction(**row | {"steps": tuple(row["steps"]), "span": span})
