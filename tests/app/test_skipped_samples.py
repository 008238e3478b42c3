"""Samples that every try to ask about failed: listed with the reason, and only these are tried again."""

import pytest

from app.skipped_samples import NAMED, Failures
from core.errors import UserError
from core.types import Sample, Skipped


def a_sample(number: int) -> Sample:
    return Sample(id=number, source_id=f"v{number}", question="?", answer="1")


def test_nothing_is_raised_where_nothing_failed() -> None:
    failures = Failures()
    failures.note(a_sample(1), Skipped(reason="It is too long."))
    failures.told("were not diagnosed")
    assert failures.samples == set()


def test_each_reason_is_said_once_with_its_samples_and_the_commonest_first() -> None:
    failures = Failures()
    failures.note(a_sample(1), Skipped(reason="It timed out.", failed=True))
    for number in range(2, 25):
        failures.note(a_sample(number), Skipped(reason="It failed.", failed=True))
    with pytest.raises(UserError) as caught:
        failures.told("were not diagnosed")
    named = ", ".join(f"v{number}" for number in range(2, 2 + NAMED))
    assert str(caught.value) == (
        "24 were not diagnosed, all others are done: start again to try only these. "
        f"{named} and 3 more in logs/worker.log: It failed. v1: It timed out."
    )
