"""Images in the database, once each, named by the hash of their content; that hash is all the page ever asks for.

Knows no image format: width, height and MIME type come from who imports.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Protocol

from sqlalchemy import Connection, insert, select

from core.errors import UserError
from storage.rows import among
from storage.tables import images

AT_ONCE = 200


class ImageRef(Protocol):
    """An image that can be read when it is needed: what importers hand over."""

    @property
    def hash(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    def read(self) -> bytes: ...


def save_images(c: Connection, refs: Iterable[ImageRef]) -> int:
    """Store the images that are not there yet and return how many; only theirs are read, a few at a time."""
    added = 0
    remaining = iter(refs)
    while batch := {ref.hash: ref for ref in islice(remaining, AT_ONCE)}:
        for known in c.scalars(select(images.c.hash).where(among(images.c.hash, batch))):
            del batch[known]
        if batch:
            c.execute(insert(images), [_values(ref) for ref in batch.values()])
        added += len(batch)
    return added


def image_bytes(c: Connection, hash: str) -> tuple[bytes, str]:
    """The image's bytes and MIME type. Raises UserError when no image has this hash."""
    row = c.execute(select(images.c.content, images.c.mime).where(images.c.hash == hash)).one_or_none()
    if row is None:
        raise UserError(f"There is no image {hash[:12]} in this data folder: import the samples that use it again.")
    return row.content, row.mime


def _values(ref: ImageRef) -> dict[str, object]:
    return {"hash": ref.hash, "mime": ref.mime, "width": ref.width, "height": ref.height, "content": ref.read()}
