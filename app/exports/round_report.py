"""A round as one HTML page that opens offline: accuracy, review progress, missing skills, and chosen cases with curves.

Everything is inside the page; its content security policy allows only the page's own scripts and no request. Writes no
file.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from sqlalchemy import Connection

from app.exports.report_cases import case_section, chosen_cases, curve_html
from app.rendering.templates import render
from app.reviews.wording import VERDICT_LABELS
from app.settings import PACKAGE_ROOT
from core.errors import UserError
from core.evaluation.comparison import accuracy_interval
from core.types import Interval, Role
from storage import store
from storage.store import Case, Project, Round, RoundCounts

STYLE = PACKAGE_ROOT / "assets" / "web" / "report.css"
MAX_SKILLS = 30


@dataclass(frozen=True, kw_only=True)
class MeasuredSet:
    """A round's accuracy on one set: ``samples`` in all, of which ``predicted``, ``scored`` and ``right``.

    ``accuracy`` is None where nothing is scored. It is a mean of scores where people gave several answers.
    """

    name: str
    samples: int
    predicted: int
    scored: int
    right: int
    accuracy: Interval | None
    is_mean_score: bool


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
    page = render(
        "report/round.html",
        project=project,
        round_=round_,
        made=datetime.now(UTC).isoformat(),
        policy=_policy([*scripts, *(script for curve in curves for script in _scripts_of(curve))]),
        style=Markup(STYLE.read_text(encoding="utf-8")),  # nosec B704: a file of this package
        scripts=scripts,
        sets=_measured_sets(connection, project, round_),
        verdicts=facets.verdict,
        labels=VERDICT_LABELS,
        skills=facets.skill,
        accepted={demand.skill: demand.errors for demand in store.accepted_skills(connection, round_.id)},
        max_skills=MAX_SKILLS,
        choice=_choice(cases, samples),
        sections=[
            case_section(connection, round_, case, number, curve)
            for number, (case, curve) in enumerate(zip(cases, curves, strict=True), 1)
        ],
    )
    return f"{page}\n"


def _plotly() -> Markup:
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())  # nosec B704: the library's own script


def _scripts_of(curve: Markup) -> Iterator[str]:
    """The scripts in what plotly made; looked for there only, so that no text of a sample can be taken for one."""
    yield from re.findall(r"<script[^>]*>(.*?)</script>", str(curve), re.DOTALL)


def _policy(scripts: Iterable[str]) -> str:
    """A content security policy that allows these scripts, named by hash, and no request to any host."""
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"


def _measured_sets(connection: Connection, project: Project, round_: Round) -> list[MeasuredSet]:
    counts = next(each for each in store.round_counts(connection, project.id) if each.round == round_.id)
    return [
        _measured_set(connection, counts, "validation", "Validation set (diagnosed)"),
        _measured_set(connection, counts, "test", "Test set (only measured)"),
    ]


def _measured_set(connection: Connection, counts: RoundCounts, role: Role, name: str) -> MeasuredSet:
    is_test = role == "test"
    scores = list(store.prediction_scores(connection, counts.round, role).values())
    right = sum(store.correct_predictions(connection, counts.round, role).values())
    return MeasuredSet(
        name=name,
        samples=counts.test_samples if is_test else counts.samples,
        predicted=counts.test_predictions if is_test else counts.predictions,
        scored=len(scores),
        right=right,
        accuracy=accuracy_interval(scores) if scores else None,
        is_mean_score=sum(scores) != right,
    )


def _choice(cases: Sequence[Case], samples: Sequence[int]) -> str:
    """How the cases were chosen, as a sentence."""
    if samples:
        return "Chosen by hand."
    state = "reviewed" if cases and cases[0].review else "diagnosed"
    return f"The {state} cases that the machine is least sure of."
