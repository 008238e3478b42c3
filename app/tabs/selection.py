"""The Selection tab: choose a budget, make a training set from the accepted skills, and look at what it is made of.

Selections never change; the URL says which one is shown and which page of its hits.
"""

from collections import Counter
from typing import Any

from sqlalchemy import Connection

from app import actions
from app.cards import marked
from app.links import Place
from app.markup import bar, choices, clock, count, empty, esc, nav, short, table
from app.page import Page, Parts, TabView, told
from app.projects import find_project, find_round
from app.quiet import gr
from core.errors import UserError
from core.types import Hit, Sample
from storage import store
from storage.store import SelectionSummary

PAGE = 25
LARGEST = 100_000
USUAL = 2000
ARMS = [("For the accepted skills", "targeted"), ("Random, to compare with", "random")]


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    ready = page.part("ready")
    with gr.Column(elem_id="select-form"):
        with gr.Row():
            slider = gr.Slider(
                10, 10_000, value=USUAL, step=10, label="Budget: samples to choose", elem_id="budget", scale=4
            )
            budget = page.output(slider)
            support = page.output(gr.Dropdown([], label="Draw from", elem_id="support", scale=2, min_width=170))
            seed = gr.Number(0, precision=0, label="Seed", elem_id="select-seed", scale=1, min_width=100)
        with gr.Row():
            arm = gr.Radio(ARMS, value="targeted", label="Choose", elem_id="arm", scale=4, min_width=380)
            fewer = gr.Checkbox(label="Fewer, if fewer match", value=False, elem_id="fewer", scale=2, min_width=220)
            button = gr.Button("Make selection", variant="primary", elem_id="select-button", scale=1, min_width=150)
    made = page.part("selection")

    def show(place: Place) -> Parts:
        if not place.project:
            return {ready: "", made: empty("No project", "Make a project first: the button is above.")}
        with page.db.read() as c:
            project = find_project(c, place.project)
            now = find_round(c, project, place.round)
            known = store.selections_of(c, project.id)
            largest = max([each.samples for each in store.support_sets(c)], default=0)
            limit = min(LARGEST, max(100, largest))
            return {
                ready: ready_html(c, place, now.id),
                support: _supports(c, project.settings.support),
                budget: gr.Slider(maximum=limit, **({"value": limit} if limit < USUAL else {})),
                made: selection_html(c, place, known),
            }

    def select(place: Place, *form: Any) -> Parts:
        size, chosen_seed, chosen_arm, allow_fewer, name = form
        if not isinstance(size, int | float) or not 1 <= size <= LARGEST:
            raise UserError(f"The budget must be a whole number from 1 to {LARGEST:,}.")
        if not isinstance(chosen_seed, int | float) or not 0 <= chosen_seed < 2**31:
            raise UserError(f"The seed must be a whole number from 0 to {2**31 - 1:,}.")
        if chosen_arm not in ("targeted", "random"):
            raise UserError("Choose whether the selection is for the accepted skills or random.")
        new = actions.make_selection(
            page.db,
            place.project,
            budget=int(size),
            round=place.round,
            seed=int(chosen_seed),
            arm=chosen_arm,
            support=str(name or ""),
            allow_fewer=bool(allow_fewer),
        )
        said = f"Selection {new.id} holds {count(len(new.hits), 'sample')}. Tune on it next."
        return {**page.refresh(without_selection(place)), page.notice: told(said)}

    page.listen(button.click, select, [budget, seed, arm, fewer, support], queue=True, concurrency_id="select")
    return TabView(show=show, follow=lambda _: {})


def _supports(c: Connection, own: str) -> Any:
    """The support sets to draw from, the project's own chosen."""
    names = [each.name for each in store.support_sets(c)]
    return gr.Dropdown(names, value=own if own in names else next(iter(names), None))


def without_selection(place: Place) -> Place:
    """The place with the newest selection shown from its first page."""
    kept = {name: value for name, value in place.choices.items() if name not in ("selection", "hits")}
    return Place(project=place.project, round=place.round, tab=place.tab, sample=place.sample, choices=kept)


def ready_html(c: Connection, place: Place, round_id: int) -> str:
    """What a selection made now would be for."""
    demands = store.accepted_skills(c, round_id)
    if not demands:
        go = nav(place.link(tab="review", sample=None), "Review cases", "button")
        return (
            '<div class="row"><p>No skill is accepted in this round yet: a targeted selection needs at '
            f"least one.</p>{go}</div>"
        )
    errors = sum(demand.errors for demand in demands)
    named = ", ".join(f"<b>{short(demand.skill, 50)}</b> ×{demand.errors}" for demand in demands[:4])
    more = f" and {len(demands) - 4:,} more" if len(demands) > 4 else ""
    return (
        f"<p>{count(len(demands), 'accepted skill')} from {count(errors, 'case')}: {named}{more}. More "
        "errors, more samples.</p>"
    )


def selection_html(c: Connection, place: Place, known: list[SelectionSummary]) -> str:
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
    return (
        f'<div class="row">{pick}<span class="grow"></span>{go}</div>{_facts(chosen)}'
        f'<div class="{"two wide-right" if chosen.arm == "targeted" else "side"}">'
        f"{_made_of(c, chosen)}{_hits(c, place, chosen)}</div>"
    )


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


def _made_of(c: Connection, chosen: SelectionSummary) -> str:
    """How many hits each skill got beside how many errors asked for it."""
    if chosen.arm != "targeted":
        return (
            '<div class="side"><p class="subdued">Drawn at random from the whole support set: the arm to '
            "compare with.</p></div>"
        )
    hits = Counter(hit.skill for hit in store.hits_page(c, chosen.id, limit=-1))
    most = max(hits.values(), default=1)
    rows = [
        [
            f'<span dir="auto">{esc(demand.skill, 120)}</span>',
            f"{demand.errors:,}",
            f"{bar(hits[demand.skill] / most)}",
            f"{hits[demand.skill]:,}",
        ]
        for demand in chosen.demands[:40]
    ]
    more = (
        f'<p class="subdued">… and {len(chosen.demands) - 40:,} rarer skills.</p>' if len(chosen.demands) > 40 else ""
    )
    return (
        '<div class="side">'
        f"{table(['Skill', '#Errors', '', '#Samples'], rows, 'made', 'What it is made of')}{more}</div>"
    )


def _hits(c: Connection, place: Place, chosen: SelectionSummary) -> str:
    after = place.number("hits") or 0
    hits = store.hits_page(c, chosen.id, after=after, limit=PAGE)
    samples = store.samples_by_id(c, [hit.sample for hit in hits])
    rows = [
        _hit_row(number, hit, samples[hit.sample])
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
    listed = table(["#", "", "Sample", "Skill label", "#Score"], rows, "hits", "Its samples, in the order chosen")
    return f'<div class="side">{listed}{pages}</div>'


def _hit_row(number: int, hit: Hit, sample: Sample) -> list[str]:
    picture = f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">' if sample.image else ""
    task = f'<small class="subdued">{short(sample.task, 50)}</small>' if sample.task else ""
    return [
        f"{number:,}",
        picture,
        f'<span dir="auto">{short(sample.question, 110)}</span> {task}',
        f'<span class="skill-label" dir="auto">{marked(sample.skill_label, hit.terms)}</span>',
        f"{hit.score:.2f}" if hit.skill else "–",
    ]
