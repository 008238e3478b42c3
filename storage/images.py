"""Images by the key that samples name them by: stored whole, or left in their files and read when they are needed.

An image in the database is named by the hash of its content, one in a file by "file:" and the hash of its path. Knows
no image format: width, height and MIME type come from who imports (0, 0 and by its name for a file left where it is).
"""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, bindparam, insert, select, update

from core.chunks import chunked
from core.errors import UserError
from storage.rows import among
from storage.tables import images

IMAGES_PER_QUERY = 200


class ImageRef(Protocol):
    """An image that can be read when it is needed: what importers hand over. ``path`` is "" unless it stays there."""

    @property
    def hash(self) -> str: ...
    @property
    def mime(self) -> str: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def path(self) -> str: ...
    def read(self) -> bytes: ...


def save_images(connection: Connection, refs: Iterable[ImageRef]) -> int:
    """Add the images that are not there yet and return how many; only theirs are read, a few at a time."""
    added = 0
    for chunk in chunked(refs, IMAGES_PER_QUERY):
        batch = {ref.hash: ref for ref in chunk}
        for known in connection.scalars(select(images.c.hash).where(among(images.c.hash, batch))):
            del batch[known]
        if batch:
            connection.execute(insert(images), [_values(ref) for ref in batch.values()])
        added += len(batch)
    return added


def image_bytes(connection: Connection, key: str) -> tuple[bytes, str]:
    """The image's bytes and MIME type. Raises UserError when no image has this key, or its file is gone."""
    row = connection.execute(
        select(images.c.content, images.c.mime, images.c.path).where(images.c.hash == key)
    ).one_or_none()
    if row is None:
        raise _unknown(key)
    return (row.content if row.path is None else _read(Path(row.path))), row.mime


def image_path(connection: Connection, key: str) -> str | None:
    """Where the image's file lies; None for one that is stored whole, or is not there."""
    return connection.scalar(select(images.c.path).where(images.c.hash == key))


def image_version(connection: Connection, key: str) -> str:
    """What changes when the image does; nothing is read for it. Raises UserError as ``image_bytes`` does."""
    row = connection.execute(select(images.c.path).where(images.c.hash == key)).one_or_none()
    if row is None:
        raise _unknown(key)
    return key if row.path is None else f"{key} {_stamp(Path(row.path))}"


def content_hashes(connection: Connection, keys: Collection[str]) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """The SHA-256 of the content of each of those images, by key; and, for ``keep_hashes``, those that were read now.

    A file is read when it never was, or was changed since; reading takes time, so hold no write lock meanwhile. Raises
    UserError when a file is gone.
    """
    known: dict[str, str] = {}
    fresh: dict[str, tuple[str, str]] = {}
    columns = (images.c.hash, images.c.path, images.c.content_hash, images.c.stamp)
    for row in connection.execute(select(*columns).where(among(images.c.hash, keys))):
        if row.path is None:
            known[row.hash] = row.content_hash or row.hash  # it has one where a backup brought the file in
            continue
        stamp = _stamp(Path(row.path))
        if row.content_hash is None or row.stamp != stamp:
            fresh[row.hash] = hashlib.sha256(_read(Path(row.path))).hexdigest(), stamp
        known[row.hash] = fresh[row.hash][0] if row.hash in fresh else row.content_hash
    return known, fresh


def save_content_hashes(connection: Connection, found: dict[str, tuple[str, str]]) -> None:
    """Keep what ``content_hashes`` read, so that it is not read again."""
    query = update(images).where(images.c.hash == bindparam("of"))
    if found:
        values = [{"of": key, "known": content, "at": stamp} for key, (content, stamp) in found.items()]
        connection.execute(query.values(content_hash=bindparam("known"), stamp=bindparam("at")), values)


def _values(ref: ImageRef) -> dict[str, object]:
    kept = {"content": None, "path": ref.path} if ref.path else {"content": ref.read(), "path": None}
    return {"hash": ref.hash, "mime": ref.mime, "width": ref.width, "height": ref.height} | kept


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _gone(path, error) from error


def _stamp(path: Path) -> str:
    """What changes when the file does: its size and when it was written."""
    try:
        found = path.stat()
    except OSError as error:
        raise _gone(path, error) from error
    return f"{found.st_size} {found.st_mtime_ns}"


def _unknown(key: str) -> UserError:
    return UserError(f"There is no image {key[:12]} in this data folder: import the samples that use it again.")


def _gone(path: Path, error: OSError) -> UserError:
    said = error.strerror or str(error)
    return UserError(
        f"The image {path} cannot be read ({said}): put it back there, or import its support set again under another "
        "name from where the images are now."
    )
