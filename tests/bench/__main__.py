"""Ours and the peer in turn, medians and their ratio, after checking that both compute the same.

Retrieval against ``rank_bm25`` over the demo's 20,000 labels; the answer switch of the demo's teacher, packed, against
one plain forward for every prefix and candidate. The full suite of peers and sizes is a later issue. The page has a
bench of its own, which ``make bench`` runs after this one: ``python -m tests.bench.page``.
"""

import gzip
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from rank_bm25 import BM25Okapi
from rich.console import Console
from rich.table import Table

from assets import demo
from assets.demo.gold import load_truth
from core.importers import read_samples
from core.prompts import answer_cue, candidate_text, teacher_header, teacher_step
from core.retrieval import SkillIndex
from core.teacher.local import LocalTeacher, load_teacher
from core.teacher.scoring import Branches, packed_scores, plain_scores
from core.terms import tokenise
from core.types import Sample

ROUNDS = 7


def median_seconds(first: Callable[[], object], second: Callable[[], object]) -> tuple[float, float]:
    """The medians of two functions, called in turn so that a machine that drifts slows both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        for kept, call in zip(times, (first, second), strict=True):
            started = time.perf_counter()
            call()
            kept.append(time.perf_counter() - started)
    return statistics.median(times[0][1:]), statistics.median(times[1][1:])


def retrieval() -> tuple[float, float, int]:
    """Seconds for all queries (ours, rank_bm25) over the demo's labels, and how many queries there are."""
    with gzip.open(demo.FOLDER / "support.jsonl.gz", "rt", encoding="utf-8") as file:
        labels = [json.loads(line)["skill_label"] for line in file]
    phrases = [name for names in json.loads((demo.TRUTH / "skills.json").read_text()).values() for name in names]
    index = SkillIndex.build(labels, list(range(len(labels))), [""] * len(labels), [None] * len(labels))
    peer = BM25Okapi([list(tokenise(label)) for label in labels])
    place = {label: number for number, label in enumerate(index.labels)}
    carried = np.array([place[label] for label in labels])
    for phrase in phrases[:5]:
        assert np.array_equal(index.scores(phrase)[carried], peer.get_scores(list(tokenise(phrase))))
    ours, theirs = median_seconds(
        lambda: [index.scores(phrase) for phrase in phrases],
        lambda: [peer.get_scores(list(tokenise(phrase))) for phrase in phrases],
    )
    return ours, theirs, len(phrases)


def answer_switch(rationales: int = 20) -> tuple[float, float, int]:
    """Seconds for the curves of true rationales: packed, and one plain forward for every prefix and candidate."""
    teacher = load_teacher(str(demo.TEACHER), device="cpu")
    truth = load_truth(demo.TRUTH / "validation.jsonl")
    samples = read_samples(demo.VALIDATION, role="validation").samples[:rationales]
    cases = [branches_of(teacher, sample, truth[sample.source_id].steps) for sample in samples]
    for case in cases:
        assert np.allclose(packed_scores(teacher.model, case), plain_scores(teacher.model, case), atol=1e-3)
    ours, theirs = median_seconds(
        lambda: [packed_scores(teacher.model, case) for case in cases],
        lambda: [one_forward_each(teacher, case) for case in cases],
    )
    return ours, theirs, len(cases)


def branches_of(teacher: LocalTeacher, sample: Sample, steps: tuple[str, ...]) -> Branches:
    """The token ids of every prefix of the steps with every option after it."""
    trunks = [teacher_header(sample, 0.6)]
    for number, step in enumerate(steps, 1):
        trunks.append(trunks[-1] + teacher_step(number, step))
    ends = [candidate_text(sample.options, place, sample.options, False) for place in range(len(sample.options))]
    return [[teacher.tokenizer(trunk + answer_cue() + end)["input_ids"] for end in ends] for trunk in trunks]


@torch.inference_mode()
def one_forward_each(teacher: LocalTeacher, case: Branches) -> None:
    """What a script without packing does."""
    for row in case:
        for tokens in row:
            torch.log_softmax(teacher.model(input_ids=torch.tensor([tokens])).logits[0], -1)


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    table = Table("measured", "cases", "ours (ms)", "peer (ms)", "peer / ours", title="medians, one thread")
    for name, (ours, theirs, cases) in (
        ("BM25 over 20,000 labels; peer rank_bm25", retrieval()),
        ("answer-switch curves; peer a forward each", answer_switch()),
    ):
        table.add_row(name, str(cases), f"{ours * 1e3:.1f}", f"{theirs * 1e3:.1f}", f"{theirs / ours:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
