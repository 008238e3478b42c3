"""Prices per million tokens: a project's own come first; unknown prices stay unknown."""

import pytest

from core.endpoints.prices import Estimate, cost_of, dollars, estimate_tokens, price_of
from core.types import EndpointSettings, Spent

PLAIN = EndpointSettings()


def test_a_dated_model_costs_what_the_model_costs() -> None:
    assert price_of("openai:gpt-4o-mini-2024-07-18", PLAIN) == price_of("openai:gpt-4o-mini", PLAIN) == (0.15, 0.60)


def test_a_project_says_its_own_prices() -> None:
    own = EndpointSettings(prices=(("m@http://h/v1", 1.0, 2.0), ("openai:gpt-4o", 0.5, 0.5)))
    assert dollars("m@http://h/v1", 2_000_000, 500_000, own) == pytest.approx(3.0)
    assert price_of("openai:gpt-4o", own) == (0.5, 0.5)


@pytest.mark.parametrize("name", ["m@http://h/v1", "gpt-4o@http://h/v1", "openai:unheard-of", "assets/demo/teacher"])
def test_what_nobody_priced_has_no_price(name: str) -> None:
    assert dollars(name, 10, 10, PLAIN) is None


def test_estimates_add_up() -> None:
    one = Estimate(requests=1, tokens_in=estimate_tokens("x" * 400, ""), tokens_out=3)
    assert one + one == Estimate(requests=2, tokens_in=2 * (101 + 1 + 8), tokens_out=6)


@pytest.mark.parametrize(("model", "share"), [("openai:gpt-4o-mini", 0.5), ("m@http://h/v1", 1.0)])
def test_tokens_of_batches_cost_half_at_openai_and_in_full_where_nobody_says(model: str, share: float) -> None:
    own = EndpointSettings(prices=((model, 1.0, 10.0),))
    single, batched = (
        dollars(model, tokens_in, tokens_out, own) or 0.0 for tokens_in, tokens_out in ((30, 4), (70, 6))
    )
    spent = Spent(model=model, requests=3, tokens_in=100, tokens_out=10, batch_in=70, batch_out=6)
    assert cost_of(spent, own) == pytest.approx(single + share * batched)
    assert cost_of(Spent(model="openai:unheard-of", requests=1, tokens_in=1, tokens_out=1), own) is None
