"""A corpus of outputs as 30 model families write them, in nine languages, each with its right reading.

``student_outputs.jsonl`` was written by hand: no text is copied from a model. ``set`` is "typical" (like a random draw
of real logs) or "hard" (made to be misread), both by authors who had not seen the rules, or "first", by their author.
``written`` says whether a row was written before the rules that read it were made, or after. ``answer`` null means that
the right reading is unclear. ``python -m tests.core.parsing.test_student_outputs`` prints the figures.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from core.parsing.answer import is_correct, read_answer

ROWS = [json.loads(line) for line in (Path(__file__).parent / "student_outputs.jsonl").read_text().splitlines()]


def outcome(row: dict[str, Any]) -> str:
    """ "right", "wrong" (an answer that is not the right one) or "unclear" (none, where there is one)."""
    options = tuple(row["options"])
    answer, right = read_answer(row["text"], options).answer, row["answer"]
    if answer == right or (right not in options and right is not None and is_correct(answer, right)):
        return "right"
    return "unclear" if answer is None else "wrong"


def figures(rows: Iterable[dict[str, Any]], field: str) -> dict[str, Counter[str]]:
    """The outcomes for each value of a field."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        found[row[field]][outcome(row)] += 1
    return found


def test_the_corpus_has_families_languages_and_two_halves() -> None:
    assert Counter(row["set"] for row in ROWS)["typical"] >= 360
    assert len({row["family"] for row in ROWS}) >= 15
    assert len({row["language"] for row in ROWS}) >= 8
    assert Counter(row["written"] for row in ROWS)["before"] >= len(ROWS) / 2
    assert len({row["text"] for row in ROWS}) == len(ROWS)


def test_of_typical_outputs_at_least_95_percent_are_read_right_and_half_a_percent_wrong() -> None:
    rows = [row for row in ROWS if row["set"] != "hard"]
    for some in (rows, [row for row in rows if row["set"] == "typical"]):
        counts = Counter(map(outcome, some))
        assert counts["right"] >= 0.95 * len(some)
        assert counts["wrong"] <= 0.005 * len(some)


def test_of_outputs_made_to_be_misread_85_percent_are_read_right_and_one_wrong() -> None:
    counts = figures(ROWS, "set")["hard"]
    assert counts["right"] >= 0.85 * counts.total()
    assert counts["wrong"] <= 0.01 * counts.total()


@pytest.mark.parametrize("field", ["family", "language"])
def test_no_family_and_no_language_is_read_worse(field: str) -> None:
    """Of the typical and first outputs; a family has few of them, so that one or two are many percent."""
    for name, counts in figures((row for row in ROWS if row["set"] != "hard"), field).items():
        assert counts["unclear"] <= max(2, 0.05 * counts.total()), name
        assert counts["wrong"] <= 0.05 * counts.total(), name


def main() -> None:
    """Print the figures by family, by language and by half, and every row that is not right."""
    for field in ("family", "language", "set"):
        for name, counts in figures(ROWS, field).items():
            print(f"{field} {name}: {dict(counts)}")
    for row in ROWS:
        if outcome(row) != "right":
            read = read_answer(row["text"], tuple(row["options"]))
            print(
                f"{outcome(row)} {row['family']} {row['language']}: {row['answer']!r}, read {read}\n   {row['text']!r}"
            )


if __name__ == "__main__":
    main()
