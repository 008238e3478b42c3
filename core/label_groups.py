"""Group support samples that share a task and an instruction, so that the teacher labels each group once.

The first line of a question is an *instruction* where enough samples of the task begin with it ("Given a picture about
sports, answer the following question."); numbers in it are ignored. The remaining samples of a task ("What is green on
the plate?") form one more group. Samples without a task and without a shared instruction are groups of one.
"""

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MIN_GROUP_SIZE = 2
MIN_TASK_SHARE = 0.01  # at most 100 instructions a task


@dataclass(kw_only=True)
class LabelGroup:
    """Unlabelled samples (ids) that get the same label; the teacher is shown the ``representative``."""

    representative: int
    members: "array[int]" = field(default_factory=lambda: array("q"))


def instruction(question: str) -> str:
    """The part of a question that other samples of its task may share: its first line, case-folded, with numbers
    replaced by 0.

    >>> instruction("Answer the question.\\nWhat is on plate 3?")
    'answer the question.'
    """
    lines = (line for line in question.splitlines() if line.strip())
    return re.sub(r"\d+", "0", " ".join(next(lines, "").casefold().split()))


def group_samples(rows: Iterable[tuple[int, str, str, bool]], *, seed: int) -> list[LabelGroup]:
    """The groups of a support set, in the order in which their tasks first occur.

    ``rows`` are (id, task, question, whether it has a label). Labelled samples count towards what is an instruction, so
    that labelling some groups does not change the others. Memory: about 20 bytes a sample and 150 for each distinct
    first line.
    """
    keys: dict[int, int] = {}
    codes: dict[str, int] = {}
    # By first line: the code of its task, and its number of samples; by unlabelled sample: its first line and its id.
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
