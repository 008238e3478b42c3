"""A selection that was made, on the Selection tab: what it is made of, what leaked, and its samples.

Selections never change; the URL says which one is shown and from which of its samples on. Renders rows alone.
"""

from collections import Counter
from urllib.parse import urlencode

from sqlalchemy import Connection

from app.rendering.formatting import count, percent
from app.rendering.html import bar, choices, clock, empty, esc, nav, short, table
from app.selections.shortfalls import badge, shortfalls
from app.web.components.sample_cards import highlight_terms
from app.web.page.place import Place
from core.types import Composition, Hit, Sample, SkillShare
from storage import store
from storage.store import SelectionSummary

PAGE = 15
MOST = {"skills": 14, "tasks": 8, "overlaps": 6, "leaks": 6}


FILES = (
    ("selection.zip", "LLaVA JSON and images"),
    ("selection.parquet", "parquet"),
    ("selection.json", "manifest"),
)


def selection_html(connection: Connection, place: Place, known: list[SelectionSummary]) -> str:
    """The selection of the URL, or the newest one."""
    if not known:
        return empty(
            "No selection yet", "Choose a budget above and press Make selection; it is kept and never changes."
        )
    chosen = next((each for each in known if each.id == place.number("selection")), known[0])
    names = [
        (str(each.id), f"{each.id} · {each.arm}, {each.chosen:,} samples, {clock(each.created)}")
        for each in known[:100]
    ]
    pick = choices("selection", "Selection", names, str(chosen.id))
    go = nav(place.link(tab="tuning", selection=chosen.id, hits=None), "Tune on it", "button primary")
    made = store.make_up_of(connection, chosen.id) or _counted(connection, chosen)
    return (
        f'<div class="row">{pick}{_downloads(place, chosen)}<span class="grow"></span>{go}</div>{_facts(chosen)}'
        f'{_warnings(made)}<div class="two wide-right"><div class="side">{_skills(made)}{_tasks(made, chosen.chosen)}'
        f"{_overlaps(made)}{_leaks(connection, place, chosen)}</div>{_samples(connection, place, chosen)}</div>"
    )


def _counted(connection: Connection, chosen: SelectionSummary) -> Composition:
    """What can still be said of a selection that is older than the account of what it is made of."""
    got = Counter(hit.skill for hit in store.hits_page(connection, chosen.id, limit=-1))
    return Composition(
        skills=tuple(
            SkillShare(skill=each.skill, errors=each.errors, due=0, got=got[each.skill], matching=1, strength=1.0)
            for each in chosen.demands
        )
    )


def _downloads(place: Place, chosen: SelectionSummary) -> str:
    query = urlencode({"project": place.project, "selection": chosen.id})
    links = " · ".join(f'<a href="/export/{name}?{esc(query)}" download>{said}</a>' for name, said in FILES)
    return f'<span class="subdued downloads">Download: {links}</span>'


def _facts(chosen: SelectionSummary) -> str:
    short_of = f" (asked for {chosen.budget:,})" if chosen.chosen != chosen.budget else ""
    leaked = (
        f"<b>{count(chosen.leaked, 'leak')}</b> left out: image or question is in the validation or test set"
        if chosen.leaked
        else "no leak into the validation or test set"
    )
    return (
        f'<p class="facts"><b>{count(chosen.chosen, "sample")}</b>{short_of} from <b>{esc(chosen.support, 60)}</b> · '
        f"{esc(chosen.arm)} · seed {chosen.seed} · {leaked}</p>"
    )


def _warnings(made: Composition) -> str:
    said = [sentence for share in made.skills for sentence in shortfalls(share)]
    rows = "".join(f"<li>{esc(sentence)}</li>" for sentence in said[:5])
    more = f"<li>… and {len(said) - 5:,} more: the manifest has them.</li>" if len(said) > 5 else ""
    return f'<ul class="why">{rows}{more}</ul>' if said else ""


def _skills(made: Composition) -> str:
    """How many hits each skill got beside what it was due."""
    if not made.skills:
        return '<p class="subdued">Not drawn for skills: an arm to compare with.</p>'
    most = max(1, *(each.got for each in made.skills))
    known = any(each.precision is not None for each in made.skills)
    shown = made.skills[: MOST["skills"]]
    rows = [[*_share(each, most), *([_precise(each)] if known else [])] for each in shown]
    head = ["Skill", "#Errors", "", "#Due", "#Got", *(["#Right"] if known else [])]
    truth = (
        '<p class="subdued">Right: the share of its samples that truly exercise the skill, known in the demo’s world '
        "alone.</p>"
        if known
        else ""
    )
    return f"{table(head, rows, 'made', 'What it is made of')}{_rest(len(made.skills), len(shown), 'skill')}{truth}"


def _share(each: SkillShare, most: int) -> list[str]:
    mark = badge(each)
    warned = f' <span class="badge warn">{esc(mark)}</span>' if mark else ""
    pinned = f' <small class="subdued">{each.pinned:,} pinned</small>' if each.pinned else ""
    due = f"{each.due:,}" if each.due else "–"
    name = f'<span dir="auto">{esc(each.skill, 120)}</span>{warned}{pinned}'
    return [name, f"{each.errors:,}", bar(each.got / most), due, f"{each.got:,}"]


def _precise(each: SkillShare) -> str:
    return "–" if each.precision is None else percent(each.precision, 0)


def _tasks(made: Composition, size: int) -> str:
    named = [each for each in made.tasks if each[0]]
    if not named:
        return ""
    shown = named[: MOST["tasks"]]
    rows = [[f'<span dir="auto">{short(task, 60)}</span>', bar(n / size), f"{n:,}"] for task, n in shown]
    return table(["Source task", "", "#Samples"], rows, "made", "By source task") + _rest(
        len(named), len(shown), "task"
    )


def _overlaps(made: Composition) -> str:
    if not made.overlaps:
        return ""
    shown = made.overlaps[: MOST["overlaps"]]
    rows = [
        [f'<span dir="auto">{short(each.one, 60)} <b>+</b> {short(each.other, 60)}</span>', f"{each.samples:,}"]
        for each in shown
    ]
    listed = table(["Two skills that want the same samples", "#Samples"], rows, "made", "Where skills overlap")
    return listed + _rest(len(made.overlaps), len(shown), "pair")


def _leaks(connection: Connection, place: Place, chosen: SelectionSummary) -> str:
    if not chosen.leaked:
        return ""
    leaks = store.leaks_of(connection, chosen.id, limit=MOST["leaks"])
    samples = store.samples_by_id(connection, [key for each in leaks for key in (each.sample, each.measured)])
    roles = store.sample_roles(connection, [each.measured for each in leaks])
    rows = []
    for each in leaks:
        out, kept = samples[each.sample], samples[each.measured]
        picture = f'<img src="/image/{esc(out.image)}" alt="" loading="lazy">' if out.image else ""
        same = "same image" if each.why == "image" else "same question"
        where = nav(place.link(tab="comparison", sample=kept.id), f"{roles[kept.id]} sample {kept.source_id[:40]}")
        key = f'<code title="{esc(each.key, 300)}">{short(each.key, 16 if each.why == "image" else 60)}</code>'
        rows.append([picture, f'<span dir="auto">{short(out.question, 80)}</span><br>{same} as {where} {key}'])
    more = chosen.leaked > len({each.sample for each in leaks})
    rest = '<p class="subdued">The manifest lists all of them.</p>' if more else ""
    return table(["", "Left out"], rows, "hits leaks", f"{count(chosen.leaked, 'leak')} left out") + rest


def _samples(connection: Connection, place: Place, chosen: SelectionSummary) -> str:
    after = place.number("hits") or 0
    hits = store.hits_page(connection, chosen.id, after=after, limit=PAGE)
    samples = store.samples_by_id(connection, [hit.sample for hit in hits])
    rows = [
        _hit_row(place, number, hit, samples[hit.sample])
        for number, hit in enumerate(hits, after + 1)
        if hit.sample in samples
    ]
    last = after + len(hits)
    back = (
        nav(place.link(hits=max(0, after - PAGE) or None), "‹ Previous", "button small") if after else "<span></span>"
    )
    on = nav(place.link(hits=last), f"Next {PAGE} ›", "button small") if last < chosen.chosen else "<span></span>"
    pages = (
        f'<div class="pages">{back}<span class="subdued">{after + 1:,} to {last:,} of '
        f"{chosen.chosen:,}</span>{on}</div>"
    )
    head = ["#", "", "Sample", "Skill label", "#Score", ""]
    return f'<div class="side">{table(head, rows, "hits", "Its samples, in the order chosen")}{pages}</div>'


def _hit_row(place: Place, number: int, hit: Hit, sample: Sample) -> list[str]:
    picture = f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">' if sample.image else ""
    task = f'<small class="subdued">{short(sample.task, 50)}</small>' if sample.task else ""
    asked = f'<br><small class="subdued" dir="auto">for {short(hit.skill, 50)}</small>' if hit.skill else ""
    return [
        f"{number:,}",
        picture,
        f'<span dir="auto">{short(sample.question, 110)}</span> {task}',
        f'<span class="skill-label" dir="auto">{highlight_terms(sample.skill_label, hit.terms)}</span>{asked}',
        f"{hit.score:.2f}" if hit.skill else "–",
        nav(place.link(tab="comparison", training=sample.id, hits=None), "Lineage"),
    ]


def _rest(all_: int, shown: int, one: str) -> str:
    return (
        f'<p class="subdued">… and {count(all_ - shown, "more " + one)}: the manifest has them.</p>'
        if all_ > shown
        else ""
    )
