import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from core.atomic_files import write_folder
from core.errors import UserError
from core.parsing.prediction import read_prediction
from core.student.local import Student, load_student, predict
from core.student.lora import new_adapter
from core.types import Prediction, Sample, Settings, TuningSettings

SETTINGS = Settings(prompts={"student": "{question}\n{options}"}, max_new_tokens=6, batch_size=4)


def open_image(name: str) -> Image.Image:
    return Image.new("L", (16 + int(name), 24), 20 * int(name))


def samples(count: int) -> list[Sample]:
    """Questions of several lengths; every third has no image."""
    return [
        Sample(
            id=number,
            source_id=f"s{number}",
            question="What is the sum of " + "A1 and " * (number % 5) + "B2 ?",
            answer="5",
            image=None if number % 3 == 0 else str(number),
        )
        for number in range(1, count + 1)
    ]


def answers(student: Student, asked: list[Sample], settings: Settings = SETTINGS) -> dict[int, Prediction]:
    found = predict(student, asked, open_image, settings, round_id=7)
    return {prediction.sample: prediction for batch in found for prediction in batch}


def test_every_sample_is_predicted_once_in_batches(student: Student) -> None:
    batches = list(predict(student, iter(samples(14)), open_image, SETTINGS, round_id=7))
    assert Counter(prediction.sample for batch in batches for prediction in batch) == dict.fromkeys(range(1, 15), 1)
    assert max(map(len, batches)) == 4
    assert {prediction.round for batch in batches for prediction in batch} == {7}


def test_no_samples_are_no_batches(student: Student) -> None:
    assert list(predict(student, [], open_image, SETTINGS, round_id=0)) == []


def test_an_image_is_opened_once_when_its_batch_comes(student: Student) -> None:
    opened: list[str] = []

    def opening(name: str) -> Image.Image:
        opened.append(name)
        return open_image(name)

    asked = samples(14)
    running = predict(student, asked, opening, SETTINGS, round_id=0)
    next(running)
    assert len(opened) == 4
    list(running)
    assert sorted(opened) == sorted(sample.image for sample in asked if sample.image)


def fits(student: Student, most: int) -> list[int]:
    """Makes the student's forward run out of memory above a batch of ``most``; returns the sizes it saw."""
    seen: list[int] = []

    def measure(_: torch.nn.Module, __: tuple[object, ...], inputs: dict[str, torch.Tensor]) -> None:
        size = len(inputs["input_ids"])
        seen.append(size)
        if size > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    student.model.register_forward_pre_hook(measure, with_kwargs=True)
    return seen


@pytest.mark.parametrize("most", [1, 2, 3, 5])
def test_a_batch_too_large_for_memory_is_halved_until_it_fits(student: Student, most: int) -> None:
    asked = samples(29)
    expected = answers(student, asked, replace(SETTINGS, batch_size=16))
    seen, told, opened = fits(student, most), list[str](), list[str]()
    found = [
        prediction
        for batch in predict(
            student,
            asked,
            lambda name: (opened.append(name), open_image(name))[1],
            replace(SETTINGS, batch_size=16),
            round_id=7,
            on_remark=told.append,
        )
        for prediction in batch
    ]
    assert {prediction.sample: prediction for prediction in found} == expected
    assert len(found) == len(asked)
    assert len(opened) == len(set(opened))
    sizes = [size for size in (8, 4, 2, 1) if size >= {1: 1, 2: 2, 3: 2, 5: 4}[most]]
    assert told == [f"batches of {size} instead of 16: the GPU's memory was too small" for size in sizes]
    assert sum(size > most for size in seen) == len(sizes), "what did not fit is tried once and not again"


def test_what_was_answered_before_memory_ran_out_is_not_asked_again(student: Student) -> None:
    running = predict(student, samples(20), open_image, SETTINGS, round_id=7, on_remark=lambda _: None)
    first = next(running)
    seen = fits(student, 3)
    rest = [prediction.sample for batch in running for prediction in batch]
    assert sorted([*(each.sample for each in first), *rest]) == list(range(1, 21))
    assert seen[0] == 4
    assert max(seen[1:]) == 2


def test_a_sample_that_does_not_fit_alone_says_what_to_change(student: Student) -> None:
    fits(student, 0)
    with pytest.raises(UserError, match="even one sample at a time; set fewer pixels"):
        list(predict(student, samples(5), open_image, SETTINGS, round_id=7, on_remark=lambda _: None))


def test_the_answer_depends_on_the_image(llava: Path) -> None:
    student = load_student(str(llava), device="cpu")
    with torch.no_grad():  # random weights hardly depend on the image; these do
        student.model.model.multi_modal_projector.linear_2.weight.mul_(3000)
    sample = samples(1)[0]
    looks = {
        answers(student, [Sample(**{**vars(sample), "image": str(shade)})])[sample.id].text for shade in range(1, 13)
    }
    assert len(looks) > 1


def test_the_text_is_what_the_student_added_to_the_prompt(student: Student) -> None:
    always(student, student.processor.tokenizer.convert_tokens_to_ids("answer"))
    assert {prediction.text for prediction in answers(student, samples(5)).values()} == {"answer" * 6}


def test_the_end_token_ends_a_reply(student: Student) -> None:
    always(student, student.eos_token_ids[0])
    for prediction in answers(student, samples(5)).values():
        assert prediction.text == ""
        assert prediction.answer is None
        assert not prediction.correct


def always(student: Student, token: int) -> None:
    """Makes the student generate this token only."""
    head = torch.nn.Linear(32, student.model.config.text_config.vocab_size)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()[token] = 1.0
    student.model.set_output_embeddings(head)


def test_a_reply_is_read_for_its_steps_and_its_answer() -> None:
    sample = Sample(id=3, source_id="s", question="?", options=("11", "16"), answer="16")
    text = "Step 1: A1 is 9. Step 2: 9 plus 7 equals 16. The answer is 16."
    prediction = read_prediction(sample, text, round_id=2)
    assert prediction.steps == ("A1 is 9.", "9 plus 7 equals 16.")
    assert prediction.answer == "16"
    assert prediction.correct
    assert prediction.text == text
    assert prediction.span is not None
    assert text[slice(*prediction.span)].strip(" .") == "16"
    assert not read_prediction(sample, "Step 1: A1 is 9. The answer is 11.", round_id=2).correct


def test_a_prediction_says_how_sure_its_reading_is_and_what_it_scores() -> None:
    sample = Sample(
        id=3, source_id="s", question="?", answer="red", answers=("red", "red", "red", "red", "pink", "pink")
    )
    sure, unsure = (
        read_prediction(sample, text, round_id=2) for text in ("The answer is pink.", "It is probably pink.")
    )
    assert 0 < unsure.read_confidence < sure.read_confidence <= 1
    assert sure.correct
    assert sure.score == pytest.approx((2 * 1 / 3 + 4 * 2 / 3) / 6)
    nothing = read_prediction(sample, "I cannot tell.", round_id=2)
    assert (nothing.answer, nothing.correct, nothing.score, nothing.read_confidence) == (None, False, None, 0)


def test_a_folder_that_is_no_model_is_refused_with_the_way_on(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="name a folder saved by transformers"):
        load_student(str(tmp_path), device="cpu")


def test_a_text_model_is_no_student(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())["text_config"]
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="no image-text-to-text model"):
        load_student(str(copy), device="cpu")


def test_a_student_with_missing_weights_is_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    lost = next(name for name in weights if "q_proj" in name)
    save_file({name: w for name, w in weights.items() if name != lost}, copy / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"incomplete .*q_proj.* is missing"):
        load_student(str(copy), device="cpu")


def test_a_missing_adapter_is_refused_with_the_way_on(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no adapter in"):
        load_student(str(folder), adapter=tmp_path / "gone", device="cpu")


def test_another_students_adapter_is_refused(llava: Path, tmp_path: Path) -> None:
    tuned = new_adapter(load_student(str(llava), device="cpu").model, TuningSettings(rank=4))

    def write(draft: Path) -> None:
        tuned.save_pretrained(str(draft), save_embedding_layers=False)
        weights = load_file(draft / "adapter_model.safetensors")
        save_file({name: torch.zeros(3, 3) for name in weights}, draft / "adapter_model.safetensors")

    with pytest.raises(UserError, match="does not fit this student"):
        load_student(str(llava), adapter=write_folder(tmp_path / "adapter", write), device="cpu")
