"""Updates of an adapter: the projector's own rate, too little memory, and the replies of a saved adapter."""

import logging
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.errors import UserError
from core.student.local import Student, load_student, predict
from core.student.lora import attach_adapter
from core.tuning import update as learning
from core.tuning.estimate import estimate_tuning
from core.tuning.examples import make_examples
from core.tuning.loader import TrainingBatch, collate, load_batches
from core.tuning.prepare import Training, make_trainable
from core.tuning.schedule import plan_updates
from core.tuning.update import run_updates
from core.types import Sample, Settings, TuningEstimate, TuningSettings, Update
from tests.core.tuning.test_run import SAMPLES, SETTINGS, TOTAL, adapter, open_image, run_to_end, timeless

PLAIN = replace(SETTINGS, dropout=0.0)
WITH_PROJECTOR = replace(PLAIN, projector_rate=1e-3)


def trained(folder: Path, settings: TuningSettings, start: Path | None = None) -> tuple[Training, list[Update]]:
    """The student in memory after a whole run that wrote nothing."""
    student = load_student(str(folder), device="cpu")
    examples = make_examples(student, SAMPLES, settings)
    training = make_trainable(examples, open_image, settings, start)
    plan = plan_updates(examples.lengths, examples.pictured, settings)
    return training, list(run_updates(training, plan, (), run=1))


@torch.inference_mode()
def logits(student: Student, weights: Any) -> torch.Tensor:
    some = [example for example in make_examples(student, SAMPLES, SETTINGS) if example.sample.image][:5]
    return weights.eval()(**collate(student, some, open_image).inputs).logits  # type: ignore[no-any-return]


def projector(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in weights.items() if "lora_" not in name}


def too_small_for(more_than: int, monkeypatch: pytest.MonkeyPatch, *, times: int = 10**9) -> None:
    """Simulates out of memory for batches of more samples than that, the first ``times`` times."""
    real, left = learning.loss_of, [times]

    def loss_of(student: Student, batch: TrainingBatch) -> torch.Tensor:
        if len(batch.inputs["input_ids"]) > more_than and left[0]:
            left[0] -= 1
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return real(student, batch)

    monkeypatch.setattr(learning, "loss_of", loss_of)


@pytest.mark.parametrize("settings", [PLAIN, WITH_PROJECTOR], ids=["LoRA alone", "with the projector"])
def test_a_student_predicts_learns_is_saved_and_says_the_same_from_its_saved_adapter(
    folder: Path, tmp_path: Path, settings: TuningSettings
) -> None:
    asked = Settings(prompts={"student": "{question}"}, max_new_tokens=8)
    plain = load_student(str(folder), device="cpu")
    before = [p.text for batch in predict(plain, SAMPLES, open_image, asked, round_id=0) for p in batch]
    updates = run_to_end(folder, tmp_path, settings=settings)
    assert updates[-1].loss < updates[0].loss
    in_memory, again = trained(folder, settings)
    assert timeless(again) == timeless(updates)
    expected = logits(plain, in_memory.student.model)
    apart = attach_adapter(load_student(str(folder), device="cpu").model, tmp_path / "adapter")
    assert torch.equal(logits(plain, apart), expected), "the reloaded adapter is the one that was in memory, bit by bit"
    reloaded = load_student(str(folder), adapter=tmp_path / "adapter", device="cpu")
    torch.testing.assert_close(logits(plain, reloaded.model), expected, atol=1e-4, rtol=1e-4)
    after = [p.text for batch in predict(reloaded, SAMPLES, open_image, asked, round_id=1) for p in batch]
    assert after != before


def test_the_projector_is_trained_where_it_has_a_rate_and_at_that_rate(llava: Path, tmp_path: Path) -> None:
    run_to_end(llava, tmp_path / "without", settings=PLAIN)
    assert not projector(adapter(tmp_path / "without"))
    moved = {}
    for rate in (1e-12, 1e-3):
        at = tmp_path / str(rate)
        run_to_end(llava, at, settings=replace(PLAIN, projector_rate=rate))
        moved[rate] = projector(adapter(at))
    base = dict(load_student(str(llava), device="cpu").model.named_parameters())
    assert len(moved[1e-3]) == 4
    for name, tensor in moved[1e-3].items():
        own = base[name.removeprefix("base_model.model.")]
        assert not torch.allclose(tensor, own, atol=1e-5)
        assert torch.allclose(moved[1e-12][name], own, atol=1e-8)


def test_a_student_without_a_known_projector_cannot_have_one_tuned(llava: Path) -> None:
    student = load_student(str(llava), device="cpu")
    student.model.model.unheard_of = student.model.model.multi_modal_projector
    del student.model.model.multi_modal_projector
    examples = make_examples(student, SAMPLES, WITH_PROJECTOR)
    with pytest.raises(UserError, match="no projector that could be tuned; set the projector's learning rate to 0"):
        make_trainable(examples, open_image, WITH_PROJECTOR, None)


def test_a_later_run_trains_the_projector_further_or_leaves_it_as_it_was(llava: Path, tmp_path: Path) -> None:
    run_to_end(llava, tmp_path / "first", settings=WITH_PROJECTOR)
    start = tmp_path / "first" / "adapter"
    run_to_end(llava, tmp_path / "left", settings=PLAIN, start_adapter=start)
    first, left = adapter(tmp_path / "first"), adapter(tmp_path / "left")
    assert first.keys() == left.keys()
    assert all(torch.equal(first[name], left[name]) for name in projector(first))
    assert not all(torch.equal(first[name], left[name]) for name in first)


def test_a_projector_joins_an_adapter_that_had_none(llava: Path, tmp_path: Path) -> None:
    run_to_end(llava, tmp_path / "first", settings=PLAIN)
    barely = replace(PLAIN, rank=9, learning_rate=1e-12, projector_rate=1e-3)
    run_to_end(llava, tmp_path / "later", settings=barely, start_adapter=tmp_path / "first" / "adapter")
    first, later = adapter(tmp_path / "first"), adapter(tmp_path / "later")
    assert len(projector(later)) == 4
    assert all(torch.allclose(first[name], later[name], atol=1e-6) for name in first)


def test_a_run_restarts_from_the_base_when_it_is_asked_to(llava: Path, tmp_path: Path) -> None:
    first = run_to_end(llava, tmp_path / "first")
    start = tmp_path / "first" / "adapter"
    afresh = run_to_end(llava, tmp_path / "afresh", settings=replace(SETTINGS, start="base"), start_adapter=start)
    assert timeless(afresh) == timeless(first)


def test_batches_too_large_for_the_memory_are_halved_and_the_updates_stay_what_they_are(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    whole = run_to_end(llava, tmp_path / "whole", settings=PLAIN)
    assert {update.batch_size for update in whole} == {4}
    too_small_for(1, monkeypatch)
    with caplog.at_level(logging.WARNING):
        halved = run_to_end(llava, tmp_path / "halved", settings=PLAIN)
    assert [update.batch_size for update in halved] == [1] * TOTAL
    assert [update.number for update in halved] == list(range(1, TOTAL + 1))
    assert [update.loss for update in halved] == pytest.approx([update.loss for update in whole], rel=1e-3)
    assert caplog.messages == [
        "The memory was too small for batches of 4; going on with 2, twice as many.",
        "The memory was too small for batches of 2; going on with 1, twice as many.",
    ]


def test_a_run_that_went_on_with_smaller_batches_is_resumed_with_them(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_small_for(2, monkeypatch, times=1)
    run_to_end(llava, tmp_path, settings=PLAIN, stop_after=3)
    resumed = run_to_end(llava, tmp_path, settings=PLAIN)
    assert [update.batch_size for update in resumed] == [2] * TOTAL


def test_a_memory_too_small_for_one_sample_ends_the_run_with_the_way_on(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_small_for(0, monkeypatch)
    with pytest.raises(UserError, match="even one sample at a time; set fewer pixels"):
        run_to_end(llava, tmp_path, settings=PLAIN)


def test_a_student_whose_loss_is_no_number_from_the_start_is_not_said_to_learn_too_fast(
    llava: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = learning.loss_of
    monkeypatch.setattr(learning, "loss_of", lambda *given: real(*given) * float("nan"))
    with pytest.raises(UserError, match=r"at update 1 of 7; nothing was learned yet.*choose the number format fp32"):
        run_to_end(llava, tmp_path)


def test_batches_come_in_order_and_a_missing_image_is_told_when_its_turn_comes(llava: Path) -> None:
    student = load_student(str(llava), device="cpu")
    examples = make_examples(student, [sample for sample in SAMPLES if sample.image], SETTINGS)
    opened: list[str] = []

    def opener(name: str) -> Any:
        opened.append(name)
        if len(opened) > 6:
            raise UserError(f"The image {name} cannot be opened.")
        return open_image(name)

    batches = [[0, 1], [2, 3], [4, 5], [6, 7]]
    with closing(load_batches(examples, opener, batches)) as ready:
        shapes = [len(next(ready).inputs["input_ids"]) for _ in range(3)]
        assert shapes == [2, 2, 2]
        assert opened[:6] == [examples[number].sample.image for number in range(6)]
        with pytest.raises(UserError, match="cannot be opened"):
            next(ready)


def test_lessons_are_made_when_they_are_asked_for_and_read_front_to_back(llava: Path) -> None:
    asked: list[object] = []

    class Watched(list[Sample]):
        def __getitem__(self, key: Any) -> Any:
            asked.append(key)
            return super().__getitem__(key)

    student = load_student(str(llava), device="cpu")
    examples = make_examples(student, Watched(SAMPLES), SETTINGS)
    assert asked == [slice(0, 256)]
    assert examples[3].sample == SAMPLES[3]
    assert asked[1:] == [3]


def measured(folder: Path, settings: TuningSettings = SETTINGS, **more: Any) -> list[TuningEstimate]:
    given: dict[str, Any] = {"should_stop": lambda: False, "device": "cpu"} | more
    return list(estimate_tuning(str(folder), SAMPLES, open_image, settings, **given))


def test_an_estimate_counts_the_run_and_times_its_updates(folder: Path) -> None:
    found = measured(folder)
    assert [each.measured for each in found] == [0, 1, 2, 3, 4, 5]
    last = found[-1]
    assert (last.updates, last.samples, last.left_out, last.batch_size) == (TOTAL, 22, 0, 4)
    assert (found[0].seconds, found[0].samples_per_second) == (0, 0)
    assert last.samples_per_second == pytest.approx(44 / last.seconds)
    assert 0 < last.memory < last.capacity
    assert 0 < last.trainable < last.parameters
    assert 0 <= last.padding < 0.2


def test_an_estimate_is_near_what_the_run_then_takes(llava: Path, tmp_path: Path) -> None:
    longer = replace(PLAIN, epochs=6.0)
    estimate = measured(llava, longer)[-1]
    updates = run_to_end(llava, tmp_path, settings=longer)
    assert len(updates) == estimate.updates
    took = sum(8 / update.samples_per_second for update in updates)
    assert 0.3 < estimate.seconds / took < 3


def test_measuring_stops_when_asked_and_finds_the_batch_size_that_fits(
    llava: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    too_small_for(2, monkeypatch)
    (only,) = measured(llava, should_stop=lambda: True)
    assert only.batch_size == 2
