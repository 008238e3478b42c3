"""Drafts come back unchanged, for their reviewer only, until they are deleted."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from core.errors import UserError
from core.types import Draft
from storage import store
from tests.storage.world import a_round_of_errors


def test_the_newest_draft_comes_back_to_its_own_reviewer(connection: Connection) -> None:
    base, (one, other) = a_round_of_errors(connection, 2)
    first = Draft(round=base, sample=one, reviewer="Ada", mistake_step=1, skill="  half a wo", answer="8", note="?")
    store.save_draft(connection, replace(first, skill="half"))
    kept = store.save_draft(connection, first)
    assert replace(kept, created="") == first
    assert store.draft_of(connection, base, one, "Ada") == kept
    assert store.draft_of(connection, base, one, "Grace") is None
    assert store.draft_of(connection, base, other, "Ada") is None
    store.drop_draft(connection, base, one, "Grace")
    assert store.draft_of(connection, base, one, "Ada") == kept
    store.drop_draft(connection, base, one, "Ada")
    assert store.draft_of(connection, base, one, "Ada") is None


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"skill": "x" * 201}, "skill is longer than 200"),
        ({"answer": "x" * 2001}, "answer is longer than 2000"),
        ({"note": "\ud83d"}, "note holds half a character"),
        ({"mistake_step": 3}, "no step 3"),
        ({"sample": 99}, "no prediction for sample 99"),
    ],
)
def test_a_draft_that_could_not_become_a_verdict_is_refused(
    connection: Connection, more: dict[str, object], reason: str
) -> None:
    base, (one,) = a_round_of_errors(connection, 1)
    with pytest.raises(UserError, match=reason):
        store.save_draft(connection, Draft(**{"round": base, "sample": one, "reviewer": "Ada"} | more))
