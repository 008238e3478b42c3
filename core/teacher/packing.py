"""Merge texts with common prefixes into a forest, so that one forward computes each prefix once.

A node is one token after one particular prefix. A model in which every node attends only to its ancestors computes for
it exactly what it would in the plain sequence. Whole texts are tokenised and then merged, so it does not matter how a
tokenizer joins the parts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Tokens = Sequence[int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Forest:
    """Nodes in an order in which parents precede children.

    ``tokens``, ``parents`` (−1: none) and ``positions`` (number of ancestors) have shape (nodes,). ``paths[i]`` are the
    nodes of sequence i, one for each token.
    """

    tokens: NDArray[np.int64]
    parents: NDArray[np.int64]
    positions: NDArray[np.int64]
    paths: tuple[NDArray[np.int64], ...]

    def visible(self) -> NDArray[np.bool_]:
        """Shape (nodes, nodes): whether the row's node attends to the column's (itself or an ancestor)."""
        seen = np.eye(len(self.tokens), dtype=np.bool_)
        for node, parent in enumerate(self.parents.tolist()):
            if parent >= 0:
                seen[node, : parent + 1] |= seen[parent, : parent + 1]
        return seen


def pack(sequences: Sequence[Tokens]) -> Forest:
    """The forest of the sequences; a shared prefix is stored once."""
    node_of: dict[tuple[int, int], int] = {}
    tokens: list[int] = []
    parents: list[int] = []
    positions: list[int] = []
    paths: list[list[int]] = []
    earlier: Tokens = ()
    for sequence in sequences:
        # Copy what it shares with the sequence before it; walking it node by node is slow for long rationales.
        path = paths[-1][: shared_length((earlier, sequence))] if paths else []
        node = path[-1] if path else -1
        for position in range(len(path), len(sequence)):
            token = sequence[position]
            parent, node = node, node_of.setdefault((node, token), len(tokens))
            if node == len(tokens):
                tokens.append(token)
                parents.append(parent)
                positions.append(position)
            path.append(node)
        paths.append(path)
        earlier = sequence
    return Forest(
        tokens=np.array(tokens, np.int64),
        parents=np.array(parents, np.int64),
        positions=np.array(positions, np.int64),
        paths=tuple(np.array(path, np.int64) for path in paths),
    )


def shared_length(sequences: Sequence[Tokens]) -> int:
    """The length of the longest common prefix (by bisection: slices compare without a Python loop)."""
    first, *others = map(list, sequences)
    low, high = 0, min(len(first), *map(len, others)) if others else len(first)
    while low < high:
        middle = (low + high + 1) // 2
        if all(each[low:middle] == first[low:middle] for each in others):
            low = middle
        else:
            high = middle - 1
    return low
