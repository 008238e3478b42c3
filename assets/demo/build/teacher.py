"""Training the text-only teacher: to carry a rationale on from the steps given, to know the facts, to name skills.

Each lesson is a packed trunk (question, prior, steps) with an answer branch after every prefix, the form in which
``core.teacher.local`` asks. The answer it learns is where the steps given lead: with the prior's probability they are
true, else one is false. It has all facts (it is the teacher); it never sees an image.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from assets.demo.build.models import make_teacher
from assets.demo.build.training import descend
from assets.demo.items import corrupted, draw_item, rationale, skill_label, with_options
from assets.demo.scene import COLOURS, SHAPES
from assets.demo.world import FAMILIES, OPERATIONS, READINGS, SKILLS, TARGETS, WEAK, WEAK_FAMILIES, Item, Step
from core.prompts import answer_cue, label_prompt, skill_prompt, teacher_header, teacher_step
from core.types import Sample

BATCH = 32
LEARNING_RATE = 2e-3
MOST_CANDIDATES = 6
PRIORS = (0.4, 0.5, 0.6, 0.7, 0.8)
# The targets are common: a product must be carried on from factors that were stated two steps before.
FORM_WEIGHTS = {name: 1.5 if name in WEAK_FAMILIES else 0.7 for name in FAMILIES} | dict(
    zip(TARGETS, (8.0, 16.0), strict=True)
)
# How often a fact of each skill is drilled; tables that can only be learned by heart come more often.
DRILLS = {"double": 1, "succ": 1, "pred": 1, "spell": 1, "parity": 1, "code": 4, "add": 2, "sub": 4, "mul": 6,
          "larger": 1, "smaller": 1, "mix": 1, "corners": 1}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """Token ids, labels, positions, and the branches as (first index, trunk length they see).

    ``candidates`` are, for labels that are learned among a few words only, these words, the right one first.
    """

    ids: list[int]
    labels: list[int]
    positions: list[int]
    branches: list[tuple[int, int]]
    candidates: dict[int, list[int]] = field(default_factory=dict)


def sample_of(item: Item) -> Sample:
    """The item as the app's noun, as far as prompts read it."""
    return Sample(source_id="0", question=item.question, options=item.options, answer=item.answer)


@lru_cache(maxsize=100_000)
def _words(tokenizer: PreTrainedTokenizerFast, text: str) -> tuple[int, ...]:
    return tuple(tokenizer(text, add_special_tokens=False)["input_ids"])


def _plain(prompt: list[int], reply: list[int]) -> Lesson:
    ids = prompt + reply
    return Lesson(ids=ids, labels=[-100] * len(prompt) + reply, positions=list(range(len(ids))), branches=[])


def answer_lesson(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Lesson:
    """A rationale that is true with the prior's probability, with the answer it leads to after every prefix.

    The answer is learned as the app asks for it: among the options and a wrong answer that may be none of them.
    """
    item = _draw(rng)
    prior = rng.choice(PRIORS) if rng.random() < 0.9 else None
    weak = [number for number, step in enumerate(item.steps) if step.skill in WEAK]
    at = rng.choice(weak) if weak and rng.random() < 0.7 else None
    steps = (corrupted(item, rng, at, again=0.7) or (item.steps,))[0]
    false = str(steps[-1].value)
    if rng.random() < 0.5:
        item = with_options(item, rng, must_hold=false)
    if rng.random() < (prior or 0.5):
        steps = item.steps
    answers = [str(steps[-1].value)] * (len(steps) + 1)
    return _packed(tokenizer, item, prior, steps, answers, rivals=(*item.options, false))


def bare_lesson(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Lesson:
    """The same without options or prior, so that the answer can only be worked out from the steps given.

    Learned from the last reading on, since no answer follows earlier. Before a false step the true answer follows, from
    it on the false one. Without these lessons the teacher leant on options and prior and never learnt to carry on.
    """
    item = _draw(rng)
    steps, wrong = item.steps, len(item.steps)
    if rng.random() < 0.5 and (false := corrupted(item, rng)):
        steps, wrong = false
    readings = max(number for number, step in enumerate(steps, 1) if step.skill in READINGS)
    answers = [str(steps[-1].value) if given > wrong else item.answer for given in range(len(steps) + 1)]
    answers[:readings] = [""] * readings
    return _packed(tokenizer, replace(item, options=()), None, steps, answers)


def _draw(rng: random.Random) -> Item:
    return draw_item(rng.choices(tuple(FORM_WEIGHTS), tuple(FORM_WEIGHTS.values()))[0], rng, "pretrain")


def _packed(
    tokenizer: PreTrainedTokenizerFast,
    item: Item,
    prior: float | None,
    steps: tuple[Step, ...],
    answers: list[str],
    *,
    rivals: tuple[str, ...] = (),
) -> Lesson:
    """A trunk with a branch after every prefix that has an answer; true steps are learned, too.

    With ``rivals`` the answers are learned among these only, else among all words.
    """
    ids = tokenizer(teacher_header(sample_of(item), prior))["input_ids"]
    labels, ends = [-100] * len(ids), [len(ids)]
    for number, step in enumerate(steps, 1):
        words = _words(tokenizer, teacher_step(number, step.text))
        ids += words
        labels += words if steps == item.steps else (-100,) * len(words)
        ends.append(len(ids))
    positions, branches, candidates, cue = list(range(len(ids))), [], {}, _words(tokenizer, answer_cue())
    for end, answer in zip(ends, answers, strict=True):
        if answer:
            told = _words(tokenizer, f" {answer}.")
            branches.append((len(ids), end))
            if rivals:
                among = dict.fromkeys((answer, *rivals))
                candidates[len(ids) + len(cue)] = [_words(tokenizer, f" {each}")[0] for each in among]
            ids += cue + told
            labels += [-100] * len(cue) + [*told]
            positions += range(end, end + len(cue) + len(told))
    return Lesson(ids=ids, labels=labels, positions=positions, branches=branches, candidates=candidates)


def drill_lesson(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Lesson:
    """Ten bare facts in a row; their values are learned."""
    ids: list[int] = [tokenizer.bos_token_id]
    labels = [-100]
    for skill in rng.choices(tuple(DRILLS), tuple(DRILLS.values()), k=10):
        arguments = _drill_arguments(skill, rng)
        before, after = OPERATIONS[skill].sentence.split("{y}")
        prompt = _words(tokenizer, " " + before.format(*arguments).rstrip())
        value = _words(tokenizer, f" {OPERATIONS[skill].apply(*arguments)}{after}")
        ids += prompt + value
        labels += [-100] * len(prompt) + [*value]
    return Lesson(ids=ids, labels=labels, positions=list(range(len(ids))), branches=[])


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


def skill_lesson(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Lesson:
    """A rationale up to its false step, and a phrase for the skill that the step lacked."""
    item = draw_item(rng.choice((*FAMILIES, *TARGETS)), rng, "pretrain")
    false = corrupted(item, rng)
    if false is None:
        return skill_lesson(tokenizer, rng)
    steps, wrong = false
    if rng.random() < 0.5:
        item = with_options(item, rng, must_hold=str(steps[-1].value))
    prompt = skill_prompt(sample_of(item), tuple(step.text for step in steps), wrong + 1, 0)
    return _named(tokenizer, prompt, rng.choice(SKILLS[steps[wrong].skill]))


def label_lesson(tokenizer: PreTrainedTokenizerFast, rng: random.Random) -> Lesson:
    """A support sample and the phrases of the skills it exercises."""
    item = draw_item(rng.choice(tuple(FAMILIES)), rng, "pretrain")
    sample = Sample(source_id="0", question=item.question, answer=item.answer, response=rationale(item.steps))
    return _named(tokenizer, label_prompt(sample, 0), skill_label(item, rng))


def _named(tokenizer: PreTrainedTokenizerFast, prompt: str, phrase: str) -> Lesson:
    reply = [*_words(tokenizer, f" {phrase}."), tokenizer.eos_token_id]
    return _plain(tokenizer(prompt)["input_ids"], reply)


KINDS = ((answer_lesson, 0.52), (bare_lesson, 0.24), (drill_lesson, 0.09), (skill_lesson, 0.11), (label_lesson, 0.04))


def collate(lessons: Sequence[Lesson]) -> dict[str, torch.Tensor]:
    """Padded tensors and the additive mask (lessons, 1, longest, longest) by which a branch sees its own trunk only."""
    longest = max(len(lesson.ids) for lesson in lessons)
    ids = torch.zeros(len(lessons), longest, dtype=torch.long)
    labels, positions = torch.full_like(ids, -100), torch.zeros_like(ids)
    candidates = torch.full((len(lessons), longest, MOST_CANDIDATES), -1)
    seen = torch.tril(torch.ones(longest, longest, dtype=torch.bool)).repeat(len(lessons), 1, 1)
    for row, lesson in enumerate(lessons):
        size = len(lesson.ids)
        ids[row, :size] = torch.tensor(lesson.ids)
        labels[row, :size] = torch.tensor(lesson.labels)
        positions[row, :size] = torch.tensor(lesson.positions)
        for place, among in lesson.candidates.items():
            candidates[row, place, : len(among)] = torch.tensor(among)
        ends = [start for start, _ in lesson.branches[1:]] + [size]
        for (start, trunk), end in zip(lesson.branches, ends, strict=bool(lesson.branches)):
            seen[row, start:end, trunk:start] = False
    mask = torch.zeros(seen.shape).masked_fill(~seen, -1e9)[:, None]
    inputs = {"input_ids": ids, "position_ids": positions, "attention_mask": mask}
    return inputs | {"labels": labels, "candidates": candidates}


def loss_of(model: LlamaForCausalLM, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Mean cross-entropy over labelled tokens, among their candidates where they have some, else among all words.

    A label is predicted from the token before it, inside a branch too.
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


def lessons(tokenizer: PreTrainedTokenizerFast, updates: int) -> Iterator[list[Lesson]]:
    """Batches of lessons of similar length."""
    rng = random.Random(11)
    kinds, weights = zip(*KINDS, strict=True)
    for _ in range(0, updates, 16):
        drawn = [kind(tokenizer, rng) for kind in rng.choices(kinds, weights, k=BATCH * 16)]
        drawn.sort(key=lambda lesson: len(lesson.ids))
        batches = [drawn[i : i + BATCH] for i in range(0, len(drawn), BATCH)]
        rng.shuffle(batches)
        yield from batches


def train(tokenizer: PreTrainedTokenizerFast, updates: int) -> LlamaForCausalLM:
    """The trained teacher."""
    torch.manual_seed(0)
    model = make_teacher(len(tokenizer))
    losses = (loss_of(model, collate(batch)) for batch in lessons(tokenizer, updates))
    descend("teacher", list(model.parameters()), losses, updates, rate=LEARNING_RATE, warm=100)
    return model.eval()
