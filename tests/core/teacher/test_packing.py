"""A forest holds every sequence, each shared prefix once, and a node attends only to its own prefix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.teacher.packing import pack, shared_length

SEQUENCES = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=8), min_size=1, max_size=8)


@given(SEQUENCES)
def test_every_sequence_is_a_path_and_every_beginning_is_held_once(sequences: list[list[int]]) -> None:
    forest = pack(sequences)
    for sequence, path in zip(sequences, forest.paths, strict=True):
        assert forest.tokens[path].tolist() == sequence
        assert forest.positions[path].tolist() == list(range(len(sequence)))
        assert forest.parents[path].tolist() == [-1, *path[:-1]]
    beginnings = {tuple(sequence[: i + 1]) for sequence in sequences for i in range(len(sequence))}
    assert len(forest.tokens) == len(beginnings)


@given(SEQUENCES)
def test_a_node_sees_itself_and_what_precedes_it_in_its_sequences(sequences: list[list[int]]) -> None:
    forest = pack(sequences)
    seen = forest.visible()
    for path in forest.paths:
        for place, node in enumerate(path):
            assert np.flatnonzero(seen[node]).tolist() == path[: place + 1].tolist()


@given(SEQUENCES)
def test_the_shared_length_is_the_longest_common_beginning(sequences: list[list[int]]) -> None:
    shared = shared_length(sequences)
    assert all(sequence[:shared] == sequences[0][:shared] for sequence in sequences)
    longer = [sequence[: shared + 1] for sequence in sequences]
    assert any(each != longer[0] for each in longer) or shared == min(map(len, sequences))


@pytest.mark.parametrize("sequences", [[], [[]]])
def test_nothing_packs_to_nothing(sequences: list[list[int]]) -> None:
    assert pack(sequences).visible().shape == (0, 0)
