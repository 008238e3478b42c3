"""Verdicts on single cases or on all diagnoses of a round, and the thresholds δ and λ."""

from dataclasses import replace

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from core.answer_switch import find_switch
from core.errors import ConflictError, UserError
from core.parsing.scoring import score_answer
from core.types import Review, RoundId, Verdict
from storage import store
from storage.database import Database


def add_review(
    db: Database,
    project: str,
    sample: int,
    verdict: Verdict,
    *,
    reviewer: str,
    round_number: int | None = None,
    mistake_step: int | None = None,
    skill: str = "",
    answer: str | None = None,
    note: str = "",
    seen: int | None = None,
) -> Review:
    """Append a verdict and delete the reviewer's draft; step and skill default to those of the diagnosis.

    ``seen`` is the id of the newest review that the reviewer saw (0: none): raises ConflictError when there is a newer
    one. None skips this check.
    """
    with db.write() as connection:
        round_ = find_round(connection, find_project(connection, project), round_number)
        if store.prediction_of(connection, round_.id, sample) is None:
            raise UserError(
                f"Sample {sample} has no prediction in round {round_.number}: choose one of those that have."
            )
        check_seen(connection, round_.id, sample, seen)
        found = store.diagnosis_of(connection, round_.id, sample)
        machine = (None, "") if found is None else (found.switch.mistake_step, found.skill)
        changed = mistake_step not in (None, machine[0]) or " ".join(skill.split()) not in ("", machine[1])
        review = Review(
            round=round_.id,
            sample=sample,
            reviewer=reviewer,
            verdict="edited" if verdict == "accepted" and changed else verdict,
            mistake_step=mistake_step,
            skill=skill,
            answer=answer,
            note=note,
        )
        correct, score = (None, None) if answer is None else score_answer(answer, store.get_sample(connection, sample))
        stored = store.add_review(connection, review, correct, score)
        store.drop_draft(connection, round_.id, sample, stored.reviewer)
        return stored


def check_seen(connection: Connection, round_id: RoundId, sample: int, seen: int | None) -> None:
    """Raise ConflictError where the case has a newer review than ``seen`` (None: no check)."""
    if seen is None or store.newest_review_id(connection, round_id, sample) == seen:
        return
    raise ConflictError("Somebody decided this case in the meantime: compare both versions, then choose one.")


def set_thresholds(db: Database, project: str, *, round_number: int | None, delta: float, lam: int) -> int:
    """Save δ and λ in the project and apply them to the round's stored curves; returns how many changed.

    Calls no model; reviews stay. Raises UserError for values out of range.
    """
    if not (-1 <= delta < 1 and 1 <= lam <= 20):
        raise UserError("δ lies between −1 and 1 and λ between 1 and 20: choose values in these ranges.")
    with db.write() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, round_number)
        store.save_settings(connection, found.id, replace(found.settings, delta=delta, lam=lam))
        return store.apply_thresholds(connection, round_.id, delta, lam, find_switch)


def accept_all(db: Database, project: str, *, reviewer: str, round_number: int | None = None) -> int:
    """Accept every diagnosis of the round without a verdict; returns how many."""
    with db.write() as connection:
        round_ = find_round(connection, find_project(connection, project), round_number)
        accepted = 0
        for each in store.diagnoses_of(connection, round_.id):
            if not each.skill or store.current_review(connection, round_.id, each.sample) is not None:
                continue
            store.add_review(
                connection, Review(round=round_.id, sample=each.sample, reviewer=reviewer, verdict="accepted")
            )
            accepted += 1
        return accepted
