"""Images and adapters as models take them."""

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
    """A function from an image's hash to the decoded RGB image, read when it is needed."""
    return opening(partial(read_image, db))


def read_image(db: Database, key: str) -> tuple[bytes, str]:
    """An image's bytes, and what to call it: its file where it stayed there, else its hash."""
    with db.read() as connection:
        data, _ = image_bytes(connection, key)
        return data, str(image_path(connection, key) or key)


def opening(read: Callable[[str], tuple[bytes, str]]) -> Callable[[str], "Image.Image"]:
    """As ``image_opener``, from what ``read`` gives for a hash (as ``read_image``)."""
    from core.images import load_upright

    def open_image(key: str) -> "Image.Image":
        data, where = read(key)
        try:
            return load_upright(data)
        except OSError as error:  # one that stayed in its file was never opened before
            raise UserError(f"The image {where} cannot be opened ({error}): put a whole one there.") from error

    return open_image


def adapter_path(db: Database, adapter: str | None) -> Path | None:
    """Where a round's adapter lies, as a whole path; rows name it relative to the data directory's ``adapters`` folder.

    Raises UserError where a row of a foreign or mended database leads out of there.
    """
    if not adapter:
        return None
    path = (db.adapters / adapter).resolve()
    if not path.is_relative_to(db.adapters.resolve()):
        raise UserError(f"The round's adapter {adapter} lies outside of {db.adapters}: tune again.")
    return path
