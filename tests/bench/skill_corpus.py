"""Generates skill labels with Vision-Flan's distribution: some 200 tasks, 42,000 distinct labels over 1.55 million
samples, a few labels on thousands of samples and most on a handful.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROWS, TASKS, SEED = 1_550_000, 200, 0
VERBS = (
    "Recognizing Identifying Comparing Understanding Counting Reading Interpreting Locating Estimating Distinguishing "
    "Classifying Describing Inferring Reasoning Detecting Matching Extracting Analyzing Measuring Tracking Relating"
)
JOINTS = "in of from with under across between for on within against using about through"
SYLLABLES = "ba con di fra gra li mo na per qui ra sto ta vi ze lo mi tor sen pla gen cu be hy ke stru ther op"


def falling(many: int, power: float) -> NDArray[np.float64]:
    """Shares by Zipf's law."""
    share = 1 / np.arange(1, many + 1) ** power
    return np.asarray(share / share.sum())


def words(random: np.random.Generator, many: int) -> NDArray[np.str_]:
    """Distinct made-up words."""
    found: dict[str, None] = {}
    while len(found) < many:
        found.setdefault("".join(random.choice(SYLLABLES.split(), random.integers(2, 5))))
    return np.array(list(found))


def write_corpus(folder: Path, queries: int = 1000) -> None:
    """``labels.txt`` (one a line), ``codes.npy`` (each row's label), ``tasks.npy`` and ``queries.txt``."""
    random = np.random.default_rng(SEED)
    pool = words(random, 4200)
    texts: dict[str, int] = {}
    codes, tasks = [], []
    sizes = np.maximum(1500, random.dirichlet(np.ones(TASKS) * 1.2) * ROWS)
    for task, size in enumerate((sizes / sizes.sum() * ROWS).astype(int)):
        own, shared = random.choice(pool[2400:], 40, replace=False), random.choice(pool[:2400], 100, replace=False)
        verbs = random.choice(VERBS.split(), 12, replace=False)
        here = list(dict.fromkeys(phrase(random, verbs, own, shared) for _ in range(random.integers(120, 340))))
        numbers = np.array([texts.setdefault(each, len(texts)) for each in here])
        codes.append(random.choice(numbers, size, p=falling(len(here), 1.0)))
        tasks.append(np.full(size, task))
    order = random.permutation(sum(map(len, codes)))
    np.save(folder / "codes.npy", np.concatenate(codes)[order])
    np.save(folder / "tasks.npy", np.concatenate(tasks)[order])
    (folder / "labels.txt").write_text("\n".join(texts))
    (folder / "queries.txt").write_text("\n".join(asked(random, list(texts), pool) for _ in range(queries)))


def phrase(
    random: np.random.Generator, verbs: NDArray[np.str_], own: NDArray[np.str_], shared: NDArray[np.str_]
) -> str:
    """A skill of three to eight words."""
    parts = [random.choice(verbs), random.choice(shared), random.choice(own if random.random() < 0.35 else shared)]
    if random.random() < 0.7:
        parts += [random.choice(JOINTS.split()), random.choice(shared)]
    if random.random() < 0.5:
        parts += [random.choice(own)]
    if random.random() < 0.25:
        parts += ["in", "images" if random.random() < 0.5 else "text"]
    return " ".join(map(str, parts))


def asked(random: np.random.Generator, texts: list[str], pool: NDArray[np.str_]) -> str:
    """A query like a teacher's skill: a label with a word or two replaced."""
    parts = texts[random.integers(len(texts))].split()
    for _ in range(random.integers(0, 3)):
        parts[random.integers(len(parts))] = str(random.choice(pool)) if random.random() < 0.9 else "unheard"
    return " ".join(parts)


def read_corpus(folder: str, rows: str) -> tuple[list[str], list[str], list[str]]:
    """The labels and tasks of the first rows, and the queries."""
    texts = np.array((Path(folder) / "labels.txt").read_text().splitlines(), dtype=object)
    codes, tasks = (np.load(Path(folder) / f"{name}.npy")[: int(rows)] for name in ("codes", "tasks"))
    names = np.array([f"task {number}" for number in range(TASKS)], dtype=object)
    return texts[codes].tolist(), names[tasks].tolist(), (Path(folder) / "queries.txt").read_text().splitlines()
