"""Sentences about skills with too few or weak hits."""

from app.selections.shortfalls import shortfalls
from core.types import SkillShare

SHARE = SkillShare(skill="Reading a thermometer", errors=3, due=10, got=10, matching=40, lacking=("a", "thermometer"))


def test_a_letter_by_itself_is_no_word_that_a_hit_lacks() -> None:
    (said,) = shortfalls(SHARE)
    assert "(only “reading”, not “thermometer”)" in said
