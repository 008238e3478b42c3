"""A 7B teacher and 7B students on a GPU: tokens a second as shares of the same card's matrix product."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from core.student import chat
from core.types import Curve, Settings, TuningSettings
from tests.gpu import full_size
from tests.gpu.stalls import busy_share

CUDA = torch.cuda.is_available()
NEEDS_GPU = pytest.mark.skipif(not CUDA, reason="no GPU here: full size is measured on one")
CPU = torch.device("cpu")
MAX_IDLE_SHARE = 0.05  # of the time
QUICK = replace(TuningSettings(), rank=4, alpha=8, batch_size=2, accumulation=1)


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_the_measure_of_the_answer_switch_runs_on_a_small_teacher(family: str) -> None:
    teacher = full_size.make_teacher(family, CPU, full=False)
    found = full_size.switching(teacher, full_size.wrong_ones(4), full_size.matrix_peak(CPU, 64, turns=1))
    assert min(found.tokens, found.share) > 0
    assert found.idle is None


@pytest.mark.parametrize("family", ["llava", "qwen2-vl"])
def test_the_measures_of_predicting_and_tuning_run_on_a_small_student(family: str, tmp_path: Path) -> None:
    student = full_size.make_student(family, tmp_path / "student", CPU, full=False)
    settings = Settings(max_new_tokens=4, batch_size=2)
    said = full_size.predicting(student, full_size.samples_of(2), 16, settings, 1e12)
    tuned = full_size.tuning(student, full_size.samples_of(20), 16, QUICK, 1e12)
    assert min(said.tokens, said.share, tuned.tokens, tuned.share) > 0


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), min_size=1, max_size=12))
def test_a_card_is_busy_in_the_moments_that_any_of_its_intervals_covers(drawn: list[tuple[int, int]]) -> None:
    intervals = [(start, start + length) for start, length in drawn]
    first, last = min(start for start, _ in intervals), max(end for _, end in intervals)
    covered = sum(any(start <= moment < end for start, end in intervals) for moment in range(first, last))
    assert busy_share(intervals) == pytest.approx(covered / (last - first))


@pytest.mark.parametrize(("family", "billions"), [("llama", 6.7), ("qwen2", 7.6), ("llava", 7.1), ("qwen2-vl", 8.3)])
def test_full_size_models_have_the_size_of_the_published_ones(family: str, billions: float, tmp_path: Path) -> None:
    nowhere = torch.device("meta")  # shapes without numbers
    if family in ("llama", "qwen2"):
        model = full_size.make_teacher(family, nowhere, full=True).model
    else:
        student = full_size.make_student(family, tmp_path / "student", nowhere, full=True)
        model = student.model
        asked = [chat.prompt_text(student.processor, "What is the sum ?", has_image=True)]
        encoded = chat.encode(student.processor, asked, [Image.new("RGB", (336, 336))], padding_side="left")
        seen = (encoded["input_ids"] == model.config.image_token_id).sum()
        assert seen == {"llava": 576, "qwen2-vl": 144}[family]
    assert sum(each.numel() for each in model.parameters()) / 1e9 == pytest.approx(billions, abs=0.06)


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_the_answer_switch_reaches_three_fifths_of_the_matrix_peak(family: str) -> None:
    device = torch.device("cuda")
    peak = full_size.matrix_peak(device, 8192)
    teacher = full_size.make_teacher(family, device, full=True)
    found = full_size.switching(teacher, full_size.wrong_ones(64), peak)
    print(f"{family} reads {found}; the peak is {peak / 1e12:,.0f} TFLOP/s")
    assert found.share >= 0.6
    assert (found.idle or 0) <= MAX_IDLE_SHARE


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_curves_read_side_by_side_on_a_gpu_are_those_read_one_by_one(family: str) -> None:
    teacher = full_size.make_teacher(family, torch.device("cuda"), full=False)
    precise = replace(teacher, model=teacher.model.float())
    wrong = full_size.wrong_ones(8)
    together, alone = (dict(each.curves(wrong, Settings())) for each in (precise, replace(precise, nodes=1)))
    for place, one in alone.items():
        both = together[place]
        assert isinstance(one, Curve)
        assert isinstance(both, Curve)
        assert np.array(both.probabilities) == pytest.approx(np.array(one.probabilities), abs=1e-4)


@pytest.mark.gpu
@NEEDS_GPU
@pytest.mark.parametrize("family", ["llava", "qwen2-vl"])
def test_tuning_reaches_45_percent_of_the_matrix_peak(family: str, tmp_path: Path) -> None:
    device = torch.device("cuda")
    peak = full_size.matrix_peak(device, 8192)
    student = full_size.make_student(family, tmp_path / "student", device, full=True)
    said = full_size.predicting(
        student, full_size.samples_of(64), 336, Settings(max_new_tokens=128, batch_size=32), peak
    )
    print(f"{family} predicts {said}")
    settings = TuningSettings(batch_size=16, accumulation=1)
    tuned = full_size.tuning(student, full_size.samples_of(128), 336, settings, peak)
    print(f"{family} is tuned on {tuned}")
    assert tuned.share >= 0.45
    assert (tuned.idle or 0) <= MAX_IDLE_SHARE
