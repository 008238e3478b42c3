"""One run in two processes (gloo on the CPU) equals the run in one, whatever happens in either."""

import json
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.types import Update
from tests.core.tuning.test_run import TOTAL, assert_nearly_same_adapter, assert_same_adapter, run_to_end
from tests.core.tuning.two_processes import PLAIN, WAYS, begin_processes

LAST = ["little memory in one", "little memory in one, sharded"]  # memory stays small until one sample is left
TOGETHER = [way for way in WAYS if way not in ("slow", *LAST)] + LAST
SOON = 20.0  # seconds


class Two:
    """What two processes produced: by rank and way, and the folder with a folder for each way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found: list[dict[str, Any]] = [json.loads((folder / f"found-{rank}.json").read_text()) for rank in (0, 1)]

    def updates(self, way: str) -> list[Update]:
        return [Update(**each) for each in self.found[0][way]["updates"]]

    def said(self, way: str) -> list[str]:
        return [each[way]["said"] for each in self.found]


@pytest.fixture(scope="module")
def two(llava: Path, tmp_path_factory: pytest.TempPathFactory) -> Two:
    folder = tmp_path_factory.mktemp("two")
    run_to_end(llava, folder / "begun alone", settings=PLAIN, stop_after=3)
    began = begin_processes(llava, folder, TOGETHER)
    for each in began:
        each.communicate(timeout=300)
    assert [each.returncode for each in began] == [0, 0]
    return Two(folder)


def assert_same_run(two: Two, way: str, alone: Path, updates: list[Update]) -> None:
    """Losses within a millionth, and weights as close as another order of sums allows."""
    found = two.updates(way)
    assert [each.number for each in found] == [each.number for each in updates]
    assert [each.loss for each in found] == pytest.approx([each.loss for each in updates], rel=1e-5)
    assert [each.learning_rate for each in found] == [each.learning_rate for each in updates]
    assert_nearly_same_adapter(two.folder / way, alone, within=1e-4)


@pytest.mark.parametrize(
    "way",
    [
        "plain",
        "three batches an update",
        "one sample",
        "words alone and pictures",
        "sharded",
        "cut, sharded",
        "one sample, sharded",
        "words alone and pictures, sharded",
    ],
)
def test_a_run_in_two_processes_is_the_run_in_one(two: Two, llava: Path, tmp_path: Path, way: str) -> None:
    given = {"settings": PLAIN} | WAYS[way]
    assert two.said(way) == ["", ""]
    assert_same_run(two, way, tmp_path, run_to_end(llava, tmp_path, **given))
    timeless = [[each | {"samples_per_second": 0, "memory": 0} for each in of[way]["updates"]] for of in two.found]
    assert timeless[0] == timeless[1]


def test_two_processes_that_accumulate_once_are_one_that_accumulates_twice(
    two: Two, llava: Path, tmp_path: Path
) -> None:
    one = run_to_end(llava, tmp_path, settings=replace(PLAIN, accumulation=2, batch_size=4))
    losses = [each.loss for each in two.updates("plain")]
    furthest = max(abs(a / b.loss - 1) for a, b in zip(losses, one, strict=True))
    print(f"losses differ by {furthest:.1e} at most")
    assert furthest < 0.01


def test_one_process_goes_on_with_what_two_began_and_two_with_what_one_began(
    two: Two, llava: Path, tmp_path: Path
) -> None:
    whole = run_to_end(llava, tmp_path, settings=PLAIN)
    there = sorted(path.name for path in (two.folder / "stopped").iterdir())
    assert there == ["checkpoint-2", "checkpoint-3"]
    again = run_to_end(llava, two.folder / "stopped", settings=PLAIN)
    assert [each.loss for each in again] == pytest.approx([each.loss for each in whole], rel=1e-5)
    assert_same_run(two, "begun alone", tmp_path, whole)


def test_of_a_sharded_student_each_process_holds_a_part(two: Two) -> None:
    for whole, part in (each["held"] for each in two.found):
        assert part < 0.6 * whole


def test_process_0_alone_is_asked_whether_to_stop_and_both_end(two: Two) -> None:
    assert [each["stopped"]["asked"] for each in two.found] == [3, 0]
    assert [len(each["stopped"]["updates"]) for each in two.found] == [3, 3]


def test_with_dropout_a_run_that_was_cut_ends_like_one_that_was_not(two: Two) -> None:
    assert len(two.updates("dropout, cut")) == TOTAL
    assert_same_adapter(two.folder / "dropout, cut", two.folder / "dropout")


def test_what_fails_in_one_process_is_told_in_both(two: Two) -> None:
    told = "Sample s22 cannot be learned from. The image 22 cannot be opened: put a whole one there."
    assert two.said("no picture in one") == [f"OtherProcessError: {told}", f"UserError: {told}"]
    bug = "ZeroDivisionError: by zero"
    assert two.said("a bug in one") == [f"OtherProcessError: {bug}", bug]
    given = "UserError: The processes that tune together were given different samples or settings: start again."
    assert two.said("different samples") == [given, given]
    assert len(set(two.said("no number"))) == 1
    assert "no longer a number at update" in two.said("no number")[0]


def test_where_one_has_too_little_memory_its_batches_alone_are_halved(two: Two, llava: Path, tmp_path: Path) -> None:
    assert_same_run(two, "little memory in one", tmp_path, run_to_end(llava, tmp_path, settings=PLAIN))
    assert {each.batch_size for each in two.updates("little memory in one")} == {2}


def test_where_a_student_is_sharded_too_little_memory_ends_the_run_with_the_way_on(two: Two) -> None:
    first, second = two.said("little memory in one, sharded")
    assert second == "UserError: The memory is too small for batches of 4: set a smaller batch size for the run."
    assert first.startswith("OtherProcessError: One of the 2 processes that tune together has ended")


def test_the_end_of_one_process_ends_the_other_soon_with_the_way_on(llava: Path, tmp_path: Path) -> None:
    first, second = begin_processes(llava, tmp_path, ["slow"])
    assert second.stdout is not None
    assert any(line.strip() == "3" for line in second.stdout)
    os.kill(second.pid, signal.SIGKILL)
    killed = time.monotonic()
    first.communicate(timeout=SOON)
    second.communicate()
    assert time.monotonic() - killed < SOON
    (found,) = json.loads((tmp_path / "found-0.json").read_text()).values()
    assert found["said"].startswith("OtherProcessError: One of the 2 processes that tune together has ended or can no")
    assert len(found["updates"]) >= 2
