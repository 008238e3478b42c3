"""Log-probabilities of candidates after every prefix of a rationale, from forwards of a causal language model.

``packed_scores`` uses one forward over a forest of shared prefixes (or several forests side by side), ``plain_scores``
one forward a prefix; ``packing_works`` checks whether both agree for a model.
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
T = TypeVar("T")

PROBE_TOLERANCE = {torch.float32: 1e-3}
HALF_TOLERANCE = 0.5  # bfloat16 rounds a log-probability of −16 to 0.06, and a score sums two

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class PackedCase:
    """One rationale as a model reads it, on the CPU.

    ``tokens``, ``positions`` (nodes,) and ``visible`` (nodes, nodes) are the forest's, with the ``predicting`` nodes
    from which candidates are read moved to the end. For the tokens that candidates add, shape (added,): ``token`` is
    predicted by the ``node``-th of those and belongs to text ``text``. ``shape`` is that of the scores.
    """

    tokens: NDArray[np.int64]
    positions: NDArray[np.int64]
    visible: NDArray[np.bool_]
    predicting: int
    node: NDArray[np.int64]
    token: NDArray[np.int64]
    text: NDArray[np.int64]
    shape: tuple[int, int]


def packed_scores(model: Any, cases: Iterable[tuple[T, Branches]], *, nodes: int = 1) -> Iterator[tuple[T, Scores]]:
    """The scores of each case, in order: equal to ``plain_scores`` within rounding (1e-4 in float32) where
    ``packing_works``.

    One forward takes cases up to about ``nodes`` tokens with padding, at least one; cases should be sorted by length.
    The next forward is started before the previous one is awaited, so that a GPU works while the CPU packs the next
    cases.
    """
    begun: tuple[list[tuple[T, PackedCase]], torch.Tensor] | None = None
    for batch in _batch_cases(((case, pack_case(branches)) for case, branches in cases), nodes):
        earlier, begun = begun, (batch, _start_forward(model, [each for _, each in batch]))
        if earlier:
            yield from _collect_scores(*earlier)
    if begun:
        yield from _collect_scores(*begun)


def pack_case(branches: Branches) -> PackedCase:
    """A rationale's texts as one forest."""
    sequences = [sequence for candidates in branches for sequence in candidates]
    shared = [length for candidates in branches for length in [shared_length(candidates)] * len(candidates)]
    # The last token predicts nothing, so the forward does not need it.
    forest = pack([sequence[:-1] for sequence in sequences])
    before = np.concatenate([path[start - 1 :] for path, start in zip(forest.paths, shared, strict=True)])
    added = [sequence[start:] for sequence, start in zip(sequences, shared, strict=True)]
    predicting, node = np.unique(before, return_inverse=True)
    rest = np.setdiff1d(np.arange(len(forest.tokens)), predicting, assume_unique=True)
    # Mask and positions define attention, so the order of nodes is free: with the nodes to read at the end, the output
    # layer only needs the last columns of every forest.
    order = np.concatenate([rest, predicting])
    return PackedCase(
        tokens=forest.tokens[order],
        positions=forest.positions[order],
        visible=forest.visible()[np.ix_(order, order)],
        predicting=len(predicting),
        node=node,
        token=np.array([token for each in added for token in each], np.int64),
        text=np.repeat(np.arange(len(sequences)), [len(each) for each in added]),
        shape=(len(branches), len(branches[0])),
    )


def _batch_cases(cases: Iterable[tuple[T, PackedCase]], nodes: int) -> Iterator[list[tuple[T, PackedCase]]]:
    batch: list[tuple[T, PackedCase]] = []
    longest = 0
    for case, packed in cases:
        longest = max(longest, len(packed.tokens))
        if batch and (len(batch) + 1) * longest > nodes:
            yield batch
            batch, longest = [], len(packed.tokens)
        batch.append((case, packed))
    if batch:
        yield batch


@torch.inference_mode()
def _start_forward(model: Any, batch: Sequence[PackedCase]) -> torch.Tensor:
    """The log-probability of each added token of the batch, one rationale after the other, on the model's device
    (possibly still being computed)."""
    longest, last = max(len(each.tokens) for each in batch), max(each.predicting for each in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    positions = torch.zeros_like(ids)
    visible = torch.eye(longest, dtype=torch.bool).repeat(len(batch), 1, 1)  # padding attends only to itself
    read = []
    for row, case in enumerate(batch):
        start = longest - len(case.tokens)
        ids[row, start:] = torch.from_numpy(case.tokens)
        positions[row, start:] = torch.from_numpy(case.positions)
        visible[row, start:, start:] = torch.from_numpy(case.visible)
        read.append(np.stack([np.full_like(case.node, row), last - case.predicting + case.node, case.token]))
    where = _to_device(model.device, torch.from_numpy(np.concatenate(read, axis=1)))
    # An additive float mask: eager attention would silently misread a boolean one.
    hidden = ~_to_device(model.device, visible)[:, None]
    mask = torch.zeros(hidden.shape, dtype=model.dtype, device=model.device)
    inputs = {
        "input_ids": _to_device(model.device, ids),
        "position_ids": _to_device(model.device, positions),
        "attention_mask": mask.masked_fill_(hidden, torch.finfo(model.dtype).min),
    }
    found: torch.Tensor = torch.log_softmax(_logits(model, inputs, last).float(), -1)[tuple(where)]
    return found


def _collect_scores(batch: Sequence[tuple[T, PackedCase]], found: torch.Tensor) -> Iterator[tuple[T, Scores]]:
    sizes = [len(each.text) for _, each in batch]
    parts = np.split(found.double().cpu().numpy(), np.cumsum(sizes)[:-1])
    for (case, packed), added in zip(batch, parts, strict=True):
        scores = np.zeros(packed.shape)
        np.add.at(scores.reshape(-1), packed.text, added)
        yield case, scores


@torch.inference_mode()
def plain_scores(model: Any, branches: Branches) -> Scores:
    """The same scores from one forward a prefix, its candidates side by side: slower, but correct for any model."""
    scores = np.zeros((len(branches), len(branches[0])))
    for k, candidates in enumerate(branches):
        start, longest = shared_length(candidates), max(map(len, candidates))
        # Right padding: no real token attends to it.
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
    """Whether the model respects the forest's mask and positions, tested on random tokens.

    Some architectures do not: recurrent ones, and those that derive positions from the mask (ALiBi).
    """
    probe = _probe(model.get_input_embeddings().num_embeddings)
    plain = plain_scores(model, probe)
    try:
        ((_, packed),) = packed_scores(model, [(0, probe)])
    except Exception as error:  # architectures refuse a mask in different ways
        logger.info("packed forward refused: %s", error)
        return False
    apart = float(np.abs(packed - plain).max())
    logger.info("packed and plain forwards differ by %.2g", apart)
    return apart <= PROBE_TOLERANCE.get(model.dtype, HALF_TOLERANCE)


def max_packed_length(config: Any) -> float:
    """The longest text for which the forest's mask is correct: the model's sliding window, else infinity.

    A 4D mask replaces the window's own, so a longer text would be attended to in full.
    """
    text = config.get_text_config()
    windows = [getattr(text, name, None) for name in ("sliding_window", "attention_chunk_size")]
    return min((window for window in windows if window), default=float("inf"))


def _to_device(device: torch.device, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor on the device. Pinned memory, because a copy to a GPU from pageable memory waits for all queued
    work."""
    return (tensor.pin_memory() if device.type == "cuda" else tensor).to(device, non_blocking=True)


def _logits(model: Any, inputs: dict[str, torch.Tensor], last: int) -> torch.Tensor:
    """The logits at the last positions only: with a large vocabulary they dominate the memory."""
    if "logits_to_keep" in inspect.signature(model.forward).parameters:
        return torch.as_tensor(model(**inputs, use_cache=False, logits_to_keep=last).logits)
    return torch.as_tensor(model(**inputs, use_cache=False).logits[:, -last:])


def _probe(vocabulary: int) -> Branches:
    """Three steps, four prefixes, three candidates of two tokens: every kind of fork."""
    draw = np.random.default_rng(0)
    header, *parts, cue = (draw.integers(vocabulary, size=size).tolist() for size in (12, 5, 7, 6, 2))
    candidates = [[int(first), int(draw.integers(vocabulary))] for first in draw.choice(vocabulary, 3, replace=False)]
    trunks = [header + [token for part in parts[:k] for token in part] for k in range(len(parts) + 1)]
    return [[trunk + cue + candidate for candidate in candidates] for trunk in trunks]
