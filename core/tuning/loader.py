"""Prepare batches of training examples in a background thread, ahead of the model.

Opening images, the chat template and the image processor take about as long as a small student's forward. Nothing here
is random, so a run stays repeatable.
"""

from collections import deque
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import torch
from PIL import Image

from core.errors import FolderError, UserError
from core.student.chat import fit_image
from core.student.local import OpenImage, Student, model_inputs
from core.tuning.examples import Example, Examples
from core.tuning.schedule import Batch

PREFETCH = 2


@dataclass(frozen=True, kw_only=True)
class TrainingBatch:
    """A batch of model inputs on the device; ``learned`` (examples, longest) marks the reply's tokens."""

    inputs: dict[str, torch.Tensor]
    learned: torch.Tensor


def load_batches(examples: Examples, open_image: OpenImage, batches: Iterable[Batch]) -> Generator[TrainingBatch]:
    """The batches of positions in ``examples``, in order, prepared while earlier ones are trained on.

    Errors in opening an image, or out of memory, are raised when that batch is due. Close the generator to stop early.
    """
    with ThreadPoolExecutor(1, "examples") as pool:
        waiting: deque[Future[TrainingBatch]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(_collate_positions, examples, open_image, batch))
                if len(waiting) > PREFETCH:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def _collate_positions(examples: Examples, open_image: OpenImage, batch: Batch) -> TrainingBatch:
    return collate(examples.student, [examples[position] for position in batch], open_image)


def collate(student: Student, examples: Sequence[Example], open_image: OpenImage) -> TrainingBatch:
    """One batch, of examples that all have an image or all have none."""
    images = [
        fit_image(_image(example, open_image), student.longest_side) for example in examples if example.sample.image
    ]
    inputs = model_inputs(student, [example.text for example in examples], images, padding_side="right")
    return TrainingBatch(
        inputs=inputs, learned=reply_mask(inputs["attention_mask"], [example.reply for example in examples])
    )


def _image(example: Example, open_image: OpenImage) -> Image.Image:
    try:
        return open_image(str(example.sample.image))
    except FolderError:
        raise  # not because of the image
    except UserError as error:  # leaving it out would change the run
        raise UserError(f"Sample {example.sample.source_id} cannot be learned from. {error}") from error


def reply_mask(attention_mask: torch.Tensor, replies: Sequence[int]) -> torch.Tensor:
    """The mask of the tokens to learn in a right-padded batch: the last ``replies[i]`` of row i. Bool, same shape."""
    ends = attention_mask.sum(dim=1, keepdim=True)
    starts = ends - torch.tensor(replies, device=ends.device).unsqueeze(1)
    columns = torch.arange(attention_mask.shape[1], device=ends.device)
    return (columns >= starts) & (columns < ends)
