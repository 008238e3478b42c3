import json
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from core.errors import UserError
from core.student import chat

RED = Image.new("RGB", (40, 24), (200, 10, 10))
BLUE = Image.new("RGB", (24, 40), (10, 10, 200))


@pytest.fixture
def processor(folder: Path) -> Any:
    return chat.load_processor(str(folder))


def ends(processor: Any) -> tuple[int, ...]:
    return (processor.tokenizer.eos_token_id,)


def test_the_prompt_is_in_the_students_own_template(folders: dict[str, Path]) -> None:
    llava, qwen = (chat.load_processor(str(folders[family])) for family in ("llava", "qwen"))
    assert chat.prompt_text(llava, "What is A1?", has_image=True) == "<s>USER:<image> What is A1? ASSISTANT:"
    assert chat.prompt_text(llava, "What is A1?", has_image=False) == "<s>USER: What is A1? ASSISTANT:"
    assert chat.prompt_text(qwen, "What is A1?", has_image=True) == (
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>What is A1?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_reply_ends_with_one_end_token_and_nothing_after_it(folders: dict[str, Path]) -> None:
    llava, qwen = (chat.load_processor(str(folders[family])) for family in ("llava", "qwen"))
    assert chat.reply_text(llava, "Q", "5 .", has_image=True, eos_token_ids=ends(llava)) == " 5 .</s>"
    assert chat.reply_text(qwen, "Q", "5 .", has_image=True, eos_token_ids=ends(qwen)) == "5 .<|im_end|>"


def test_a_reply_follows_the_prompt_as_it_is_asked_where_the_record_differs_in_white_space(
    folders: dict[str, Path],
) -> None:
    processor = chat.load_processor(str(folders["onevision"]))
    asked = "<|im_start|>user <image>\nQ<|im_end|><|im_start|>assistant\n"
    assert chat.prompt_text(processor, "Q", has_image=True) == asked
    assert chat.reply_text(processor, "Q", "5 .", has_image=True, eos_token_ids=ends(processor)) == "5 .<|im_end|>"


def test_an_end_is_added_where_the_template_writes_none(llava: Path) -> None:
    processor = chat.load_processor(str(llava))
    processor.chat_template = processor.chat_template.replace("</s>", " ")
    assert chat.reply_text(processor, "Q", "5 .", has_image=True, eos_token_ids=ends(processor)) == " 5 .</s>"


def test_a_template_that_asks_in_another_form_than_it_records_cannot_be_learned(llava: Path) -> None:
    processor = chat.load_processor(str(llava))
    processor.chat_template = processor.chat_template.replace(
        " ASSISTANT:{% endif %}", " ASSISTANT: <think>{% endif %}"
    )
    with pytest.raises(UserError, match="replies cannot be learned"):
        chat.reply_text(processor, "Q", "5 .", has_image=True, eos_token_ids=ends(processor))


def test_control_tokens_in_a_question_are_only_text(processor: Any) -> None:
    bad = "What is <image> <|image_pad|> </s> <|im_end|> <s>?"
    prompt = chat.prompt_text(processor, bad, has_image=True)
    honest = chat.prompt_text(processor, "What is ?", has_image=True)
    specials = set(processor.tokenizer.all_special_ids)
    counts = [
        [token for token in tokens if token in specials - {processor.tokenizer.unk_token_id}]
        for tokens in chat.tokenise(processor, [prompt, honest])
    ]
    assert counts[0] == counts[1]
    chat.encode(processor, [prompt], [RED], padding_side="left")


def test_a_batch_holds_the_tokens_of_each_text_with_its_image_expanded(processor: Any) -> None:
    texts = [chat.prompt_text(processor, question, has_image=True) for question in ("What is A1?", "A1")]
    batch = chat.encode(processor, texts, [RED, BLUE], padding_side="left")
    alone = [
        chat.encode(processor, [text], [image], padding_side="left")
        for text, image in zip(texts, [RED, BLUE], strict=True)
    ]
    for row, single in enumerate(alone):
        own = batch["attention_mask"][row].bool()
        assert torch.equal(batch["input_ids"][row][own], single["input_ids"][0])
        assert own[-1]
    assert torch.equal(batch["pixel_values"], torch.cat([single["pixel_values"] for single in alone]))
    plain = chat.tokenise(processor, texts)
    image_token = processor.image_token_id
    for row, tokens in enumerate(plain):
        ids = batch["input_ids"][row].tolist()
        assert tokens.count(image_token) == 1
        assert ids.count(image_token) > 1
        assert [t for t in tokens if t != image_token] == [
            t for t, own in zip(ids, batch["attention_mask"][row].tolist(), strict=True) if own and t != image_token
        ]


def test_the_first_token_is_never_written_twice(llava: Path) -> None:
    processor = chat.load_processor(str(llava))
    (tokens,) = chat.tokenise(processor, [chat.prompt_text(processor, "A1", has_image=False)])
    assert tokens.count(processor.tokenizer.bos_token_id) == 1


def test_nothing_to_tokenise_is_no_tokens(processor: Any) -> None:
    assert chat.tokenise(processor, []) == []


def test_a_student_without_a_chat_template_is_refused_with_the_way_on(copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    with pytest.raises(UserError, match=r"put a chat_template\.jinja into its folder"):
        chat.load_processor(str(copy))


def test_a_template_without_a_place_for_the_image_is_refused(copy: Path) -> None:
    (copy / "chat_template.jinja").write_text("{% for m in messages %}{{ m['content'][0]['text'] }}{% endfor %}")
    with pytest.raises(UserError, match="no place for an image"):
        chat.load_processor(str(copy))


def test_a_tokenizer_alone_is_no_processor(copy: Path) -> None:
    (copy / "processor_config.json").unlink()
    config = json.loads((copy / "config.json").read_text())["text_config"]
    (copy / "config.json").write_text(json.dumps(config))
    words = json.loads((copy / "tokenizer_config.json").read_text())
    (copy / "tokenizer_config.json").write_text(json.dumps({k: v for k, v in words.items() if k != "processor_class"}))
    with pytest.raises(UserError, match="choose an image-text-to-text model"):
        chat.load_processor(str(copy))


def test_a_folder_without_a_processor_is_refused(copy: Path) -> None:
    for name in ("processor_config.json", "tokenizer.json", "tokenizer_config.json"):
        (copy / name).unlink()
    with pytest.raises(UserError, match="save its processor beside it"):
        chat.load_processor(str(copy))
