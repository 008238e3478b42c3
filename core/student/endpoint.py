"""The student behind an OpenAI-compatible endpoint: predictions only, no tuning.

The counterpart of ``core.student.local.predict``; requests are sent, cached and metered by ``core.endpoints.client``.
"""

import base64
import io
import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from core.endpoints.addresses import Endpoint
from core.endpoints.client import connect
from core.endpoints.errors import FailedError, IncompleteError, RefusedError
from core.endpoints.replies import CUT, CUT_IN_THOUGHT
from core.endpoints.session import Replies, Session
from core.errors import FolderError, UserError
from core.images import is_drawn_otherwise, load_upright
from core.parsing.prediction import read_prediction
from core.prompts import student_prompt
from core.types import OnSkipped, Prediction, RoundId, Sample, Settings, Skipped

# From an image's content hash to its bytes and MIME type.
ReadImage = Callable[[str], tuple[bytes, str]]
# Supported by every server with image input.
PORTABLE_MIME_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")

logger = logging.getLogger(__name__)


class UnreadableImageError(FailedError):
    """The sample's image cannot be read or is not an image, so no request was sent."""


def _log_skipped(sample: Sample, why: Skipped) -> None:
    logger.warning("sample %s is not answered: %s", sample.source_id, why.reason)


def predict_at_endpoint(
    endpoint: Endpoint,
    samples: Iterable[Sample],
    read_image: ReadImage,
    settings: Settings,
    replies: Replies,
    *,
    round_id: RoundId,
    on_skipped: OnSkipped = _log_skipped,
) -> Iterator[list[Prediction]]:
    """Rationales and answers, greedily decoded, in the order of the samples, in lists of a few dozen.

    Samples that the endpoint refuses, for which every attempt failed, whose reply is not whole, or whose image is
    missing or broken (nothing is sent then) are passed to ``on_skipped`` instead. Raises UserError when none of the
    first requests is answered, and when the endpoint cannot be used.
    """
    client = connect(endpoint, settings.endpoint, replies)
    answered = False
    for found in client.stream(partial(_predict_one, sample, read_image, settings, round_id) for sample in samples):
        done = [each for _, each in found if isinstance(each, Prediction)]
        missed = [(sample, each) for sample, each in found if isinstance(each, UserError)]
        answered = answered or bool(done)
        asked = [why for _, why in missed if not isinstance(why, UnreadableImageError | IncompleteError)]
        if asked and not answered:
            raise asked[0]
        for sample, why in missed:
            on_skipped(sample, Skipped(reason=_reason(why, settings), failed=isinstance(why, FailedError)))
        if done:
            yield done


async def _predict_one(
    sample: Sample, read_image: ReadImage, settings: Settings, round_id: RoundId, session: Session
) -> tuple[Sample, Prediction | UserError]:
    text = student_prompt(sample, settings)
    content: str | list[dict[str, object]] = text  # not every server accepts a list
    try:
        if sample.image:
            image: dict[str, object] = {"type": "image_url", "image_url": {"url": _image_url(sample.image, read_image)}}
            content = [image, {"type": "text", "text": text}]
        reply = await session.ask([{"role": "user", "content": content}], max_tokens=settings.max_new_tokens)
    except (RefusedError, FailedError) as error:
        return sample, error
    return sample, read_prediction(sample, reply.whole()[0].strip(), round_id=round_id)


def _reason(why: UserError, settings: Settings) -> str:
    """Why a sample is left open, with a way on where its reply was too long."""
    if not isinstance(why, IncompleteError) or why.flaw not in (CUT, CUT_IN_THOUGHT):
        return str(why)
    return (
        f"{why} It may have {settings.max_new_tokens:,} tokens: raise the setting max_new_tokens "
        f"(`switchpoint settings PROJECT --set max_new_tokens={2 * settings.max_new_tokens}`)."
    )


def _image_url(key: str, read_image: ReadImage) -> str:
    try:
        content, mime = read_image(key)
        if key.startswith("file:"):
            load_upright(content)  # images left in their file were not opened during import
        return data_url(content, mime)
    except FolderError:
        raise  # not because of the image
    except (UserError, OSError) as error:
        reason = (
            str(error)
            if isinstance(error, UserError)
            else f"Its image cannot be opened ({error}): put a whole one there."
        )
        raise UnreadableImageError(reason) from error


def data_url(content: bytes, mime: str) -> str:
    """The image as a data URL, re-encoded as PNG where servers may not support its format or read it otherwise.

    Raises OSError when it is not an image, so that no other file of this machine is sent.
    """
    if is_drawn_otherwise(content) or mime not in PORTABLE_MIME_TYPES:
        png = io.BytesIO()
        load_upright(content).save(png, "PNG")
        content, mime = png.getvalue(), "image/png"
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"
