"""A project's rounds on its first page: accuracy with 95 % intervals as a line, and a table of what each round changed.

Renders rows; changes nothing.
"""

from app.projects.lookup import find_project
from app.projects.round_history import RoundLine, round_lines
from app.rendering.formatting import percent
from app.rendering.html import esc, nav, table
from app.web.page.place import Place
from core.types import Interval, Role
from storage import store
from storage.database import Database

SHOWN = 24
STEP, HEIGHT, TOP, FOOT = 110, 150, 26, 26
NAMES: dict[Role, str] = {"validation": "validation set", "test": "test set"}


def rounds_html(db: Database, place: Place) -> str:
    """The line and the table of the newest rounds; "" before there is a second one: the overview says all till then."""
    if not place.project:
        return ""
    with db.read() as connection:
        project = find_project(connection, place.project)
        if len(store.rounds_of(connection, project.id)) < 2:
            return ""
        lines = round_lines(connection, project)
    shown = lines[-SHOWN:]
    if not any(each.accuracy for each in shown):
        return ""
    # The test set only measures, so it is the honest line where it is there.
    role: Role = "test" if any("test" in each.accuracy for each in shown) else "validation"
    shares = ["Test accuracy, 95 %", "Validation accuracy, 95 %"]
    head = ["Round", "Tuned in", "Came from", *shares, "#Errors", "Skills closed", "Skills opened"]
    more = f'<p class="subdued">… and {len(lines) - SHOWN:,} earlier rounds.</p>' if len(lines) > SHOWN else ""
    rows = [_row(place, each) for each in reversed(shown)]
    return f"{_line(shown, role)}{table(head, rows, 'rounds', 'Rounds, newest first')}{more}"


def _row(place: Place, each: RoundLine) -> list[str]:
    link = nav(place.link(round=each.number, tab="data", sample=None), f"Round {each.number}", "")
    mark = ' <span class="badge">adopted</span>' if each.adopted else ""
    run, origin = "–", "the untuned student"
    if each.came_from is not None:
        run = nav(place.link(tab="tuning", run=each.run, sample=None), f"Run {each.run}", "")
        how = "its adapter, trained further" if each.start == "adapter" else "from the base"
        origin = f"errors of round {each.came_from}; {how}"
    undiagnosed = '<span class="subdued">not diagnosed</span>' if each.came_from is not None else "–"
    return [
        f"{link}{mark}",
        run,
        origin,
        _share(each.accuracy.get("test")),
        _share(each.accuracy.get("validation")),
        f"{each.errors:,}" if "validation" in each.accuracy else "–",
        undiagnosed if each.closed is None else _skills(each.closed),
        undiagnosed if each.opened is None else _skills(each.opened),
    ]


def _share(found: Interval | None) -> str:
    if found is None:
        return '<span class="subdued">not answered</span>'
    return f"<b>{percent(found.value)}</b> <small class=subdued>{found.low * 100:.1f} to {found.high * 100:.1f}</small>"


def _skills(names: tuple[str, ...]) -> str:
    """How many, and which when one looks."""
    if not names:
        return "0"
    items = "".join(f'<li dir="auto">{esc(name, 120)}</li>' for name in names[:30])
    more = f"<li>… and {len(names) - 30:,} more</li>" if len(names) > 30 else ""
    return f"<details><summary>{len(names):,}</summary><ul>{items}{more}</ul></details>"


def _line(shown: list[RoundLine], role: Role) -> str:
    """An SVG: a point a round with its interval, joined to the round that it came from."""
    measured = {each.number: each.accuracy[role] for each in shown if role in each.accuracy}
    low = max(0.0, min(each.low for each in measured.values()) - 0.02)
    high = min(1.0, max(each.high for each in measured.values()) + 0.02)
    place = {each.number: STEP * (index + 0.5) for index, each in enumerate(shown)}

    def y(share: float) -> float:
        return TOP + (HEIGHT - TOP - FOOT) * (high - share) / max(high - low, 1e-9)

    marks = []
    for each in shown:
        found, x = measured.get(each.number), place[each.number]
        marks.append(f'<text class="name" x="{x:.0f}" y="{HEIGHT - 6}">round {each.number}</text>')
        if found is None:
            continue
        if each.came_from in measured and each.came_from in place:
            start = measured[each.came_from]
            marks.append(
                f'<line class="edge" x1="{place[each.came_from]:.0f}" y1="{y(start.value):.1f}" x2="{x:.0f}" '
                f'y2="{y(found.value):.1f}"/>'
            )
        marks.append(
            f'<line class="reach" x1="{x:.0f}" y1="{y(found.low):.1f}" x2="{x:.0f}" y2="{y(found.high):.1f}"/>'
            f'<circle class="{"on" if each.adopted else ""}" cx="{x:.0f}" cy="{y(found.value):.1f}" r="5"/>'
            f'<text class="share" x="{x:.0f}" y="{y(found.high) - 6:.1f}">{percent(found.value)}</text>'
        )
    said = "; ".join(f"round {number}: {percent(found.value)}" for number, found in measured.items())
    width = STEP * len(shown) + 20
    return (
        f'<figure class="rounds-line"><figcaption>Accuracy on the {NAMES[role]}, round by round, with 95 % intervals'
        f'</figcaption><svg viewBox="0 0 {width} {HEIGHT}" style="width:min(100%, {width}px)" role="img" '
        f'aria-label="{esc(said)}">{"".join(marks)}</svg></figure>'
    )
