"""Tuning: LoRA training of a student on selected samples, with the loss on the replies only.

A run is a folder. It can be killed at any moment: run again, it goes on from its newest checkpoint and ends where it
would have ended. The base model is only read. Knows nothing of jobs or of how the samples were selected.
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict

from core.chat import fit_image
from core.checkpoints import Checkpoint, newest_checkpoint, publish, remove_checkpoints, save_checkpoint
from core.devices import choose_threads, memory_explained
from core.errors import UserError
from core.lessons import Lesson, make_lessons
from core.lora import attach_adapter, model_card, new_adapter
from core.schedule import Batch, learning_rate, plan_updates
from core.student import OpenImage, Student, load_student, model_inputs
from core.types import Sample, StudentSettings, TuningSettings, Update


@dataclass(frozen=True, kw_only=True)
class _Training:
    """What stays the same during a run: the student with its trainable adapter, and what it learns."""

    student: Student
    optimizer: torch.optim.Optimizer
    lessons: Sequence[Lesson]
    open_image: OpenImage
    settings: TuningSettings

    @property
    def parameters(self) -> list[torch.Tensor]:
        return list(self.optimizer.param_groups[0]["params"])


def tune(
    model: str,
    samples: Sequence[Sample],
    open_image: OpenImage,
    settings: TuningSettings,
    *,
    folder: Path,
    run: int,
    start_adapter: Path | None = None,
    stop: Callable[[], bool],
    loading: StudentSettings = StudentSettings(),  # noqa: B008 - it is frozen
    device: str = "auto",
) -> Iterator[Update]:
    """Tunes the student ``model`` on the samples' questions and responses; leaves the adapter in ``folder/adapter``.

    Yields one Update for each optimizer update, from the first: of a run that is continued, those already made come
    first and cost nothing. ``stop`` is asked after every update; when it is true a checkpoint is written and the
    generator ends. ``start_adapter`` is an earlier adapter whose weights are trained further (with its own rank and
    alpha); ``loading`` is how the student is loaded, as when it answers. Seeds torch's global generators. Raises
    UserError when nothing can be learned, when the loss is no longer a number, and as load_student does.
    """
    if (folder / "adapter").is_dir():
        remove_checkpoints(folder)
        yield from (Update(**made) for made in json.loads((folder / "adapter" / "updates.json").read_text()))
        return
    student = load_student(model, loading, device=device)
    choose_threads(student.model)
    training = _prepare(student, make_lessons(student, samples, settings), open_image, settings, start_adapter)
    fingerprint = _fingerprint(samples, settings)
    plan = plan_updates(
        [x.length for x in training.lessons], [bool(x.sample.image) for x in training.lessons], settings
    )
    updates = _resume(training, folder, fingerprint)
    yield from updates
    for number in range(len(updates) + 1, len(plan) + 1):
        updates.append(_update(training, plan[number - 1], run=run, number=number, total=len(plan)))
        stopping = stop() and number < len(plan)
        if stopping or (number % settings.checkpoint_every == 0 and number < len(plan)):
            save_checkpoint(folder, _checkpoint(training, updates, fingerprint))
        yield updates[-1]
        if stopping:
            return
    _finish(training, folder, model, updates)


def _prepare(
    student: Student,
    lessons: Sequence[Lesson],
    open_image: OpenImage,
    settings: TuningSettings,
    start_adapter: Path | None,
) -> _Training:
    torch.manual_seed(settings.seed)
    student.model.requires_grad_(False)
    if start_adapter is None:
        tuned = new_adapter(student.model, settings)
    else:
        tuned = attach_adapter(student.model, start_adapter, trainable=True)
    if student.device.type == "cuda":
        student.model.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    parameters = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    if not parameters:
        raise UserError("The adapter to start from has nothing that can be trained; start from the base model instead.")
    return _Training(
        student=replace(student, model=tuned.train()),
        optimizer=torch.optim.AdamW(parameters, lr=settings.learning_rate, weight_decay=0.0),
        lessons=lessons,
        open_image=open_image,
        settings=settings,
    )


def _update(training: _Training, batches: Sequence[Batch], *, run: int, number: int, total: int) -> Update:
    """One optimizer update; the loss is the mean over all reply tokens of its batches, however they are split."""
    settings, started = training.settings, time.perf_counter()
    rate = learning_rate(number, total, settings)
    loss, tokens = 0.0, 0
    for batch in batches:
        with memory_explained(settings.batch_size):
            batch_loss, batch_tokens = _loss(training, [training.lessons[position] for position in batch])
            batch_loss.backward()  # type: ignore[no-untyped-call]
        loss, tokens = loss + batch_loss.item(), tokens + batch_tokens
    for parameter in training.parameters:
        if parameter.grad is not None:
            parameter.grad.div_(tokens)
    norm = torch.nn.utils.clip_grad_norm_(training.parameters, settings.max_grad_norm)
    if not (math.isfinite(loss) and math.isfinite(norm.item())):
        raise UserError(
            f"The loss is no longer a number at update {number} of {total}; "
            f"tune again with a learning rate below {settings.learning_rate:g}."
        )
    training.optimizer.param_groups[0]["lr"] = rate
    training.optimizer.step()
    training.optimizer.zero_grad()
    return Update(
        run=run,
        number=number,
        total=total,
        epoch=settings.epochs * number / total,
        loss=loss / tokens,
        learning_rate=rate,
        samples_per_second=sum(map(len, batches)) / (time.perf_counter() - started),
    )


def _loss(training: _Training, lessons: Sequence[Lesson]) -> tuple[torch.Tensor, int]:
    """The summed cross-entropy of a batch's reply tokens, and their number. The output layer sees no other position."""
    student = training.student
    images = [fit_image(training.open_image(x.sample.image), student.longest_side) for x in lessons if x.sample.image]
    inputs = model_inputs(student, [lesson.text for lesson in lessons], images, padding_side="right")
    learned = reply_mask(inputs["attention_mask"], [lesson.reply for lesson in lessons])
    # The token at a position is predicted from the position before it.
    predicting = torch.nn.functional.pad(learned[:, 1:], (0, 1))
    # On a processor without bfloat16 units, autocasting a small student is 2.4 times slower than float32.
    with torch.autocast(student.device.type, dtype=torch.bfloat16, enabled=student.device.type == "cuda"):
        logits = student.model(**inputs, logits_to_keep=predicting, use_cache=False).logits
    targets = inputs["input_ids"][learned]
    return torch.nn.functional.cross_entropy(logits.float(), targets, reduction="sum"), len(targets)


def reply_mask(attention_mask: torch.Tensor, replies: Sequence[int]) -> torch.Tensor:
    """Where the tokens to learn are in a right-padded batch: the last ``replies[i]`` of row i. Bool, its shape."""
    ends = attention_mask.sum(dim=1, keepdim=True)
    starts = ends - torch.tensor(replies, device=ends.device).unsqueeze(1)
    columns = torch.arange(attention_mask.shape[1], device=ends.device)
    return (columns >= starts) & (columns < ends)


def _fingerprint(samples: Sequence[Sample], settings: TuningSettings) -> str:
    """Identifies what is learned, in which order and how; how often checkpoints are written does not matter."""
    learned = [(sample.question, sample.response, sample.image) for sample in samples]
    return hashlib.sha256(repr((learned, replace(settings, checkpoint_every=0))).encode()).hexdigest()


def _checkpoint(training: _Training, updates: Sequence[Update], fingerprint: str) -> Checkpoint:
    generators = {"cpu": [torch.get_rng_state()]}
    if training.student.device.type == "cuda":
        generators["cuda"] = torch.cuda.get_rng_state_all()
    return Checkpoint(
        fingerprint=fingerprint,
        updates=tuple(updates),
        adapter=get_peft_model_state_dict(training.student.model, save_embedding_layers=False),
        optimizer=training.optimizer.state_dict(),
        random=generators,
    )


def _resume(training: _Training, folder: Path, fingerprint: str) -> list[Update]:
    """The updates already made: puts adapter, optimizer and generators where the newest checkpoint left them."""
    checkpoint = newest_checkpoint(folder, fingerprint)
    if checkpoint is None:
        return []
    set_peft_model_state_dict(training.student.model, checkpoint.adapter)
    training.optimizer.load_state_dict(checkpoint.optimizer)
    torch.set_rng_state(checkpoint.random["cpu"][0])
    if "cuda" in checkpoint.random and training.student.device.type == "cuda":
        torch.cuda.set_rng_state_all(checkpoint.random["cuda"])
    return list(checkpoint.updates)


def _finish(training: _Training, folder: Path, model: str, updates: Sequence[Update]) -> None:
    def write(target: Path) -> None:
        training.student.model.save_pretrained(str(target), save_embedding_layers=False)
        card = model_card(model, len(training.lessons), training.settings, [update.loss for update in updates])
        (target / "README.md").write_text(card)
        (target / "updates.json").write_text(json.dumps([asdict(update) for update in updates]))

    publish(folder / "adapter", write)
    remove_checkpoints(folder)
