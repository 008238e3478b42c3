"""How the arms of an experiment other than "targeted" choose their samples: the baselines of the method.

``insta`` follows Lee et al. 2024 ("Instruction Matters": the instructions most similar to the target's).
``random_step`` and ``step_text`` are the method without mistake identification and without skill analysis (ablations in
Yao et al. 2025). ``full`` takes all samples.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from core.errors import UserError
from core.parsing.scoring import truth_of
from core.prompts import option_letter, student_prompt
from core.types import Sample, Settings, SkillDemand

Vectors = NDArray[np.float64]


def rank_by_similarity(samples: Sequence[int], similarity: Vectors, seed: int) -> list[tuple[int, float]]:
    """(sample id, similarity), most similar first, ties in a seeded order."""
    order = np.lexsort((np.random.default_rng(seed).permutation(len(samples)), -similarity))
    return [(samples[place], float(similarity[place])) for place in order.tolist()]


def mean_similarity(target: Vectors, instructions: Vectors) -> Vectors:
    """The mean cosine of each instruction (rows) with the target's instructions (rows), in [−1, 1]; shape
    (instructions,)."""
    return np.asarray(_unit_rows(instructions) @ _unit_rows(target).mean(axis=0), np.float64)


def random_steps(cases: Sequence[tuple[int, int]], seed: int) -> dict[int, int]:
    """By sample, a uniformly random step in 1…n, for ``cases`` of (sample id, number of steps n) in any order."""
    return {sample: int(np.random.default_rng([seed, sample]).integers(1, n + 1)) for sample, n in cases if n}


def as_training_sample(sample: Sample, settings: Settings) -> Sample:
    """A labelled question as a training sample without a rationale, asked as the student is asked."""
    answer = truth_of(sample)
    if answer in sample.options:
        answer = f"({option_letter(sample.options.index(answer))}) {answer}"
    return replace(sample, question=student_prompt(sample, settings), response=f"The answer is {answer}.")


def demands_for(texts: Iterable[str]) -> list[SkillDemand]:
    """One demand for each distinct text, with the number of errors that need it, most first.

    Raises UserError when there is none.
    """
    errors = Counter(text for text in texts if text)
    if not errors:
        raise UserError("There is no accepted error to select samples for: review some cases first.")
    ranked = sorted(errors.items(), key=lambda each: (-each[1], each[0]))
    return [SkillDemand(skill=text, errors=count) for text, count in ranked]


def _unit_rows(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), np.float64)
