"""One decision over many cases: what it would change, doing it as one action, and taking that back.

Knows cases and verdicts, no HTML. A plan is read anew before it is carried out, so that nobody decides unseen cases.
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
    """What an act would do to the cases of a filter: ``changes``, counted by the verdict that stands (``before``).

    ``left`` counts the cases that stay as they are by the reason. ``seal`` changes when any of this does.
    """

    act: BulkAct
    skill: str
    changes: list[tuple[Case, Review]] = field(repr=False)
    before: dict[ReviewState, int]
    left: dict[str, int]

    @property
    def seal(self) -> str:
        """A short text that two equal plans share: how many cases change, from which verdicts, and the newest one."""
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
    """What ``act`` would change. A rename rewords accepted cases and accepts those without a verdict, reworded.

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
        reason = _stays(case, chosen, skill)
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
    """Carry a plan out as one action; returns (the action's number, how many cases it decided).

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
    """Take an action of the project back; returns (the undo's own number, how many cases it gave back)."""
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


def _stays(case: Case, act: BulkAct, skill: str) -> str:
    """Why the act leaves a case as it is, "" when it changes it."""
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
