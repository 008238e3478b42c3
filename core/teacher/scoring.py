"""Log-probabilities of candidates after every prefix of a rationale, from a causal language model's own forwards.

``packed_scores`` does it in one forward over a forest of shared beginnings, ``plain_scores`` in one forward a prefix;
``packing_works`` finds out whether a model gives the same either way. Knows tokens and models, no text.
"""

import inspect
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.teacher.packing import Forest, Tokens, pack, shared_length

Branches = Sequence[Sequence[Tokens]]
"""``branches[k][c]``: the tokens of the whole text up to candidate c after k steps."""
Scores = NDArray[np.float64]
"""Shape (n + 1, candidates): the log-probability of what candidate c adds to the tokens it shares with the others."""

PROBE_TOLERANCE = {torch.float32: 1e-3}
HALF_TOLERANCE = 0.5  # bfloat16 rounds a log-probability of −16 to steps of 0.06, and a probe's score sums two of them.

logger = logging.getLogger(__name__)


@torch.inference_mode()
def packed_scores(model: Any, branches: Branches) -> Scores:
    """The scores from one forward, equal to ``plain_scores`` within rounding (1e-4 in float32) where ``packing_works``.

    Several rationales in one forward were measured and gained a sixth at best, so each has its own.
    """
    sequences = [sequence for candidates in branches for sequence in candidates]
    shared = [length for candidates in branches for length in [shared_length(candidates)] * len(candidates)]
    # Nothing follows a last token, so no forward needs it; each other one predicts the token after it.
    forest = pack([sequence[:-1] for sequence in sequences])
    before = [path[start - 1 :] for path, start in zip(forest.paths, shared, strict=True)]
    added = [sequence[start:] for sequence, start in zip(sequences, shared, strict=True)]
    nodes, row = np.unique(np.concatenate(before), return_inverse=True)
    logits = _logits(model, _forest_inputs(model, forest), torch.from_numpy(nodes))[0]
    tokens = torch.tensor([token for each in added for token in each], dtype=torch.long)
    found = torch.log_softmax(logits.float(), -1)[torch.from_numpy(row), tokens].double().numpy()
    scores = np.zeros(len(sequences))
    np.add.at(scores, np.repeat(np.arange(len(sequences)), [len(each) for each in added]), found)
    return scores.reshape(len(branches), -1)


@torch.inference_mode()
def plain_scores(model: Any, branches: Branches) -> Scores:
    """The same scores from one plain forward a prefix, its candidates side by side: slower, and right for any model."""
    scores = np.zeros((len(branches), len(branches[0])))
    for k, candidates in enumerate(branches):
        start, longest = shared_length(candidates), max(map(len, candidates))
        # Padding stands on the right, where no token that counts attends to it.
        ids = torch.zeros(len(candidates), longest, dtype=torch.long)
        mask = torch.zeros_like(ids)
        for c, tokens in enumerate(candidates):
            ids[c, : len(tokens)] = torch.tensor(tokens)
            mask[c, : len(tokens)] = 1
        inputs = {"input_ids": ids.to(model.device), "attention_mask": mask.to(model.device)}
        logits = _logits(model, inputs, torch.arange(start - 1, longest - 1))
        for c, tokens in enumerate(candidates):
            added = torch.tensor(tokens[start:], dtype=torch.long)
            found = torch.log_softmax(logits[c, : len(added)].float(), -1)[torch.arange(len(added)), added]
            scores[k, c] = found.double().sum().item()
    return scores


def packing_works(model: Any) -> bool:
    """Whether the model honours the forest's mask and positions, tried on a probe of random tokens.

    Some architectures do not: recurrent ones, and those that derive positions from the mask (ALiBi).
    """
    probe = _probe(model.get_input_embeddings().num_embeddings)
    plain = plain_scores(model, probe)
    try:
        packed = packed_scores(model, probe)
    except Exception as error:  # Each architecture refuses a mask in its own way; how does not matter.
        logger.info("packed forward refused: %s", error)
        return False
    apart = float(np.abs(packed - plain).max())
    logger.info("packed and plain forwards differ by %.2g", apart)
    return apart <= PROBE_TOLERANCE.get(model.dtype, HALF_TOLERANCE)


def packing_reach(config: Any) -> float:
    """How many tokens a text may have for the forest's mask to be right: a model's sliding window, else no limit.

    A 4D mask replaces the window's own, so a longer text would be seen whole.
    """
    text = config.get_text_config()
    windows = [getattr(text, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((window for window in windows if window), default=float("inf"))


def _forest_inputs(model: Any, forest: Forest) -> dict[str, torch.Tensor]:
    # An additive float mask: eager attention adds it to the scores, so a boolean one would be silently wrong.
    mask = torch.zeros(forest.tokens.shape[0], forest.tokens.shape[0], dtype=model.dtype)
    mask.masked_fill_(torch.from_numpy(~forest.visible()), torch.finfo(model.dtype).min)
    inputs = {
        "input_ids": torch.from_numpy(forest.tokens)[None],
        "position_ids": torch.from_numpy(forest.positions)[None],
        "attention_mask": mask[None, None],
    }
    return {name: tensor.to(model.device) for name, tensor in inputs.items()}


def _logits(model: Any, inputs: dict[str, torch.Tensor], places: torch.Tensor) -> torch.Tensor:
    """The logits at the given places only, on the processor: with a large vocabulary they outweigh all the rest."""
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        kept = model(**inputs, use_cache=False, logits_to_keep=places.to(model.device)).logits
    else:
        kept = model(**inputs, use_cache=False).logits[:, places.to(model.device)]
    return torch.as_tensor(kept).cpu()


def _probe(vocabulary: int) -> Branches:
    """Three steps, four prefixes, three candidates of two tokens: every shape of fork there is."""
    draw = np.random.default_rng(0)
    header, *parts, cue = (draw.integers(vocabulary, size=size).tolist() for size in (12, 5, 7, 6, 2))
    candidates = [[int(first), int(draw.integers(vocabulary))] for first in draw.choice(vocabulary, 3, replace=False)]
    trunks = [header + [token for part in parts[:k] for token in part] for k in range(len(parts) + 1)]
    return [[trunk + cue + candidate for candidate in candidates] for trunk in trunks]
