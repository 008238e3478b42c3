"""The page's figures, as dictionaries for plotly.js: the answer-switch curve, a run's progress, an experiment's arms.

Colours are Okabe and Ito's, which people with any colour vision tell apart; every line also has its own marker or dash.
A colour that starts with "--" is the name of a CSS variable: ``assets/web/plots.js`` takes it from the page's theme,
the report from ``with_colours``. Knows no database.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from app.rendering.formatting import percent, short
from core.evaluation.experiment import ArmOutcome
from core.types import BUDGETED_ARMS, Curve, Update

TRUTH = "#009E73"
STUDENT = "#D55E00"
OTHERS = ("#56B4E9", "#CC79A7", "#E69F00", "#999999")
_MARKERS = ("square", "diamond", "triangle-up", "pentagon")
Figure = dict[str, Any]
MAX_POINTS = 1200
_SUBDUED = "--body-text-color-subdued"


def curve_figure(curve: Curve, *, prior: float, delta: float, mistake_step: int | None) -> Figure:
    """One line per candidate over steps 0…n, with its layout; ``mark`` is the mistake step's, which a person may move.

    ``delta`` is drawn as a band above the truth's line: where the student's line lies above it, the margin exceeds δ. A
    point of which only an upper bound is known is hollow; ``votes`` is how many sampled replies each point stands for.
    """
    steps = list(range(len(curve.probabilities)))
    traces = [_band(curve, steps, delta)] if delta > 0 else []
    order = sorted(range(len(curve.candidates)), key=lambda c: (c == curve.truth) + 2 * (c == curve.predicted))
    traces += [_line(curve, index, steps) for index in order]
    figure = {
        "kind": "curve",
        "traces": traces,
        "layout": _curve_layout(len(steps) - 1, prior),
        "mark": _mistake_mark(),
        "steps": len(steps) - 1,
        "mistake": mistake_step or 0,
    }
    return figure | ({"votes": curve.votes} if curve.votes else {})


def marked_layout(figure: Figure) -> Figure:
    """The layout of a curve with its mistake step marked, as ``assets/web/plots.js`` does it on the page."""
    step, layout, mark = figure["mistake"], figure["layout"], figure["mark"]
    if not step:
        return dict(layout)
    shape = {**mark["shape"], "x0": step - mark["half_width"], "x1": step + mark["half_width"]}
    note = {**mark["note"], "x": step, "text": f"<b>mistake step {step}</b>"}
    return {**layout, "shapes": [*layout["shapes"], shape], "annotations": [*layout["annotations"], note]}


def with_colours(part: Any, colours: Mapping[str, str]) -> Any:
    """The same layout with each CSS variable replaced by its value in ``colours``."""
    if isinstance(part, dict):
        return {name: with_colours(value, colours) for name, value in part.items()}
    if isinstance(part, list):
        return [with_colours(value, colours) for value in part]
    return colours[part] if isinstance(part, str) and part.startswith("--") else part


def _curve_layout(last: int, prior: float) -> Figure:
    axis = {"gridcolor": "--line", "linecolor": "--line", "zeroline": False, "fixedrange": True}
    title = {"text": "after step", "standoff": 4, "font": {"size": 11}}
    line = {"dash": "dot", "width": 1.5, "color": _SUBDUED}
    return {
        "height": 250,
        "margin": {"l": 44, "r": 42, "t": 22, "b": 60},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0, "font": {"size": 12}},
        "hovermode": "x unified",
        "xaxis": {**axis, "dtick": 2 if last > 16 else 1, "range": [-0.4, last + 0.4], "title": title},
        "yaxis": {**axis, "range": [-0.03, 1.03], "tickformat": ".0%", "dtick": 0.25},
        "shapes": [{"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": prior, "y1": prior, "line": line}],
        "annotations": [
            _note(f"prior<br>{percent(prior, 0)}", _SUBDUED, xref="paper", x=1.01, y=prior, xanchor="left")
        ],
    }


def _mistake_mark() -> Figure:
    """The band and the note of a mistake step, without their place; the band reaches ``half_width`` to both sides."""
    band = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0}, "fillcolor": "--mark"}
    note = _note("", "--accent-text", yref="paper", y=1, yanchor="bottom")
    return {"half_width": 0.28, "shape": {**band, "layer": "below"}, "note": note}


def _note(text: str, colour: str, **where: object) -> Figure:
    return {"text": text, "showarrow": False, "yanchor": "middle", "font": {"size": 11, "color": colour}, **where}


def _plotly_text(value: str, limit: int) -> str:
    """One line for plotly, which reads tags and entities; quotes stay, since it cuts names by their written length."""
    return html.escape(short(value, limit), quote=False)


def _line(curve: Curve, index: int, steps: list[int]) -> Figure:
    name = _plotly_text(curve.candidates[index], 28)
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
    every = max(1, -(-len(updates) // MAX_POINTS))
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
