"""Embeddings of instructions: one row for each text, independent of the batch."""

import numpy as np
import pytest
import torch

from core.teacher.embedding import embed
from core.teacher.local import LocalTeacher, load_teacher
from tests.projects.tiny_project import save_teacher

TEXTS = ["What is 1 plus 2?", "What is the sum of 3 and 4 in A1?", "9", "What is 1 plus 2?"]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> LocalTeacher:
    return load_teacher(str(save_teacher(tmp_path_factory.mktemp("teacher"))), device="cpu")


def test_a_text_has_the_mean_of_its_last_states_whatever_stands_beside_it(teacher: LocalTeacher) -> None:
    found = embed(teacher, TEXTS)
    assert found.shape == (4, 32)
    for row, text in zip(found, TEXTS, strict=True):
        states = teacher.model(torch.tensor(teacher.encode([text])), output_hidden_states=True).hidden_states[-1]
        assert row == pytest.approx(states[0].mean(dim=0).detach().double().numpy(), abs=1e-5)
    assert np.array_equal(found[0], found[3])


def test_a_text_beyond_the_teacher_is_read_up_to_its_limit(teacher: LocalTeacher) -> None:
    whole = embed(teacher, ["1 plus 2 " * 2000])
    assert whole.shape == (1, 32)
    assert np.isfinite(whole).all()
