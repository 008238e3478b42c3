"""Options in one cell: the file's separator splits them, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserError
from core.importers import open_samples, read_samples
from core.importers.fields.option_cells import OPTION_FORMS, cell_options, option_form, split_text

MARKS = {"|": "|", "lines": "\n", ";": ";", ",": ","}


@pytest.mark.parametrize(
    ("cell", "options"),
    [
        ("feathers|lead|the same", ["feathers", "lead", "the same"]),
        ("yes|no|not sure", ["yes", "no", "not sure"]),
        ("Yes, it is|No", ["Yes, it is", "No"]),
        ("red or blue|red and green", ["red or blue", "red and green"]),
        ("2; 3|4; 5", ["2; 3", "4; 5"]),
        ("left, then right\nright", ["left, then right", "right"]),
        ("A. cat|B. dog", ["cat", "dog"]),
        ("A. cat | B. dog", ["cat", "dog"]),
        ("(a) red, round (b) blue", ["red, round", "blue"]),
        ("(a) 12 (b) 3", ["12", "3"]),
        ("now, then", ["now", "then"]),
        ("not sure", ["not sure"]),
    ],
)
def test_only_the_separator_splits(cell: str, options: list[str]) -> None:
    assert cell_options(cell) == options


plain = st.text("abc ,;'or", min_size=1, max_size=12).map(str.strip).filter(lambda text: bool(text.strip(",;' ")))


@given(
    rows=st.lists(st.lists(plain, min_size=2, max_size=5, unique=True), min_size=1, max_size=5), at=st.integers(0, 4)
)
def test_options_that_are_joined_by_bars_come_back(rows: list[list[str]], at: int) -> None:
    form = option_form([("|".join(options), options[at % len(options)]) for options in rows])
    assert form == "|"
    assert [split_text("|".join(options), form) for options in rows] == rows


@pytest.mark.parametrize("form", [form for form in OPTION_FORMS if form != "letters"])
def test_the_truths_tell_the_separator(form: str, tmp_path: Path) -> None:
    options = [f"one{other}two" for other in MARKS.values() if other not in (MARKS[form], "\n")]
    text = MARKS[form].join(options)
    assert option_form([(text, options[0]), (text, options[1])]) == form


def test_the_mapping_says_the_separator_and_can_be_told_another(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text('question,options,answer\nWhich?,"feathers|lead, or so|the same",B\nWhich?,"one|two, three",A\n')
    with open_samples(path, role="validation") as file:
        assert file.mapping["options_as"] == "|"
    first, second = read_samples(path, role="validation").samples
    assert (first.options, first.answer) == (("feathers", "lead, or so", "the same"), "lead, or so")
    told = read_samples(path, role="validation", mapping={"options_as": ","}).samples
    assert [sample.options for sample in told] == [("feathers|lead", "or so|the same"), ("one|two", "three")]
    with pytest.raises(UserError, match=r"options are read as one of \|, lines"):
        read_samples(path, role="validation", mapping={"options_as": "/"})
    assert second.answer == "one"


def test_a_row_without_the_files_separator_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_text('question,options,answer\nWhich?,a|b,A\nWhich?,"c, d",A\n')
    (refused,) = read_samples(path, role="validation").refused
    assert refused.reason == "There is only one option, “c, d”: options are separated by “|” in this file."
