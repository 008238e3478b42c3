"""Support samples that share a task and its instruction, so that the teacher names their skills once for all of them.

A question's first line is an *instruction* where enough samples of its task begin with it ("Given a picture about
sports, answer the following question."); numbers in it do not matter. The samples of a task whose first line is their
own ("What is green on the plate?") make one more group of that task. Without a task nothing holds such samples
together: each is a group of its own. Knows no teacher and no database.
"""

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MIN_GROUP_SIZE = 2
MIN_TASK_SHARE = 0.01  # so a task has at most a hundred instructions, however many questions


@dataclass(kw_only=True)
class LabelGroup:
    """Samples (ids) without a label that get the same one; ``asked`` is the one that the teacher is shown."""

    representative: int
    members: "array[int]" = field(default_factory=lambda: array("q"))


def instruction(question: str) -> str:
    """The part of a question that other samples of its task may share: its first line, with numbers made equal.

    >>> instruction("Answer the question.\\nWhat is on plate 3?")
    'answer the question.'
    """
    lines = (line for line in question.splitlines() if line.strip())
    return re.sub(r"\d+", "0", " ".join(next(lines, "").casefold().split()))


def group_samples(rows: Iterable[tuple[int, str, str, bool]], *, seed: int) -> list[LabelGroup]:
    """The groups of a support set, given as (id, task, question, whether it has a label), in the order of their tasks'
    first samples.

    Labelled samples count when instructions are looked for, so that labelling some groups changes none of the others.
    Holds some twenty bytes a sample and 150 for each different first line, not the samples.
    """
    keys: dict[int, int] = {}
    codes: dict[str, int] = {}
    # By first line: the code of its task and how many samples it has; by unlabelled sample: its first line and its id.
    of, sizes, numbers, ids = array("q"), array("q"), array("q"), array("q")
    for sample, task, question, labelled in rows:
        code = codes.setdefault(task, len(codes))
        number = keys.setdefault(_digest(f"{task}\0{instruction(question)}"), len(keys))
        if number == len(of):
            of.append(code)
            sizes.append(0)
        sizes[number] += 1
        if not labelled:
            numbers.append(number)
            ids.append(sample)
    whole: Counter[int] = Counter()
    for code, size in zip(of, sizes, strict=True):
        whole[code] += size
    shared = {
        number for number, size in enumerate(sizes) if size >= max(MIN_GROUP_SIZE, MIN_TASK_SHARE * whole[of[number]])
    }
    groups: dict[tuple[int, int], LabelGroup] = {}
    for number, sample in zip(numbers, ids, strict=True):
        rest = (-1, sample) if of[number] == codes.get("") else (of[number], -1)
        group = groups.setdefault((of[number], number) if number in shared else rest, LabelGroup(representative=sample))
        group.members.append(sample)
        if _digest(f"{seed} {sample}") < _digest(f"{seed} {group.representative}"):
            group.representative = sample
    return list(groups.values())


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
