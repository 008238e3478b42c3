"""Tuning: LoRA training of a student on selected samples, with the loss on the replies only.

A run is a folder. It can be killed at any moment: run again, it goes on from its newest checkpoint and ends where it
would have ended. Several processes may make it together (``core.tuning.process_group``); what it learns and in which
order is the same for any number of them. The base model is only read. Knows nothing of jobs or of how the samples were
selected.
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
from core.tuning.prepare import Training, begin
from core.tuning.process_group import ProcessGroup, process_group
from core.tuning.saved_checkpoints import remove_checkpoints
from core.tuning.sharding import shard_weights
from core.tuning.update import learn
from core.types import Sample, StudentSettings, TuningSettings, Update

AT_ONCE = 256
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
    """Tunes the student ``model`` on the samples' questions and responses; leaves the adapter in ``folder/adapter``.

    Yields one Update for each optimizer update, from the first: of a run that is continued, those already made come
    first and cost nothing. ``should_stop`` is called after every update; where it is true a checkpoint is written and
    the generator ends. ``start_adapter`` is an earlier adapter whose weights are trained further (with its own rank and
    alpha) unless ``settings.start`` is "base"; ``loading`` is how the student is loaded, as when it answers.
    ``samples`` may read each sample when it is asked for: none is kept. Where memory is too small for a batch it is
    halved, which the updates tell. ``on_remark`` is called with a sentence on each checkpoint that cannot be continued.
    Seeds torch's global generators. Raises UserError when nothing can be learned, when the loss is no longer a number,
    when not even one sample fits into memory, and as load_student does.

    In a process group of torch every process calls this with the same arguments (``device`` may be its own) and takes
    all updates; ``folder`` is one that all of them see. Each learns a share of every update, and the gradients are
    summed. Process 0 alone asks ``should_stop``, writes and calls ``on_remark``; what one raises the others raise as
    ElsewhereError. With ``shard`` the frozen student is dealt over the processes; then batches are not halved.
    """
    group = process_group(device)
    if group.first(lambda: _is_finished(folder)):
        yield from (Update(**made) for made in json.loads((folder / "adapter" / "updates.json").read_text()))
        return
    student = partial(begin, start_adapter=start_adapter, loading=loading, device=str(group.device), shard=shard)
    training, plan = group.alike(lambda: student(model, samples, open_image, settings))
    if training.sharded:  # not before all have come so far: the others would wait here for one that failed
        shard_weights(training.student.model, group)
    fingerprint = _agreed(group, lambda: _fingerprint(samples, settings))
    updates = _resume(training, folder, fingerprint, on_remark)
    yield from updates
    for update in learn(training, plan, tuple(updates), run=run):
        updates.append(update)
        last = update.number == len(plan)
        stopping = group.first(should_stop) and not last
        if stopping or (update.number % settings.checkpoint_every == 0 and not last):
            group.first(lambda: _save(training, folder, updates, fingerprint))
        yield update
        if stopping:
            return
    further = start_adapter is not None and settings.start == "adapter"
    group.first(lambda: _finish(training, folder, updates, further=further))


def _is_finished(folder: Path) -> bool:
    """Whether the run has its adapter; its checkpoints are then of no use any more."""
    if not (folder / "adapter").is_dir():
        return False
    remove_checkpoints(folder)
    return True


def _agreed(group: ProcessGroup, find: Callable[[], str]) -> str:
    found = group.each(find)
    if len(set(found)) > 1:
        raise UserError("The processes that tune together were given different samples or settings: start again.")
    return found[0]


def _fingerprint(samples: Sequence[Sample], settings: TuningSettings) -> str:
    """Identifies what is learned, in which order and how; how often checkpoints are written does not matter."""
    found = hashlib.sha256(repr(replace(settings, checkpoint_every=0, keep_checkpoints=0)).encode())
    for start in range(0, len(samples), AT_ONCE):
        for sample in samples[start : start + AT_ONCE]:
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
    """The updates already made: puts adapter and optimizer where the newest good checkpoint left them, in every process
    that which process 0 has chosen."""
    group, chosen = training.group, list[Checkpoint]()

    def choose() -> int:
        chosen.extend(filter(None, [newest_checkpoint(folder, fingerprint, on_remark=on_remark)]))
        return len(chosen[0].updates) if chosen else 0

    def take_up(made: int) -> list[Update]:
        checkpoint = chosen[0] if chosen else read_checkpoint(checkpoint_folder(folder, made))
        set_peft_model_state_dict(training.student.model, checkpoint.adapter)
        training.optimizer.load_state_dict(checkpoint.optimizer)
        return list(checkpoint.updates)

    made = group.first(choose)
    updates = group.alike(lambda: take_up(made)) if made else []
    group.share_weights(training.parameters)
    return updates


def _finish(training: Training, folder: Path, updates: Sequence[Update], *, further: bool) -> None:
    def write(target: Path) -> None:
        training.student.model.save_pretrained(str(target), save_embedding_layers=False)
        losses = [update.loss for update in updates]
        name = training.student.name
        card = model_card(name, len(training.lessons), training.settings, losses, further=further)
        (target / "README.md").write_text(card)
        (target / "updates.json").write_text(json.dumps([asdict(update) for update in updates]))

    write_folder(folder / "adapter", write)
    remove_checkpoints(folder)
