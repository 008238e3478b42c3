"""What tokens cost: US dollars per million, in and out, and what a piece of work will come to.

OpenAI's list prices for text as published in 2025, without discounts for cached or batched input, so that a figure
errs upwards; a project's own prices (``EndpointSettings.prices``) come first. Calls nobody.
"""

import re
from dataclasses import dataclass

from core.endpoints.addresses import OPENAI
from core.types import EndpointSettings, Spent

PER_MILLION: dict[str, tuple[float, float]] = {
    "openai:gpt-4o": (2.50, 10.00),
    "openai:gpt-4o-mini": (0.15, 0.60),
    "openai:gpt-4.1": (2.00, 8.00),
    "openai:gpt-4.1-mini": (0.40, 1.60),
    "openai:gpt-4.1-nano": (0.10, 0.40),
}
# "50% cost discount compared to synchronous APIs" says OpenAI's guide to its Batch API, read on 2026-11-26. What other
# hosts take for a batch is not known here, so it is counted in full.
BATCH_SHARE = 0.5
CHARACTERS_A_TOKEN = 4  # of English, with the tokenizers of today's models
TOKENS_A_MESSAGE = 4  # what marks who speaks
# OpenAI counts 255 to 1,100 tokens for an image of 512 to 1,024 pixels; other servers a few hundred to some thousands.
TOKENS_AN_IMAGE = 800


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a piece of work will ask for at most: requests, and tokens in and out."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Estimate") -> "Estimate":
        """Both together."""
        return Estimate(
            requests=self.requests + other.requests,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
        )


def tokens_of(*texts: str) -> int:
    """About how many tokens a request of these messages has: four characters each."""
    return sum(len(text) // CHARACTERS_A_TOKEN + 1 + TOKENS_A_MESSAGE for text in texts)


def price_of(model: str, settings: EndpointSettings) -> tuple[float, float] | None:
    """US dollars per million tokens in and out of a model as the project names it; None where nobody said."""
    for name, price_in, price_out in settings.prices:
        if name == model:
            return price_in, price_out
    return PER_MILLION.get(re.sub(r"-\d{4}-\d\d-\d\d$", "", model))


def in_dollars(amount: float) -> str:
    """An amount as people read it: cents, and hundredths of cents where it is less than a dollar.

    >>> in_dollars(1234.5), in_dollars(0.0048), in_dollars(0)
    ('$1,234.50', '$0.0048', '$0.00')
    """
    return f"${amount:,.2f}" if amount >= 1 or amount == round(amount, 2) else f"${amount:,.4f}"


def money(model: str, tokens_in: int, tokens_out: int, settings: EndpointSettings) -> float | None:
    """What these tokens cost in US dollars; None where the price is not known."""
    price = price_of(model, settings)
    return None if price is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6


def batch_share(model: str) -> float:
    """What of a model's price a token costs that comes in a batch."""
    return BATCH_SHARE if model.startswith(OPENAI) else 1.0


def cost_of(spent: Spent, settings: EndpointSettings) -> float | None:
    """What was spent in US dollars, tokens of batches at what they cost; None where the price is not known."""
    less = 1.0 - batch_share(spent.model)
    whole = money(spent.model, spent.tokens_in, spent.tokens_out, settings)
    saved = money(spent.model, spent.batch_in, spent.batch_out, settings)
    return None if whole is None or saved is None else whole - less * saved
