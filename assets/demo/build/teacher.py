"""Train the text-only teacher: to continue a rationale from the given steps, to know the facts, and to name skills.

Each example is a packed trunk (question, prior, steps) with an answer branch after every prefix, the form in which
``core.teacher.local`` asks. The learned answer is where the given steps lead: they are true with the prior's
probability, else one is false. The teacher knows all facts and never sees an image.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from assets.demo.build.models import make_teacher
from assets.demo.build.training import train_model
from assets.demo.items import corrupt_rationale, draw_item, rationale, skill_label, with_options
from assets.demo.scene import COLOURS, SHAPES
from assets.demo.world import FAMILIES, OPERATIONS, READINGS, SKILLS, TARGETS, WEAK, WEAK_FAMILIES, Item, Step
from core.prompts import answer_cue, label_prompt, skill_prompt, teacher_header, teacher_step
from core.types import Sample

BATCH = 32
LEARNING_RATE = 2e-3
MAX_CANDIDATES = 6
PRIORS = (0.4, 0.5, 0.6, 0.7, 0.8)
# The targets are frequent: a product must be continued from factors stated two steps earlier.
FAMILY_WEIGHTS = {name: 1.5 if name in WEAK_FAMILIES else 0.7 for name in FAMILIES} | dict(
    zip(TARGETS, (8.0, 16.0), strict=True)
)
# The weight of each skill's facts; arbitrary tables need more repetitions.
DRILL_WEIGHTS = {"double": 1, "succ": 1, "pred": 1, "spell": 1, "parity": 1, "code": 4, "add": 2, "sub": 4, "mul": 6,
          "larger": 1, "smaller": 1, "mix": 1, "corners": 1}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Example:
    """Token ids, labels, positions, and the branches as (first index, visible trunk length).

    ``candidates``: for some labels, the words among which they are learned, the correct one first.
    """

    ids: list[int]
    labels: list[int]
    positions: list[int]
    branches: list[tuple[int, int]]
    candidates: dict[int, list[int]] = field(default_factory=dict)


def sample_of(item: Item) -> Sample:
    """The item as a Sample, with the fields that prompts use."""
    return Sample(source_id="0", question=item.question, options=item.options, answer=item.answer)


@lru_cache(maxsize=100_000)
def _token_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])


def _plain(prompt: list[int], reply: list[int]) -> Example:
    ids = prompt + reply
    return Example(ids=ids, labels=[-100] * len(prompt) + reply, positions=list(range(len(ids))), branches=[])


def answer_example(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Example:
    """A rationale that is true with the prior's probability, with the answer it leads to after every prefix.

    The answer is learned as the app asks for it: among the options, and a wrong answer that may not be one of them.
    """
    item = _draw(rng)
    prior = rng.choice(PRIORS) if rng.random() < 0.9 else None
    weak = [number for number, step in enumerate(item.steps) if step.skill in WEAK]
    at = rng.choice(weak) if weak and rng.random() < 0.7 else None
    steps = (corrupt_rationale(item, rng, at, again=0.7) or (item.steps,))[0]
    false = str(steps[-1].value)
    if rng.random() < 0.5:
        item = with_options(item, rng, must_hold=false)
    if rng.random() < (prior or 0.5):
        steps = item.steps
    answers = [str(steps[-1].value)] * (len(steps) + 1)
    return _packed(tokenizer, item, prior, steps, answers, rivals=(*item.options, false))


def bare_example(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Example:
    """The same without options and prior, so that the answer must be derived from the given steps.

    Learned from the last reading on, because no answer follows earlier. Before a false step the true answer follows,
    after it the false one. Without these examples the teacher relied on options and prior, not on the steps.
    """
    item = _draw(rng)
    steps, wrong = item.steps, len(item.steps)
    if rng.random() < 0.5 and (false := corrupt_rationale(item, rng)):
        steps, wrong = false
    readings = max(number for number, step in enumerate(steps, 1) if step.skill in READINGS)
    answers = [str(steps[-1].value) if given > wrong else item.answer for given in range(len(steps) + 1)]
    answers[:readings] = [""] * readings
    return _packed(tokenizer, replace(item, options=()), None, steps, answers)


def _draw(rng: random.Random) -> Item:
    return draw_item(rng.choices(tuple(FAMILY_WEIGHTS), tuple(FAMILY_WEIGHTS.values()))[0], rng, "pretrain")


def _packed(
    tokenizer: PreTrainedTokenizerFast,
    item: Item,
    prior: float | None,
    steps: tuple[Step, ...],
    answers: list[str],
    *,
    rivals: tuple[str, ...] = (),
) -> Example:
    """A trunk with a branch after every prefix that has an answer; true steps are learned as well.

    With ``rivals`` the answers are learned among these, else among all words.
    """
    ids = tokenizer(teacher_header(sample_of(item), prior))["input_ids"]
    labels, ends = [-100] * len(ids), [len(ids)]
    for number, step in enumerate(steps, 1):
        words = _token_ids(tokenizer, teacher_step(number, step.text))
        ids += words
        labels += words if steps == item.steps else (-100,) * len(words)
        ends.append(len(ids))
    positions, branches, candidates, cue = list(range(len(ids))), [], {}, _token_ids(tokenizer, answer_cue())
    for end, answer in zip(ends, answers, strict=True):
        if answer:
            answer_ids = _token_ids(tokenizer, f" {answer}.")
            branches.append((len(ids), end))
            if rivals:
                among = dict.fromkeys((answer, *rivals))
                candidates[len(ids) + len(cue)] = [_token_ids(tokenizer, f" {each}")[0] for each in among]
            ids += cue + answer_ids
            labels += [-100] * len(cue) + [*answer_ids]
            positions += range(end, end + len(cue) + len(answer_ids))
    return Example(ids=ids, labels=labels, positions=positions, branches=branches, candidates=candidates)


def drill_example(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Example:
    """Ten plain facts in a row; their values are learned."""
    ids: list[int] = [tokenizer.bos_token_id]
    labels = [-100]
    for skill in rng.choices(tuple(DRILL_WEIGHTS), tuple(DRILL_WEIGHTS.values()), k=10):
        arguments = _drill_arguments(skill, rng)
        before, after = OPERATIONS[skill].sentence.split("{y}")
        prompt = _token_ids(tokenizer, " " + before.format(*arguments).rstrip())
        value = _token_ids(tokenizer, f" {OPERATIONS[skill].apply(*arguments)}{after}")
        ids += prompt + value
        labels += [-100] * len(prompt) + [*value]
    return Example(ids=ids, labels=labels, positions=list(range(len(ids))), branches=[])


def _drill_arguments(skill: str, rng: random.Random) -> tuple:
    if skill == "mix":
        return tuple(rng.sample(tuple(COLOURS), 2))
    if skill == "corners":
        return (rng.choice(SHAPES),)
    if skill == "sub":
        return tuple(sorted((rng.randrange(11), rng.randrange(11)), reverse=True))
    top = {"code": 10, "mul": 10, "add": 19, "larger": 19, "smaller": 19}.get(skill, 19)
    count = OPERATIONS[skill].phrase.count("{")
    return tuple(rng.randrange(1 if skill == "pred" else 0, top) for _ in range(count))


def skill_example(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Example:
    """A rationale up to its false step, and a phrase for the skill missing there."""
    item = draw_item(rng.choice((*FAMILIES, *TARGETS)), rng, "pretrain")
    false = corrupt_rationale(item, rng)
    if false is None:
        return skill_example(tokenizer, rng)
    steps, wrong = false
    if rng.random() < 0.5:
        item = with_options(item, rng, must_hold=str(steps[-1].value))
    prompt = skill_prompt(sample_of(item), tuple(step.text for step in steps), wrong + 1, 0)
    return _named(tokenizer, prompt, rng.choice(SKILLS[steps[wrong].skill]))


def label_example(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Example:
    """A support sample and the phrases of its skills."""
    item = draw_item(rng.choice(tuple(FAMILIES)), rng, "pretrain")
    sample = Sample(source_id="0", question=item.question, answer=item.answer, response=rationale(item.steps))
    return _named(tokenizer, label_prompt(sample, 0), skill_label(item, rng))


def _named(tokenizer: PreTrainedTokenizerFast, prompt: str, phrase: str) -> Example:
    reply = [*_token_ids(tokenizer, f" {phrase}."), tokenizer.eos_token_id]
    return _plain(tokenizer(prompt)["input_ids"], reply)


KINDS = (
    (answer_example, 0.52),
    (bare_example, 0.24),
    (drill_example, 0.09),
    (skill_example, 0.11),
    (label_example, 0.04),
)


def collate(examples: Sequence[Example]) -> dict[str, torch.Tensor]:
    """Padded tensors, and the additive mask (examples, 1, longest, longest) that hides other branches' trunks."""
    longest = max(len(example.ids) for example in examples)
    ids = torch.zeros(len(examples), longest, dtype=torch.long)
    labels, positions = torch.full_like(ids, -100), torch.zeros_like(ids)
    candidates = torch.full((len(examples), longest, MAX_CANDIDATES), -1)
    seen = torch.tril(torch.ones(longest, longest, dtype=torch.bool)).repeat(len(examples), 1, 1)
    for row, example in enumerate(examples):
        size = len(example.ids)
        ids[row, :size] = torch.tensor(example.ids)
        labels[row, :size] = torch.tensor(example.labels)
        positions[row, :size] = torch.tensor(example.positions)
        for place, among in example.candidates.items():
            candidates[row, place, : len(among)] = torch.tensor(among)
        ends = [start for start, _ in example.branches[1:]] + [size]
        for (start, trunk), end in zip(example.branches, ends, strict=bool(example.branches)):
            seen[row, start:end, trunk:start] = False
    mask = torch.zeros(seen.shape).masked_fill(~seen, -1e9)[:, None]
    inputs = {"input_ids": ids, "position_ids": positions, "attention_mask": mask}
    return inputs | {"labels": labels, "candidates": candidates}


def loss_of(model: LlamaForCausalLM, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean cross-entropy over labelled tokens, among their candidates where they have some, else among all words.

    A label is predicted from the token before it, also inside a branch.
    """
    labels, candidates = batch.pop("labels")[:, 1:], batch.pop("candidates")[:, 1:]
    hidden = model.model(**batch).last_hidden_state[:, :-1]
    learned = labels != -100
    logits, candidates = model.lm_head(hidden[learned]).float(), candidates[learned]
    few = candidates[:, 0] >= 0
    among = logits[few].gather(1, candidates[few].clamp(min=0)).masked_fill(candidates[few] < 0, -torch.inf)
    right = torch.zeros(len(among), dtype=torch.long)
    return torch.cat(
        [
            cross_entropy(logits[~few], labels[learned][~few], reduction="none"),
            cross_entropy(among, right, reduction="none"),
        ]
    ).mean()


def example_batches(tokenizer: PreTrainedTokenizerFast, updates: int) -> Iterator[list[Example]]:
    """Batches of examples of similar length."""
    rng = random.Random(11)
    kinds, weights = zip(*KINDS, strict=True)
    for _ in range(0, updates, 16):
        drawn = [kind(tokenizer, rng) for kind in rng.choices(kinds, weights, k=BATCH * 16)]
        drawn.sort(key=lambda example: len(example.ids))
        batches = [drawn[i : i + BATCH] for i in range(0, len(drawn), BATCH)]
        rng.shuffle(batches)
        yield from batches


def train(tokenizer: PreTrainedTokenizerFast, updates: int) -> LlamaForCausalLM:
    """The trained teacher."""
    torch.manual_seed(0)
    model = make_teacher(len(tokenizer))
    losses = (loss_of(model, collate(batch)) for batch in example_batches(tokenizer, updates))
    train_model("teacher", list(model.parameters()), losses, updates, rate=LEARNING_RATE, warmup_updates=100)
    return model.eval()
