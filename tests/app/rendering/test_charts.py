"""The figures: every candidate once, roles told apart by more than colour, no text that plotly reads as tags."""

from dataclasses import replace

from app.rendering.charts import MAX_POINTS, STUDENT, TRUTH, curve_figure, progress_figure
from core.types import Curve
from tests.storage.world import an_update

CURVE = Curve(
    candidates=("11", "12", "<b>x</b>"),
    truth=0,
    predicted=2,
    probabilities=((0.6, 0.2, 0.2), (0.5, 0.2, 0.3), (0.1, 0.2, 0.7)),
)


def test_each_candidate_has_one_line_over_all_steps() -> None:
    figure = curve_figure(CURVE, prior=0.6, delta=0.0, mistake_step=2)
    assert [trace["x"] for trace in figure["traces"]] == [[0, 1, 2]] * 3
    assert figure["steps"] == 2
    assert figure["mistake"] == 2


def test_truth_and_student_differ_by_colour_name_and_marker() -> None:
    lines = {
        trace["line"]["color"]: trace for trace in curve_figure(CURVE, prior=0.6, delta=0, mistake_step=1)["traces"]
    }
    assert lines[TRUTH]["name"].startswith("✓")
    assert lines[STUDENT]["name"].startswith("✗")
    assert lines[TRUTH]["marker"]["symbol"] != lines[STUDENT]["marker"]["symbol"]


def test_names_hold_no_markup() -> None:
    names = [trace["name"] for trace in curve_figure(CURVE, prior=0.6, delta=0.0, mistake_step=1)["traces"]]
    assert not any("<" in name for name in names)


def test_the_delta_band_lies_on_the_truth_and_only_when_there_is_one() -> None:
    band = curve_figure(CURVE, prior=0.6, delta=0.1, mistake_step=1)["traces"][0]
    assert band["y"] == [0.7, 0.6, 0.2, 0.1, 0.5, 0.6]
    assert len(curve_figure(CURVE, prior=0.6, delta=0.0, mistake_step=1)["traces"]) == 3


def test_a_bound_is_a_hollow_point_that_says_so_and_votes_are_counted() -> None:
    plain = curve_figure(CURVE, prior=0.6, delta=0.0, mistake_step=1)
    assert "votes" not in plain
    bounded = curve_figure(replace(CURVE, bounded=((1, 2),), votes=5), prior=0.6, delta=0.0, mistake_step=1)
    (line,) = [trace for trace in bounded["traces"] if trace["line"]["color"] == STUDENT]
    assert [symbol.endswith("-open") for symbol in line["marker"]["symbol"]] == [False, True, False]
    assert [text.startswith("at most") for text in line["hovertemplate"]] == [False, True, False]
    assert bounded["votes"] == 5
    others = [trace for trace in bounded["traces"] if trace["line"]["color"] != STUDENT]
    assert all(isinstance(trace["marker"]["symbol"], str) for trace in others)


def test_a_switch_that_was_not_found_marks_no_step() -> None:
    assert curve_figure(CURVE, prior=0.6, delta=0.0, mistake_step=None)["mistake"] == 0


def test_progress_shows_every_update_and_how_many_there_will_be() -> None:
    first = an_update(1, 1)
    figure = progress_figure([first, an_update(1, 2, loss=1.5)])
    assert figure["total"] == 10
    assert figure["traces"][0]["y"] == [2.0, 1.5]
    assert figure["titles"] == ["loss", "learning rate", "samples a second", "peak memory, GiB"]
    assert [trace["yaxis"] for trace in figure["traces"]] == ["y", "y2", "y3", "y4"]
    assert figure["traces"][3]["y"] == [None, None], "an update from before memory was measured has none to draw"
    few, many = progress_figure([first]), progress_figure([an_update(1, n) for n in range(1, 20)])
    assert few["traces"][0]["marker"]["size"] > many["traces"][0]["marker"]["size"], "a single point is seen"
    measured = progress_figure([an_update(1, 1, memory=3 * 2**30)])
    assert measured["traces"][3]["y"] == [3.0]


def test_of_a_long_run_some_updates_are_drawn_and_always_the_last() -> None:
    drawn = progress_figure([an_update(1, number, total=10_000) for number in range(1, 5003)])["traces"][0]["x"]
    assert len(drawn) <= MAX_POINTS
    assert drawn[-1] == 5002
