"""The samples behind a number of the Comparison tab: image and question, and what both rounds said, side by side.

A page starts after a sample (``at`` in the URL), so that it stays the same when samples before or after it change.
"""

from bisect import bisect_right
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from app.comparisons.paired import PairedComparison
from app.rendering.formatting import count
from app.rendering.templates import render
from app.web.page.case_filters import FILTER_PARAMS
from app.web.page.place import Place
from app.web.tabs.comparison.figures import KINDS, MAX_NAME_LENGTH, OUTCOMES, chosen_outcome
from storage import store

PAGE_SIZE = 20
MAX_STEPS = 6
MAX_STEP_LENGTH = 260


def cases_html(connection: Connection, place: Place, compared: PairedComparison) -> Markup:
    """One page of the opened number, within a category or skill where the URL names one."""
    outcome = chosen_outcome(place, compared)
    kind, name = within(place)
    ids = [sample for sample in getattr(compared.found, outcome) if not kind or _group(compared, kind, sample) == name]
    start = bisect_right(ids, place.number("at") or 0)
    start = start if start < len(ids) else max(len(ids) - 1, 0) // PAGE_SIZE * PAGE_SIZE
    return render(
        "comparison/cases.html",
        place=place,
        title=f"{OUTCOMES[outcome]} on the {compared.found.role} set: {count(len(ids), 'sample')}",
        group={"kind": KINDS[kind].lower(), "name": name} if kind else None,
        role=compared.found.role,
        pairs=_pairs(connection, compared, outcome, ids[start : start + PAGE_SIZE]),
        start=start,
        total=len(ids),
        previous=place.link(at=ids[start - PAGE_SIZE - 1] if start > PAGE_SIZE else None) if start else "",
        next=place.link(at=ids[start + PAGE_SIZE - 1]) if start + PAGE_SIZE < len(ids) else "",
        without_filters=dict.fromkeys(FILTER_PARAMS),
        max_steps=MAX_STEPS,
        max_step_length=MAX_STEP_LENGTH,
    )


def within(place: Place) -> tuple[str, str]:
    """The kind and name of the group that the URL narrows the samples to; two empty texts for none."""
    kind, _, name = place.choice("within").partition(":")
    return (kind, name) if kind in KINDS and name else ("", "")


def _group(compared: PairedComparison, kind: str, sample: int) -> str:
    groups = compared.categories if kind == "category" else compared.skills
    return groups.get(sample, "")[:MAX_NAME_LENGTH]


def _pairs(connection: Connection, compared: PairedComparison, outcome: str, ids: list[int]) -> list[dict[str, Any]]:
    """Each sample with its skill and, for both rounds, the round, its prediction and whether that is right."""
    samples = store.samples_by_id(connection, ids)
    rounds = (compared.first, compared.second)
    given = [store.predictions_for(connection, round_.id, ids) for round_ in rounds]
    right = (outcome in ("broken", "still_right"), outcome in ("fixed", "still_right"))
    return [
        {
            "sample": samples[key],
            "skill": compared.skills.get(key),
            "answers": [(rounds[n], given[n].get(key), right[n]) for n in (0, 1)],
        }
        for key in ids
    ]
