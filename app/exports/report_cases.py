"""The cases of a report: which ones are chosen, and each as HTML that needs nothing beside itself.

Images are inlined and curves drawn by plotly's own code. Reads rows and writes no file.
"""

import base64
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

from PIL import Image
from sqlalchemy import Connection

from app.rendering.charts import Figure, curve_figure
from app.rendering.formatting import count, percent
from app.rendering.html import esc, hint_html, lecture_html, short
from app.reviews.wording import VERDICT_LABELS, confidence_reason
from core.errors import FolderError, UserError
from core.images import FORMATS
from core.parsing.answer import normalise
from core.parsing.scoring import truth_of
from core.prompts import option_letter
from core.types import Review, Verdict
from storage import store
from storage.images import image_bytes
from storage.store import Case, CaseFilters, Round

CHOSEN = 12
SMALL_IMAGE = 148  # Pixels: up to here an image is shown enlarged, with its pixels kept sharp.
GRID = "rgba(125, 135, 150, 0.28)"
PRIOR = "#7d8796"
MISTAKE = "rgba(45, 125, 205, 0.18)"


def chosen_cases(connection: Connection, round_: Round, samples: Sequence[int] = ()) -> list[Case]:
    """The cases of those samples, in that order.

    Without samples: the diagnosed cases that the machine is least sure of and a person gave a verdict on; where there
    are none, those it is least sure of. Raises ``UserError`` for a sample that is no error of the round.
    """
    if samples:
        return [_case(connection, round_, sample) for sample in dict.fromkeys(samples)]
    verdicts = (verdict for verdict in get_args(Verdict) if verdict != "cleared")
    judged = [case for verdict in verdicts for case in _least_sure(connection, round_, CaseFilters(verdict=verdict))]
    return sorted(judged, key=store.cursor_of)[:CHOSEN] or _least_sure(connection, round_, CaseFilters())


def curve_html(case: Case) -> str:
    """The answer-switch curve as plotly's own HTML, without plotly.js; "" where there is no diagnosis."""
    if case.diagnosis is None:
        return ""
    # Importing plotly's figures takes longer than most commands do.
    import plotly.graph_objects as go
    from plotly.io import to_html

    found = case.diagnosis
    drawn = curve_figure(found.curve, prior=found.prior, delta=found.delta, mistake_step=case.mistake_step)
    figure = go.Figure(data=drawn["traces"], layout=_layout(drawn))
    config = {"displayModeBar": False, "responsive": True}
    return str(to_html(figure, config, include_plotlyjs=False, full_html=False, div_id=f"curve-{case.sample.id}"))


def case_section(connection: Connection, round_: Round, case: Case, number: int, curve: str) -> str:
    """One case: question, answers and image, steps beside the curve, the missing skill, and who said what."""
    sample = case.sample
    told = (f"sample {sample.source_id}", sample.category, sample.task)
    facts = " · ".join(short(part, 60) for part in dict.fromkeys(told) if part)
    return (
        f'<article class="case" id="case-{sample.id}"><p class="facts"><b>{number}</b> <span dir="auto">{facts}</span>'
        f"{_verdict(case)}</p>"
        f'<div class="asked">{_picture(connection, sample.image)}<div>{hint_html(sample.hint)}'
        f'<h3 dir="auto">{esc(sample.question)}</h3>'
        f"{_answers(case)}{lecture_html(sample.lecture, 'lecture')}</div></div>"
        f'<div class="evidence">{_steps(case)}{_curve(case, curve)}</div>'
        f"{_finding(case)}{_history(store.review_history(connection, round_.id, sample.id))}</article>"
    )


def utc(moment: str) -> str:
    """An ISO time as "2026-11-24 13:02" in UTC, so that it reads the same wherever the report is opened."""
    try:
        return datetime.fromisoformat(moment).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return short(moment, 20)


def _case(connection: Connection, round_: Round, sample: int) -> Case:
    found = store.case_of(connection, round_.id, sample)
    if found is None:
        raise UserError(f"Sample {sample} is no error of round {round_.number}: choose one from the Review tab's list.")
    return found


def _least_sure(connection: Connection, round_: Round, filters: CaseFilters) -> list[Case]:
    return [case for case in store.cases_page(connection, round_.id, limit=CHOSEN, filters=filters) if case.diagnosis]


def _picture(connection: Connection, image: str | None) -> str:
    if image is None:
        return ""
    try:
        content, mime = image_bytes(connection, image)
        with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
            css = ' class="small"' if max(opened.size) <= SMALL_IMAGE else ""
    except FolderError:
        raise
    except UserError as error:
        return f'<p class="subdued">{esc(str(error), 600)}</p>'
    except Exception:  # Pillow's decoders raise nearly anything on broken input
        return '<p class="subdued">The image cannot be opened: put a whole one in its place.</p>'
    return f'<img{css} src="data:{esc(mime)};base64,{base64.b64encode(content).decode()}" alt="The sample\'s image">'


def _answers(case: Case) -> str:
    sample, given = case.sample, case.prediction.answer
    truth = truth_of(sample)
    options = list(sample.options) or [truth]
    same = [given is not None and normalise(text) == normalise(given) for text in options]
    rows = [
        _answer(option_letter(at) if sample.options else "", esc(text), text == truth, chosen)
        for at, (text, chosen) in enumerate(zip(options, same, strict=True))
    ]
    if not any(same):
        said = "No answer could be read from the output." if given is None else esc(given)
        rows.append(_answer("?" if given is None else "", said, False, True))
    return f'<ol class="options">{"".join(rows)}</ol>'


def _answer(mark: str, text: str, is_truth: bool, is_student: bool) -> str:
    css = " ".join(name for name, on in (("truth", is_truth), ("student", is_student)) if on)
    tags = ("<em>✓ truth</em>" if is_truth else "") + ("<em>✗ student</em>" if is_student else "")
    name = f"<i>{mark}</i>" if mark else ""
    return f'<li class="{css}">{name}<span dir="auto">{text}</span>{tags}</li>'


def _steps(case: Case) -> str:
    items = "".join(
        f'<li{" class=mistake" if at == case.mistake_step else ""}><b>{at}</b><span dir="auto">{esc(text)}</span>'
        f"{'<em>▸ mistake step</em>' if at == case.mistake_step else ''}</li>"
        for at, text in enumerate(case.prediction.steps, 1)
    )
    shown = f'<ol class="steps">{items}</ol>' if items else f'<p class="raw" dir="auto">{esc(case.prediction.text)}</p>'
    title = "The student's steps" if items else "The student's output, which holds no steps"
    return f'<div class="rationale"><h4>{title}</h4>{shown}</div>'


def _curve(case: Case, curve: str) -> str:
    if not curve:
        return '<p class="subdued">No curve: this case has no diagnosis.</p>'
    where = f", mistake step {case.mistake_step}" if case.mistake_step else ""
    return (
        f"<figure><figcaption>Answer-switch curve</figcaption>"
        f'<div role="img" aria-label="Answer-switch curve{where}">{curve}</div></figure>'
    )


def _verdict(case: Case) -> str:
    sign, name = VERDICT_LABELS[case.review.verdict if case.review else "unreviewed"]
    return f'<span class="verdict {case.review.verdict if case.review else ""}">{sign} {name}</span>'


def _finding(case: Case) -> str:
    skill = f'<b dir="auto">{esc(case.skill, 200)}</b>' if case.skill else "none named"
    rows = [("Missing skill", skill)]
    if found := case.diagnosis:
        switch = found.switch
        machine = confidence_reason(case)
        if found.skill != case.skill:
            machine += f' It named the skill <span dir="auto">{esc(found.skill, 200)}</span>.'
        rows.append(("The machine", f"{percent(switch.confidence, 0)} sure. {machine}"))
    return f'<dl class="finding">{"".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows)}</dl>'


def _history(history: Sequence[Review]) -> str:
    if not history:
        return ""
    rows = "".join(f"<li>{_said(review)}</li>" for review in history)
    return f'<h4>{count(len(history), "review")}</h4><ol class="history">{rows}</ol>'


def _said(review: Review) -> str:
    sign, name = VERDICT_LABELS.get(review.verdict, ("↶", "verdict taken back"))
    parts = [f"{sign} <b>{name}</b>"]
    if review.verdict in ("accepted", "edited"):
        parts.append(f"step {review.mistake_step} · {esc(review.skill, 200)}")
    if review.answer is not None:
        parts.append(f"answer {short(review.answer, 80)}")
    if review.note:
        parts.append(f"“{esc(review.note)}”")
    said = " · ".join(parts)
    return f'<time>{utc(review.created)}</time> {short(review.reviewer, 40)} <span dir="auto">{said}</span>'


def _layout(figure: Figure) -> dict[str, Any]:
    """What ``assets/web/plots.js`` adds on the page; the report's style sheet colours the text, by theme."""
    prior, at, last = figure["prior"], figure["mistake"], figure["steps"]
    shapes: list[Figure] = [_prior_line(prior)]
    notes: list[Figure] = [_note(f"prior<br>{prior:.0%}", xref="paper", x=1.01, y=prior, xanchor="left")]
    if at:
        band = {"type": "rect", "x0": at - 0.28, "x1": at + 0.28, "yref": "paper", "y0": 0, "y1": 1}
        shapes.append({**band, "line": {"width": 0}, "fillcolor": MISTAKE, "layer": "below"})
        notes.append(_note(f"<b>mistake step {at}</b>", x=at, yref="paper", y=1, yanchor="bottom"))
    axis = {"gridcolor": GRID, "linecolor": GRID, "zeroline": False, "fixedrange": True}
    title = {"text": "after step", "standoff": 4, "font": {"size": 11}}
    return {
        "template": {},
        "height": 260,
        "margin": {"l": 44, "r": 42, "t": 22, "b": 60},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12, "family": "system-ui, sans-serif"},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 12}},
        "hovermode": "x unified",
        "xaxis": {**axis, "dtick": 2 if last > 16 else 1, "range": [-0.4, last + 0.4], "title": title},
        "yaxis": {**axis, "range": [-0.03, 1.03], "tickformat": ".0%", "dtick": 0.25},
        "shapes": shapes,
        "annotations": notes,
    }


def _prior_line(prior: float) -> Figure:
    line = {"dash": "dot", "width": 1.5, "color": PRIOR}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": prior, "y1": prior, "line": line}


def _note(text: str, **where: object) -> Figure:
    return {"text": text, "showarrow": False, "yanchor": "middle", "font": {"size": 11}, **where}
