"""A project's rounds on its first page: a chart of their accuracy with 95 % intervals, and a table of their changes."""

from dataclasses import dataclass

from markupsafe import Markup

from app.projects.lookup import find_project
from app.projects.round_history import RoundLine, round_lines
from app.rendering.formatting import percent
from app.rendering.templates import NOTHING, render
from app.web.page.place import Place
from core.types import Role
from storage import store
from storage.database import Database

MAX_SHOWN = 24
SET_NAMES: dict[Role, str] = {"validation": "validation set", "test": "test set"}
# Sizes of the chart in pixels: width of a round, height, and the margins that hold the texts.
STEP, HEIGHT, TOP, FOOT = 110, 150, 26, 26


@dataclass(frozen=True, kw_only=True)
class Point:
    """A round in the chart; ``share`` is None if it was not measured, ``edge`` the point of the round it came from.

    ``y``, ``low`` and ``high`` are the heights of the accuracy and of the ends of its interval.
    """

    number: int
    x: float
    y: float = 0.0
    low: float = 0.0
    high: float = 0.0
    share: float | None = None
    adopted: bool = False
    edge: "Point | None" = None


@dataclass(frozen=True, kw_only=True)
class Chart:
    """The accuracy of rounds on one set; ``label`` is its text for people who do not see it."""

    set_name: str
    label: str
    points: list[Point]
    width: int
    height: int = HEIGHT


def rounds_html(db: Database, place: Place) -> Markup:
    """The chart and the table of the newest rounds; nothing for a project with one round."""
    if not place.project:
        return NOTHING
    with db.read() as connection:
        project = find_project(connection, place.project)
        if len(store.rounds_of(connection, project.id)) < 2:
            return NOTHING
        lines = round_lines(connection, project)
    shown = lines[-MAX_SHOWN:]
    if not any(line.accuracy for line in shown):
        return NOTHING
    # Tuning and selection never use the test set, so its accuracy is preferred.
    role: Role = "test" if any("test" in line.accuracy for line in shown) else "validation"
    return render(
        "data/rounds.html", place=place, chart=_chart(shown, role), lines=shown, earlier=len(lines) - len(shown)
    )


def _chart(lines: list[RoundLine], role: Role) -> Chart:
    measured = {line.number: line.accuracy[role] for line in lines if role in line.accuracy}
    low = max(0.0, min(interval.low for interval in measured.values()) - 0.02)
    high = min(1.0, max(interval.high for interval in measured.values()) + 0.02)

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - FOOT) * (high - share) / max(high - low, 1e-9)

    points: dict[int, Point] = {}
    for index, line in enumerate(lines):
        x, interval = STEP * (index + 0.5), measured.get(line.number)
        if interval is None:
            points[line.number] = Point(number=line.number, x=x)
            continue
        before = points.get(-1 if line.came_from is None else line.came_from)
        points[line.number] = Point(
            number=line.number,
            x=x,
            y=y(interval.value),
            low=y(interval.low),
            high=y(interval.high),
            share=interval.value,
            adopted=line.adopted,
            edge=before if before and before.share is not None else None,
        )
    return Chart(
        set_name=SET_NAMES[role],
        label="; ".join(f"round {number}: {percent(interval.value)}" for number, interval in measured.items()),
        points=list(points.values()),
        width=STEP * len(lines) + 20,
    )
