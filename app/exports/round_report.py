"""A round as one HTML page that opens offline: accuracy, review progress, missing skills, and chosen cases with curves.

Everything is inside the page, and its content policy allows its own scripts only and no request. Writes no file.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from app.exports.report_cases import case_section, chosen_cases, curve_html, utc
from app.rendering.formatting import count, percent
from app.rendering.html import bar, esc, short, table
from app.reviews.wording import VERDICT_LABELS
from app.settings import PACKAGE_ROOT
from core.errors import UserError
from core.evaluation.comparison import accuracy_interval
from core.types import Role, SkillDemand
from storage import store
from storage.store import Case, Project, Round, RoundCounts

STYLE = PACKAGE_ROOT / "assets" / "web" / "report.css"
SKILLS_SHOWN = 30
ROLES: dict[Role, str] = {"validation": "Validation set (diagnosed)", "test": "Test set (only measured)"}


def report_round(connection: Connection, project: Project) -> Round:
    """The newest round with predictions on the validation set. Raises ``UserError`` when no round has any."""
    counts = store.round_counts(connection, project.id)
    for each in sorted(counts, key=lambda counted: -counted.number):
        if each.predictions:
            return store.round_of(connection, each.round)
    raise UserError(
        f"No round of '{project.name}' has predictions on the validation set: run `switchpoint predict {project.name}`."
    )


def report_html(connection: Connection, project: Project, round_: Round, samples: Sequence[int] = ()) -> str:
    """The page of a round; ``samples`` are the cases to show (default: the least sure ones that were reviewed).

    Raises ``UserError`` for a sample that is no error of the round.
    """
    cases = chosen_cases(connection, round_, samples)
    curves = [curve_html(case) for case in cases]
    scripts = [_plotly()] if any(curves) else []
    facets = store.facet_counts(connection, round_.id)
    counted = next(each for each in store.round_counts(connection, project.id) if each.round == round_.id)
    parts = [
        _head(project, round_),
        "<section><h2>Accuracy</h2>",
        *_accuracy(connection, round_, counted),
        "</section><section><h2>Review</h2>",
        _progress(facets.verdict),
        "</section><section><h2>Missing skills</h2>",
        _skills(facets.skill, store.accepted_skills(connection, round_.id)),
        f"</section><section><h2>{count(len(cases), 'case')}</h2>",
        _reading(cases, samples),
        *(
            case_section(connection, round_, case, number, curve)
            for number, (case, curve) in enumerate(zip(cases, curves, strict=True), 1)
        ),
        "</section>",
    ]
    title = f"{short(project.name)} · round {round_.number} · Switchpoint"
    policy = _policy([*scripts, *(script for curve in curves for script in _scripts_of(curve))])
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{STYLE.read_text(encoding='utf-8')}</style>{''.join(f'<script>{each}</script>' for each in scripts)}"
        f"</head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _scripts_of(curve: str) -> Iterator[str]:
    """The scripts in what plotly made; looked for there only, so that no text of a sample can be taken for one."""
    yield from re.findall(r"<script[^>]*>(.*?)</script>", curve, re.DOTALL)


def _policy(scripts: Iterable[str]) -> str:
    """A content policy for which only these scripts run, named by hash, and nothing is asked of any host."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"


def _head(project: Project, round_: Round) -> str:
    model = f"tuned: adapter of run {round_.run}" if round_.run else "untuned"
    facts = {
        "Round": f"{round_.number} ({model})",
        "Student": f"<code>{esc(project.student)}</code>",
        "Teacher": f"<code>{esc(project.teacher)}</code>",
        "Made": f"{utc(datetime.now(UTC).isoformat())} UTC, as are all times here",
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    return (
        f'<header><p class="eyebrow">Switchpoint report</p><h1 dir="auto">{esc(project.name)}</h1><dl>{rows}</dl>'
        "</header>"
    )


def _accuracy(connection: Connection, round_: Round, counted: RoundCounts) -> Iterator[str]:
    there = {
        "validation": (counted.predictions, counted.samples),
        "test": (counted.test_predictions, counted.test_samples),
    }
    for role, name in ROLES.items():
        predicted, samples = there[role]
        scores = list(store.prediction_scores(connection, round_.id, role).values())
        right = sum(store.correct_predictions(connection, round_.id, role).values())
        yield f'<div class="measured"><h3>{name}</h3>'
        yield _measured(scores, right) if scores else '<p class="subdued">Not measured.</p>'
        if scores and predicted < samples:
            yield f'<p class="subdued">{predicted:,} of {count(samples, "sample")} are predicted so far.</p>'
        if predicted > len(scores):
            left = count(predicted - len(scores), "sample is", "samples are")
            yield f'<p class="subdued">{left} left out: a person called the label wrong.</p>'
        yield "</div>"


def _measured(scores: list[float], right: int) -> str:
    found = accuracy_interval(scores)
    low, value, high = (f"{share * 100:.2f}%" for share in (found.low, found.value, found.high))
    shares = "" if sum(scores) == right else "accuracy is the mean score, a share where people gave several answers; "
    told = f"95 % interval {percent(found.low)} to {percent(found.high)}"
    return (
        f'<p class="big">{percent(found.value)}</p>'
        f'<span class="track" role="img" aria-label="{told}" style="--low:{low};--value:{value};--high:{high}">'
        f"<i></i><b></b></span>"
        f'<p class="subdued">{right:,} of {count(len(scores), "sample")} correct; {shares}{told}</p>'
    )


def _progress(verdicts: Mapping[str, int]) -> str:
    errors = sum(verdicts.values())
    if not errors:
        return '<p class="subdued">There is no wrong answer on the validation set to review.</p>'
    done = errors - verdicts.get("unreviewed", 0)
    rows = [
        [f"{sign} {name}", bar(verdicts[verdict] / errors, percent(verdicts[verdict] / errors)), f"{number:,}"]
        for verdict, (sign, name) in VERDICT_LABELS.items()
        if (number := verdicts.get(verdict, 0))
    ]
    said = f"<p>{done:,} of {count(errors, 'wrong answer')} on the validation set have a verdict.</p>"
    return said + table(["Verdict", "Share", "#Cases"], rows, "bars verdicts")


def _skills(errors: Mapping[str, int], demands: Sequence[SkillDemand]) -> str:
    accepted = {demand.skill: demand.errors for demand in demands}
    if not errors:
        return '<p class="subdued">No skill was found missing: no wrong answer is diagnosed.</p>'
    most = max(errors.values())
    rows = [
        [
            f'<span dir="auto">{esc(skill, 140)}</span>',
            _stacked(number / most, accepted.get(skill, 0) / most),
            f"{number:,}",
            f"{accepted.get(skill, 0):,}",
        ]
        for skill, number in list(errors.items())[:SKILLS_SHOWN]
    ]
    rest = len(errors) - SKILLS_SHOWN
    more = f'<p class="subdued">… and {count(rest, "rarer one")}.</p>' if rest > 0 else ""
    said = (
        f"<p>{count(len(errors), 'skill')} in {count(sum(errors.values()), 'error')}, named by people where they "
        f"decided, else by the machine; {count(sum(accepted.values()), 'case')} accepted (the dark part of a bar).</p>"
    )
    return said + table(["Skill", "Errors, of them accepted", "#Errors", "#Accepted"], rows, "bars") + more


def _stacked(share: float, taken: float) -> str:
    return (
        f'<span class="bar stacked" aria-hidden="true"><i style="width:{share * 100:.1f}%"></i>'
        f'<i class="taken" style="width:{taken * 100:.1f}%"></i></span>'
    )


def _reading(cases: Sequence[Case], samples: Sequence[int]) -> str:
    """How the cases were chosen, and how a curve is read."""
    if not cases:
        return '<p class="subdued">No wrong answer is diagnosed yet, so there is no case to show.</p>'
    reviewed = "reviewed" if cases[0].review else "diagnosed"
    chosen = "Chosen by hand." if samples else f"The {reviewed} cases that the machine is least sure of."
    return (
        f"<p>{chosen} A curve is how likely the teacher, who sees no image, finds each candidate answer after every "
        "step of the student's rationale: ✓ is the truth, ✗ the student's answer. The shaded step is the mistake step; "
        "the dotted line is the prior, the chance that the teacher is told the truth has before it reads any step.</p>"
    )
