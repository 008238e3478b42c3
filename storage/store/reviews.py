"""What people say about the diagnoses. Append-only: a review is never changed, an undo is one more review.

Knows no rule for comparing answers: who corrects a reading says whether the corrected answer is right.
"""

from dataclasses import replace
from typing import get_args

from sqlalchemy import Connection, Row, and_, func, insert, select
from sqlalchemy.sql.elements import ColumnElement

from core.errors import UserError
from core.types import Diagnosis, Prediction, Review, SkillDemand, Verdict
from storage.rows import REVIEW, latest_review, noun_of, values_of
from storage.store.diagnoses import diagnosis
from storage.store.predictions import prediction
from storage.tables import reviews

LONGEST = {"reviewer": 100, "skill": 200, "answer": 2000, "note": 4000}
NAMES_A_SKILL: tuple[Verdict, ...] = ("accepted", "edited")


def add_review(c: Connection, review: Review, correct: bool | None = None) -> Review:
    """Append a verdict and return it as stored; the diagnosis stays as it is.

    An accepted or edited case takes the mistake step and the skill that are left open from the diagnosis. ``correct``
    says whether the corrected ``answer`` of the verdict "misread" is right. Raises UserError for a case that is not
    there, a step that is not there, a missing skill or answer, or an overlong text.
    """
    found = prediction(c, review.round, review.sample)
    if found is None:
        raise UserError(f"Round {review.round} has no prediction for sample {review.sample}: choose one from the list.")
    review = replace(review, skill=" ".join(review.skill.split()), reviewer=review.reviewer.strip() or "anonymous")
    if review.verdict in NAMES_A_SKILL:
        review = _completed(review, diagnosis(c, review.round, review.sample))
    _check(review, found, correct)
    scored = correct if review.verdict == "misread" else None
    return _append(c, review, correct=scored, undoes=None)


def undo(c: Connection, round_id: int, sample_id: int, reviewer: str) -> Review | None:
    """Take the newest verdict back that still stands, by appending what stood before it ("cleared": nothing did).

    Undoing again goes one verdict further back. Returns the appended review, or None when no verdict stands.
    """
    standing: list[Row[tuple[object, ...]]] = []
    for row in c.execute(select(reviews).where(_of_case(round_id, sample_id)).order_by(reviews.c.id)):
        if row.undoes is None:
            standing.append(row)
        else:
            standing.pop()
    if not standing:
        return None
    undone = standing.pop()
    if standing and standing[-1].verdict != "cleared":
        values = {name: getattr(standing[-1], name) for name in ("verdict", "mistake_step", "skill", "answer", "note")}
        correct = standing[-1].correct
    else:
        values, correct = {"verdict": "cleared"}, None
    back = Review(round=round_id, sample=sample_id, reviewer=reviewer.strip() or "anonymous", **values)
    return _append(c, back, correct=correct, undoes=undone.id)


def current_review(c: Connection, round_id: int, sample_id: int) -> Review | None:
    """The verdict that stands: the newest one, unless it is an undo of all ("cleared")."""
    query = select(*REVIEW).where(_of_case(round_id, sample_id)).order_by(reviews.c.id.desc()).limit(1)
    row = c.execute(query).one_or_none()
    return None if row is None or row.verdict == "cleared" else noun_of(Review, row)


def last_reviewed(c: Connection, round_id: int, reviewer: str) -> int | None:
    """The sample of the round's newest verdict by this reviewer that still stands, if there is one."""
    mine = and_(reviews.c.reviewer == reviewer, reviews.c.verdict != "cleared")
    query = select(reviews.c.sample).where(_standing(round_id), mine).order_by(reviews.c.id.desc()).limit(1)
    found: int | None = c.scalar(query)
    return found


def history(c: Connection, round_id: int, sample_id: int) -> list[Review]:
    """Every review of the case, undone ones and undos too, oldest first."""
    query = select(*REVIEW).where(_of_case(round_id, sample_id)).order_by(reviews.c.id)
    return [noun_of(Review, row) for row in c.execute(query)]


def accepted_skills(c: Connection, round_id: int) -> list[SkillDemand]:
    """The missing skills that people accepted, as they worded them, with how many errors ask for each; most first."""
    errors = func.count().label("errors")
    query = (
        select(reviews.c.skill, errors)
        .where(_standing(round_id), reviews.c.verdict.in_(NAMES_A_SKILL))
        .group_by(reviews.c.skill)
        .order_by(errors.desc(), reviews.c.skill)
    )
    return [noun_of(SkillDemand, row) for row in c.execute(query)]


def review_counts(c: Connection, round_id: int) -> dict[Verdict, int]:
    """How many cases stand under each verdict; cases without a verdict are not counted."""
    query = select(reviews.c.verdict, func.count()).where(_standing(round_id)).group_by(reviews.c.verdict)
    return {verdict: count for verdict, count in c.execute(query) if verdict != "cleared"}


def _of_case(round_id: int, sample_id: int) -> ColumnElement[bool]:
    return and_(reviews.c.round == round_id, reviews.c.sample == sample_id)


def _standing(round_id: int) -> ColumnElement[bool]:
    return and_(reviews.c.round == round_id, reviews.c.id == latest_review(reviews.c.round, reviews.c.sample))


def _append(c: Connection, review: Review, *, correct: bool | None, undoes: int | None) -> Review:
    values = values_of(review) | {"correct": correct, "undoes": undoes}
    values.pop("created")
    return noun_of(Review, c.execute(insert(reviews).values(values).returning(*REVIEW)).one())


def _completed(review: Review, found: Diagnosis | None) -> Review:
    step = found.switch.mistake_step if found is not None and review.mistake_step is None else review.mistake_step
    return replace(review, mistake_step=step, skill=review.skill or (found.skill if found is not None else ""))


def _check(review: Review, found: Prediction, correct: bool | None) -> None:
    if review.verdict not in get_args(Verdict):
        raise UserError(f"There is no verdict {review.verdict!r}: choose one of {', '.join(get_args(Verdict))}.")
    for name, longest in LONGEST.items():
        given = getattr(review, name) or ""
        if len(given) > longest:
            raise UserError(f"The {name} is longer than {longest} characters: shorten it.")
        if any("\ud800" <= character <= "\udfff" for character in given):
            raise UserError(f"The {name} holds half a character, which cannot be stored: type it again.")
    if review.mistake_step is not None and not 1 <= review.mistake_step <= len(found.steps):
        raise UserError(f"There is no step {review.mistake_step}: choose one from 1 to {len(found.steps)}.")
    if review.verdict in NAMES_A_SKILL and (review.mistake_step is None or not review.skill):
        raise UserError("Choose the mistake step and name the missing skill first, or reject or skip the case.")
    if review.verdict == "misread" and (review.answer is None or correct is None):
        raise UserError("Say which answer the student gave, so that it can be scored again.")
