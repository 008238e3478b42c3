"""A selection on the Selection tab: what it consists of, what leaked, and its samples.

Selections never change. The URL says which one is shown, and which page of its samples.
"""

from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy import Connection

from app.rendering.formatting import clock
from app.rendering.templates import macro, render
from app.selections.shortfalls import badge, shortfalls
from app.web.page.place import Place
from app.web.tabs.selection.pages import pages_at
from core.types import Composition, Leak, Sample, SkillShare
from storage import store
from storage.store import SelectionSummary

SAMPLES_PER_PAGE = 15
MAX_SELECTIONS = 100
MAX_SHOWN = {"skills": 14, "tasks": 8, "overlaps": 6, "leaks": 6}
DOWNLOADS = (
    ("selection.zip", "LLaVA JSON and images"),
    ("selection.parquet", "parquet"),
    ("selection.json", "manifest"),
)


@dataclass(frozen=True, kw_only=True)
class LeakRow:
    """A support sample that was left out because of the sample ``measured``, which is in the set ``role``."""

    leak: Leak
    left_out: Sample
    measured: Sample
    role: str


def selection_html(connection: Connection, place: Place, known: list[SelectionSummary]) -> Markup:
    """The selection in the URL, or the newest one."""
    if not known:
        return macro(
            "empty", "No selection yet", "Choose a budget above and press Make selection; it is kept and never changes."
        )
    chosen = next((each for each in known if each.id == place.number("selection")), known[0])
    names = [
        (str(each.id), f"{each.id} · {each.arm}, {each.chosen:,} samples, {clock(each.created)}")
        for each in known[:MAX_SELECTIONS]
    ]
    composition = store.composition_of(connection, chosen.id) or _counted(connection, chosen)
    leaks = _leak_rows(connection, chosen)
    after = place.number("hits") or 0
    hits = store.hits_page(connection, chosen.id, after=after, limit=SAMPLES_PER_PAGE)
    samples = store.samples_by_id(connection, [hit.sample for hit in hits])
    more = after + len(hits) < chosen.chosen
    return render(
        "selection/selection.html",
        place=place,
        selection=chosen,
        names=names,
        downloads=DOWNLOADS,
        download_query=urlencode({"project": place.project, "selection": chosen.id}),
        warnings=[sentence for share in composition.skills for sentence in shortfalls(share)],
        composition=composition,
        shortfall_of=badge,
        named_tasks=[(task, count) for task, count in composition.tasks if task],
        limits=MAX_SHOWN,
        leaks=leaks,
        leaks_left_out=chosen.leaked > len({row.left_out.id for row in leaks}),
        hits=[
            (number, hit, samples[hit.sample]) for number, hit in enumerate(hits, after + 1) if hit.sample in samples
        ],
        hit_pages=pages_at(place, "hits", after, len(hits), SAMPLES_PER_PAGE, more=more, total=chosen.chosen),
    )


def _counted(connection: Connection, chosen: SelectionSummary) -> Composition:
    """The skills of a selection that was made before compositions were saved."""
    got = Counter(hit.skill for hit in store.hits_page(connection, chosen.id, limit=-1))
    return Composition(
        skills=tuple(
            SkillShare(skill=each.skill, errors=each.errors, due=0, got=got[each.skill], matching=1, strength=1.0)
            for each in chosen.demands
        )
    )


def _leak_rows(connection: Connection, chosen: SelectionSummary) -> list[LeakRow]:
    if not chosen.leaked:
        return []
    leaks = store.leaks_of(connection, chosen.id, limit=MAX_SHOWN["leaks"])
    samples = store.samples_by_id(connection, [key for leak in leaks for key in (leak.sample, leak.measured)])
    roles = store.sample_roles(connection, [leak.measured for leak in leaks])
    return [
        LeakRow(leak=leak, left_out=samples[leak.sample], measured=samples[leak.measured], role=roles[leak.measured])
        for leak in leaks
    ]
