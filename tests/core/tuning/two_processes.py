"""One process of a process group, run as a program by ``test_process_group``: tunes in several ways and writes down the
results.

``python -m tests.core.tuning.two_processes MODEL FOLDER WAY…`` with RANK, WORLD_SIZE and so on in its environment.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch.distributed.tensor import DTensor

from core.errors import UserError
from core.tuning.prepare import start_training
from core.tuning.process_group import join_process_group
from core.tuning.run import tune
from core.tuning.sharding import shard_weights
from core.types import StudentSettings
from tests.core.tuning.test_run import ROOT, SAMPLES, SETTINGS, open_image
from tests.core.tuning.test_update import PLAIN, too_small_for
from tests.servers.app_server import free_port

# By folder name: what is learned, and how.
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "three batches an update": {"settings": replace(PLAIN, accumulation=3)},
    "one sample": {"samples": SAMPLES[:1]},
    "words alone and pictures": {"settings": replace(PLAIN, projector_rate=1e-3, batch_size=1)},
    "dropout": {"settings": SETTINGS},
    "dropout, cut": {"settings": SETTINGS},
    "stopped": {},
    "begun alone": {},
    "no picture in one": {},
    "a bug in one": {},
    "different samples": {},
    "no number": {"settings": replace(PLAIN, learning_rate=1e30)},
    "little memory in one": {},
    "sharded": {},
    "one sample, sharded": {"samples": SAMPLES[:1]},
    "words alone and pictures, sharded": {"settings": replace(PLAIN, projector_rate=1e-3, batch_size=1)},
    "cut, sharded": {},
    "little memory in one, sharded": {},
    "slow": {"settings": replace(PLAIN, epochs=500.0)},
}


def begin_processes(model: Path, folder: Path, ways: list[str]) -> list["subprocess.Popen[str]"]:
    """Starts two processes in one group, with their output to read."""
    named = {"WORLD_SIZE": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "OMP_NUM_THREADS": 1}
    command = [sys.executable, "-m", "tests.core.tuning.two_processes", str(model), str(folder), *ways]
    return [
        subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {name: str(value) for name, value in (named | {"RANK": rank, "LOCAL_RANK": rank}).items()},
        )
        for rank in (0, 1)
    ]


def broken_open(way: str, rank: int) -> Callable[[str], Image.Image]:
    """Opens images, and fails for the last of them in process 1."""

    def opened(name: str) -> Image.Image:
        if name == "22" and rank == 1 and way == "no picture in one":
            raise UserError("The image 22 cannot be opened: put a whole one there.")
        if name == "22" and rank == 1 and way == "a bug in one":
            raise ZeroDivisionError("by zero")
        return open_image(name)

    return opened


def go(way: str, model: str, folder: Path, rank: int, device: str) -> dict[str, Any]:
    """Tunes once; returns the updates, what ended it, and how often this process was asked whether to stop."""
    made, asked, said = [], 0, ""
    begun = (folder / way).exists()
    stop_after = 3 if way in ("stopped", "dropout, cut", "cut, sharded") and not begun else 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == stop_after

    given = {"samples": SAMPLES, "settings": PLAIN} | WAYS[way]
    if way == "different samples":
        given["samples"] = SAMPLES[rank:]
    more = {"folder": folder / way, "run": 1, "should_stop": should_stop, "device": device, "shard": "sharded" in way}
    try:
        for update in tune(model, given["samples"], broken_open(way, rank), given["settings"], **more):
            made.append(asdict(update))
            if way == "slow":
                print(update.number, flush=True)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    return {"updates": made, "said": said, "asked": asked}


def weights_held(model: str, *, shard: bool) -> int:
    """The number of student parameters this process holds."""
    given = {"start_adapter": None, "loading": StudentSettings(), "device": "cpu", "shard": shard}
    training, _ = start_training(model, SAMPLES, open_image, PLAIN, **given)
    if training.sharded:
        shard_weights(training.student.model, training.group)
    held = (each.to_local() if isinstance(each, DTensor) else each for each in training.student.model.parameters())
    return sum(each.numel() for each in held)


def main(model: str, folder: str, *ways: str) -> None:
    torch.set_num_threads(1)
    rank = int(os.environ["RANK"])
    found: dict[str, Any] = {}
    with join_process_group("cpu") as device:
        if len(ways) > 1:
            found["held"] = [weights_held(model, shard=shard) for shard in (False, True)]
        for way in ways:
            if way.startswith("little memory in one") and rank == 1:
                too_small_for(2, pytest.MonkeyPatch())
            found[way] = go(way, model, Path(folder), rank, device)
            if way in ("dropout, cut", "cut, sharded"):
                found[way] = go(way, model, Path(folder), rank, device)
    (Path(folder) / f"found-{rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
