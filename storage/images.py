"""Images by the key that samples refer to: stored in the database, or left in their files and read on demand.

The key of a stored image is the hash of its content, that of a file "file:" and the hash of its path. Knows no image
format: width, height and MIME type come from the importer (0, 0 and a type guessed by name for a file left in place).
"""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, bindparam, insert, select, update

from core.chunks import chunked
from core.errors import UserError
from core.own_files import refuse_database
from storage.rows import among
from storage.tables import images

IMAGES_PER_QUERY = 200


class ImageRef(Protocol):
    """An image from an importer, read on demand. ``path`` is "" unless the image stays in that file."""

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
    """Add the images that are new and return how many; only new ones are read, a few at a time."""
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
    """The image's bytes and MIME type. Raises UserError for an unknown key or a missing file."""
    row = connection.execute(
        select(images.c.content, images.c.mime, images.c.path).where(images.c.hash == key)
    ).one_or_none()
    if row is None:
        raise _unknown(key)
    return (row.content if row.path is None else _read_file(Path(row.path))), row.mime


def image_path(connection: Connection, key: str) -> str | None:
    """The path of the image's file; None for an image stored in the database and for an unknown key."""
    return connection.scalar(select(images.c.path).where(images.c.hash == key))


def image_version(connection: Connection, key: str) -> str:
    """A text that changes when the image does, without reading the image. Raises UserError like ``image_bytes``."""
    row = connection.execute(select(images.c.path).where(images.c.hash == key)).one_or_none()
    if row is None:
        raise _unknown(key)
    return key if row.path is None else f"{key} {_file_stamp(Path(row.path))}"


def content_hashes(connection: Connection, keys: Collection[str]) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """The SHA-256 of each image's content by key, and the new ones among them, for ``save_content_hashes``.

    A file is read when its hash is unknown or the file changed; that takes time, so do not hold the write lock. Raises
    UserError for a missing file.
    """
    known: dict[str, str] = {}
    fresh: dict[str, tuple[str, str]] = {}
    columns = (images.c.hash, images.c.path, images.c.content_hash, images.c.stamp)
    for row in connection.execute(select(*columns).where(among(images.c.hash, keys))):
        if row.path is None:
            known[row.hash] = row.content_hash or row.hash  # differs from the key where a backup embedded a file
            continue
        stamp = _file_stamp(Path(row.path))
        if row.content_hash is None or row.stamp != stamp:
            fresh[row.hash] = hashlib.sha256(_read_file(Path(row.path))).hexdigest(), stamp
        known[row.hash] = fresh[row.hash][0] if row.hash in fresh else row.content_hash
    return known, fresh


def save_content_hashes(connection: Connection, found: dict[str, tuple[str, str]]) -> None:
    """Store the new hashes of ``content_hashes``, so that the files are not read again."""
    query = update(images).where(images.c.hash == bindparam("of"))
    if found:
        values = [{"of": key, "known": content, "at": stamp} for key, (content, stamp) in found.items()]
        connection.execute(query.values(content_hash=bindparam("known"), stamp=bindparam("at")), values)


def _values(ref: ImageRef) -> dict[str, object]:
    stored = {"content": None, "path": ref.path} if ref.path else {"content": ref.read(), "path": None}
    return {"hash": ref.hash, "mime": ref.mime, "width": ref.width, "height": ref.height} | stored


def _read_file(path: Path) -> bytes:
    refuse_database(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from error


def _file_stamp(path: Path) -> str:
    """Size and modification time: changes when the file does."""
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from error
    return f"{found.st_size} {found.st_mtime_ns}"


def _unknown(key: str) -> UserError:
    return UserError(f"There is no image {key[:12]} in this data folder: import the samples that use it again.")


def _unreadable(path: Path, error: OSError) -> UserError:
    why = error.strerror or str(error)
    return UserError(
        f"The image {path} cannot be read ({why}): put it back there, or import its support set again under another "
        "name from where the images are now."
    )
