"""Tune a student with LoRA on selected samples, with the loss on the replies only.

A run is a folder. It may be killed at any time: run again, it continues from its newest checkpoint and ends with the
same result. Several processes may share it (``core.tuning.process_group``); what is learned, and in which order, does
not depend on their number. The base model is only read.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from peft import get_peft_model_state_dict, set_peft_model_state_dict

from core.atomic_files import write_folder
from core.errors import UserError
from core.student.local import OpenImage
from core.student.lora import model_card
from core.tuning.checkpoints import Checkpoint, checkpoint_folder, newest_checkpoint, read_checkpoint, save_checkpoint
from core.tuning.prepare import Training, start_training
from core.tuning.process_group import ProcessGroup, process_group
from core.tuning.saved_checkpoints import remove_checkpoints
from core.tuning.sharding import shard_weights
from core.tuning.update import run_updates
from core.types import Sample, StudentSettings, TuningSettings, Update

SAMPLES_PER_READ = 256
logger = logging.getLogger(__name__)


def tune(
    model: str,
    samples: Sequence[Sample],
    open_image: OpenImage,
    settings: TuningSettings,
    *,
    folder: Path,
    run: int,
    start_adapter: Path | None = None,
    should_stop: Callable[[], bool],
    loading: StudentSettings = StudentSettings(),  # noqa: B008 - it is frozen
    device: str = "auto",
    shard: bool = False,
    on_remark: Callable[[str], None] = logger.warning,
) -> Iterator[Update]:
    """Tune the student ``model`` on the samples' questions and responses, and write the adapter to ``folder/adapter``.

    Yields every Update from the first; those of a continued run are repeated from its checkpoint. ``should_stop`` is
    called after every update; when true, a checkpoint is written and the generator ends. ``start_adapter`` is trained
    further (with its own rank and alpha) unless ``settings.start`` is "base". ``loading`` is how the student is loaded,
    as for predictions. ``samples`` may load samples lazily; none is kept. A batch that does not fit into memory is
    halved, which the updates show. ``on_remark`` gets a sentence about each checkpoint that cannot be continued. Seeds
    torch's global generators. Raises UserError when nothing can be learned, when the loss is not finite, when not even
    one sample fits into memory, and as ``load_student`` does.

    In a torch process group, every process calls this with the same arguments (except ``device``) and yields all
    updates; ``folder`` must be shared. Each process learns a share of every update, and gradients are summed. Only
    process 0 calls ``should_stop`` and ``on_remark`` and writes files; an error in one process is raised in the others
    as OtherProcessError. With ``shard`` the frozen student is sharded over the processes; batches are then not halved.
    """
    group = process_group(device)
    if group.run_on_first(lambda: _is_finished(folder)):
        yield from (Update(**made) for made in json.loads((folder / "adapter" / "updates.json").read_text()))
        return
    student = partial(
        start_training, start_adapter=start_adapter, loading=loading, device=str(group.device), shard=shard
    )
    training, plan = group.run_on_all(lambda: student(model, samples, open_image, settings))
    if training.sharded:  # after run_on_all, because the others would wait here for one that failed
        shard_weights(training.student.model, group)
    fingerprint = _agree_on(group, lambda: _fingerprint(samples, settings))
    updates = _resume(training, folder, fingerprint, on_remark)
    yield from updates
    for update in run_updates(training, plan, tuple(updates), run=run):
        updates.append(update)
        last = update.number == len(plan)
        stopping = group.run_on_first(should_stop) and not last
        if stopping or (update.number % settings.checkpoint_every == 0 and not last):
            group.run_on_first(lambda: _save(training, folder, updates, fingerprint))
        yield update
        if stopping:
            return
    further = start_adapter is not None and settings.start == "adapter"
    group.run_on_first(lambda: _finish(training, folder, updates, continued=further))


def _is_finished(folder: Path) -> bool:
    """Whether the run has its adapter; if so, its checkpoints are removed."""
    if not (folder / "adapter").is_dir():
        return False
    remove_checkpoints(folder)
    return True


def _agree_on(group: ProcessGroup, find: Callable[[], str]) -> str:
    found = group.all_gather(find)
    if len(set(found)) > 1:
        raise UserError("The processes that tune together were given different samples or settings: start again.")
    return found[0]


def _fingerprint(samples: Sequence[Sample], settings: TuningSettings) -> str:
    """Identifies what is learned, in which order and how, but not how often checkpoints are written."""
    found = hashlib.sha256(repr(replace(settings, checkpoint_every=0, keep_checkpoints=0)).encode())
    for start in range(0, len(samples), SAMPLES_PER_READ):
        for sample in samples[start : start + SAMPLES_PER_READ]:
            found.update(repr((sample.question, sample.response, sample.image)).encode())
    return found.hexdigest()


def _save(training: Training, folder: Path, updates: Sequence[Update], fingerprint: str) -> None:
    checkpoint = Checkpoint(
        fingerprint=fingerprint,
        updates=tuple(updates),
        adapter=get_peft_model_state_dict(training.student.model, save_embedding_layers=False),
        optimizer=training.optimizer.state_dict(),
    )
    save_checkpoint(folder, checkpoint, keep=training.settings.keep_checkpoints)


def _resume(training: Training, folder: Path, fingerprint: str, on_remark: Callable[[str], None]) -> list[Update]:
    """The updates already made; every process restores adapter and optimizer from the checkpoint that process 0
    chose."""
    group, chosen = training.group, list[Checkpoint]()

    def choose() -> int:
        chosen.extend(filter(None, [newest_checkpoint(folder, fingerprint, on_remark=on_remark)]))
        return len(chosen[0].updates) if chosen else 0

    def take_up(made: int) -> list[Update]:
        checkpoint = chosen[0] if chosen else read_checkpoint(checkpoint_folder(folder, made))
        set_peft_model_state_dict(training.student.model, checkpoint.adapter)
        training.optimizer.load_state_dict(checkpoint.optimizer)
        return list(checkpoint.updates)

    made = group.run_on_first(choose)
    updates = group.run_on_all(lambda: take_up(made)) if made else []
    group.share_weights(training.parameters)
    return updates


def _finish(training: Training, folder: Path, updates: Sequence[Update], *, continued: bool) -> None:
    def write(target: Path) -> None:
        training.student.model.save_pretrained(str(target), save_embedding_layers=False)
        losses = [update.loss for update in updates]
        name = training.student.name
        card = model_card(name, len(training.examples), training.settings, losses, continued=continued)
        (target / "README.md").write_text(card)
        (target / "updates.json").write_text(json.dumps([asdict(update) for update in updates]))

    write_folder(folder / "adapter", write)
    remove_checkpoints(folder)
