"""How the arms of an experiment that are not targeted choose: what there is to compare the method with.

``insta`` follows Lee et al. 2024 ("Instruction Matters": what has the instructions nearest to the target's), ``full``
takes all; ``random_step`` and ``step_text`` are the method without its mistake identification and without its skill
analysis (Yao et al. 2025, ablations). Knows vectors and ids; the retrieval itself is ``core.selection``'s.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.parsing.scoring import truth_of
from core.prompts import letter, student_prompt
from core.types import Sample, Settings, SkillDemand

Vectors = NDArray[np.float64]


def nearest_instructions(samples: Sequence[int], likeness: Vectors, seed: int) -> list[tuple[int, float]]:
    """(sample id, likeness) from the likeliest on; samples as like as each other in a seeded order."""
    order = np.lexsort((np.random.default_rng(seed).permutation(len(samples)), -likeness))
    return [(samples[place], float(likeness[place])) for place in order.tolist()]


def likeness_to(target: Vectors, instructions: Vectors) -> Vectors:
    """The mean cosine of each instruction (rows) with the target's instructions (rows), in [−1, 1]."""
    return np.asarray(_unit(instructions) @ _unit(target).mean(axis=0), np.float64)


def random_steps(cases: Sequence[tuple[int, int]], seed: int) -> dict[int, int]:
    """A step from 1 to n by sample, each as likely, for (sample, number of steps n) in any order."""
    return {sample: int(np.random.default_rng([seed, sample]).integers(1, n + 1)) for sample, n in cases if n}


def as_lesson(sample: Sample, settings: Settings) -> Sample:
    """A labelled question as tuning learns from it, where there is no rationale: asked as the student is asked."""
    said = truth_of(sample)
    if said in sample.options:
        said = f"({letter(sample.options.index(said))}) {said}"
    return replace(sample, question=student_prompt(sample, settings), response=f"The answer is {said}.")


def demands_for(texts: Iterable[str]) -> list[SkillDemand]:
    """One demand for each distinct text, with how many errors ask for it, most first.

    Raises UserError where there is none.
    """
    errors = Counter(text for text in texts if text)
    if not errors:
        raise UserError("There is no accepted error to select samples for: review some cases first.")
    ranked = sorted(errors.items(), key=lambda each: (-each[1], each[0]))
    return [SkillDemand(skill=text, errors=count) for text, count in ranked]


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), np.float64)
