"""Files of every format, changed at random: each import gives a sentence or a report, and imports nothing halfway.

``SWITCHPOINT_LONG=1`` tries 21,000 of them; ``SWITCHPOINT_FUZZ`` sets the number, ``SWITCHPOINT_SEED`` the seed.
"""

import os

import pytest
from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz import evaluators, recipes
from tests.fuzz.world import TALLIES, Given, World

RECIPES = recipes.RECIPES | evaluators.RECIPES
INPUTS = int(os.environ.get("SWITCHPOINT_FUZZ") or (21_000 if os.environ.get("SWITCHPOINT_LONG") else 2_040))
SEED = int(os.environ.get("SWITCHPOINT_SEED") or 6)


@pytest.mark.parametrize("kind", RECIPES)
def test_an_odd_input_is_reported_or_refused_and_never_half_imported(kind: str, world: World) -> None:
    share = INPUTS // len(RECIPES)

    @seed(SEED)
    @settings(max_examples=share, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(RECIPES[kind])
    def judged(tried: Given) -> None:
        world.judge(tried)

    judged()
    assert TALLIES[kind].inputs >= share * 0.95
