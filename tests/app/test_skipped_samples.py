"""Samples that every try to ask about failed: listed with the reason, and only these are tried again."""

import pytest

from app.skipped_samples import MAX_NAMED, SkippedSamples
from core.errors import UserError
from core.types import Sample, Skipped


def a_sample(number: int) -> Sample:
    return Sample(id=number, source_id=f"v{number}", question="?", answer="1")


def test_nothing_is_raised_where_nothing_failed() -> None:
    skipped = SkippedSamples()
    skipped.add(a_sample(1), Skipped(reason="It is too long."))
    skipped.raise_for("were not diagnosed")
    assert skipped.samples == set()


def test_each_reason_is_said_once_with_its_samples_and_the_commonest_first() -> None:
    skipped = SkippedSamples()
    skipped.add(a_sample(1), Skipped(reason="It timed out.", failed=True))
    for number in range(2, 25):
        skipped.add(a_sample(number), Skipped(reason="It failed.", failed=True))
    with pytest.raises(UserError) as caught:
        skipped.raise_for("were not diagnosed")
    named = ", ".join(f"v{number}" for number in range(2, 2 + MAX_NAMED))
    assert str(caught.value) == (
        "24 were not diagnosed, all others are done: start again to try only these. "
        f"{named} and 3 more in logs/worker.log: It failed. v1: It timed out."
    )
