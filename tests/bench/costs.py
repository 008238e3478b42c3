"""Calculates hours and costs of two large jobs on 1, 8 and 64 GPUs: 1.5 million skill labels by a 7B teacher, and
LLaVA-1.5-7B tuned on 100,000 samples. ``python -m tests.bench.costs [--dollars A_GPU_HOUR]`` prints the table.

Calculated, not measured. Token counts are those of the Vision-Flan samples (four characters a token; 576 an image), the
GPU's figures are NVIDIA's, the shares of its peak are the bars of ``tests/gpu``. The cost model is the one that
``tests.bench.cluster`` checks with two actors: start + samples × seconds a sample ÷ GPUs; tuning adds one all-reduce of
the gradients an update.
"""

import argparse
from dataclasses import dataclass
from math import ceil

PEAK = 989e12  # FLOP/s of an H100 SXM in bf16, dense (NVIDIA's data sheet)
BANDWIDTH = 3.35e12  # bytes/s of its memory
JUDGING, TUNING = 0.60, 0.45  # shares of the peak: the bars of tests/gpu
WEIGHTS = 7.0e9  # parameters; 2 bytes each
PROMPT, PHRASE = 215, 24  # tokens of a label's prompt with four examples, and the most of its phrase
LESSON = 576 + 62 + 26 + 30  # tokens: an image, a question, a response, the chat template
ADAPTER = 320e6 * 4  # bytes of gradients: rank 128 on every linear layer of the language model, in fp32
LINKS = {1: 0.0, 8: 150e9, 64: 10e9}  # bytes/s a GPU sends: alone, over NVLink, over a network of 100 Gbit/s
UPDATE = {1: 16, 8: 16, 64: 128}  # samples an update; with fewer, 64 GPUs would not all have work
START = 120.0  # seconds to start and to load 14 GB
LABELS, LESSONS, TOGETHER = 1_500_000, 100_000, 32


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The time of a job: ``seconds`` in all, and the seconds a sample on one GPU."""

    seconds: float
    a_sample: float


def labels(gpus: int) -> Cost:
    """The prompt is compute-bound; generating reads all weights once a token for a batch of 32 prompts."""
    reading = 2 * WEIGHTS * PROMPT / (PEAK * JUDGING)
    writing = PHRASE * 2 * WEIGHTS / (BANDWIDTH * JUDGING) / TOGETHER
    return Cost(seconds=START + LABELS * (reading + writing) / gpus, a_sample=reading + writing)


def lessons(gpus: int) -> Cost:
    """Forward and backward through frozen weights are 4 FLOP a parameter and token (the weights get no gradient)."""
    a_sample = 4 * WEIGHTS * LESSON / (PEAK * TUNING)
    updates = ceil(LESSONS / UPDATE[gpus])
    summing = 2 * ADAPTER * (gpus - 1) / gpus / LINKS[gpus] if LINKS[gpus] else 0.0
    return Cost(seconds=START + LESSONS * a_sample / gpus + updates * summing, a_sample=a_sample)


def main() -> None:
    """Print the table of ``assets/docs/cluster.md``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dollars", type=float, default=3.0)
    dollars = parser.parse_args().dollars
    print("| work | ms a sample | 1 GPU | 8 GPUs | 64 GPUs |\n|---|---:|---:|---:|---:|")
    for name, cost in (("1.5 M labels by a 7B teacher", labels), ("LLaVA-7B on 100,000 samples", lessons)):
        cells = []
        for gpus in LINKS:
            hours = cost(gpus).seconds / 3600
            cells.append(f"{hours:.1f} h, ${hours * gpus * dollars:,.0f}" if hours >= 1 else
                         f"{hours * 60:.0f} min, ${hours * gpus * dollars:,.0f}")  # fmt: skip
        print(f"| {name} | {cost(1).a_sample * 1000:.1f} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
