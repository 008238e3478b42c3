"""The demo's student and teacher load as any do, and were trained on the very text that they are asked."""

import random

import pytest
import torch
from PIL import Image
from transformers import AutoModelForCausalLM, AutoModelForImageTextToText, AutoProcessor, AutoTokenizer

from assets.demo import STUDENT, TEACHER
from assets.demo.build.student import reasoning_example
from assets.demo.build.teacher import answer_example, collate, label_example, sample_of, skill_example
from assets.demo.build.tower import pixels
from assets.demo.items import draw_item, guess_withheld_facts, rationale
from assets.demo.scene import render
from assets.demo.world import FAMILIES, SKILLS, TARGETS, Item, Step
from core.prompts import answer_cue, label_prompt, skill_prompt, teacher_header, teacher_step

EVERY = (*FAMILIES, *TARGETS)


@pytest.fixture(scope="module")
def processor():
    return AutoProcessor.from_pretrained(STUDENT)


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(TEACHER)


def _turns(item: Item, steps: tuple[Step, ...]) -> list[dict]:
    user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": item.question}]}
    return [user, {"role": "assistant", "content": [{"type": "text", "text": rationale(steps)}]}]


@pytest.mark.parametrize("family", EVERY)
def test_the_student_was_trained_on_the_text_its_template_writes(processor, family: str) -> None:
    item = draw_item(family, random.Random(1), "support")
    text = processor.apply_chat_template(_turns(item, guess_withheld_facts(item, random.Random(5))))
    image = Image.fromarray(render(item.cells, item.seed))
    encoded = processor(text=[text], images=[[image]], return_tensors="pt")
    lesson = reasoning_example(processor.tokenizer, item, random.Random(5))
    assert encoded["input_ids"][0].tolist() == lesson.ids
    assert processor.tokenizer.unk_token_id not in lesson.ids
    assert torch.allclose(encoded["pixel_values"], pixels([render(item.cells, item.seed)]), atol=1e-4)


def test_a_batch_answers_as_each_alone(processor) -> None:
    model = AutoModelForImageTextToText.from_pretrained(STUDENT, dtype=torch.float32).eval()
    rng = random.Random(2)
    items = [draw_item(family, rng, "validation") for family in (*TARGETS, "succ(da)", "mix(ca,cb)")]
    replies = []
    for group in (items, *([item] for item in items)):
        texts = [
            processor.apply_chat_template(_turns(item, item.steps)[:1], add_generation_prompt=True) for item in group
        ]
        images = [[Image.fromarray(render(item.cells, item.seed))] for item in group]
        batch = processor(text=texts, images=images, padding=True, return_tensors="pt")
        out = model.generate(**batch, max_new_tokens=80, do_sample=False)
        replies += processor.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)
    assert replies[: len(items)] == replies[len(items) :]
    assert all(reply.strip().startswith("Step 1: ") and "The answer is " in reply for reply in replies)


def test_the_teacher_knows_every_word_it_is_asked(tokenizer) -> None:
    rng = random.Random(3)
    for family in EVERY:
        item = draw_item(family, rng, "validation")
        steps = tuple(step.text for step in item.steps)
        sample = sample_of(item)
        for text in (
            teacher_header(sample, 0.6) + teacher_step(1, steps[0]) + answer_cue() + f" {item.answer}.",
            skill_prompt(sample, steps, 1, 0),
            label_prompt(sample, 0),
            *(f" {phrase}." for phrases in SKILLS.values() for phrase in phrases),
        ):
            assert tokenizer.unk_token_id not in tokenizer(text)["input_ids"], text


@pytest.mark.parametrize("kind", [answer_example, skill_example, label_example])
def test_a_packed_lesson_scores_what_plain_texts_score(tokenizer, kind) -> None:
    model = AutoModelForCausalLM.from_pretrained(TEACHER, dtype=torch.float32, attn_implementation="eager").eval()
    lesson = kind(tokenizer, random.Random(4))
    batch = collate([lesson])
    labels = batch.pop("labels")
    batch.pop("candidates")
    with torch.inference_mode():
        packed = model(**batch).logits[0]
        ends = [start for start, _ in lesson.branches[1:]] + [len(lesson.ids)]
        for (start, trunk), end in zip(lesson.branches, ends, strict=bool(lesson.branches)):
            plain = model(input_ids=torch.tensor([lesson.ids[:trunk] + lesson.ids[start:end]])).logits[0]
            assert torch.allclose(packed[start:end], plain[trunk:], atol=1e-3)
    assert (labels != -100).any()
