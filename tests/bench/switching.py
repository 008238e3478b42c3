"""The answer switch against common alternatives: a forward pass for every text, one padded batch, a prefix cache that
is cropped, and EleutherAI's lm-evaluation-harness.

``python -m tests.bench.switching [--turns N]``: a Llama and a Qwen2 teacher with random weights, rationales of 6 to 30
steps, candidates of one and of three tokens; one process, one thread, in turn. All must give the same
log-probabilities. The floor is a single plain forward pass over as many tokens.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

from core.teacher.packing import pack
from core.teacher.scoring import Branches, Scores, packed_scores
from tests.bench.results import Bar, exponent, save_results

STEPS, CANDIDATES, WORDS = (6, 10, 15, 30), 4, 8000
HEADER, STEP, CUE = 160, 24, 8  # tokens: a question with its options, a step, "So the answer is"
SHAPE = {
    "vocab_size": WORDS,
    "hidden_size": 256,
    "intermediate_size": 704,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 4096,
}
FAMILIES: dict[str, tuple[Any, Any]] = {
    "Llama": (LlamaConfig, LlamaForCausalLM),
    "Qwen2": (Qwen2Config, Qwen2ForCausalLM),
}
BAR = {6: 5.0, 15: 9.0}
FLOOR = 1.3
# Calls faster than the first limit (seconds) are repeated more often, those slower than the second only once.
QUICK, MORE_TURNS, SLOW = 1.0, 9, 5.0


def model_of(family: str) -> Any:
    """A teacher with random weights from a fixed seed."""
    torch.manual_seed(0)
    config, made = FAMILIES[family]
    return made(config(**SHAPE)).eval()


def case(steps: int, length: int) -> Branches:
    """The texts of one rationale: every prefix with the cue and each candidate of that many tokens."""
    draw = np.random.default_rng(steps)
    header, cue = draw.integers(WORDS, size=HEADER).tolist(), draw.integers(WORDS, size=CUE).tolist()
    parts = draw.integers(WORDS, size=(steps, STEP)).tolist()
    ends = [[first, *draw.integers(WORDS, size=length - 1).tolist()] for first in range(CANDIDATES)]
    trunks = [header + [token for part in parts[:k] for token in part] for k in range(steps + 1)]
    return [[trunk + cue + end for end in ends] for trunk in trunks]


def ours(model: Any, branches: Branches) -> Scores:
    """One packed forward pass."""
    ((_, scores),) = packed_scores(model, [(0, branches)])
    return scores


@torch.inference_mode()
def naive(model: Any, branches: Branches) -> Scores:
    """A forward pass for every text, or for every prefix where candidates are one token."""
    start = len(branches[0][0]) - len(trunk_of(branches[0]))
    scores = np.zeros((len(branches), len(branches[0])))
    for k, row in enumerate(branches):
        base = len(trunk_of(row))
        if start == 1:
            found = torch.log_softmax(model(input_ids=torch.tensor([row[0][:base]])).logits[0, -1].float(), -1)
            scores[k] = [found[tokens[-1]].item() for tokens in row]
            continue
        for c, tokens in enumerate(row):
            logits = model(input_ids=torch.tensor([tokens[:-1]])).logits[0, base - 1 :]
            scores[k, c] = picked(logits, tokens[base:])
    return scores


@torch.inference_mode()
def padded(model: Any, branches: Branches) -> Scores:
    """All texts as one batch with right padding."""
    length = len(branches[0][0]) - len(trunk_of(branches[0]))
    texts = [each for row in branches for each in (row[:1] if length == 1 else row)]
    longest = max(map(len, texts)) - 1
    ids = torch.zeros(len(texts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for place, tokens in enumerate(texts):
        ids[place, : len(tokens) - 1] = torch.tensor(tokens[:-1])
        mask[place, : len(tokens) - 1] = 1
    logits = model(input_ids=ids, attention_mask=mask).logits
    scores = np.zeros((len(branches), len(branches[0])))
    for k, row in enumerate(branches):
        base = len(trunk_of(row))
        for c, tokens in enumerate(row):
            place = k if length == 1 else k * len(row) + c
            scores[k, c] = picked(logits[place, base - 1 : len(tokens) - 1], tokens[base:])
    return scores


@torch.inference_mode()
def cached(model: Any, branches: Branches) -> Scores:
    """The rationale step by step into a cache; cue and candidates after each prefix, then the cache is cropped."""
    cache = DynamicCache(config=model.config)
    scores = np.zeros((len(branches), len(branches[0])))
    length, done = len(branches[0][0]) - len(trunk_of(branches[0])), 0
    for k, row in enumerate(branches):
        whole = trunk_of(row)
        trunk = whole[: len(whole) - CUE]
        model(input_ids=torch.tensor([trunk[done:]]), past_key_values=cache, logits_to_keep=1)
        done = len(trunk)
        cue = model(input_ids=torch.tensor([whole[done:]]), past_key_values=cache, logits_to_keep=1).logits[0]
        for c, tokens in enumerate(row):
            added = tokens[len(whole) :]
            logits = cue
            if length > 1:
                more = model(input_ids=torch.tensor([added[:-1]]), past_key_values=cache).logits[0]
                cache.crop(-(length - 1))
                logits = torch.cat([cue, more])
            scores[k, c] = picked(logits, added)
        cache.crop(-CUE)
    return scores


def harness(model: Any) -> Callable[[Any, Branches], Scores]:
    """lm-evaluation-harness's log-likelihoods of every candidate after every prefix."""
    from lm_eval.models.huggingface import HFLM

    from tests.models.tiny_teachers import byte_pairs

    theirs = HFLM(pretrained=model, tokenizer=byte_pairs(), batch_size=16, device="cpu")

    def scores(_: Any, branches: Branches) -> Scores:
        asked = []
        for row in branches:
            base = len(trunk_of(row))
            asked += [(("", ""), list(tokens[:base]), list(tokens[base:])) for tokens in row]
        found = theirs._loglikelihood_tokens(asked, disable_tqdm=True)
        return np.array([each for each, _ in found]).reshape(len(branches), -1)

    return scores


def trunk_of(row: Any) -> Any:
    """The tokens that a prefix's texts share: all but the candidate."""
    first, second = row[0], row[1]
    return first[: next(i for i in range(len(first)) if first[i] != second[i])]


def picked(logits: torch.Tensor, tokens: Any) -> float:
    """The sum of the tokens' log-probabilities."""
    found = torch.log_softmax(logits.float(), -1)
    return float(found[torch.arange(len(tokens)), torch.tensor(tokens)].sum())


def floor(model: Any, branches: Branches) -> Callable[[], object]:
    """One plain forward pass over as many tokens and logits as the packed one, without packing."""
    forest = pack([tokens[:-1] for row in branches for tokens in row])
    rows = [row for row in branches for _ in row]
    needed = [path[len(trunk_of(row)) - 1 :] for row, path in zip(rows, forest.paths, strict=True)]
    ids, kept = torch.from_numpy(forest.tokens)[None], len(np.unique(np.concatenate(needed)))
    return torch.inference_mode()(lambda: model(input_ids=ids, use_cache=False, logits_to_keep=kept))


def medians(ways: dict[str, Callable[[], object]], turns: int) -> dict[str, float]:
    """The median seconds of each way, called in turn after a warm-up; fast ways take more turns, slow ones one."""
    took: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(max(turns, MORE_TURNS) + 1):
        for name, way in ways.items():
            if turn < 2 or took[name][0] < QUICK or (turn <= turns and took[name][0] < SLOW):
                started = time.perf_counter()
                way()
                took[name].append(time.perf_counter() - started)
    return {name: statistics.median(each[1:]) for name, each in took.items()}


def measured(family: str, length: int, turns: int) -> dict[int, dict[str, float]]:
    """Seconds of every way by number of steps; raises where two ways disagree."""
    model, found = model_of(family), {}
    ways: dict[str, Callable[[Any, Branches], object]] = {"ours": ours, "naive": naive, "padded": padded}
    ways |= {"cached": cached, **({"lm-eval": harness(model)} if find_spec("lm_eval") else {})}
    for steps in STEPS:
        branches = case(steps, length)
        expected = ours(model, branches)
        for name, way in ways.items():
            assert np.allclose(way(model, branches), expected, atol=1e-3), f"{name} gives something else"
        calls: dict[str, Callable[[], object]] = {name: partial(way, model, branches) for name, way in ways.items()}
        found[steps] = medians(calls | {"floor": floor(model, branches)}, turns)
    return found


def main() -> None:
    """Print a table for each family and length of candidates, and whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, Any] = {}
    for family in FAMILIES:
        for length in (1, 3):
            name = f"{family}, candidates of {length} {'token' if length == 1 else 'tokens'}"
            results[name] = found = measured(family, length, given.turns)
            show(name, found)
    cases = {name: {str(steps): each for steps, each in found.items()} for name, found in results.items()}
    grows = {name: exponent(STEPS, [each["ours"] for each in found.values()]) for name, found in results.items()}
    save_results("answer switch", {"turns": given.turns, "grows": grows, "cases": cases}, list(bars(results)))


def show(name: str, found: dict[int, dict[str, float]]) -> None:
    """Print each way's time as a multiple of ours."""
    peers = [each for each in found[STEPS[0]] if each not in ("ours", "floor")]
    table = Table("steps", "ours (ms)", *(f"{each} / ours" for each in peers), "ours / floor", title=name)
    for steps, each in found.items():
        ratios = [f"{each[peer] / each['ours']:.1f}" for peer in peers]
        table.add_row(str(steps), f"{1000 * each['ours']:.1f}", *ratios, f"{each['ours'] / each['floor']:.2f}")
    grows = exponent(list(found), [each["ours"] for each in found.values()])
    table.caption = f"our time grows as steps^{grows:.2f}"
    Console(width=120).print(table)


def bars(results: dict[str, dict[int, dict[str, float]]]) -> Iterator[Bar]:
    """The bars, for candidates of one token."""
    for name, found in results.items():
        if not name.endswith("1 token"):
            continue
        for steps, least in BAR.items():
            each = found[steps]
            what = f"{name.partition(',')[0]}, {steps} steps: times "
            yield Bar(what=what + "faster than a forward each", value=each["naive"] / each["ours"], least=least)
            yield Bar(what=what + "the cost of one plain forward", value=each["ours"] / each["floor"], below=FLOOR)


if __name__ == "__main__":
    main()
