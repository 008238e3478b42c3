"""The four tested families with their own classes: inputs, replies, and the same replies after saving."""

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import cpu_offload
from PIL import Image

from core.errors import UserError
from core.student import chat
from core.student.local import Student, load_student, model_inputs, predict
from core.student.lora import new_adapter
from core.types import Sample, Settings, StudentSettings, TuningSettings
from tests.models.tiny_students import publish_adapter

SETTINGS = Settings(max_new_tokens=8, batch_size=4)
SIZES = [(1, 1), (3, 1), (1, 3), (3, 3), (7, 5), (31, 33), (300, 2), (2, 300), (900, 1), (1, 900), (64, 48), (700, 500)]
CLASSES = {
    "llava": ("LlavaForConditionalGeneration", "LlavaProcessor"),
    "llava_onevision": ("LlavaOnevisionForConditionalGeneration", "LlavaOnevisionProcessor"),
    "qwen2_vl": ("Qwen2VLForConditionalGeneration", "Qwen2VLProcessor"),
    "qwen2_5_vl": ("Qwen2_5_VLForConditionalGeneration", "Qwen2_5_VLProcessor"),
}


def picture(size: tuple[int, int]) -> Image.Image:
    noise = random.Random(size[0] * 1000 + size[1])
    return Image.frombytes("RGB", size, noise.randbytes(size[0] * size[1] * 3))


def open_image(name: str) -> Image.Image:
    return picture(SIZES[int(name)])


def asked() -> list[Sample]:
    """A question about an image of each size, of several lengths, and some without an image."""
    return [
        Sample(
            id=number + 1,
            source_id=f"s{number}",
            question="What is the sum of " + "A1 and " * (number % 4) + "B2 ?",
            options=("3", "5") if number % 2 else (),
            answer="5",
            image=str(number) if number < len(SIZES) else None,
        )
        for number in range(len(SIZES) + 3)
    ]


def texts(student: Student, samples: list[Sample], settings: Settings = SETTINGS) -> dict[int, str]:
    found = predict(student, samples, open_image, settings, round_id=0)
    return {each.sample: each.text for batch in found for each in batch}


def features(student: Student, inputs: dict[str, torch.Tensor]) -> int:
    """The number of image features that the model itself makes."""
    about = {"pixel_values", "image_sizes", "image_grid_thw", "batch_num_images"}
    with torch.inference_mode():
        found = student.model.get_image_features(**{name: inputs[name] for name in about & set(inputs)})
    return sum(len(each) for each in found.pooler_output)


def test_model_and_processor_are_those_of_the_family_even_where_video_cannot_be_had(student: Student) -> None:
    assert (type(student.model).__name__, type(student.processor).__name__) == CLASSES[student.family]


@pytest.mark.parametrize("size", ["size", "min_pixels and max_pixels"])
def test_a_folder_as_it_lies_on_the_hub_is_read_as_one_that_transformers_saves_today(
    folder: Path, student: Student, tmp_path: Path, size: str
) -> None:
    """The Hub's folders are older: class names without "Pil", the template as JSON, other names for pixel limits."""
    hub = Path(shutil.copytree(folder, tmp_path / "hub"))
    settings = json.loads((folder / "processor_config.json").read_text())
    images = student.processor.image_processor.to_dict()
    images["image_processor_type"] = images["image_processor_type"].removesuffix("Pil")
    if "qwen" in student.family and size != "size":
        area = images.pop("size")
        images |= {"min_pixels": area["shortest_edge"], "max_pixels": area["longest_edge"]}
    images["processor_class"] = type(student.processor).__name__
    (hub / "preprocessor_config.json").write_text(json.dumps(images))
    settings.pop("image_processor", None)
    (hub / "processor_config.json").write_text(json.dumps(settings))
    if "qwen" in student.family:
        (hub / "processor_config.json").unlink()
    template = (hub / "chat_template.jinja").read_text()
    (hub / "chat_template.jinja").unlink()
    (hub / "chat_template.json").write_text(json.dumps({"chat_template": template}))
    found = load_student(str(hub), device="cpu")
    assert type(found.processor).__name__ == type(student.processor).__name__
    assert texts(found, asked()) == texts(student, asked())


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_an_image_of_any_size_has_as_many_tokens_as_the_model_makes_features(
    student: Student, size: tuple[int, int]
) -> None:
    text = chat.prompt_text(student.processor, "What is A1 ?", has_image=True)
    inputs = model_inputs(student, [text], [chat.fit_image(picture(size))], padding_side="left")
    tokens = int((inputs["input_ids"] == student.model.config.image_token_id).sum())
    assert tokens == features(student, inputs) > 0


def test_images_of_all_sizes_in_one_batch_have_their_tokens_too(student: Student) -> None:
    text = chat.prompt_text(student.processor, "What is A1 ?", has_image=True)
    images = [chat.fit_image(picture(size)) for size in SIZES]
    inputs = model_inputs(student, [text] * len(SIZES), images, padding_side="left")
    assert int((inputs["input_ids"] == student.model.config.image_token_id).sum()) == features(student, inputs)


def test_a_sample_gets_the_same_answer_alone_as_padded_in_a_batch(student: Student) -> None:
    together = texts(student, asked(), Settings(max_new_tokens=8, batch_size=16))
    assert len(set(together.values())) > 1
    assert together == {key: text for each in asked() for key, text in texts(student, [each]).items()}


def test_padding_on_the_left_leaves_the_scores_as_they_are(student: Student) -> None:
    prompts = [
        chat.prompt_text(student.processor, text, has_image=True) for text in ("A1", "What is A1 and B2 in A1 ?")
    ]
    images = [chat.fit_image(picture(size)) for size in ((7, 5), (64, 48))]
    with torch.inference_mode():
        batch = student.model(**model_inputs(student, prompts, images, padding_side="left")).logits[:, -1]
        for row, (prompt, image) in enumerate(zip(prompts, images, strict=True)):
            alone = student.model(**model_inputs(student, [prompt], [image], padding_side="left")).logits[0, -1]
            torch.testing.assert_close(batch[row], alone, atol=1e-4, rtol=1e-4)


def test_answers_are_the_same_every_time(student: Student) -> None:
    student.model.generation_config.do_sample = True
    student.model.generation_config.temperature = 5.0
    assert texts(student, asked()) == texts(student, asked())


def test_control_tokens_in_a_question_are_harmless(student: Student) -> None:
    bad = " ".join(token.content for token in student.processor.tokenizer.added_tokens_decoder.values())
    sample = Sample(id=1, source_id="s", question=f"What is {bad} ?", options=(bad, "5"), answer="5", image="4")
    hinted = Sample(id=2, source_id="h", question="What is A1 ?", hint=bad, answer="5")
    assert set(texts(student, [sample, hinted])) == {1, 2}


def test_an_adapter_changes_the_answers_but_no_file_and_a_saved_student_gives_the_same_again(
    folder: Path, tmp_path: Path
) -> None:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    tuned = new_adapter(load_student(str(folder), device="cpu").model, TuningSettings(rank=4, alpha=8))
    torch.manual_seed(1)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.5)
    publish_adapter(tuned, tmp_path / "adapter")
    plain = load_student(str(folder), device="cpu")
    student = load_student(str(folder), adapter=tmp_path / "adapter", device="cpu")
    assert not any("lora" in name for name, _ in student.model.named_modules())
    before = texts(student, asked())
    assert before != texts(plain, asked())
    assert before == texts(load_student(str(folder), adapter=tmp_path / "adapter", device="cpu"), asked())

    student.model.save_pretrained(tmp_path / "merged")
    student.processor.save_pretrained(tmp_path / "merged")
    again = load_student(str(tmp_path / "merged"), device="cpu")
    assert type(again.processor).__name__ == type(student.processor).__name__
    assert texts(again, asked()) == before
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


@pytest.mark.parametrize("dtype", ["bf16", "fp16", "fp32"])
def test_a_student_answers_in_every_number_format(folder: Path, dtype: Any) -> None:
    student = load_student(str(folder), StudentSettings(dtype=dtype), device="cpu")
    assert student.model.dtype == {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[dtype]
    assert len(texts(student, asked())) == len(asked())


def test_a_student_to_be_spread_stays_in_one_place_where_there_is_no_other(folder: Path, student: Student) -> None:
    spread = load_student(str(folder), StudentSettings(device_map="auto", dtype="fp32"), device="cpu")
    assert texts(spread, asked()) == texts(student, asked())


def test_a_student_whose_layers_accelerate_fetches_one_by_one_answers_as_before(student: Student) -> None:
    before = texts(student, asked())
    decoder = student.model.get_decoder()
    cpu_offload(decoder, execution_device=student.device)
    assert {parameter.device.type for parameter in decoder.parameters()} == {"meta"}
    assert texts(student, asked()) == before


def image_tokens(student: Student, size: tuple[int, int]) -> int:
    text = chat.prompt_text(student.processor, "A1", has_image=True)
    image = chat.fit_image(picture(size), student.longest_side)
    ids = model_inputs(student, [text], [image], padding_side="left")["input_ids"]
    return int((ids == student.model.config.image_token_id).sum())


@pytest.mark.parametrize("family", ["qwen", "qwen25"])
def test_pixel_limits_bound_what_a_qwen_sees(folders: dict[str, Path], family: str) -> None:
    def tokens(size: tuple[int, int], **limits: int) -> int:
        return image_tokens(load_student(str(folders[family]), StudentSettings(**limits), device="cpu"), size)

    # A token covers 8 × 8 pixels; the default limits are 16 × 16 and 32 × 32.
    assert (tokens((1, 1)), tokens((24, 24)), tokens((700, 700))) == (4, 9, 16)
    assert tokens((700, 700), max_pixels=16 * 16) == 4
    assert tokens((24, 24), min_pixels=32 * 32) == 16
    assert tokens((1, 1), min_pixels=64) == 1
    assert tokens((700, 700), max_pixels=64 * 64) == 64


def test_the_longest_side_shrinks_images_for_any_student(folders: dict[str, Path]) -> None:
    def tokens(longest_side: int) -> int:
        student = load_student(str(folders["onevision"]), StudentSettings(longest_side=longest_side), device="cpu")
        return image_tokens(student, (64, 64))

    assert tokens(16) < tokens(0)


@pytest.mark.parametrize("family", ["llava", "onevision"])
def test_pixel_limits_are_refused_where_they_would_do_nothing(folders: dict[str, Path], family: str) -> None:
    with pytest.raises(UserError, match="leave both at 0 and set the longest side"):
        load_student(str(folders[family]), StudentSettings(max_pixels=1000), device="cpu")


def test_pixel_limits_that_contradict_each_other_are_refused(folders: dict[str, Path]) -> None:
    with pytest.raises(UserError, match="at least 5,000 and at most 1,024 pixels"):
        load_student(str(folders["qwen"]), StudentSettings(min_pixels=5000), device="cpu")


def test_a_very_wide_image_gets_a_margin_and_any_other_stays_as_it_is() -> None:
    image = chat.fit_image(picture((900, 1)))
    assert image.size == (900, 5)
    assert image.crop((0, 2, 900, 3)).tobytes() == picture((900, 1)).tobytes()
    assert chat.fit_image(picture((64, 48))).tobytes() == picture((64, 48)).tobytes()
    assert chat.fit_image(picture((64, 48)), 32).size == (32, 24)
