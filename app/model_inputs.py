"""A project's images and adapters in the form in which models take them."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import UserError
from storage.database import Database
from storage.images import image_bytes, image_path

if TYPE_CHECKING:
    from PIL import Image


def image_opener(db: Database) -> Callable[[str], "Image.Image"]:
    """A function that reads and decodes the RGB image of a content hash."""
    return image_opener_from(partial(read_image, db))


def read_image(db: Database, key: str) -> tuple[bytes, str]:
    """An image's bytes and its name: its path where it was not copied into the database, else its hash."""
    with db.read() as connection:
        data, _ = image_bytes(connection, key)
        return data, str(image_path(connection, key) or key)


def image_opener_from(read: Callable[[str], tuple[bytes, str]]) -> Callable[[str], "Image.Image"]:
    """As ``image_opener``, with the bytes and the name that ``read`` returns for a hash."""
    from core.images import load_upright

    def open_image(key: str) -> "Image.Image":
        data, where = read(key)
        try:
            return load_upright(data)
        except OSError as error:  # an image that was not copied is first opened here
            raise UserError(f"The image {where} cannot be opened ({error}): put a whole one there.") from error

    return open_image


def adapter_path(db: Database, adapter: str | None) -> Path | None:
    """The absolute path of a round's adapter, which rows name relative to the ``adapters`` folder; None without one.

    Raises UserError where the path leads out of that folder, as in a backup from elsewhere.
    """
    if not adapter:
        return None
    path = (db.adapters / adapter).resolve()
    if not path.is_relative_to(db.adapters.resolve()):
        raise UserError(f"The round's adapter {adapter} lies outside of {db.adapters}: tune again.")
    return path
