"""Diagnose wrong predictions: the teacher's curve, its mistake step, and a phrase for the missing skill.

Method: Yao et al. 2025 (arXiv 2412.15652), section 3. Works with any ``core.teacher.Teacher``. Results are yielded in
batches so that the caller can save them as they come.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from core.answer_switch import find_switch
from core.chunks import chunked
from core.parsing.scoring import score_answer, truth_of
from core.phrases.skills import MAX_WORDS, read_skill
from core.prompts import label_prompt, skill_prompt, stricter_prompt
from core.prompts.texts import prompts_hash
from core.teacher import Teacher, require_replies
from core.types import Curve, Diagnosis, OnSkipped, Prediction, RoundId, Sample, Settings, Skipped

BATCH_SIZE = 32
SHOTS_AGAIN = 4  # examples at least, where a skill is asked for once more
NO_SKILL = (
    "No skill is named for it: asked twice, the teacher states an answer or repeats an option, the question or a step, "
    "or the prompt is too long for it."
)

Item = tuple[Sample, Prediction]
SkillCase = tuple[Sample, Prediction, int]
T = TypeVar("T")

logger = logging.getLogger(__name__)


def _log_skipped(sample: Sample, why: Skipped) -> None:
    logger.warning("sample %s is left out: %s", sample.source_id, why.reason)


def diagnose(
    teacher: Teacher,
    items: Iterable[Item],
    settings: Settings,
    *,
    round_id: RoundId,
    on_skipped: OnSkipped = _log_skipped,
) -> Iterator[list[Diagnosis]]:
    """Diagnoses of wrong predictions, in lists of up to 32 and in the order of ``items``.

    A rationale without steps gets the status ``no_steps`` and no skill; so does, with its mistake step, one for which
    the teacher names no skill when asked twice. Items that cannot be diagnosed (the answer is
    correct or could not be read, the text is too long for the teacher, every request failed) are passed to
    ``on_skipped`` instead.
    """
    for batch in chunked(items, BATCH_SIZE):
        curves = _curves(teacher, batch, settings, on_skipped)
        if curves:
            yield _diagnoses(teacher, curves, settings, round_id, on_skipped)


def name_skills(teacher: Teacher, cases: Iterable[SkillCase], settings: Settings) -> list[str]:
    """A phrase for the skill missing at each case's step (any step, counted from 1); "" where the teacher names none.

    Raises UserError when every request for one of them failed.
    """
    return require_replies(_phrases(teacher, cases, settings))


def label(
    teacher: Teacher, samples: Iterable[Sample], settings: Settings, *, on_skipped: OnSkipped = _log_skipped
) -> Iterator[list[tuple[int, str]]]:
    """(sample id, skill label) of support samples, in lists of up to 32 and in the order of ``samples``.

    Samples for which every request failed, or no skill is named, are passed to ``on_skipped`` instead.
    """
    for batch in chunked(samples, BATCH_SIZE):
        asked = [label_question(sample, settings) for sample in batch]
        named = [Skipped(reason=NO_SKILL) if each == "" else each for each in _named(teacher, asked)]
        found = _with_reply(zip(batch, named, strict=True), on_skipped, sample_of=lambda each: each)
        yield [(sample.id, phrase) for sample, phrase in found]


@dataclass(frozen=True, kw_only=True)
class SkillQuestion:
    """A prompt whose continuation names a skill, the one that asks once more, and what a skill must not repeat."""

    prompt: str
    again: str
    sample: Sample
    steps: tuple[str, ...] = ()

    def read(self, reply: str) -> str:
        """The skill that a reply names, "" for none."""
        return read_skill(reply, self.sample, self.steps)


def label_question(sample: Sample, settings: Settings) -> SkillQuestion:
    """The question for the skill label of a support sample."""
    prompt = label_prompt(sample, settings.skill_shots, settings.prompts)
    again = label_prompt(sample, max(settings.skill_shots, SHOTS_AGAIN), settings.prompts)
    steps = (sample.response,) if sample.response else ()
    return SkillQuestion(prompt=prompt, again=stricter_prompt(again, settings.prompts), sample=sample, steps=steps)


def _skill_question(case: SkillCase, settings: Settings) -> SkillQuestion:
    sample, prediction, step = case
    prompt, again = (
        skill_prompt(sample, prediction.steps, step, shots, settings.prompts)
        for shots in (settings.skill_shots, max(settings.skill_shots, SHOTS_AGAIN))
    )
    again = stricter_prompt(again, settings.prompts)
    return SkillQuestion(prompt=prompt, again=again, sample=sample, steps=prediction.steps)


def _named(teacher: Teacher, asked: Sequence[SkillQuestion]) -> list[str | Skipped]:
    """The skill that the teacher names for each question, asked once more where it names none; "" for none at all."""
    replies = teacher.complete([each.prompt for each in asked], MAX_WORDS)
    found = [_read(question, reply) for question, reply in zip(asked, replies, strict=True)]
    open_ = [place for place, each in enumerate(found) if each == ""]
    again = teacher.complete([asked[place].again for place in open_], MAX_WORDS) if open_ else ()
    for place, reply in zip(open_, again, strict=True):
        found[place] = _read(asked[place], reply)
    return found


def _read(question: SkillQuestion, reply: str | Skipped) -> str | Skipped:
    return reply if isinstance(reply, Skipped) else question.read(reply)


def _curves(teacher: Teacher, batch: list[Item], settings: Settings, on_skipped: OnSkipped) -> list[tuple[Item, Curve]]:
    """The items of a batch that have a curve, each with it."""
    wrong = []
    for sample, prediction in batch:
        if prediction.answer is None:
            on_skipped(
                sample, Skipped(reason="The answer could not be read, so there is no wrong answer to switch to.")
            )
        elif score_answer(prediction.answer, sample)[0]:
            on_skipped(sample, Skipped(reason="The answer is right."))
        else:
            wrong.append((replace(sample, answer=truth_of(sample)), prediction))
    curves = dict(teacher.curves(wrong, settings))
    found = []
    for position, item in enumerate(wrong):
        curve = curves[position]
        if isinstance(curve, Skipped):
            on_skipped(item[0], curve)
        else:
            found.append((item, curve))
    return found


def _phrases(teacher: Teacher, cases: Iterable[SkillCase], settings: Settings) -> list[str | Skipped]:
    return _named(teacher, [_skill_question(case, settings) for case in cases])


def _with_reply(
    replies: Iterable[tuple[T, str | Skipped]], on_skipped: OnSkipped, *, sample_of: Callable[[T], Sample]
) -> Iterator[tuple[T, str]]:
    """The pairs that have a reply; the others go to ``on_skipped`` with the sample that ``sample_of`` names."""
    for item, reply in replies:
        if isinstance(reply, Skipped):
            on_skipped(sample_of(item), reply)
        else:
            yield item, reply


def _diagnoses(
    teacher: Teacher, curves: list[tuple[Item, Curve]], settings: Settings, round_id: RoundId, on_skipped: OnSkipped
) -> list[Diagnosis]:
    switches = [find_switch(curve, delta=settings.delta, lam=settings.lam) for _, curve in curves]
    asked = [place for place, switch in enumerate(switches) if switch.mistake_step is not None]
    cases = [(*curves[place][0], switches[place].mistake_step or 0) for place in asked]
    named = zip(asked, _phrases(teacher, cases, settings), strict=True)
    phrases = dict(_with_reply(named, on_skipped, sample_of=lambda place: curves[place][0][0]))
    left_out = set(asked) - phrases.keys()
    prompts = prompts_hash(settings)
    return [
        Diagnosis(
            round=round_id,
            sample=sample.id,
            curve=curve,
            switch=switches[place],
            skill=phrases.get(place, ""),
            prior=settings.prior,
            delta=settings.delta,
            lam=settings.lam,
            teacher=teacher.name,
            skill_step=switches[place].mistake_step,
            prompts=prompts,
        )
        for place, ((sample, _), curve) in enumerate(curves)
        if place not in left_out
    ]
