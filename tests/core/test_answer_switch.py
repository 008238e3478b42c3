"""The mistake step by its definition, and properties that hold for every curve."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.answer_switch import candidates_of, find_switch, margins
from core.types import Curve, Sample

MARGINS = st.lists(st.floats(-1, 1), min_size=2, max_size=9)
DELTAS = st.floats(-0.5, 0.9)
LAMS = st.integers(1, 4)


def curve_of(*gaps: float) -> Curve:
    """A curve of two candidates with the given margins."""
    rows = tuple(((1 - gap) / 2, (1 + gap) / 2) for gap in gaps)
    return Curve(candidates=("11", "16"), truth=0, predicted=1, probabilities=rows)


def read(*gaps: float, delta: float = 0.0, lam: int = 2) -> tuple[str, int | None]:
    switch = find_switch(curve_of(*gaps), delta=delta, lam=lam)
    return switch.status, switch.mistake_step


def a_sample(*options: str) -> Sample:
    return Sample(source_id="s", question="How many?", options=options, answer="11")


def test_the_candidates_are_the_options() -> None:
    assert candidates_of(a_sample("16", "11", "12"), "12") == (("16", "11", "12"), 1, 2)


def test_an_answer_that_is_no_option_becomes_the_last_candidate() -> None:
    assert candidates_of(a_sample("11", "12"), "17") == (("11", "12", "17"), 0, 2)


def test_without_options_the_truth_and_the_answer_are_the_candidates() -> None:
    assert candidates_of(a_sample(), "17") == (("11", "17"), 0, 1)


def test_of_several_answers_the_most_frequent_is_the_truth() -> None:
    asked = Sample(source_id="s", question="?", answer="pink", answers=("pink", "Red", "red", "red", "red"))
    assert candidates_of(asked, "blue") == (("Red", "blue"), 0, 1)
    assert candidates_of(asked, "pink") == (("Red", "pink"), 0, 1)  # one person of five is no agreement


@pytest.mark.parametrize("answers", [("red", "red", "red", "pink", "pink"), ("red", "pink")])
def test_an_answer_that_is_accepted_too_is_no_error(answers: tuple[str, ...]) -> None:
    asked = Sample(source_id="s", question="?", answer="red", answers=answers)
    for right in ("red", "The pink!"):
        with pytest.raises(ValueError, match="is right"):
            candidates_of(asked, right)


@pytest.mark.parametrize("options", [(), ("11", "12")])
def test_a_right_answer_has_no_candidates(options: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="is right"):
        candidates_of(a_sample(*options), "11")


def test_a_truth_that_is_no_option_is_a_bug() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        candidates_of(a_sample("12", "16"), "12")


def test_the_margin_is_the_lead_of_the_wrong_answer() -> None:
    rows = ((0.6, 0.1, 0.3), (0.2, 0.1, 0.7))
    curve = Curve(candidates=("a", "b", "c"), truth=0, predicted=2, probabilities=rows)
    assert margins(curve) == pytest.approx((-0.3, 0.5))


def test_the_switch_is_the_first_step_whose_lead_lasts() -> None:
    assert read(-0.4, -0.2, 0.3, 0.8) == ("switched", 2)


def test_a_lead_that_is_lost_at_once_is_no_switch() -> None:
    assert read(-0.4, 0.2, -0.1, 0.5, 0.8) == ("switched", 3)
    assert read(-0.4, 0.2, -0.1, 0.5, 0.8, lam=1) == ("switched", 1)


def test_the_last_step_needs_no_successor() -> None:
    assert read(-0.4, -0.4, 0.1, lam=3) == ("switched", 2)


def test_a_lead_of_exactly_delta_is_none() -> None:
    assert read(-0.5, 0.25, 0.5, delta=0.25) == ("switched", 2)


def test_without_a_switch_the_largest_rise_is_named() -> None:
    assert read(-0.9, -0.8, -0.2, -0.1) == ("no_switch", 2)


def test_of_equal_rises_the_first_is_named() -> None:
    assert read(-0.75, -0.5, -0.25) == ("no_switch", 1)


def test_a_wrong_answer_that_led_from_the_start_is_marked() -> None:
    assert read(0.2, 0.3, 0.4) == ("prior_ignored", 1)
    assert read(0.2, -0.3, 0.4) == ("prior_ignored", 2)
    assert read(0.2, -0.8, -0.1) == ("prior_ignored", 2)


def test_without_steps_no_step_is_named() -> None:
    assert read(-0.4) == ("no_steps", None)
    assert read(0.4) == ("no_steps", None)


def test_a_clear_switch_is_surer_than_a_faint_one() -> None:
    clear, faint = (find_switch(curve_of(-0.9, -0.9, x), delta=0, lam=2) for x in (0.95, 0.05))
    assert clear.confidence > faint.confidence > 0.5


def test_the_confidence_reaches_both_ends() -> None:
    assert find_switch(curve_of(-1, 1), delta=0, lam=2).confidence == 1
    assert find_switch(curve_of(-1, -1), delta=0, lam=2).confidence == 0


@pytest.mark.parametrize(("gaps", "lam"), [((-0.4, 0.2), 0), ((), 2)])
def test_nonsense_is_refused(gaps: tuple[float, ...], lam: int) -> None:
    with pytest.raises(ValueError, match=r"λ|curve"):
        read(*gaps, lam=lam)


@given(MARGINS, DELTAS, LAMS)
def test_a_reported_switch_lasts_lambda_steps_and_is_the_first_to(gaps: list[float], delta: float, lam: int) -> None:
    curve = curve_of(*gaps)
    switch = find_switch(curve, delta=delta, lam=lam)
    found = margins(curve)
    lasting = [k for k in range(1, len(found)) if all(gap > delta for gap in found[k : k + lam])]
    if switch.status == "switched":
        assert switch.mistake_step == lasting[0]
    else:
        assert switch.status == ("prior_ignored" if found[0] > delta else "no_switch")
        assert not lasting or switch.status == "prior_ignored"


@given(MARGINS, DELTAS, DELTAS, LAMS)
def test_raising_delta_never_moves_a_switch_earlier(gaps: list[float], one: float, other: float, lam: int) -> None:
    low, high = (find_switch(curve_of(*gaps), delta=delta, lam=lam) for delta in sorted((one, other)))
    if high.status == "switched":
        assert low.status in {"switched", "prior_ignored"}
        assert (low.mistake_step or 0) <= (high.mistake_step or 0)


@given(MARGINS, DELTAS, LAMS)
def test_only_a_switch_is_more_sure_than_not(gaps: list[float], delta: float, lam: int) -> None:
    switch = find_switch(curve_of(*gaps), delta=delta, lam=lam)
    assert 0 <= switch.confidence <= 1
    assert (switch.confidence >= 0.5) == (switch.status == "switched")
    assert switch.mistake_step in range(1, len(gaps))


@given(MARGINS, LAMS, st.data())
def test_more_evidence_for_a_step_never_makes_it_less_sure(gaps: list[float], lam: int, data: st.DataObject) -> None:
    first = find_switch(curve_of(*gaps), delta=0, lam=lam)
    where = data.draw(st.integers(0, len(gaps) - 1))
    towards = 1.0 if where >= (first.mistake_step or 0) else -1.0
    clearer = [*gaps]
    clearer[where] += (towards - gaps[where]) * data.draw(st.floats(0, 1))
    second = find_switch(curve_of(*clearer), delta=0, lam=lam)
    assume((first.status, first.mistake_step) == (second.status, second.mistake_step))
    assert second.confidence >= first.confidence - 1e-12
