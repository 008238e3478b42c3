"""The models of this machine that a worker has loaded, and where adapters and images for them come from.

The student and the teacher used last stay between jobs. Importing it loads no model library.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.errors import UserError
from core.types import StudentSettings
from storage.database import Database
from storage.images import image_bytes, image_path

if TYPE_CHECKING:
    from PIL import Image

    from core.student import Student
    from core.teacher import Teacher


class Models:
    """The student and the teacher used last, kept between jobs so that the next one starts at once."""

    def __init__(self, device: str = "auto") -> None:
        # Both are read when torch or transformers is first imported. A bar for each model has no place in a log; and a
        # thread that spins for long while it waits for another makes a busy machine 20 times slower (decision 0022).
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        os.environ.setdefault("GOMP_SPINCOUNT", "2000")
        self.device = device
        self._loaded: dict[str, tuple[tuple[object, ...], Any]] = {}

    def student(self, name: str, adapter: Path | None, settings: StudentSettings) -> "Student":
        """The student, with the adapter of its round on top."""
        from core.devices import choose_threads
        from core.student import load_student

        key = (name, adapter, settings)
        found = self._cached("student", key, lambda: load_student(name, settings, adapter=adapter, device=self.device))
        choose_threads(found.model)
        return found

    def teacher(self, name: str) -> "Teacher":
        """The text-only teacher."""
        from core.devices import choose_threads
        from core.teacher.local import load_teacher

        found = self._cached("teacher", (name,), lambda: load_teacher(name, device=self.device))
        choose_threads(found.model)
        return found

    def clear(self) -> None:
        """Give the memory back, before tuning takes it."""
        self._loaded.clear()

    def _cached(self, kind: str, key: tuple[object, ...], load: Callable[[], Any]) -> Any:
        if self._loaded.get(kind, ((), None))[0] != key:
            self._loaded.pop(kind, None)
            self._loaded[kind] = (key, load())
        return self._loaded[kind][1]


def image_opener(db: Database) -> Callable[[str], "Image.Image"]:
    """A function from an image's hash to the decoded RGB image, read when it is needed."""
    from core.pictures import upright

    def open_image(key: str) -> "Image.Image":
        with db.read() as connection:
            data, _ = image_bytes(connection, key)
            where = image_path(connection, key) or key
        try:
            return upright(data)
        except OSError as error:  # one that stayed in its file was never opened before
            raise UserError(f"The image {where} cannot be opened ({error}): put a whole one there.") from error

    return open_image


def adapter_path(db: Database, adapter: str | None) -> Path | None:
    """Where a round's adapter lies; rows name it relative to the data directory's ``adapters`` folder.

    Raises UserError where a row of a foreign or mended database leads out of there.
    """
    if not adapter:
        return None
    path = db.adapters / adapter
    if not path.resolve().is_relative_to(db.adapters.resolve()):
        raise UserError(f"The round's adapter {adapter} lies outside of {db.adapters}: tune again.")
    return path
