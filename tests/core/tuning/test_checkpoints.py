import json
import logging
from pathlib import Path

import pytest
import torch

from core.atomic_files import find_damage, write_folder
from core.tuning.checkpoints import Checkpoint, newest_checkpoint, save_checkpoint
from core.tuning.saved_checkpoints import remove_checkpoints
from core.types import Update


def checkpoint(updates: int, *, fingerprint: str = "this run") -> Checkpoint:
    made = tuple(
        Update(run=1, number=n, total=9, epoch=n / 9, loss=1 / n, learning_rate=0.1, samples_per_second=5.0)
        for n in range(1, updates + 1)
    )
    return Checkpoint(
        fingerprint=fingerprint,
        updates=made,
        adapter={"layer.lora_A.weight": torch.full((2, 3), float(updates)).T},
        optimizer={"state": {0: {"step": torch.tensor(float(updates))}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    )


def newest(folder: Path) -> Checkpoint:
    found = newest_checkpoint(folder, "this run")
    assert found is not None
    return found


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_checkpoint_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    saved = checkpoint(3)
    save_checkpoint(tmp_path, saved)
    found = newest(tmp_path)
    assert found.updates == saved.updates
    assert torch.equal(found.adapter["layer.lora_A.weight"], saved.adapter["layer.lora_A.weight"])
    assert found.optimizer == saved.optimizer


def test_a_checkpoint_that_still_has_random_generators_is_continued(tmp_path: Path) -> None:
    saved = save_checkpoint(tmp_path, checkpoint(3))

    def write(target: Path) -> None:
        for name in ("adapter.safetensors", "state.json"):
            (target / name).write_bytes((saved / name).read_bytes())
        kept = torch.load(saved / "optimizer.pt", weights_only=True)
        torch.save(kept | {"random": {"cpu": [torch.get_rng_state()]}}, target / "optimizer.pt")

    write_folder(tmp_path / "checkpoint-4", write)
    assert newest(tmp_path).optimizer == checkpoint(3).optimizer


def test_where_nothing_was_saved_nothing_is_found(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path / "nowhere", "this run") is None


def test_the_newest_two_are_kept_and_the_newest_is_found(tmp_path: Path) -> None:
    for updates in (2, 4, 10):
        save_checkpoint(tmp_path, checkpoint(updates))
    assert names(tmp_path) == ["checkpoint-10", "checkpoint-4"]
    assert len(newest(tmp_path).updates) == 10


@pytest.mark.parametrize("file", ["adapter.safetensors", "optimizer.pt", "state.json", "manifest.json"])
@pytest.mark.parametrize("harm", ["cut", "changed", "gone"])
def test_a_damaged_checkpoint_is_passed_over_with_a_line_in_the_log(
    tmp_path: Path, file: str, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    save_checkpoint(tmp_path, checkpoint(2))
    path = save_checkpoint(tmp_path, checkpoint(4)) / file
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    with caplog.at_level(logging.WARNING):
        assert len(newest(tmp_path).updates) == 2
    assert "checkpoint-4 is damaged" in caplog.text


def test_a_checkpoint_of_another_run_is_not_continued(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    save_checkpoint(tmp_path, checkpoint(4, fingerprint="other settings"))
    assert newest_checkpoint(tmp_path, "this run") is None
    assert "belongs to another selection or other settings" in caplog.text


def test_a_half_written_folder_is_never_taken_for_a_checkpoint(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint(2))

    def killed(target: Path) -> None:
        (target / "adapter.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_folder(tmp_path / "checkpoint-4", killed)
    assert len(newest(tmp_path).updates) == 2
    save_checkpoint(tmp_path, checkpoint(4))
    assert names(tmp_path) == ["checkpoint-2", "checkpoint-4"]


def test_a_published_folder_lists_the_hash_of_every_file(tmp_path: Path) -> None:
    def write(target: Path) -> None:
        (target / "inside").mkdir()
        (target / "inside" / "a.txt").write_text("a")

    published = write_folder(tmp_path / "new" / "folder", write)
    assert json.loads((published / "manifest.json").read_text()) == {
        "inside/a.txt": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    }
    assert find_damage(published) == ""
    (published / "inside" / "a.txt").write_text("b")
    assert find_damage(published) == "inside/a.txt has changed"


def test_a_finished_run_leaves_no_checkpoints(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, checkpoint(2))
    (tmp_path / "adapter").mkdir()
    remove_checkpoints(tmp_path)
    assert names(tmp_path) == ["adapter"]
