"""Reviews of diagnoses. Append-only: a review is never changed, an undo is one more review.

Knows no rule for comparing answers: the caller says whether a corrected answer is right.
"""

from dataclasses import replace
from typing import Any, get_args

from sqlalchemy import Connection, Row, and_, func, insert, select
from sqlalchemy.sql.elements import ColumnElement

from core.errors import UserError
from core.types import MAX_SKILL_LENGTH, Diagnosis, Draft, Prediction, Review, RoundId, SkillDemand, Verdict
from storage.rows import REVIEW, latest_review, noun_of, values_of
from storage.store.diagnoses import diagnosis_of
from storage.store.predictions import prediction_of
from storage.tables import reviews

MAX_LENGTHS = {"reviewer": 100, "skill": MAX_SKILL_LENGTH, "answer": 2000, "note": 4000}
AnyRow = Row[Any]
SKILL_VERDICTS: tuple[Verdict, ...] = ("accepted", "edited")


def add_review(
    connection: Connection, review: Review, correct: bool | None = None, score: float | None = None
) -> Review:
    """Append a verdict and return it as stored; the diagnosis stays.

    An accepted or edited case takes an open mistake step or skill from the diagnosis. ``correct`` says whether the
    corrected ``answer`` of the verdict "misread" is right, ``score`` what it scores where that is not just 1 or 0.
    Raises UserError for an unknown case or step, a missing skill or answer, or a text that is too long.
    """
    found = prediction_of(connection, review.round, review.sample)
    if found is None:
        raise UserError(f"Round {review.round} has no prediction for sample {review.sample}: choose one from the list.")
    review = replace(review, skill=" ".join(review.skill.split()), reviewer=review.reviewer.strip() or "anonymous")
    review = with_diagnosis(review, diagnosis_of(connection, review.round, review.sample))
    check_review(review, found, correct)
    marks = (correct, score) if review.verdict == "misread" else (None, None)
    return _append(connection, review, marks, undoes=None)


def undo_review(connection: Connection, round_id: RoundId, sample_id: int, reviewer: str) -> Review | None:
    """Undo the current verdict by appending the one before it ("cleared" where there was none).

    Undoing again goes one verdict further back. Returns the appended review, or None without a current verdict.
    """
    standing, _ = _current_and_undone(connection, round_id, sample_id)
    if not standing:
        return None
    undone = standing.pop()
    return _append_again(
        connection, standing[-1] if standing else None, round_id, sample_id, reviewer, undoes=undone.id
    )


def redo_review(connection: Connection, round_id: RoundId, sample_id: int, reviewer: str) -> Review | None:
    """Append the verdict again that was undone last.

    Returns the appended review, or None where nothing was undone since the newest verdict.
    """
    _, undone = _current_and_undone(connection, round_id, sample_id)
    if not undone:
        return None
    verdict, back = undone[-1]
    return _append_again(connection, verdict, round_id, sample_id, reviewer, undoes=back.id)


def newest_review_id(connection: Connection, round_id: RoundId, sample_id: int) -> int:
    """The id of the case's newest review, undos included; 0 where there is none."""
    query = select(func.max(reviews.c.id)).where(_of_case(round_id, sample_id))
    return connection.scalar(query) or 0


def current_review(connection: Connection, round_id: RoundId, sample_id: int) -> Review | None:
    """The current verdict: the newest review, or None where that is "cleared"."""
    query = select(*REVIEW).where(_of_case(round_id, sample_id)).order_by(reviews.c.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None or row.verdict == "cleared" else noun_of(Review, row)


def last_reviewed_sample(connection: Connection, round_id: RoundId, reviewer: str) -> int | None:
    """The sample of this reviewer's newest current verdict in the round, if there is one."""
    mine = and_(reviews.c.reviewer == reviewer, reviews.c.verdict != "cleared")
    query = select(reviews.c.sample).where(_standing(round_id), mine).order_by(reviews.c.id.desc()).limit(1)
    found: int | None = connection.scalar(query)
    return found


def review_history(connection: Connection, round_id: RoundId, sample_id: int) -> list[Review]:
    """Every review of the case, with undone ones and undos, oldest first."""
    query = select(*REVIEW).where(_of_case(round_id, sample_id)).order_by(reviews.c.id)
    return [noun_of(Review, row) for row in connection.execute(query)]


def review_histories(connection: Connection, round_id: RoundId) -> dict[int, list[Review]]:
    """Every review of the round by sample, each list like ``review_history``."""
    found: dict[int, list[Review]] = {}
    query = select(*REVIEW).where(reviews.c.round == round_id).order_by(reviews.c.sample, reviews.c.id)
    for row in connection.execute(query):
        found.setdefault(row.sample, []).append(noun_of(Review, row))
    return found


def accepted_skills(connection: Connection, round_id: RoundId) -> list[SkillDemand]:
    """The accepted missing skills in the reviewers' wording, with the number of errors of each; most first."""
    errors = func.count().label("errors")
    query = (
        select(reviews.c.skill, errors)
        .where(_standing(round_id), reviews.c.verdict.in_(SKILL_VERDICTS))
        .group_by(reviews.c.skill)
        .order_by(errors.desc(), reviews.c.skill)
    )
    return [noun_of(SkillDemand, row) for row in connection.execute(query)]


def accepted_cases(connection: Connection, round_id: RoundId) -> list[tuple[int, int, str]]:
    """(sample, mistake step, skill) of each error with an accepted skill, as reviewed."""
    query = (
        select(reviews.c.sample, reviews.c.mistake_step, reviews.c.skill)
        .where(_standing(round_id), reviews.c.verdict.in_(SKILL_VERDICTS))
        .order_by(reviews.c.sample)
    )
    return [(row.sample, row.mistake_step, row.skill) for row in connection.execute(query)]


def review_counts(connection: Connection, round_id: RoundId) -> dict[Verdict, int]:
    """How many cases have each current verdict; cases without one are not counted."""
    query = select(reviews.c.verdict, func.count()).where(_standing(round_id)).group_by(reviews.c.verdict)
    return {verdict: count for verdict, count in connection.execute(query) if verdict != "cleared"}


def _current_and_undone(
    connection: Connection, round_id: RoundId, sample_id: int
) -> tuple[list[AnyRow], list[tuple[AnyRow, AnyRow]]]:
    """The verdicts not undone, and those undone since the newest of them, each with the row that undid it.

    A row that undoes an undo is a redo: it is a verdict that is not undone.
    """
    standing: list[AnyRow] = []
    undone: list[tuple[AnyRow, AnyRow]] = []
    undos: set[int] = set()
    for row in connection.execute(select(reviews).where(_of_case(round_id, sample_id)).order_by(reviews.c.id)):
        if row.undoes is None:
            standing.append(row)
            undone.clear()
        elif row.undoes in undos:
            undone.pop()
            standing.append(row)
        else:
            undos.add(row.id)
            undone.append((standing.pop(), row))
    return standing, undone


def _append_again(
    connection: Connection, repeated: AnyRow | None, round_id: RoundId, sample_id: int, reviewer: str, *, undoes: int
) -> Review:
    """Append the verdict of a row (None: "cleared") once more."""
    values: dict[str, Any] = {"verdict": "cleared"}
    if repeated is not None and repeated.verdict != "cleared":
        values = {name: getattr(repeated, name) for name in ("verdict", "mistake_step", "skill", "answer", "note")}
    back = Review(round=round_id, sample=sample_id, reviewer=reviewer.strip() or "anonymous", **values)
    return _append(
        connection, back, (None, None) if repeated is None else (repeated.correct, repeated.score), undoes=undoes
    )


def _of_case(round_id: RoundId, sample_id: int) -> ColumnElement[bool]:
    return and_(reviews.c.round == round_id, reviews.c.sample == sample_id)


def _standing(round_id: RoundId) -> ColumnElement[bool]:
    return and_(reviews.c.round == round_id, reviews.c.id == latest_review(reviews.c.round, reviews.c.sample))


def _append(
    connection: Connection, review: Review, marks: tuple[bool | None, float | None], *, undoes: int | None
) -> Review:
    values = values_of(review) | {"correct": marks[0], "score": marks[1], "undoes": undoes}
    values.pop("created")
    return noun_of(Review, connection.execute(insert(reviews).values(values).returning(*REVIEW)).one())


def with_diagnosis(review: Review, found: Diagnosis | None) -> Review:
    """The review with an open step or skill taken from the diagnosis, where its verdict names a skill."""
    if review.verdict not in SKILL_VERDICTS:
        return review
    step = found.switch.mistake_step if found is not None and review.mistake_step is None else review.mistake_step
    return replace(review, mistake_step=step, skill=review.skill or (found.skill if found is not None else ""))


def check_review(review: Review, found: Prediction, correct: bool | None) -> None:
    """Raise UserError, which says what to do, for a verdict that cannot be stored."""
    if review.verdict not in get_args(Verdict):
        raise UserError(f"There is no verdict {review.verdict!r}: choose one of {', '.join(get_args(Verdict))}.")
    check_texts(review)
    if review.mistake_step is not None and not 1 <= review.mistake_step <= len(found.steps):
        raise UserError(f"There is no step {review.mistake_step}: choose one from 1 to {len(found.steps)}.")
    if review.verdict in SKILL_VERDICTS and (review.mistake_step is None or not review.skill):
        raise UserError("Choose the mistake step and name the missing skill first, or reject or skip the case.")
    if review.verdict == "misread" and (review.answer is None or correct is None):
        raise UserError("Say which answer the student gave, so that it can be scored again.")


def check_texts(typed: Review | Draft) -> None:
    """Raise UserError for a text that is too long or cannot be stored."""
    for name, longest in MAX_LENGTHS.items():
        given = getattr(typed, name) or ""
        if len(given) > longest:
            raise UserError(f"The {name} is longer than {longest} characters: shorten it.")
        if any("\ud800" <= character <= "\udfff" for character in given):
            raise UserError(f"The {name} holds half a character, which cannot be stored: type it again.")
