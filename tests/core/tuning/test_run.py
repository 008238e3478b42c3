import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from core.errors import UserError
from core.student.local import load_student, model_inputs, predict
from core.tuning.examples import make_examples
from core.tuning.loader import reply_mask
from core.tuning.run import tune
from core.types import Sample, Settings, TuningSettings, Update

ROOT = Path(__file__).resolve().parents[3]
SETTINGS = TuningSettings(
    rank=4,
    alpha=8,
    dropout=0.1,
    learning_rate=5e-3,
    epochs=2.0,
    batch_size=4,
    accumulation=2,
    checkpoint_every=2,
)
TOTAL = 7  # 17 samples with an image are 5 batches, 5 without are 2; 14 batches, 2 an update
# Run as a program by the test that kills it; prints a line after each update.
CHILD = """
import sys
from pathlib import Path
import torch
from tests.core.tuning.test_run import SETTINGS, SAMPLES, open_image
from core.tuning.run import tune
torch.set_num_threads(1)
for update in tune(sys.argv[1], SAMPLES, open_image, SETTINGS, folder=Path(sys.argv[2]), run=1,
                   should_stop=lambda: False, device="cpu"):
    print(update.number, flush=True)
"""
Finished = tuple[Path, list[Update]]
SAMPLES = [
    Sample(
        id=number,
        source_id=f"s{number}",
        question="What is the sum of " + "A1 and " * (number % 4) + "B2 ?",
        answer=str(number % 7),
        response="Step 1 : A1 is 4 . " * (1 + number % 3) + f"The answer is {number % 7} .",
        image=None if number % 4 == 0 else str(number),
    )
    for number in range(1, 23)
]


def open_image(name: str) -> Image.Image:
    return Image.new("RGB", (20, 30), (int(name) * 10, 100, 50))


def run_to_end(
    model: Path,
    folder: Path,
    *,
    settings: TuningSettings = SETTINGS,
    samples: list[Sample] = SAMPLES,
    start_adapter: Path | None = None,
    stop_after: int = 0,
) -> list[Update]:
    """The updates of a run, which is asked to stop after so many of them (0: never)."""
    torch.set_num_threads(1)
    answers = iter([False] * (stop_after - 1) + [True])
    return list(
        tune(
            str(model),
            samples,
            open_image,
            settings,
            folder=folder,
            run=1,
            start_adapter=start_adapter,
            should_stop=lambda: bool(stop_after) and next(answers),
            device="cpu",
        )
    )


def timeless(updates: list[Update]) -> list[Update]:
    return [replace(update, samples_per_second=0.0, memory=0) for update in updates]


def adapter(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter" / "adapter_model.safetensors")


def assert_nearly_same_adapter(one: Path, other: Path, within: float) -> None:
    """AdamW's first step is lr·sign(gradient), so a gradient of nearly zero may differ; nearly all weights agree."""
    first, second = adapter(one), adapter(other)
    assert first.keys() == second.keys()
    agree = torch.cat([(first[name] - second[name]).abs().flatten() < within for name in first])
    assert agree.float().mean() > 0.99


def assert_same_adapter(one: Path, other: Path) -> None:
    first, second = adapter(one), adapter(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture(scope="session")
def finished(llava: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """An uninterrupted run of the tiny LLaVA: its folder and its updates."""
    folder = tmp_path_factory.mktemp("finished")
    return folder, run_to_end(llava, folder)


def test_a_run_yields_every_update_and_leaves_an_adapter(folder: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    updates = run_to_end(folder, tmp_path)
    assert [update.number for update in updates] == list(range(1, TOTAL + 1))
    assert {(update.run, update.total) for update in updates} == {(1, TOTAL)}
    assert updates[-1].epoch == 2.0
    assert updates[-1].loss < updates[0].loss
    assert all(update.samples_per_second > 0 for update in updates)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["adapter"]
    assert (tmp_path / "adapter" / "README.md").read_text().startswith("---\nlibrary_name: peft\n")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_student_learns_to_say_what_it_was_shown(folder: Path, tmp_path: Path) -> None:
    shown = [replace(sample, response="The answer is 9 .") for sample in SAMPLES]
    settings = replace(SETTINGS, learning_rate=0.01, epochs=12.0, dropout=0.0, rank=16, alpha=32)
    run_to_end(folder, tmp_path, samples=shown, settings=settings)
    student = load_student(str(folder), adapter=tmp_path / "adapter", device="cpu")
    asked = Settings(prompts={"student": "{question}"}, max_new_tokens=12)
    said = {p.text for batch in predict(student, shown, open_image, asked, round_id=1) for p in batch}
    assert said == {"The answer is 9 ."}


def test_the_loss_is_the_mean_over_reply_tokens_and_the_update_that_of_one_batch_however_they_are_batched(
    folder: Path, tmp_path: Path
) -> None:
    student = load_student(str(folder), device="cpu")
    images = [sample for sample in SAMPLES if sample.image][:6]
    total, tokens = 0.0, 0
    for example in make_examples(student, images, SETTINGS):
        picture = open_image(example.sample.image or "")
        inputs = model_inputs(student, [example.text], [picture], padding_side="right")
        labels = inputs["input_ids"].clone()
        labels[0, : -example.reply] = -100
        with torch.no_grad():
            total += student.model(**inputs, labels=labels).loss.item() * example.reply
        tokens += example.reply
    losses = []
    for size, accumulation in ((6, 1), (2, 3), (1, 6)):
        once = replace(SETTINGS, batch_size=size, accumulation=accumulation, epochs=1.0, dropout=0.0)
        (update,) = run_to_end(folder, tmp_path / str(size), settings=once, samples=images)
        losses.append(update.loss)
    assert losses == pytest.approx([total / tokens] * 3, rel=1e-5)
    assert_nearly_same_adapter(tmp_path / "6", tmp_path / "2", within=1e-5)


def test_the_mask_covers_the_reply_and_neither_prompt_nor_padding() -> None:
    mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]])
    assert reply_mask(mask, [2, 3]).long().tolist() == [[0, 0, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1]]


def test_the_same_seed_gives_the_same_adapter_and_another_seed_another(
    llava: Path, finished: Finished, tmp_path: Path
) -> None:
    assert timeless(run_to_end(llava, tmp_path / "again")) == timeless(finished[1])
    assert_same_adapter(tmp_path / "again", finished[0])
    other = run_to_end(llava, tmp_path / "other", settings=replace(SETTINGS, seed=1))
    assert timeless(other) != timeless(finished[1])


@pytest.mark.parametrize("at", range(1, TOTAL))
def test_a_stopped_run_goes_on_where_it_was_and_ends_the_same(
    llava: Path, finished: Finished, tmp_path: Path, at: int
) -> None:
    first = run_to_end(llava, tmp_path, stop_after=at)
    assert [update.number for update in first] == list(range(1, at + 1))
    assert (tmp_path / f"checkpoint-{at}").is_dir()
    assert not (tmp_path / "adapter").exists()
    again = run_to_end(llava, tmp_path)
    assert again[:at] == first
    assert timeless(again) == timeless(finished[1])
    assert_same_adapter(tmp_path, finished[0])


def test_asked_to_stop_after_the_last_update_a_run_is_simply_finished(
    llava: Path, finished: Finished, tmp_path: Path
) -> None:
    run_to_end(llava, tmp_path, stop_after=TOTAL)
    assert_same_adapter(tmp_path, finished[0])


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_run_goes_on_and_ends_as_if_it_had_not_been_killed(
    llava: Path, finished: Finished, tmp_path: Path, seed: int
) -> None:
    wait_for = random.Random(seed).randint(1, TOTAL - 1)
    command = [sys.executable, "-c", CHILD, str(llava), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert any(line.strip() == str(wait_for) for line in child.stdout)
        os.kill(child.pid, signal.SIGKILL)
    assert timeless(run_to_end(llava, tmp_path)) == timeless(finished[1])
    assert_same_adapter(tmp_path, finished[0])


def test_a_damaged_checkpoint_costs_its_updates_and_nothing_else(
    llava: Path, finished: Finished, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run_to_end(llava, tmp_path, stop_after=4)
    (tmp_path / "checkpoint-4" / "adapter.safetensors").write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        again = run_to_end(llava, tmp_path)
    assert "checkpoint-4 is damaged" in caplog.text
    assert timeless(again) == timeless(finished[1])
    assert_same_adapter(tmp_path, finished[0])


def test_a_finished_run_is_not_run_again(finished: Finished, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished[0], tmp_path / "copy"))
    assert run_to_end(tmp_path / "no such model", copy) == finished[1]


def test_a_later_round_trains_the_same_adapter_further(llava: Path, finished: Finished, tmp_path: Path) -> None:
    barely = replace(SETTINGS, learning_rate=1e-9, rank=9, dropout=0.0)
    later = run_to_end(llava, tmp_path, settings=barely, start_adapter=finished[0] / "adapter")
    first, second = adapter(finished[0]), adapter(tmp_path)
    assert all(torch.allclose(first[name], second[name], atol=1e-6) for name in first)
    assert later[0].loss < finished[1][0].loss
    assert json.loads((tmp_path / "adapter" / "adapter_config.json").read_text())["r"] == 4


def test_a_missing_adapter_to_start_from_is_refused(llava: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no adapter in"):
        run_to_end(llava, tmp_path, start_adapter=tmp_path / "gone")


def test_a_loss_that_is_no_number_ends_the_run_with_the_way_on(llava: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no longer a number at update \d of 7; tune again with a learning rate below"):
        run_to_end(llava, tmp_path, settings=replace(SETTINGS, learning_rate=1e30))
    assert not (tmp_path / "adapter").exists()


def test_samples_without_responses_are_refused(llava: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="import support samples with responses"):
        run_to_end(llava, tmp_path, samples=[replace(sample, response="") for sample in SAMPLES])
