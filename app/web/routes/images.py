"""The route for sample images: each is encoded again from its pixels, once, and cached in memory.

No byte of an imported file reaches a browser, so neither does its metadata (such as where a photo was taken). Exports
are a person's own data and contain the files as they are.
"""

import hashlib
import threading
from collections import OrderedDict
from typing import Annotated

import fastapi
from fastapi.responses import PlainTextResponse, Response

from core.errors import UserError
from core.images import reencode
from core.importers.images.sources import ImageError, check_image
from storage.database import Database
from storage.images import image_bytes, image_version

CACHE_BYTES = 64 * 1024 * 1024
# Images decoded at the same time: one of 50 million pixels takes about 300 MB.
MAX_CONCURRENT = 2
# Change it with the encoding: it is part of the ETag, so browsers then load every image again.
ENCODING_VERSION = "1"
UNREADABLE = "This image is no readable JPEG, PNG, WebP, GIF or BMP picture: import its samples again with a whole one."
EncodedImage = tuple[bytes, str]


class ImageCache:
    """A least-recently-used cache of encoded images by ETag, at most ``max_bytes`` large."""

    def __init__(self, max_bytes: int = CACHE_BYTES) -> None:
        self.max_bytes, self.size = max_bytes, 0
        self._images: OrderedDict[str, EncodedImage] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tag: str) -> EncodedImage | None:
        """The image with this ETag, now the most recently used; None if it is not cached."""
        with self._lock:
            if tag in self._images:
                self._images.move_to_end(tag)
            return self._images.get(tag)

    def put(self, tag: str, image: EncodedImage) -> None:
        """Add an image and remove the oldest; one larger than an eighth of the cache is not added."""
        with self._lock:
            if tag in self._images or len(image[0]) * 8 > self.max_bytes:
                return
            self._images[tag] = image
            self.size += len(image[0])
            while self.size > self.max_bytes:
                self.size -= len(self._images.popitem(last=False)[1][0])


def add_image_routes(api: fastapi.FastAPI, db: Database) -> None:
    """Add the route ``/image/KEY``."""
    cache, decoding = ImageCache(), threading.BoundedSemaphore(MAX_CONCURRENT)

    @api.get("/image/{key}")
    def image(key: str, if_none_match: Annotated[str, fastapi.Header()] = "") -> Response:
        """An image by its key; one that the browser has already is neither read nor decoded."""
        try:
            with db.read() as connection:
                version = image_version(connection, key)
            tag = f'"{hashlib.sha256(f"{ENCODING_VERSION} {version}".encode("utf-8", "replace")).hexdigest()[:32]}"'
            headers = {"etag": tag, "cache-control": _cache_control(key)}
            if tag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
                return Response(None, 304, headers)
            found = cache.get(tag)
            if found is None:
                with decoding:
                    found = cache.get(tag) or _encoded(db, key)
                cache.put(tag, found)
        except UserError as error:
            return PlainTextResponse(str(error), 404)
        except OSError:
            return PlainTextResponse(UNREADABLE, 415)
        return Response(found[0], media_type=found[1], headers=headers)


def _cache_control(key: str) -> str:
    # A "file:" key is a path and not a hash of the content: the file may change.
    return "private, no-cache" if key.startswith("file:") else "private, max-age=31536000, immutable"


def _encoded(db: Database, key: str) -> EncodedImage:
    with db.read() as connection:
        content, _ = image_bytes(connection, key)
    try:
        check_image(key, content, whole=False)  # images left in their files were not checked on import
    except ImageError as error:
        raise OSError(str(error)) from error
    return reencode(content)
