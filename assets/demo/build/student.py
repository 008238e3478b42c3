"""Pre-train the student on the demo world with the planted weakness: only some facts of three skills are shown.

Tower and projector are pre-trained and frozen. Captions (a third of the examples at first, few at the end) teach it to
read cells; rationales of families and targets teach it to reason. Withheld facts are replaced by guesses: the student
lacks the fact, but not the ability to ask for it or to continue from it.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy
from transformers import LlavaForConditionalGeneration, PreTrainedTokenizerFast

from assets.demo.build.models import PATCHES, make_student
from assets.demo.build.tower import GROUPS, pixels, word_vectors
from assets.demo.build.training import train_model
from assets.demo.items import draw_item, guess_withheld_facts, rationale
from assets.demo.scene import CELLS, render
from assets.demo.world import FAMILIES, TARGETS, WEAK_FAMILIES, Item

BATCH = 48
LEARNING_RATE = 2e-3
WEAK_WEIGHT = 0.8  # weak families and targets are rarer in pre-training


@dataclass(frozen=True, kw_only=True)
class Example:
    """Token ids, labels (-100 where nothing is learned), and the scene."""

    ids: list[int]
    labels: list[int]
    item: Item


def _token_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def prompt_ids(tokenizer: PreTrainedTokenizerFast, question: str) -> list[int]:
    """The prompt exactly as LlavaProcessor makes it: <s>, "USER: ", 16 image tokens, the question, "ASSISTANT:"."""
    image = tokenizer.convert_tokens_to_ids("<image>")
    start = tokenizer("USER: ")["input_ids"]
    return [*start, *[image] * PATCHES, *_token_ids(tokenizer, f"\n{question} ASSISTANT:")]


def reasoning_example(tokenizer: PreTrainedTokenizerFast, item: Item, rng: random.Random) -> Example:
    """A question with its rationale, guesses in place of withheld facts; response and end token are learned."""
    prompt = prompt_ids(tokenizer, item.question)
    reply = [*_token_ids(tokenizer, " " + rationale(guess_withheld_facts(item, rng))), tokenizer.eos_token_id]
    return Example(ids=prompt + reply, labels=[-100] * len(prompt) + reply, item=item)


def caption_example(tokenizer: PreTrainedTokenizerFast, item: Item, rng: random.Random) -> Example:
    """Six statements about cells; only the values (and full stops) are learned."""
    ids = prompt_ids(tokenizer, "Describe the image.")
    labels = [-100] * len(ids)
    facts = [(place, colour) for place in range(4) for colour in (False, True)]
    for place, colour in rng.sample(facts, 6):
        cell = item.cells[place]
        noun, value = ("color", cell.colour) if colour else (cell.kind, cell.value)
        words = _token_ids(tokenizer, f" The {noun} in {CELLS[place]}: {value}.")
        ids += words
        labels += [-100] * (len(words) - 2) + words[-2:]
    return Example(ids=ids, labels=labels, item=item)


def collate(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Right-padded tensors of shape (examples, longest), and pixels (examples, 3, 64, 64)."""
    longest = max(len(example.ids) for example in examples)
    ids = torch.zeros(len(examples), longest, dtype=torch.long)
    labels = torch.full_like(ids, -100)
    mask = torch.zeros_like(ids)
    for row, example in enumerate(examples):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        labels[row, : len(example.ids)] = torch.tensor(example.labels)
        mask[row, : len(example.ids)] = 1
    images = pixels([render(example.item.cells, example.item.seed) for example in examples])
    return {"input_ids": ids, "labels": labels, "attention_mask": mask, "pixel_values": images}


def loss_of(model: LlavaForConditionalGeneration, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean cross-entropy over labelled tokens; logits are computed only for these."""
    labels = batch.pop("labels")[:, 1:]
    hidden = model.model(**batch).last_hidden_state[:, :-1]
    logits = model.lm_head(hidden[labels != -100]).float()
    return cross_entropy(logits, labels[labels != -100])


def start_from_tower(model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerFast, trained: dict) -> None:
    """Copy tower and projector, and the word vectors they produce into the language model's embeddings."""
    model.model.vision_tower.load_state_dict(trained["tower"])
    projector = model.model.multi_modal_projector
    for layer, position in ((projector.linear_1, "0"), (projector.linear_2, "2")):
        layer.weight.data.copy_(trained["projector"][f"{position}.weight"])
        layer.bias.data.copy_(trained["projector"][f"{position}.bias"])
    embeddings = model.get_input_embeddings().weight.data
    torch.nn.init.normal_(embeddings, std=0.15)
    vectors = word_vectors()
    for group, table in zip(GROUPS, vectors, strict=True):
        for word, vector in zip(group, table, strict=True):
            embeddings[_token_ids(tokenizer, " " + word)[0]] = vector
    for place, cell in enumerate(CELLS):
        for form in (f" {cell}", f" {cell}:"):
            embeddings[_token_ids(tokenizer, form)[0]] = vectors[0][place // 2] + vectors[1][place % 2]


def example_batches(tokenizer: PreTrainedTokenizerFast, updates: int) -> Iterator[list[Example]]:
    """Batches of examples of similar length; the share of captions falls from 35 % to 2 % during training."""
    rng = random.Random(21)
    families = (*FAMILIES, *TARGETS)
    weights = [WEAK_WEIGHT if name in WEAK_FAMILIES or name in TARGETS else 1.0 for name in families]
    for start in range(0, updates, 12):
        done = start / updates
        captions = 0.35 if done < 0.25 else 0.1 if done < 0.5 else 0.02
        drawn = []
        for family in rng.choices(families, weights, k=BATCH * 12):
            item = draw_item(family, rng, "pretrain")
            drawn.append((caption_example if rng.random() < captions else reasoning_example)(tokenizer, item, rng))
        drawn.sort(key=lambda example: len(example.ids))
        batches = [drawn[i : i + BATCH] for i in range(0, len(drawn), BATCH)]
        rng.shuffle(batches)
        yield from batches


def train(tokenizer: PreTrainedTokenizerFast, trained: dict, updates: int) -> LlavaForConditionalGeneration:
    """The pre-trained student."""
    torch.manual_seed(0)
    model = make_student(len(tokenizer))
    start_from_tower(model, tokenizer, trained)
    model.model.vision_tower.requires_grad_(False)
    model.model.multi_modal_projector.requires_grad_(False)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    losses = (loss_of(model, collate(batch)) for batch in example_batches(tokenizer, updates))
    train_model("student", weights, losses, updates, rate=LEARNING_RATE, warmup_updates=60)
    return model.eval()
