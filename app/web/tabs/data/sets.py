"""What is in a project, on the Data tab: its sets with what a round did on them, and the support sets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from app.projects.status import better_reading
from app.rendering.formatting import cut
from app.rendering.templates import macro, render
from app.web.components.job_tray import waits
from app.web.page.place import Place
from core.endpoints.addresses import parse_endpoint
from core.errors import UserError
from core.types import Role
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job

ROLES: tuple[Role, ...] = ("validation", "test")
MAX_CATEGORIES = 12


@dataclass(frozen=True, kw_only=True)
class SetRow:
    """A set of the project and what a round did on it; ``accuracy`` is None before it has predictions.

    ``asks_endpoint`` says that predicting costs requests, so that a button offers their price.
    """

    role: Role
    purpose: str
    samples: int
    predicted: int
    accuracy: float | None
    asks_endpoint: bool


def overview_html(db: Database, place: Place) -> Markup:
    """The sets of the project with what this round did on them, and the buttons that continue it."""
    if not place.project:
        return macro(
            "empty", "No project yet", "Make one with New project above. A support set can be imported before that."
        )
    with db.read() as connection:
        project = store.project_named(connection, place.project)
        counts = next(each for each in store.round_counts(connection, project.id) if each.number == place.round)
        scores = {role: list(store.prediction_scores(connection, counts.round, role).values()) for role in ROLES}
        undiagnosed = len(store.missing_diagnoses(connection, counts.round))
        note = better_reading(connection, project)
        categories = {role: store.category_counts(connection, project=project.id, role=role) for role in ROLES}
    incomplete = counts.predictions + counts.test_predictions < counts.samples + counts.test_samples
    accuracy = {role: sum(found) / len(found) if found else None for role, found in scores.items()}
    sets = [
        SetRow(
            role="validation",
            purpose="diagnosed and reviewed",
            samples=counts.samples,
            predicted=counts.predictions,
            accuracy=accuracy["validation"],
            asks_endpoint=incomplete and _asks_endpoint(project.student),
        ),
        SetRow(
            role="test",
            purpose="only measures",
            samples=counts.test_samples,
            predicted=counts.test_predictions,
            accuracy=accuracy["test"],
            asks_endpoint=False,
        ),
    ]
    return render(
        "data/overview.html",
        place=place,
        sets=sets,
        counts=counts,
        better_reading=note,
        undiagnosed=undiagnosed,
        diagnosing_asks_endpoint=bool(undiagnosed) and _asks_endpoint(project.teacher),
        category_count=len({name for found in categories.values() for name in found if name}),
        categories=_category_rows(categories),
    )


def supports_html(db: Database, place: Place) -> Markup:
    """The support sets, and those that are being imported."""
    with db.read() as connection:
        supports = store.support_sets(connection)
        found = jobs.jobs_of(connection, limit=30)
    imports = [
        (job, _import_name(job), _import_progress(job, found))
        for job in found
        if job.kind == "import" and job.state in jobs.ACTIVE
    ]
    return render("data/supports.html", place=place, supports=supports, imports=imports)


def _asks_endpoint(model: str) -> bool:
    try:
        return parse_endpoint(model) is not None
    except UserError:
        return False  # the job says what is wrong with the name


def _category_rows(categories: Mapping[Role, Mapping[str, int]]) -> list[tuple[str, int, int]]:
    """The largest categories with their samples in both sets, and one row for all others."""
    together = Counter(categories["validation"]) + Counter(categories["test"])
    names = [name for name, _ in together.most_common() if name]
    rows = [(name, [name]) for name in names[:MAX_CATEGORIES]]
    if rest := names[MAX_CATEGORIES:]:
        rows.append((f"{len(rest):,} more", rest))
    validation, test = (categories[role] for role in ROLES)
    return [(title, sum(validation.get(n, 0) for n in of), sum(test.get(n, 0) for n in of)) for title, of in rows]


def _import_name(job: Job) -> str:
    return str(job.args.get("name") or job.args.get("path", "")).rsplit("/", 1)[-1]


def _import_progress(job: Job, found: Sequence[Job]) -> str:
    if job.total:
        return f"{job.done:,} of {job.total:,} rows"
    return cut(waits(job, found) or job.message or "starting", 120)
