"""Prices of tokens in US dollars per million, in and out, and estimates of what a task will use.

OpenAI's list prices for text as of 2025, without discounts for cached input, so that estimates are upper bounds. A
project's own prices (``EndpointSettings.prices``) override them.
"""

import re
from dataclasses import dataclass

from core.endpoints.addresses import OPENAI
from core.types import EndpointSettings, Spent

USD_PER_MILLION: dict[str, tuple[float, float]] = {
    "openai:gpt-4o": (2.50, 10.00),
    "openai:gpt-4o-mini": (0.15, 0.60),
    "openai:gpt-4.1": (2.00, 8.00),
    "openai:gpt-4.1-mini": (0.40, 1.60),
    "openai:gpt-4.1-nano": (0.10, 0.40),
}
# "50% cost discount compared to synchronous APIs" (OpenAI's Batch API guide as of 2026-11-26). Other hosts' batches are
# counted at full price.
BATCH_PRICE_FACTOR = 0.5
CHARS_PER_TOKEN = 4  # for English and current tokenizers
TOKENS_PER_MESSAGE = 4  # role markers
# OpenAI counts 255 to 1,100 tokens for an image of 512 to 1,024 pixels; other servers a few hundred to some thousands.
TOKENS_PER_IMAGE = 800


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The largest expected usage of a task: requests, and tokens in and out."""

    requests: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    def __add__(self, other: "Estimate") -> "Estimate":
        """The sum of both."""
        return Estimate(
            requests=self.requests + other.requests,
            tokens_in=self.tokens_in + other.tokens_in,
            tokens_out=self.tokens_out + other.tokens_out,
        )


def estimate_tokens(*texts: str) -> int:
    """The approximate number of tokens of a request with these messages: four characters each."""
    return sum(len(text) // CHARS_PER_TOKEN + 1 + TOKENS_PER_MESSAGE for text in texts)


def price_of(model: str, settings: EndpointSettings) -> tuple[float, float] | None:
    """US dollars per million tokens in and out, for a model as the project names it; None when unknown."""
    for name, price_in, price_out in settings.prices:
        if name == model:
            return price_in, price_out
    return USD_PER_MILLION.get(re.sub(r"-\d{4}-\d\d-\d\d$", "", model))


def format_dollars(amount: float) -> str:
    """An amount as text: with cents, or with hundredths of cents below a dollar.

    >>> format_dollars(1234.5), format_dollars(0.0048), format_dollars(0)
    ('$1,234.50', '$0.0048', '$0.00')
    """
    return f"${amount:,.2f}" if amount >= 1 or amount == round(amount, 2) else f"${amount:,.4f}"


def dollars(model: str, tokens_in: int, tokens_out: int, settings: EndpointSettings) -> float | None:
    """The cost of these tokens in US dollars; None when the price is unknown."""
    price = price_of(model, settings)
    return None if price is None else (tokens_in * price[0] + tokens_out * price[1]) / 1e6


def batch_price_factor(model: str) -> float:
    """The factor on a model's price for tokens in batches."""
    return BATCH_PRICE_FACTOR if model.startswith(OPENAI) else 1.0


def cost_of(spent: Spent, settings: EndpointSettings) -> float | None:
    """What was spent in US dollars, with batch prices for batch tokens; None when the price is unknown."""
    less = 1.0 - batch_price_factor(spent.model)
    whole = dollars(spent.model, spent.tokens_in, spent.tokens_out, settings)
    saved = dollars(spent.model, spent.batch_in, spent.batch_out, settings)
    return None if whole is None or saved is None else whole - less * saved
