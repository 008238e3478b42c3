"""The student behind an OpenAI-compatible endpoint: rationales and answers, and no tuning.

The counterpart of ``core.student.predict``. How requests are sent, kept and counted is ``core.endpoints.client``'s
business.
"""

import base64
import io
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from core.endpoints.addresses import Endpoint
from core.endpoints.client import Replies, Session, connect
from core.endpoints.errors import FailedError, RefusedError
from core.errors import FolderError, UserError
from core.images import has_exif_orientation, load_upright
from core.prompts import student_prompt
from core.student.local import read_prediction
from core.types import OnSkipped, Prediction, RoundId, Sample, Settings, Skipped

# An image's bytes and MIME type, by its content hash.
ReadImage = Callable[[str], tuple[bytes, str]]
READABLE = ("image/png", "image/jpeg", "image/webp", "image/gif")  # by every server that reads images

logger = logging.getLogger(__name__)


class UnseenError(FailedError):
    """The sample's image cannot be read or is none, so that nothing was asked."""


def _log_skipped(sample: Sample, why: Skipped) -> None:
    logger.warning("sample %s is not answered: %s", sample.source_id, why.reason)


def predict_there(
    endpoint: Endpoint,
    samples: Iterable[Sample],
    read_image: ReadImage,
    settings: Settings,
    replies: Replies,
    *,
    round_id: RoundId,
    on_skipped: OnSkipped = _log_skipped,
) -> Iterator[list[Prediction]]:
    """Rationales and answers, greedily decoded, in the order of the samples, some dozens a list.

    A sample that the endpoint does not take, or that every try to ask about failed, is left out, and ``on_skipped`` is
    told why; so is one whose image is gone or broken, of which nothing is sent. Raises UserError when none of the first
    list that is asked is answered, and when the endpoint cannot be used.
    """
    client = connect(endpoint, settings.endpoint, replies)
    answered = False
    for found in client.stream(partial(_predicted, sample, read_image, settings, round_id) for sample in samples):
        done = [each for _, each in found if isinstance(each, Prediction)]
        missed = [(sample, each) for sample, each in found if isinstance(each, UserError)]
        answered = answered or bool(done)
        asked = [why for _, why in missed if not isinstance(why, UnseenError)]
        if asked and not answered:
            raise asked[0]
        for sample, why in missed:
            on_skipped(sample, Skipped(reason=str(why), failed=isinstance(why, FailedError)))
        if done:
            yield done


async def _predicted(
    sample: Sample, read_image: ReadImage, settings: Settings, round_id: RoundId, session: Session
) -> tuple[Sample, Prediction | UserError]:
    text = student_prompt(sample, settings)
    content: str | list[dict[str, object]] = text  # Not every server reads a list.
    try:
        if sample.image:
            image: dict[str, object] = {"type": "image_url", "image_url": {"url": _seen(sample.image, read_image)}}
            content = [image, {"type": "text", "text": text}]
        reply = await session.ask([{"role": "user", "content": content}], max_tokens=settings.max_new_tokens)
    except (RefusedError, FailedError) as error:
        return sample, error
    return sample, read_prediction(sample, reply.texts[0].strip(), round_id=round_id)


def _seen(key: str, read_image: ReadImage) -> str:
    try:
        content, mime = read_image(key)
        if key.startswith("file:"):
            load_upright(content)  # one that stayed in its file was never opened before
        return data_url(content, mime)
    except FolderError:
        raise  # no image's fault
    except (UserError, OSError) as error:
        said = (
            str(error)
            if isinstance(error, UserError)
            else f"Its image cannot be opened ({error}): put a whole one there."
        )
        raise UnseenError(said) from error


def data_url(content: bytes, mime: str) -> str:
    """The image as a data URL: its own bytes, or a PNG of it where its format or how it is turned may be overlooked.

    Raises OSError for what is no picture: no other file of this machine is to be sent away.
    """
    if has_exif_orientation(content) or mime not in READABLE:
        png = io.BytesIO()
        load_upright(content).save(png, "PNG")
        content, mime = png.getvalue(), "image/png"
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
