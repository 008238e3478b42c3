"""Estimate the requests and tokens for a teacher behind an endpoint, from the actual prompt texts.

Sends nothing. Assumes four characters a token and no cached replies.
"""

from collections.abc import Iterable

from core.answer_switch import candidates_of
from core.endpoints.prices import Estimate, estimate_tokens
from core.prompts import label_prompt, skill_prompt
from core.prompts.texts import text_of
from core.teacher.letters import letter_questions
from core.types import Prediction, Sample, Settings

TOKENS_PER_VOTE = 8  # "B", or "The answer is (B) 12."
TOKENS_PER_PHRASE = 8  # at most 12 words, typically five


def estimate_diagnoses(
    items: Iterable[tuple[Sample, Prediction]], settings: Settings, *, votes: bool = False
) -> Estimate:
    """The usage for curves and skill phrases of wrong predictions, at an endpoint with log-probabilities.

    With ``votes``, each letter costs ``settings.endpoint.votes`` short replies instead of one token; more where the
    endpoint returns one reply a request, or the teacher thinks first.
    """
    total = Estimate()
    tokens_a_step = settings.endpoint.votes * TOKENS_PER_VOTE if votes else 1
    for sample, prediction in items:
        if prediction.answer is None or prediction.answer == sample.answer:
            continue
        candidates, _, _ = candidates_of(sample, prediction.answer)
        for asked in letter_questions(sample, prediction.steps, candidates, settings):
            texts = sum(estimate_tokens(text_of("endpoint.letter", settings.prompts), text) for text in asked.texts)
            total += Estimate(requests=len(asked.texts), tokens_in=texts, tokens_out=len(asked.texts) * tokens_a_step)
        if prediction.steps:  # the mistake step is unknown; the last step gives the longest prompt
            prompt = skill_prompt(
                sample, prediction.steps, len(prediction.steps), settings.skill_shots, settings.prompts
            )
            total += _phrase(prompt, settings)
    return total


def estimate_labels(samples: Iterable[Sample], settings: Settings) -> Estimate:
    """The usage for a skill label for each sample."""
    total = Estimate()
    for sample in samples:
        total += _phrase(label_prompt(sample, settings.skill_shots, settings.prompts), settings)
    return total


def _phrase(prompt: str, settings: Settings) -> Estimate:
    return Estimate(
        requests=1,
        tokens_in=estimate_tokens(text_of("endpoint.phrase", settings.prompts), prompt),
        tokens_out=TOKENS_PER_PHRASE,
    )
