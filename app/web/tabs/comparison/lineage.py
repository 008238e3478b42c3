"""Lineage on the Comparison tab, as HTML: a sample through its rounds, or a training sample back to its errors.

Which one is in the URL (``sample``, ``training``). Reads rows by ``app.comparisons.lineage`` only, and the texts of
what is listed.
"""

from sqlalchemy import Connection

from app.comparisons.lineage import (
    ErrorLineage,
    Outcome,
    RoundTrace,
    SelectionTrace,
    TrainingUse,
    Treatment,
    trace_error,
    trace_training,
)
from app.rendering.formatting import count
from app.rendering.html import clock, esc, nav, short
from app.reviews.wording import VERDICT_LABELS
from app.web.page.case_filters import FILTER_PARAMS
from app.web.page.place import Place
from core.errors import UserError
from core.types import Review, Sample
from storage import store
from storage.store import Project
from storage.store.lineage import ChosenHit

LISTED = 50


def lineage_html(connection: Connection, place: Place, project: Project) -> str:
    """The panel of the sample that the URL names; "" where it names none."""
    training = place.number("training")
    if training is None and place.sample is None:
        return ""
    close = nav(place.link(sample=None, training=None), "Close", "button small")
    try:
        if training is not None:
            title, body = f"Lineage of training sample #{training}", _training(connection, place, project, training)
        else:
            title, body = f"Lineage of sample #{place.sample}", _error(connection, place, project, place.sample or 0)
    except UserError as error:
        title, body = "No lineage", f'<p class="subdued">{esc(error)}</p>'
    return (
        f'<section class="lineage" aria-label="Lineage"><div class="row"><h3 tabindex="-1">{title}</h3>'
        '<span class="grow"></span>'
        f"{close}</div>{body}</section>"
    )


def _error(connection: Connection, place: Place, project: Project, sample_id: int) -> str:
    found = trace_error(connection, project, sample_id)
    head = _head(found.sample, f"{found.origin.role} set", f"truth: {short(found.sample.answer, 120)}")
    if not found.rounds:
        return f'{head}<p class="subdued">No round has answered it yet.</p>'
    listed = {each.hit.sample for trace in found.rounds for asked in trace.asked for each in asked.best}
    lessons = store.samples_by_id(connection, listed)
    return head + "".join(_trace(place, found, trace, lessons) for trace in found.rounds)


def _trace(place: Place, found: ErrorLineage, trace: RoundTrace, lessons: dict[int, Sample]) -> str:
    """One round: answer, verdict, and for each selection the hits, the run and what became of the error."""
    answer = "no answer read" if trace.prediction.answer is None else short(trace.prediction.answer, 80)
    first = f'<li><small>Round {trace.round.number}</small><p dir="auto">{_mark(trace.right)} {answer}</p></li>'
    if found.origin.role == "test":
        return (
            f'<ol class="chain">{first}<li class="end">only measured: nothing is diagnosed or chosen for it</li></ol>'
        )
    verdict = _reviewed(place, trace)
    if not trace.asked:
        why = "nothing was asked for" if trace.right else "no selection was made for it"
        return f'<ol class="chain">{first}{verdict}<li class="end">{why}</li></ol>'
    chains = (_chain(place, found, asked, lessons) for asked in trace.asked)
    return "".join(f'<ol class="chain">{first}{verdict}{chain}</ol>' for chain in chains)


def _reviewed(place: Place, trace: RoundTrace) -> str:
    if trace.review is None:
        return "" if trace.right else f"<li><small>Review</small><p>none yet · {_to_review(place, trace)}</p></li>"
    return f"<li><small>Review · {_to_review(place, trace)}</small>{_verdict(trace.review)}</li>"


def _verdict(review: Review) -> str:
    sign, name = VERDICT_LABELS[review.verdict]
    skill = f' <q dir="auto">{short(review.skill, 120)}</q>' if review.skill else ""
    step = f", step {review.mistake_step}" if review.mistake_step else ""
    return (
        f'<p>{sign} {name} by <span dir="auto">{short(review.reviewer, 40)}</span>{step}{skill}</p>'
        f"<small>{clock(review.created)}</small>"
    )


def _to_review(place: Place, trace: RoundTrace) -> str:
    cleared = dict.fromkeys(FILTER_PARAMS) | {"training": None, "tab": "review"}
    return nav(place.link(**cleared | {"round": trace.round.number, "sample": trace.prediction.sample}), "open")


def _chain(place: Place, found: ErrorLineage, asked: SelectionTrace, lessons: dict[int, Sample]) -> str:
    hits = "".join(_hit(place, each, lessons) for each in asked.best)
    more = f"<li>… {asked.chosen - len(asked.best):,} more</li>" if asked.chosen > len(asked.best) else ""
    selection = nav(place.link(tab="selection", selection=asked.selection.id, sample=None, training=None),
                    f"Selection {asked.selection.id}")  # fmt: skip
    chosen = (
        f"<li class=wide><small>{selection} · {asked.chosen:,} of {asked.selection.chosen:,} for "
        f'<q dir="auto">{short(asked.review.skill, 120)}</q></small><ul>{hits}{more}</ul></li>'
    )
    if not asked.treated:
        return f'{chosen}<li class="end">not tuned on yet</li>'
    return chosen + "".join(_outcome(place, found, each) for each in asked.treated)


def _hit(place: Place, each: ChosenHit, lessons: dict[int, Sample]) -> str:
    lesson = lessons.get(each.hit.sample)
    said = short(lesson.question, 60) if lesson else ""
    href = place.link(training=each.hit.sample, sample=None)
    return f'<li><a href="{esc(href)}" data-nav data-opens=lineage dir="auto">#{each.hit.sample} {said}</a></li>'


def _outcome(place: Place, found: ErrorLineage, treated: Treatment) -> str:
    run = nav(place.link(tab="tuning", run=treated.run.id, sample=None, training=None), f"Run {treated.run.id}")
    if treated.opened is None:
        return f"<li><small>{run}</small><p>not finished</p></li>"
    right = found.right_in(treated.opened)
    became = "not answered yet" if right is None else "✓ fixed" if right else "✗ still wrong"
    css = "" if right is None else "truth" if right else "student"
    return f'<li><small>{run} → round {treated.opened.number}</small><p class="{css}"><b>{became}</b></p></li>'


def _training(connection: Connection, place: Place, project: Project, sample_id: int) -> str:
    found = trace_training(connection, project, sample_id)
    label = f"skill label: {short(found.sample.skill_label, 160)}" if found.sample.skill_label else "no skill label"
    head = _head(found.sample, f"support set “{short(found.origin.name, 60)}”", label)
    if not found.uses:
        return f'{head}<p class="subdued">No selection of this project holds it.</p>'
    asking = {key for use in found.uses for key in use.errors[:LISTED]}
    errors = store.samples_by_id(connection, asking)
    left = f'<p class="subdued">… and in {found.left_out:,} older selections.</p>' if found.left_out else ""
    return head + "".join(_use(place, use, errors) for use in found.uses) + left


def _use(place: Place, use: TrainingUse, errors: dict[int, Sample]) -> str:
    made = use.selection
    link = nav(place.link(tab="selection", round=use.made_from.number, selection=made.id, sample=None, training=None),
               f"Selection {made.id}")  # fmt: skip
    where = f"<p>{link} ({esc(made.arm)}, {clock(made.created)}): place {use.place:,} of {made.chosen:,}"
    if not use.hit.skill:
        return f'<div class="use">{where}, drawn at random: for no error.</p></div>'
    skill = f'<q dir="auto">{esc(use.hit.skill, 200)}</q>'
    asked = f"{count(len(use.errors), 'error')} of round {use.made_from.number} asked for {skill}"
    became = (
        "".join(f"<p>{_summary(place, each, len(use.errors))}</p>" for each in use.became) or "<p>Not tuned on yet.</p>"
    )
    rows = "".join(_asking(place, errors[key], use) for key in use.errors[:LISTED] if key in errors)
    rest = len(use.errors) - LISTED
    href = place.link(tab="review", round=use.made_from.number, skill=use.hit.skill, sample=None, training=None)
    more = f"<li>… {rest:,} more: {nav(href, 'all on the Review tab')}</li>" if rest > 0 else ""
    listed = f"<ul class=errors>{rows}{more}</ul>"
    return (
        f'<div class="use">{where}, for {skill} (score {use.hit.score:.2f}).</p><p>{asked}.</p>{became}'
        f"<details open><summary>{count(len(use.errors), 'error')}</summary>{listed}</details></div>"
    )


def _summary(place: Place, each: Outcome, asking: int) -> str:
    run = nav(
        place.link(tab="tuning", run=each.treated.run.id, sample=None, training=None), f"Run {each.treated.run.id}"
    )
    if each.treated.opened is None:
        return f"{run} is not finished."
    fixed = sum(each.right.values())
    unknown = asking - len(each.right)
    rest = f", {unknown:,} not answered yet" if unknown else ""
    counted = f"{fixed:,} fixed, {len(each.right) - fixed:,} still wrong{rest}"
    return f"{run} opened round {each.treated.opened.number}: {counted}."


def _asking(place: Place, sample: Sample, use: TrainingUse) -> str:
    marks = [
        f"{_mark(each.right.get(sample.id))} round {each.treated.opened.number}"
        for each in use.became
        if each.treated.opened is not None
    ]
    href = place.link(sample=sample.id, training=None)
    link = (
        f'<a href="{esc(href)}" data-nav data-opens=lineage dir="auto">#{sample.id} {short(sample.question, 100)}</a>'
    )
    return f"<li>{link} <span>{', '.join(marks)}</span></li>"


def _mark(right: bool | None) -> str:
    if right is None:
        return '<b title="not counted">–</b>'
    return '<b class="truth" title="right">✓</b>' if right else '<b class="student" title="wrong">✗</b>'


def _head(sample: Sample, where: str, fact: str) -> str:
    picture = f'<img src="/image/{esc(sample.image)}" alt="" loading="lazy">' if sample.image else ""
    return (
        f'<div class="row traced">{picture}<div><p dir="auto"><b>{short(sample.question, 400)}</b></p>'
        f'<p class="facts"><span dir="auto">{where}</span> · <span dir="auto">{fact}</span></p></div></div>'
    )
