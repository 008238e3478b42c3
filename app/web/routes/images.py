"""The images of samples as the page shows them: written anew from their pixels, once, and kept in memory.

No byte of an imported file reaches a browser: no place where a photo was taken, no page behind the pixels. Knows no
sample; exports, which are a person's own data, send the files as they are.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Annotated

import fastapi
from fastapi.responses import PlainTextResponse, Response

from core.errors import UserError
from core.images import reencode
from core.importers.images.sources import ImageError, decoded
from storage.database import Database
from storage.images import image_bytes, image_version

KEPT_BYTES = 64 * 1024 * 1024
# Pictures at work at the same time: one of 50 million pixels takes some 300 MB.
AT_ONCE = 2
# Of this way of writing them; another one sends browsers other pictures under the same keys.
WAY = "1"
NONE = "This image is no readable JPEG, PNG, WebP, GIF or BMP picture: import its samples again with a whole one."
Picture = tuple[bytes, str]


class Kept:
    """The pictures sent last, by what changes when one does, up to ``most`` bytes of them."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self.most, self.size = most, 0
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tag: str) -> Picture | None:
        """The picture, which is the newest from now on."""
        with self._lock:
            if tag in self._pictures:
                self._pictures.move_to_end(tag)
            return self._pictures.get(tag)

    def put(self, tag: str, picture: Picture) -> None:
        """Keep it, and let go of the oldest; one that is an eighth of all is not kept."""
        with self._lock:
            if tag in self._pictures or len(picture[0]) * 8 > self.most:
                return
            self._pictures[tag] = picture
            self.size += len(picture[0])
            while self.size > self.most:
                self.size -= len(self._pictures.popitem(last=False)[1][0])


def add_pictures(api: fastapi.FastAPI, db: Database) -> None:
    """Add the route ``/image/KEY``."""
    kept, turn = Kept(), threading.BoundedSemaphore(AT_ONCE)

    @api.get("/image/{key}")
    def image(key: str, if_none_match: Annotated[str, fastapi.Header()] = "") -> Response:
        """An image by its key; what a browser has already is neither read nor decoded."""
        try:
            with db.read() as connection:
                version = image_version(connection, key)
            tag = f'"{hashlib.sha256(f"{WAY} {version}".encode("utf-8", "replace")).hexdigest()[:32]}"'
            headers = {"etag": tag, "cache-control": _lasts(key)}
            if tag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
                return Response(None, 304, headers)
            found = kept.get(tag)
            if found is None:
                with turn:
                    found = kept.get(tag) or _written(db, key)
                kept.put(tag, found)
        except UserError as error:
            return PlainTextResponse(str(error), 404)
        except OSError:
            return PlainTextResponse(NONE, 415)
        return Response(found[0], media_type=found[1], headers=headers)


def _lasts(key: str) -> str:
    # A key that is no hash of the content names a file that may be another one tomorrow.
    return "private, no-cache" if key.startswith("file:") else "private, max-age=31536000, immutable"


def _written(db: Database, key: str) -> Picture:
    with db.read() as connection:
        content, _ = image_bytes(connection, key)
    try:
        decoded(key, content, whole=False)  # one that stays in its file was not held against the limits before
    except ImageError as error:
        raise OSError(str(error)) from error
    return reencode(content)
