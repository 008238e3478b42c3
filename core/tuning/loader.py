"""Batches of lessons made ready for the student: one ahead of the model, in a thread of its own.

Opening images, the chat template and the image processor take about as long as a small student's forward; done in
another thread they cost nothing but that. Nothing is drawn at random here, so that a run stays repeatable.
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
from core.tuning.examples import Lesson, Lessons
from core.tuning.schedule import Batch

AHEAD = 2


@dataclass(frozen=True, kw_only=True)
class Ready:
    """A batch as the model takes it, on its device; ``learned`` (samples, longest) is where the reply's tokens are."""

    inputs: dict[str, torch.Tensor]
    learned: torch.Tensor


def feed(lessons: Lessons, open_image: OpenImage, batches: Iterable[Batch]) -> Generator[Ready]:
    """The batches of positions in ``lessons``, in their order, each made ready while those before are learned.

    Errors of opening an image or of too small a memory come when the batch is asked for. Close it to stop early.
    """
    with ThreadPoolExecutor(1, "lessons") as pool:
        waiting: deque[Future[Ready]] = deque()
        try:
            for batch in batches:
                waiting.append(pool.submit(_ready, lessons, open_image, batch))
                if len(waiting) > AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for each in waiting:
                each.cancel()


def _ready(lessons: Lessons, open_image: OpenImage, batch: Batch) -> Ready:
    return make_ready(lessons.student, [lessons[position] for position in batch], open_image)


def make_ready(student: Student, lessons: Sequence[Lesson], open_image: OpenImage) -> Ready:
    """One batch, whose lessons all have an image or all have none."""
    images = [fit_image(_image(lesson, open_image), student.longest_side) for lesson in lessons if lesson.sample.image]
    inputs = model_inputs(student, [lesson.text for lesson in lessons], images, padding_side="right")
    return Ready(inputs=inputs, learned=reply_mask(inputs["attention_mask"], [lesson.reply for lesson in lessons]))


def _image(lesson: Lesson, open_image: OpenImage) -> Image.Image:
    try:
        return open_image(str(lesson.sample.image))
    except FolderError:
        raise  # no image's fault
    except UserError as error:  # a run without it would be another run
        raise UserError(f"Sample {lesson.sample.source_id} cannot be learned from. {error}") from error


def reply_mask(attention_mask: torch.Tensor, replies: Sequence[int]) -> torch.Tensor:
    """Where the tokens to learn are in a right-padded batch: the last ``replies[i]`` of row i. Bool, its shape."""
    ends = attention_mask.sum(dim=1, keepdim=True)
    starts = ends - torch.tensor(replies, device=ends.device).unsqueeze(1)
    columns = torch.arange(attention_mask.shape[1], device=ends.device)
    return (columns >= starts) & (columns < ends)
