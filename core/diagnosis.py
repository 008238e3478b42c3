"""Diagnoses from wrong predictions: the teacher's curve, its mistake step, and a phrase for the skill lacking there.

Knows a teacher by what it can do (``core.teacher``), not where it runs. Yields batches, so that the caller can save as
it goes.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from core.answer_switch import find_switch
from core.chunks import chunked
from core.parsing.scoring import marked, truth_of
from core.prompts import label_prompt, prompts_hash, skill_prompt
from core.teacher import Teacher, all_said
from core.types import MAX_SKILL_LENGTH, Curve, Diagnosis, Prediction, Sample, Settings, Skipped

BATCH_SIZE = 32
MAX_WORDS = 12
UNNAMED_SKILL = "unnamed skill"
_STRIPPED = " \"'“”‘’«»`*_.,;:!•-"
_LIST_MARK = rf"^(?:[{re.escape(_STRIPPED)}]|\d{{1,2}}[.)]\s)+"  # marks and list numbers

Item = tuple[Sample, Prediction]
SkillCase = tuple[Sample, Prediction, int]
OnSkipped = Callable[[Sample, Skipped], None]
T = TypeVar("T")

logger = logging.getLogger(__name__)


def _log_skipped(sample: Sample, why: Skipped) -> None:
    logger.warning("sample %s is left out: %s", sample.source_id, why.reason)


def diagnose(
    teacher: Teacher,
    items: Iterable[Item],
    settings: Settings,
    *,
    round_id: int,
    on_skipped: OnSkipped = _log_skipped,
) -> Iterator[list[Diagnosis]]:
    """Diagnoses of wrong predictions, up to 32 a list, in the order of the items.

    A rationale without steps gets the status ``no_steps`` and no skill. What cannot be diagnosed (an answer that is
    right or could not be read, a text beyond the teacher) is left out, and ``skipped`` is told the sample and why;
    so is one that every try to ask about failed.
    """
    for batch in chunked(items, BATCH_SIZE):
        curves = _curves(teacher, batch, settings, on_skipped)
        if curves:
            yield _diagnoses(teacher, curves, settings, round_id, on_skipped)


def name_skills(teacher: Teacher, cases: Iterable[SkillCase], settings: Settings) -> list[str]:
    """A phrase for the skill that each case's step (counted from 1) lacked, whichever step that is.

    Raises UserError where every try to ask for one of them failed.
    """
    return all_said(_phrases(teacher, cases, settings))


def label(
    teacher: Teacher, samples: Iterable[Sample], settings: Settings, *, on_skipped: OnSkipped = _log_skipped
) -> Iterator[list[tuple[int, str]]]:
    """(sample id, label of the skills it exercises) of support samples, up to 32 a list, in their order.

    One that every try to ask about failed is left out, and ``skipped`` is told.
    """
    for batch in chunked(samples, BATCH_SIZE):
        prompts = [label_prompt(sample, settings.skill_shots, settings.prompts) for sample in batch]
        said = zip(batch, teacher.complete(prompts, MAX_WORDS), strict=True)
        yield [
            (sample.id, clean_phrase(phrase))
            for sample, phrase in _with_reply(said, on_skipped, sample_of=lambda each: each)
        ]


def clean_phrase(text: str) -> str:
    """One phrase of at most 12 words and 200 characters from what a model said: its first line, without quotes, bullet
    and closing marks.

    >>> clean_phrase(' "Reading handwritten digits." ')
    'Reading handwritten digits'

    Never empty: "unnamed skill" where nothing was said.
    """
    lines = (re.sub(_LIST_MARK, "", " ".join(line.split())) for line in text.splitlines())
    words = next((line for line in lines if re.search(r"[^\W_]", line)), "").split()[:MAX_WORDS]
    return " ".join(words)[:MAX_SKILL_LENGTH].rstrip(_STRIPPED) or UNNAMED_SKILL


def _curves(teacher: Teacher, batch: list[Item], settings: Settings, on_skipped: OnSkipped) -> list[tuple[Item, Curve]]:
    """The items of a batch that have a curve, with it."""
    wrong = []
    for sample, prediction in batch:
        if prediction.answer is None:
            on_skipped(
                sample, Skipped(reason="The answer could not be read, so there is no wrong answer to switch to.")
            )
        elif marked(prediction.answer, sample)[0]:
            on_skipped(sample, Skipped(reason="The answer is right."))
        else:
            wrong.append((replace(sample, answer=truth_of(sample)), prediction))
    curves = dict(teacher.curves(wrong, settings))
    found = []
    for place, item in enumerate(wrong):
        curve = curves[place]
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
    said = teacher.complete(prompts, MAX_WORDS)
    return [each if isinstance(each, Skipped) else clean_phrase(each) for each in said]


def _with_reply(
    replies: Iterable[tuple[T, str | Skipped]], on_skipped: OnSkipped, *, sample_of: Callable[[T], Sample]
) -> Iterator[tuple[T, str]]:
    """What has a reply, with it; ``skipped`` is told of the rest, ``of`` being the sample asked about."""
    for each, reply in replies:
        if isinstance(reply, Skipped):
            on_skipped(sample_of(each), reply)
        else:
            yield each, reply


def _diagnoses(
    teacher: Teacher, curves: list[tuple[Item, Curve]], settings: Settings, round_id: int, on_skipped: OnSkipped
) -> list[Diagnosis]:
    switches = [find_switch(curve, delta=settings.delta, lam=settings.lam) for _, curve in curves]
    asked = [place for place, switch in enumerate(switches) if switch.mistake_step is not None]
    cases = [(*curves[place][0], switches[place].mistake_step or 0) for place in asked]
    named = zip(asked, _phrases(teacher, cases, settings), strict=True)
    phrases = dict(_with_reply(named, on_skipped, sample_of=lambda place: curves[place][0][0]))
    left_out = set(asked) - phrases.keys()
    shown = prompts_hash(settings)
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
            prompts=shown,
        )
        for place, ((sample, _), curve) in enumerate(curves)
        if place not in left_out
    ]
