"""Log-probabilities of candidates after every prefix of a rationale, from a causal language model's own forwards.

``packed_scores`` does it in one forward over a forest of shared beginnings, or over several forests side by side;
``plain_scores`` in one forward a prefix; ``packing_works`` finds out whether a model gives the same either way. Knows
tokens and models, no text.
"""

import inspect
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from core.teacher.packing import Tokens, pack, shared_length

Branches = Sequence[Sequence[Tokens]]
"""``branches[k][c]``: the tokens of the whole text up to candidate c after k steps."""
Scores = NDArray[np.float64]
"""Shape (n + 1, candidates): the log-probability of what candidate c adds to the tokens it shares with the others."""
Case = TypeVar("Case")

PROBE_TOLERANCE = {torch.float32: 1e-3}
HALF_TOLERANCE = 0.5  # bfloat16 rounds a log-probability of −16 to steps of 0.06, and a probe's score sums two of them.

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Packed:
    """One rationale as a model reads it, on the processor.

    ``tokens``, ``positions`` (nodes,) and ``visible`` (nodes, nodes) are a forest's, with the nodes from which
    candidates are read moved to the end, ``predicting`` in number. What candidates add, token by token, shape (added,):
    ``token`` is read from the ``node``-th of those and belongs to text ``text``. ``shape`` is that of the scores.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    visible: NDArray[np.bool_]
    predicting: int
    node: NDArray[np.int64]
    token: NDArray[np.int64]
    text: NDArray[np.int64]
    shape: tuple[int, int]


def packed_scores(
    model: Any, cases: Iterable[tuple[Case, Branches]], *, nodes: int = 1
) -> Iterator[tuple[Case, Scores]]:
    """The scores of each case, in their order: equal to ``plain_scores`` within rounding (1e-4 in float32) where
    ``packing_works``.

    Cases stand side by side in one forward up to about ``nodes`` tokens with padding, at least one: let cases of
    similar length follow each other. One forward is begun before the one before it is waited for, so that a GPU works
    while the processor takes the next cases from ``cases`` and packs them.
    """
    begun: tuple[list[tuple[Case, Packed]], torch.Tensor] | None = None
    for batch in _batches(((case, packed(branches)) for case, branches in cases), nodes):
        earlier, begun = begun, (batch, _begin(model, [each for _, each in batch]))
        if earlier:
            yield from _finish(*earlier)
    if begun:
        yield from _finish(*begun)


def packed(branches: Branches) -> Packed:
    """A rationale's texts as one forest."""
    sequences = [sequence for candidates in branches for sequence in candidates]
    shared = [length for candidates in branches for length in [shared_length(candidates)] * len(candidates)]
    # Nothing follows a last token, so no forward needs it; each other one predicts the token after it.
    forest = pack([sequence[:-1] for sequence in sequences])
    before = np.concatenate([path[start - 1 :] for path, start in zip(forest.paths, shared, strict=True)])
    added = [sequence[start:] for sequence, start in zip(sequences, shared, strict=True)]
    predicting, node = np.unique(before, return_inverse=True)
    rest = np.setdiff1d(np.arange(len(forest.tokens)), predicting, assume_unique=True)
    # Mask and positions say who attends to whom, so the order is free: side by side, what is read stands in the same
    # columns of every forest, the last ones, and the output layer computes no others.
    order = np.concatenate([rest, predicting])
    return Packed(
        tokens=forest.tokens[order],
        positions=forest.positions[order],
        visible=forest.visible()[np.ix_(order, order)],
        predicting=len(predicting),
        node=node,
        token=np.array([token for each in added for token in each], np.int64),
        text=np.repeat(np.arange(len(sequences)), [len(each) for each in added]),
        shape=(len(branches), len(branches[0])),
    )


def _batches(cases: Iterable[tuple[Case, Packed]], nodes: int) -> Iterator[list[tuple[Case, Packed]]]:
    batch: list[tuple[Case, Packed]] = []
    longest = 0
    for case, each in cases:
        longest = max(longest, len(each.tokens))
        if batch and (len(batch) + 1) * longest > nodes:
            yield batch
            batch, longest = [], len(each.tokens)
        batch.append((case, each))
    if batch:
        yield batch


@torch.inference_mode()
def _begin(model: Any, batch: Sequence[Packed]) -> torch.Tensor:
    """The log-probability of each added token of the batch, one rationale after the other, on the model's device, which
    may still be computing it."""
    longest, last = max(len(each.tokens) for each in batch), max(each.predicting for each in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    positions = torch.zeros_like(ids)
    visible = torch.eye(longest, dtype=torch.bool).repeat(len(batch), 1, 1)  # padding sees itself and is seen by none
    read = []
    for row, each in enumerate(batch):
        start = longest - len(each.tokens)
        ids[row, start:] = torch.from_numpy(each.tokens)
        positions[row, start:] = torch.from_numpy(each.positions)
        visible[row, start:, start:] = torch.from_numpy(each.visible)
        read.append(np.stack([np.full_like(each.node, row), last - each.predicting + each.node, each.token]))
    where = _on(model.device, torch.from_numpy(np.concatenate(read, axis=1)))
    # An additive float mask: eager attention adds it to the scores, so a boolean one would be silently wrong.
    hidden = ~_on(model.device, visible)[:, None]
    mask = torch.zeros(hidden.shape, dtype=model.dtype, device=model.device)
    inputs = {
        "input_ids": _on(model.device, ids),
        "position_ids": _on(model.device, positions),
        "attention_mask": mask.masked_fill_(hidden, torch.finfo(model.dtype).min),
    }
    found: torch.Tensor = torch.log_softmax(_logits(model, inputs, last).float(), -1)[tuple(where)]
    return found


def _finish(batch: Sequence[tuple[Case, Packed]], found: torch.Tensor) -> Iterator[tuple[Case, Scores]]:
    sizes = [len(each.text) for _, each in batch]
    parts = np.split(found.double().cpu().numpy(), np.cumsum(sizes)[:-1])
    for (case, each), added in zip(batch, parts, strict=True):
        scores = np.zeros(each.shape)
        np.add.at(scores.reshape(-1), each.text, added)
        yield case, scores


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
        logits = _logits(model, inputs, longest - start + 1)
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
        ((_, packed),) = packed_scores(model, [(0, probe)])
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


def _on(device: torch.device, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor there. A copy to a GPU from ordinary memory would wait for all that the GPU was given before."""
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def _logits(model: Any, inputs: dict[str, torch.Tensor], last: int) -> torch.Tensor:
    """The logits at the last places only: with a large vocabulary they outweigh all the rest."""
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        return torch.as_tensor(model(**inputs, use_cache=False, logits_to_keep=last).logits)
    return torch.as_tensor(model(**inputs, use_cache=False).logits[:, -last:])


def _probe(vocabulary: int) -> Branches:
    """Three steps, four prefixes, three candidates of two tokens: every shape of fork there is."""
    draw = np.random.default_rng(0)
    header, *parts, cue = (draw.integers(vocabulary, size=size).tolist() for size in (12, 5, 7, 6, 2))
    candidates = [[int(first), int(draw.integers(vocabulary))] for first in draw.choice(vocabulary, 3, replace=False)]
    trunks = [header + [token for part in parts[:k] for token in part] for k in range(len(parts) + 1)]
    return [[trunk + cue + candidate for candidate in candidates] for trunk in trunks]
