"""Diagnose wrong predictions: the teacher's curve, its mistake step, and a phrase for the missing skill.

Method: Yao et al. 2025 (arXiv 2412.15652), section 3. Works with any ``core.teacher.Teacher``. Results are yielded in
batches so that the caller can save them as they come.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from core.answer_switch import find_switch
from core.chunks import chunked
from core.parsing.scoring import score_answer, truth_of
from core.prompts import label_prompt, skill_prompt
from core.prompts.texts import prompts_hash
from core.teacher import Teacher, require_replies
from core.types import MAX_SKILL_LENGTH, Curve, Diagnosis, OnSkipped, Prediction, RoundId, Sample, Settings, Skipped

BATCH_SIZE = 32
MAX_WORDS = 12
UNNAMED_SKILL = "unnamed skill"
_STRIPPED = " \"'“”‘’«»`*_.,;:!•-"
_LIST_MARK = rf"^(?:[{re.escape(_STRIPPED)}]|\d{{1,2}}[.)]\s)+"  # punctuation and list numbers

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

    A rationale without steps gets the status ``no_steps`` and no skill. Items that cannot be diagnosed (the answer is
    correct or could not be read, the text is too long for the teacher, every request failed) are passed to
    ``on_skipped`` instead.
    """
    for batch in chunked(items, BATCH_SIZE):
        curves = _curves(teacher, batch, settings, on_skipped)
        if curves:
            yield _diagnoses(teacher, curves, settings, round_id, on_skipped)


def name_skills(teacher: Teacher, cases: Iterable[SkillCase], settings: Settings) -> list[str]:
    """A phrase for the skill missing at each case's step (any step, counted from 1).

    Raises UserError when every request for one of them failed.
    """
    return require_replies(_phrases(teacher, cases, settings))


def label(
    teacher: Teacher, samples: Iterable[Sample], settings: Settings, *, on_skipped: OnSkipped = _log_skipped
) -> Iterator[list[tuple[int, str]]]:
    """(sample id, skill label) of support samples, in lists of up to 32 and in the order of ``samples``.

    Samples for which every request failed are passed to ``on_skipped`` instead.
    """
    for batch in chunked(samples, BATCH_SIZE):
        prompts = [label_prompt(sample, settings.skill_shots, settings.prompts) for sample in batch]
        replies = zip(batch, teacher.complete(prompts, MAX_WORDS), strict=True)
        yield [
            (sample.id, clean_phrase(phrase))
            for sample, phrase in _with_reply(replies, on_skipped, sample_of=lambda each: each)
        ]


def clean_phrase(text: str) -> str:
    """One phrase of at most 12 words and 200 characters from a model's reply: its first line with words in it, without
    quotes, bullets and closing punctuation; "unnamed skill" when there is none.

    >>> clean_phrase(' "Reading handwritten digits." ')
    'Reading handwritten digits'
    """
    lines = (re.sub(_LIST_MARK, "", " ".join(line.split())) for line in text.splitlines())
    words = next((line for line in lines if re.search(r"[^\W_]", line)), "").split()[:MAX_WORDS]
    return " ".join(words)[:MAX_SKILL_LENGTH].rstrip(_STRIPPED) or UNNAMED_SKILL


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
    prompts = [
        skill_prompt(sample, prediction.steps, step, settings.skill_shots, settings.prompts)
        for sample, prediction, step in cases
    ]
    replies = teacher.complete(prompts, MAX_WORDS)
    return [each if isinstance(each, Skipped) else clean_phrase(each) for each in replies]


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
