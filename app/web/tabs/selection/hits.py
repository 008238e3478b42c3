"""The hits of each accepted skill on the Selection tab: what it would draw, in which order, and a person's rulings.

Renders what the core lists and ranks nothing itself. A ruling is the act "rule", taking one back the act "unrule".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import Connection

from app.rendering.formatting import count
from app.rendering.html import empty, esc, nav, short
from app.selections.shortfalls import badge, shortfalls
from app.selections.support_index import Indexed
from app.web.components.sample_cards import highlight_terms
from app.web.page.place import Place
from core.selection.composition import expected_shares
from core.selection.rulings import hits_with_removed
from core.types import Hit, Ruling, Sample, SkillDemand, SkillShare
from storage import store

SKILLS = 20
HITS = 20


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """What hits are shown from: the accepted skills, the rulings that stand, the support set, budget and seed."""

    demands: Sequence[SkillDemand]
    rulings: Sequence[Ruling]
    support: Indexed
    budget: int
    seed: int

    def offers(self, skills: Sequence[str]) -> tuple[SkillShare, ...]:
        """What these skills would be due and find."""
        return expected_shares(
            self.support.index, self.demands, skills, budget=self.budget, seed=self.seed, rulings=self.rulings
        )


def choosing_html(connection: Connection, place: Place, now: Choosing) -> str:
    """The accepted skills, and the hits of the one that the URL names (or the first)."""
    skills = [each.skill for each in now.demands]
    chosen = place.choice("for")
    chosen = chosen if chosen in skills else skills[0]
    return (
        f'<div class="choosing">{_skills(place, now, skills, chosen)}'
        f'<section class="side" aria-labelledby="hits-of">{_hits(connection, place, now, chosen)}</section></div>'
    )


def _skills(place: Place, now: Choosing, skills: list[str], chosen: str) -> str:
    start = min(place.number("skills") or 0, max(0, len(skills) - 1)) // SKILLS * SKILLS
    offers = now.offers(skills[start : start + SKILLS])
    ruled = {each.skill for each in now.rulings}
    rows = "".join(_skill(place, each, chosen, each.skill in ruled) for each in offers)
    last = start + len(offers)
    pages = _pages(place, "skills", start, SKILLS, more=last < len(skills), said=f"{start + 1:,} to {last:,}")
    pages = pages if len(skills) > SKILLS else ""
    return f'<nav class="side" aria-label="Accepted skills"><ul class="skill-list">{rows}</ul>{pages}</nav>'


def _skill(place: Place, share: SkillShare, chosen: str, ruled: bool) -> str:
    link = place.link(**{"for": share.skill, "rank": None})
    mark = badge(share)
    warned = f'<span class="badge warn">{esc(mark)}</span>' if mark else ""
    hand = '<span class="badge" title="You pinned or removed hits of it">ruled</span>' if ruled else ""
    here = ' aria-current="true"' if share.skill == chosen else ""
    return (
        f'<li><a class="skill-row" href="{esc(link)}" data-nav{here}><span class="name" dir="auto">'
        f'{esc(share.skill, 120)}</span><span class="subdued">{count(share.errors, "error")} · due {share.due:,} · '
        f"{share.matching:,} match</span>{warned}{hand}</a></li>"
    )


def _hits(connection: Connection, place: Place, now: Choosing, skill: str) -> str:
    (share,) = now.offers([skill])
    after = place.number("rank") or 0
    found = hits_with_removed(now.support.index, skill, seed=now.seed, rulings=now.rulings)
    page = list(islice(found, after, after + HITS + 1))
    more, page = len(page) > HITS, page[:HITS]
    samples = store.samples_by_id(connection, [hit.sample for hit, _ in page])
    by_sample = {each.sample: each for each in now.rulings if each.sample is not None and each.skill == skill}
    elsewhere = {each.sample: each for each in now.rulings if each.act == "remove" and each.sample is not None}
    by_task = {each.task: each for each in now.rulings if each.task is not None and each.skill == skill}
    rows = "".join(
        _row(place, number, hit, samples[hit.sample], skill, drawn=drawn,
             own=by_sample.get(hit.sample) or elsewhere.get(hit.sample), of_task=by_task.get(samples[hit.sample].task))
        for number, (hit, drawn) in enumerate(page, after + 1)
        if hit.sample in samples
    )  # fmt: skip
    best = f" · best score {share.best:.2f}" if share.matching else ""
    head = (
        f'<h3 id="hits-of" dir="auto">{esc(skill, 200)}</h3><p class="facts">due <b>{share.due:,}</b> of '
        f"{now.budget:,} · {count(share.matching, 'sample')} of <b>{esc(now.support.name, 60)}</b> "
        f"{'matches' if share.matching == 1 else 'match'}{best}</p>"
    )
    warned = "".join(f'<p class="why">{esc(said)}</p>' for said in shortfalls(share, made=False))
    body = (
        f'<ol class="hit-list" start="{after + 1}">{rows}</ol>'
        + _pages(place, "rank", after, HITS, more=more, said=f"{after + 1:,} to {after + len(page):,}")
        if rows
        else empty("No hit", "No support sample matches these words: reword the skill on the Skills tab.")
    )
    return f"{head}{warned}{_ruled(connection, now, skill)}{body}"


def _row(
    place: Place, number: int, hit: Hit, sample: Sample, skill: str, *, drawn: bool, own: Ruling | None,
    of_task: Ruling | None,
) -> str:  # fmt: skip
    picture = (
        f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">'
        if sample.image
        else '<span class="noimage">text</span>'
    )
    lineage = place.link(tab="comparison", training=sample.id)
    one = _acts(skill, own, f"sample {sample.id}", sample=sample.id)
    task = (
        f'<div class="task"><span class="subdued" title="{esc(sample.task, 300)}">All of “{short(sample.task, 34)}”'
        f"</span>{_acts(skill, of_task, f'all of task {sample.task}', task=sample.task)}</div>"
        if sample.task
        else ""
    )
    state = "" if drawn else " out"
    return (
        f'<li class="hit{state}" data-hit="{sample.id}" tabindex="-1"><span class="num subdued">{number:,}</span>'
        f'{picture}<div class="text"><p dir="auto">{short(sample.question, 170)}</p><p class="skill-label" dir="auto">'
        f'{highlight_terms(sample.skill_label, hit.terms)}</p></div><div class="score"><b>{hit.score:.2f}</b>'
        f"{nav(lineage, 'Lineage')}</div>"
        f'<div class="acts"><div class="one">{one}</div>{task}</div></li>'
    )


def _acts(skill: str, ruling: Ruling | None, what: str, **on: object) -> str:
    """Pin and remove where nothing was said; else what was said, and a way to take it back."""
    if ruling is None:
        return "".join(
            _act("rule", label, f"{label} {what}", skill=skill, ruling=act, **on)
            for act, label in (("pin", "Pin"), ("remove", "Remove"))
        )
    said = "pinned" if ruling.act == "pin" else "removed"
    under = "" if ruling.skill == skill else f" under “{short(ruling.skill, 40)}”"
    back = "Unpin" if ruling.act == "pin" else "Put back"
    return (
        f'<span class="badge {said}">{said}{under}</span>'
        f"{_act('rule', back, f'{back}: {what}', skill=ruling.skill, ruling='clear', **on)}"
    )


def _act(kind: str, label: str, title: str, **data: object) -> str:
    extra = "".join(f' data-{name}="{esc(value)}"' for name, value in data.items())
    return (
        f'<button type="button" class="button small" data-desk="{kind}"{extra} aria-label="{esc(title, 200)}" '
        f'title="{esc(title, 200)}">{esc(label)}</button>'
    )


def _ruled(connection: Connection, now: Choosing, skill: str) -> str:
    """What was said of this skill's hits, in one line that opens."""
    own = [each for each in now.rulings if each.skill == skill]
    if not own:
        return ""
    samples = store.samples_by_id(connection, [each.sample for each in own[:HITS] if each.sample is not None])
    rows = ""
    for each in own[:HITS]:
        said = "Pinned" if each.act == "pin" else "Removed"
        what = (
            f"all of “{short(each.task, 60)}”"
            if each.sample is None
            else f"sample {each.sample}: {short(samples[each.sample].question, 70)}"
        )
        on = {"task": each.task} if each.sample is None else {"sample": each.sample}
        named = f"Take back: {said} {each.task or each.sample}"
        back = _act("rule", "Take back", named, skill=skill, ruling="clear", **on)
        who = f'<small class="subdued">{short(each.reviewer, 40)}</small>'
        rows += f'<li><span dir="auto">{said} {what}</span> {who} {back}</li>'
    pins = sum(each.act == "pin" for each in own)
    more = f"<li>… and {len(own) - HITS:,} more: `switchpoint rule` lists them.</li>" if len(own) > HITS else ""
    return (
        f'<details class="raw" data-keep="rulings"><summary>{pins:,} pinned, {len(own) - pins:,} removed</summary>'
        f'<ul class="ruled">{rows}{more}</ul></details>'
    )


def _pages(place: Place, name: str, after: int, size: int, *, more: bool, said: str) -> str:
    gap = "<span></span>"
    back = nav(place.link(**{name: max(0, after - size) or None}), "‹ Previous", "button small") if after else gap
    on = nav(place.link(**{name: after + size}), f"Next {size} ›", "button small") if more else gap
    return f'<div class="pages">{back}<span class="subdued">{said}</span>{on}</div>'
