"""Bulk verdicts: planning one decision over many cases, applying it as one action, and undoing it.

A plan is computed again before it is applied, so that nobody decides unseen cases. Knows no HTML.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from core.errors import UserError
from core.literals import member_of
from core.types import Review, ReviewState, RoundId, Verdict
from storage import store
from storage.database import Database
from storage.store import Case, CaseFilters, Cursor

BulkAct = Literal["accepted", "rejected", "skipped", "label_wrong", "renamed"]
BULK_ACTS: tuple[BulkAct, ...] = get_args(BulkAct)
CASES_PER_QUERY = 1000
ALREADY_SO = "are so already"
NO_SKILL_OR_STEP = "name no skill and step"
DECIDED_OTHERWISE = "were decided otherwise"


@dataclass(frozen=True, kw_only=True)
class BulkPlan:
    """The effect of an act on the cases of a filter: ``changes``, counted by current verdict in ``before``.

    ``left`` counts the unchanged cases by the reason. ``seal`` changes when any of this does.
    """

    act: BulkAct
    skill: str
    changes: list[tuple[Case, Review]] = field(repr=False)
    before: dict[ReviewState, int]
    left: dict[str, int]

    @property
    def seal(self) -> str:
        """A fingerprint of the plan: the number of changes, their current verdicts, and the newest of those."""
        newest = max((case.review.id for case, _ in self.changes if case.review), default=0)
        return f"{len(self.changes)}.{newest}." + ".".join(f"{key}{n}" for key, n in sorted(self.before.items()))


def plan_bulk(
    connection: Connection,
    project: str,
    round_number: int | None,
    filters: CaseFilters,
    act: str,
    *,
    skill: str,
    reviewer: str,
) -> BulkPlan:
    """Plan an act. A rename rewords accepted cases, and accepts and rewords those without a verdict.

    Raises UserError for an unknown act, or a rename without a skill.
    """
    chosen = member_of(BULK_ACTS, act)
    if chosen is None:
        raise UserError(f"There is no such decision: choose one of {', '.join(BULK_ACTS)}.")
    skill = " ".join(skill.split())
    if chosen == "renamed" and not skill:
        raise UserError("Type the new wording of the skill first.")
    round_ = find_round(connection, find_project(connection, project), round_number)
    changes: list[tuple[Case, Review]] = []
    before: Counter[ReviewState] = Counter()
    left: Counter[str] = Counter()
    for case in _cases(connection, round_.id, filters):
        reason = _unchanged_reason(case, chosen, skill)
        if reason:
            left[reason] += 1
            continue
        before[case.review.verdict if case.review else "unreviewed"] += 1
        changes.append((case, _review(case, chosen, skill, reviewer)))
    return BulkPlan(act=chosen, skill=skill, changes=changes, before=dict(before), left=dict(left))


def do_bulk(
    db: Database,
    project: str,
    round_number: int | None,
    filters: CaseFilters,
    act: str,
    *,
    skill: str,
    reviewer: str,
    seal: str,
) -> tuple[int, int]:
    """Apply a plan as one action; returns (the id of the bulk review, the number of its cases).

    Raises UserError where the cases have changed since the plan with this ``seal`` was shown.
    """
    with db.write() as connection:
        plan = plan_bulk(connection, project, round_number, filters, act, skill=skill, reviewer=reviewer)
        if plan.seal != seal:
            raise UserError("These cases changed while you looked at them: look at the new count, then decide.")
        bulk = store.add_bulk_review(connection, plan.changes)
    if bulk is None:
        raise UserError("No case would change: loosen the filters, or choose another decision.")
    return bulk, len(plan.changes)


def undo_bulk(db: Database, project: str, bulk: int, *, reviewer: str) -> tuple[int, int]:
    """Undo a bulk review of the project; returns (the id of the undo, the number of its cases)."""
    with db.write() as connection:
        rounds = {each.id for each in store.rounds_of(connection, find_project(connection, project).id)}
        if store.round_of_bulk_review(connection, bulk) not in rounds:
            raise UserError("There is no such action in this project.")
        count, undo = store.undo_bulk_review(connection, bulk, reviewer)
    if undo is None:
        raise UserError("Nothing is left to undo: every one of these cases was decided anew since.")
    return undo, count


def _cases(connection: Connection, round_id: RoundId, filters: CaseFilters) -> Iterator[Case]:
    after: Cursor | None = None
    while page := store.cases_page(
        connection, round_id, after=after, limit=CASES_PER_QUERY, filters=filters, order="id"
    ):
        yield from page
        after = store.cursor_of(page[-1], "id")


def _unchanged_reason(case: Case, act: BulkAct, skill: str) -> str:
    """Why the act does not change a case, "" when it does."""
    verdict: Verdict | None = case.review.verdict if case.review else None
    if act == "renamed":
        if verdict not in (None, "accepted", "edited"):
            return DECIDED_OTHERWISE
        if case.skill == skill and verdict is not None:
            return ALREADY_SO
        return "" if case.mistake_step else NO_SKILL_OR_STEP
    if verdict == act or (act == "accepted" and verdict == "edited"):
        return ALREADY_SO
    return NO_SKILL_OR_STEP if act == "accepted" and not (case.skill and case.mistake_step) else ""


def _review(case: Case, act: BulkAct, skill: str, reviewer: str) -> Review:
    review = Review(round=case.prediction.round, sample=case.sample.id, reviewer=reviewer, verdict="accepted")
    if act != "renamed":
        return replace(review, verdict=act)
    as_found = case.diagnosis is not None and skill == case.diagnosis.skill
    moved = case.diagnosis is None or case.mistake_step != case.diagnosis.switch.mistake_step
    verdict: Verdict = "accepted" if as_found and not moved else "edited"
    return replace(review, verdict=verdict, mistake_step=case.mistake_step, skill=skill)
