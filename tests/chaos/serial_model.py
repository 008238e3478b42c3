"""The serial model of reviews: what the database must hold after the acts of all reviewers, one after another."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from core.types import RoundId
from storage import store


@dataclass(kw_only=True)
class Act:
    """What a reviewer did: ``id`` is that of the review it appended, ``outcome`` "ok", "conflict" or "refused"."""

    kind: str
    sample: int
    reviewer: str
    text: str = ""
    seen: int = 0
    id: int | None = None
    outcome: str = ""


@dataclass
class Case:
    """A case in the serial model: the verdicts that stand, those undone, and how many reviews it has."""

    standing: list[str] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    newest: int = 0
    reviews: int = 0


def replay(acts: Sequence[Act]) -> tuple[dict[int, Case], dict[tuple[int, str], str]]:
    """The cases and drafts after the acts, one after another. Fails where an outcome is not the one it must have."""
    cases: dict[int, Case] = {}
    drafts: dict[tuple[int, str], str] = {}
    for act in acts:
        case = cases.setdefault(act.sample, Case())
        if act.outcome == "conflict":
            assert act.seen != case.newest, act
        if act.outcome != "ok":
            continue
        if act.kind == "draft":
            drafts[act.sample, act.reviewer] = act.text
            continue
        if act.kind == "verdict":
            assert act.seen == case.newest, f"somebody's verdict was not seen: {act}"
            case.standing.append(act.text)
            case.undone.clear()
            drafts.pop((act.sample, act.reviewer), None)
        elif act.id is not None:
            source, target = (case.standing, case.undone) if act.kind == "undo" else (case.undone, case.standing)
            target.append(source.pop())
        if act.id is not None:
            case.newest, case.reviews = act.id, case.reviews + 1
    return cases, drafts


def hold_reviews(
    connection: Connection, acts: Sequence[Act], round_id: RoundId, samples: Sequence[int], reviewers: Sequence[str]
) -> None:
    """Hold verdicts, histories and drafts in the database against the model."""
    cases, drafts = replay(acts)
    for sample in samples:
        case, standing = cases.get(sample, Case()), store.current_review(connection, round_id, sample)
        assert (standing.note if standing else None) == (case.standing[-1] if case.standing else None), sample
        assert len(store.review_history(connection, round_id, sample)) == case.reviews, sample
        for name in reviewers:
            draft = store.draft_of(connection, round_id, sample, name)
            assert (draft.note if draft else None) == drafts.get((sample, name)), (sample, name)
