"""The page's figures, as dictionaries for plotly.js: the answer-switch curve, a run's progress, an experiment's arms.

Colours are Okabe and Ito's, which people with any colour vision tell apart; every line also has its own marker or dash.
Text colours and grids are left to ``assets/web/plots.js``, which takes them from the page's theme. Knows no database.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.rendering.html import plain
from core.evaluation.experiment import ArmOutcome
from core.types import BUDGETED_ARMS, Curve, Update

TRUTH = "#009E73"
STUDENT = "#D55E00"
OTHERS = ("#56B4E9", "#CC79A7", "#E69F00", "#999999")
_MARKERS = ("square", "diamond", "triangle-up", "pentagon")
Figure = dict[str, Any]
POINTS = 1200


def curve_figure(curve: Curve, *, prior: float, delta: float, mistake_step: int | None) -> Figure:
    """One line per candidate over steps 0…n; the page marks ``mistake_step`` itself, so that a click needs no server.

    ``delta`` is drawn as a band above the truth's line: where the student's line lies above it, the margin exceeds δ. A
    point of which only an upper bound is known is hollow; ``votes`` is how many sampled replies each point stands for.
    """
    steps = list(range(len(curve.probabilities)))
    traces = [_band(curve, steps, delta)] if delta > 0 else []
    order = sorted(range(len(curve.candidates)), key=lambda c: (c == curve.truth) + 2 * (c == curve.predicted))
    traces += [_line(curve, index, steps) for index in order]
    figure = {"traces": traces, "steps": len(steps) - 1, "prior": prior, "mistake": mistake_step or 0, "kind": "curve"}
    return figure | ({"votes": curve.votes} if curve.votes else {})


def _line(curve: Curve, index: int, steps: list[int]) -> Figure:
    name = plain(curve.candidates[index], 28)
    style: Figure = {"color": OTHERS[index % len(OTHERS)], "width": 1.5}
    marker: Figure = {"symbol": _MARKERS[index % len(_MARKERS)], "size": 6}
    if index == curve.truth:
        name, style, marker = f"✓ {name}", {"color": TRUTH, "width": 3}, {"symbol": "circle", "size": 9}
    elif index == curve.predicted:
        name, style, marker = f"✗ {name}", {"color": STUDENT, "width": 3}, {"symbol": "x", "size": 9}
    hover: str | list[str] = "%{y:.0%}"
    if any(c == index for _, c in curve.bounded):
        # Each marker has an outline of its own form, so that a hollow one still says whose it is.
        hollow = [(step, index) in curve.bounded for step in steps]
        form = "x-thin" if marker["symbol"] == "x" else marker["symbol"]
        marker = {**marker, "symbol": [f"{form}-open" if each else marker["symbol"] for each in hollow]}
        hover = ["at most %{y:.0%}" if each else "%{y:.0%}" for each in hollow]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": steps,
        "y": [round(row[index], 4) for row in curve.probabilities],
        "line": style,
        "marker": marker,
        "hovertemplate": hover,
    }


def _band(curve: Curve, steps: list[int], delta: float) -> Figure:
    low = [row[curve.truth] for row in curve.probabilities]
    high = [min(1.0, value + delta) for value in low]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"δ = {delta:g}",
        "x": steps + steps[::-1],
        "y": high + low[::-1],
        "fill": "toself",
        "fillcolor": "rgba(0,158,115,0.14)",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }


def progress_figure(updates: Sequence[Update]) -> Figure:
    """Loss, learning rate, samples a second and memory over a run's updates, each in a field of its own.

    Of a long run every so many updates are drawn, and always the last.
    """
    every = max(1, -(-len(updates) // POINTS))
    shown = [*updates[::-1][::every]][::-1]
    numbers = [update.number for update in shown]
    fields: tuple[tuple[str, str, Sequence[float | None]], ...] = (
        ("loss", "#0072B2", [round(update.loss, 5) for update in shown]),
        ("learning rate", "#E69F00", [update.learning_rate for update in shown]),
        ("samples a second", "#009E73", [round(update.samples_per_second, 2) for update in shown]),
        (
            "peak memory, GiB",
            "#CC79A7",
            [round(update.memory / 2**30, 3) if update.memory else None for update in shown],
        ),
    )
    return {
        "kind": "progress",
        "total": updates[-1].total if updates else 0,
        "titles": [name for name, _, _ in fields],
        "traces": [_field(place, name, colour, numbers, values) for place, (name, colour, values) in enumerate(fields)],
    }


def outcome_figure(outcomes: Sequence[ArmOutcome], names: Mapping[str, str]) -> Figure:
    """Accuracy against the number of samples tuned on: a line for each arm with budgets, a dotted level for each other.

    Whiskers are 95 % intervals. The targeted arm is drawn last and thickest.
    """
    traces: list[Figure] = []
    widest = max((each.chosen for each in outcomes if each.budget), default=1)
    sized = [arm for arm in BUDGETED_ARMS if any(each.arm == arm for each in outcomes)]
    for place, arm in enumerate(sized):
        mine = [each for each in outcomes if each.arm == arm]
        ours = arm == "targeted"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": names[arm],
                "x": [each.chosen for each in mine],
                "y": [each.mean.value for each in mine],
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": [each.mean.high - each.mean.value for each in mine],
                    "arrayminus": [each.mean.value - each.mean.low for each in mine],
                    "thickness": 1.2,
                    "width": 4,
                },
                "line": {"color": TRUTH if ours else OTHERS[place % len(OTHERS)], "width": 3 if ours else 1.5},
                "marker": {"symbol": "circle" if ours else _MARKERS[place % len(_MARKERS)], "size": 9 if ours else 7},
                "hovertemplate": "%{y:.1%} at %{x:,} samples",
            }
        )
    for dash, each in zip(("dot", "dash", "dashdot"), (o for o in outcomes if not o.budget), strict=False):
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": names[each.arm] + (f" ({each.chosen:,})" if each.chosen else ""),
                "x": [0, widest],
                "y": [each.mean.value] * 2,
                "line": {"color": "#888888", "width": 1.5, "dash": dash},
                "hovertemplate": "%{y:.1%}",
            }
        )
    return {"kind": "outcomes", "traces": traces, "widest": widest}


def _field(place: int, name: str, colour: str, numbers: list[int], values: Sequence[float | None]) -> Figure:
    axis = "" if place == 0 else str(place + 1)
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(numbers) < 40 else "lines",
        "name": name,
        "x": numbers,
        "y": list(values),
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "line": {"color": colour, "width": 2},
        "marker": {"size": 4 if len(numbers) > 9 else 8},
        "hovertemplate": f"update %{{x}}: %{{y}}<extra>{name}</extra>",
    }
