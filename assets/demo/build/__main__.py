"""``python -m assets.demo.build``: digits, data, tower, student and teacher, in that order, with fixed seeds.

Takes about 40 minutes on 2 cores. ``--quick`` trains for a few updates only, as a smoke test.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from assets.demo import FOLDER, STUDENT, TEACHER
from assets.demo.build import student, teacher, tower
from assets.demo.build.data import write_all
from assets.demo.build.models import make_processor, make_tokenizer, save

UPDATES = {"tower": 2600, "student": 1950, "teacher": 3000}


def write_digits(folder: Path) -> None:
    """``digits.npz`` from scikit-learn's copy of UCI's handwritten digits (the only use of scikit-learn)."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    np.savez_compressed(
        folder / "digits.npz", pictures=digits.images.astype(np.uint8), labels=digits.target.astype(np.uint8)
    )


def main() -> None:
    """Build everything; prints the total time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=("data", "student", "teacher"))
    parser.add_argument("--out", type=Path, default=FOLDER)
    chosen = parser.parse_args()
    updates = {name: 16 if chosen.quick else count for name, count in UPDATES.items()}
    torch.set_num_threads(1)  # no slower for models this small, and reproducible on any machine
    started = time.monotonic()
    chosen.out.mkdir(parents=True, exist_ok=True)
    if chosen.only in (None, "data"):
        write_digits(chosen.out)
        write_all(chosen.out)
    tokenizer = make_tokenizer()
    if chosen.only in (None, "student"):
        eyes, projector = tower.train(updates["tower"])
        for split in ("pretrain", "validation", "test"):
            print(f"tower on {split} handwriting: {tower.accuracy(eyes, projector, split)}")
        model = student.train(
            tokenizer, {"tower": eyes.state_dict(), "projector": projector.state_dict()}, updates["student"]
        )
        save(model, chosen.out / STUDENT.name)
        make_processor(tokenizer).save_pretrained(chosen.out / STUDENT.name)
    if chosen.only in (None, "teacher"):
        save(teacher.train(tokenizer, updates["teacher"]), chosen.out / TEACHER.name)
        tokenizer.save_pretrained(chosen.out / TEACHER.name)
    print(f"done in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
