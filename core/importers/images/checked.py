"""Resolve and check the images that rows refer to: a name, bytes, base64 text, or a data set's {"bytes", "path"}.

An image is decoded once here, however many consecutive rows use it, and read once more when it is saved. With ``lazy``,
an image in a folder is only looked up, not opened.
"""

import base64
import binascii
import hashlib
import re
from collections import OrderedDict
from typing import Any, TypeVar
from urllib.parse import unquote

from core.importers.cells import is_base64, listed
from core.importers.images import sources
from core.importers.images.sources import (
    MAX_BYTES,
    ImageError,
    ImageRef,
    ImageSource,
    ImageSpool,
    check_image,
    mime_from_ending,
    relative_name,
)

T = TypeVar("T")
_ADDRESS = re.compile(r"(?!data:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_OBJECT_KEYS = ("url", "image_url", "image", "src", "file_name", "filename", "name", "base64", "b64_json")


class Images:
    """The images that the rows of one import refer to; ``image`` returns one by the hash in its sample."""

    def __init__(self, source: ImageSource, *, lazy: bool = False) -> None:
        self._source = source
        self._lazy = lazy
        self._spool: ImageSpool | None = None
        self._by_name: OrderedDict[tuple[str, ...], ImageRef | str] = OrderedDict()
        self._by_hash: OrderedDict[str, ImageRef] = OrderedDict()

    def hash_of(self, value: Any) -> str | None:
        """The hash of the image in a cell, None for an empty cell. Raises ImageError."""
        items = listed(value)
        if len(items) > 1:
            raise ImageError("The row has several images: samples have one image or none.")
        if not items:
            return None
        if items[0] is not value:
            return self.hash_of(items[0])
        if isinstance(value, dict):
            return self._hash_of_object(value)
        if isinstance(value, bytes):
            return self.hash_of_bytes(value, "image")
        if not isinstance(value, str):
            raise ImageError("An image is a name, base64 text or bytes, not a number.")
        name = value.strip()
        if _ADDRESS.match(name):
            raise ImageError(f"“{name[:200]}” is an address: download the image and name its file.")
        return self.hash_of_bytes(_from_base64(name), "image") if is_base64(name) else self.hash_of_named(name)

    def _hash_of_object(self, value: dict[str, Any]) -> str | None:
        """The hash of the image in an object: datasets' {"bytes", "path"}, or one with the image under another key."""
        content, name = value.get("bytes"), value.get("path") or ""
        if content is not None:
            return self.hash_of_bytes(content, name if isinstance(name, str) and name else "image")
        held = name or next((value[key] for key in _OBJECT_KEYS if value.get(key)), None)
        if held is None and any(each is not None for each in value.values()):
            raise ImageError(f"The image is an object with {', '.join(map(str, value))[:200]}: give “bytes” or “path”.")
        return self.hash_of(held)

    def hash_of_named(self, *names: str) -> str:
        """The hash of the image with the first of these names that exists. Raises ImageError."""
        checked = self._by_name.get(names)
        if checked is None:
            try:
                checked = self._find(names)
            except ImageError as refused:
                checked = str(refused)  # the exception's traceback would keep the image's bytes
            _remember(self._by_name, names, checked)
        if isinstance(checked, str):
            raise ImageError(checked)
        return self.reuse(checked)

    def hash_of_bytes(self, content: Any, name: str) -> str:
        """The hash of an image whose bytes are in the row. Raises ImageError."""
        if not isinstance(content, bytes):
            raise ImageError(f"The bytes of “{name}” are no bytes.")
        if len(content) > MAX_BYTES:
            raise ImageError(f"“{name}” is larger than {MAX_BYTES // 1024**2} MB.")
        key = hashlib.sha256(content).hexdigest()
        if key not in self._by_hash:
            mime, width, height = check_image(name, content, whole=True)
            if self._spool is None or self._spool.size >= sources.SPOOL_BYTES:
                self._spool = ImageSpool()
            at = self._spool.add(content)
            return self.reuse(ImageRef(hash=key, mime=mime, width=width, height=height, source=self._spool, found=at))
        return self.reuse(self._by_hash[key])

    def reuse(self, ref: ImageRef) -> str:
        """The hash of an image that an earlier row refers to, which keeps it in the cache."""
        _remember(self._by_hash, ref.hash, ref)
        return ref.hash

    def image(self, hash: str) -> ImageRef:
        """The image with that hash, among the newest ``CACHE_SIZE`` used. Raises KeyError for an older one."""
        return self._by_hash[hash]

    def _find(self, names: tuple[str, ...]) -> ImageRef:
        decoded = [unquote(name) for name in names if "%" in name]  # names from addresses: "a%20b.jpg"
        try:
            for name in (*names, *decoded):
                if (found := self._source.find(relative_name(name))) is not None:
                    path = self._source.place(found) if self._lazy else ""
                    return self._reference(name, found, path) if path else self._read(name, found)
        except OSError as error:
            raise ImageError(f"The image “{names[0]}” cannot be read: {error.strerror}.") from error
        listed = " or ".join(f"“{name}”" for name in names)
        raise ImageError(f"The image {listed} is not there: put it beside the file, or say which folder or zip has it.")

    def _read(self, name: str, found: str) -> ImageRef:
        content = self._source.read(found)
        mime, width, height = check_image(name, content, whole=True)
        key = hashlib.sha256(content).hexdigest()
        return ImageRef(hash=key, mime=mime, width=width, height=height, source=self._source, found=found)

    def _reference(self, name: str, found: str, path: str) -> ImageRef:
        key = "file:" + hashlib.sha256(path.encode(errors="surrogateescape")).hexdigest()
        mime = mime_from_ending(name)
        return ImageRef(hash=key, mime=mime, width=0, height=0, source=self._source, found=found, path=path)


def _from_base64(text: str) -> bytes:
    """The bytes of an image in base64, with or without "data:image/…;base64,". Raises ImageError."""
    try:
        return base64.b64decode(text.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise ImageError(f"The image is no valid base64 text ({error}).") from error


def _remember(kept: OrderedDict[Any, T], key: Any, value: T) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > sources.CACHE_SIZE:
        kept.popitem(last=False)
