"""Find, read and check images in a folder, in a zip, or from the rows themselves.

Names that lead out of the folder are refused. Images from rows are kept in a temporary file during the import.
"""

import os
import posixpath
import stat
import tempfile
import unicodedata
import weakref
import zipfile
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Protocol

from PIL import Image

from core.images import FORMATS, ignore_warnings
from core.importers.images.zip_names import ZipNames
from core.importers.unavailable import is_unavailable
from core.own_files import refuse_database

MAX_PIXELS = 50_000_000
MAX_BYTES = 64 * 1024 * 1024
CACHE_SIZE = 16_384  # images, or folders
LISTED_FOLDERS = 64
SPOOL_BYTES = 256 * 1024 * 1024
_ENDINGS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".gif": "gif", ".bmp": "bmp"}


class ImageError(Exception):
    """An image that cannot be used; ``str(error)`` is the reason as a sentence."""


class ImageSource(Protocol):
    """A place from which images are read by name."""

    def find(self, name: str) -> str | None:
        """The name it is stored under, None when there is no such image."""

    def place(self, found: str) -> str:
        """The absolute path of its file, "" when it has no file of its own."""

    def read(self, found: str) -> bytes:
        """Its bytes. Raises ImageError when it cannot be read or is larger than ``MAX_BYTES``."""


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """An image of a sample; ``hash`` is the SHA-256 of its bytes, which ``read`` returns.

    With ``path`` the image stays in its file and was only checked to exist: ``hash`` is "file:" and the SHA-256 of this
    absolute path, and width and height are 0.
    """

    hash: str
    mime: str
    width: int
    height: int
    source: ImageSource
    found: str
    path: str = ""

    def read(self) -> bytes:
        return self.source.read(self.found)


class ImageFolder:
    """Images below a folder. Links that lead out of it are refused."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._start = os.path.abspath(folder)
        self._root = os.path.realpath(folder)
        self._inside: dict[str, bool] = {}
        self._composed: dict[str, dict[str, str]] = {}

    def find(self, name: str) -> str | None:
        for place in (name, f"images/{name}"):
            path = os.path.join(self._start, place)
            if not os.path.isfile(path) and not name.isascii():
                path = self._in_another_form(place)
            if os.path.isfile(path):
                if not self._is_inside(path):
                    raise ImageError(f"“{name}” is a link that leads out of the folder {self.folder}.")
                return path
        return None

    def _in_another_form(self, place: str) -> str:
        """The path of a name whose letters the file system composes otherwise (macOS takes "é" apart)."""
        path = self._start
        for part in place.split("/"):
            known = {} if part.isascii() else self._names_in(path)
            path = os.path.join(path, known.get(unicodedata.normalize("NFC", part), part))
        return path

    def _names_in(self, folder: str) -> dict[str, str]:
        """The names in a folder by their composed form, kept for a few folders."""
        if folder not in self._composed:
            if len(self._composed) >= LISTED_FOLDERS:
                self._composed.clear()
            names = os.listdir(folder) if os.path.isdir(folder) else []
            self._composed[folder] = {unicodedata.normalize("NFC", name): name for name in names}
        return self._composed[folder]

    def place(self, found: str) -> str:
        return found

    def read(self, found: str) -> bytes:
        refuse_database(found)
        if os.path.getsize(found) > MAX_BYTES:
            raise ImageError(f"“{Path(found).name}” is larger than {MAX_BYTES // 1024**2} MB.")
        return Path(found).read_bytes()

    def _is_inside(self, path: str) -> bool:
        """Whether a file is really below the folder; cached by folder, since a million images are in few of them."""
        if os.path.islink(path):
            return self._is_below(os.path.realpath(path))
        folder = os.path.dirname(path)
        if folder not in self._inside:
            if len(self._inside) >= CACHE_SIZE:
                self._inside.clear()
            self._inside[folder] = self._is_below(os.path.realpath(folder))
        return self._inside[folder]

    def _is_below(self, real: str) -> bool:
        return real == self._root or real.startswith(os.path.join(self._root, ""))


@dataclass(frozen=True)
class ImageZip:
    """Images in a zip, which stays open while referenced; ``base`` is the annotation file's folder inside it."""

    archive: zipfile.ZipFile
    base: str = ""

    @cached_property
    def _names(self) -> ZipNames:
        return ZipNames(self.archive, self.base)

    def find(self, name: str) -> str | None:
        return self._names.find(name)

    def place(self, found: str) -> str:
        return ""

    def read(self, found: str) -> bytes:
        return read_member(self.archive, found, MAX_BYTES)


class ImageSpool:
    """Images from rows, in a temporary file that is deleted with the last reference to one of them.

    ``size`` is in bytes; a file of ``SPOOL_BYTES`` is full, so that only the newest images take up disk space.
    """

    def __init__(self) -> None:
        self.size = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by the next line
        weakref.finalize(self, self._file.close)

    def add(self, content: bytes) -> str:
        """Store an image; returns the name for ``read``."""
        start = self.size
        self._file.seek(start)
        self._file.write(content)
        self.size += len(content)
        return f"{start}+{len(content)}"

    def find(self, name: str) -> str | None:
        return name

    def place(self, found: str) -> str:
        return ""

    def read(self, found: str) -> bytes:
        start, _, size = found.partition("+")
        self._file.seek(int(start))
        return self._file.read(int(size))


def read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A zip member's bytes, at most ``limit``.

    Raises ImageError when it is larger, broken or encrypted, OSError when the zip cannot be read now.
    """
    if stat.S_ISLNK(archive.getinfo(name).external_attr >> 16):
        raise ImageError(f"“{name}” is only a link in the zip: pack the file that it points to.")
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        if is_unavailable(error):
            raise
        raise ImageError(f"“{name}” cannot be read from the zip: {error}.") from error
    except Exception as error:  # zlib.error and lzma.LZMAError share no base class
        raise ImageError(f"“{name}” is broken in the zip: {error}.") from error
    if len(content) > limit:
        raise ImageError(f"“{name}” is larger than {limit // 1024**2} MB.")
    return content


def relative_name(name: str) -> str:
    """The name as a relative path with forward slashes. Raises ImageError when it leads out of the folder."""
    path = name.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or name[1:2] == ":" or "\0" in name:
        raise ImageError(f"“{name}” leads out of the folder: image names are relative to it.")
    return posixpath.normpath(path)


def mime_from_ending(name: str) -> str:
    """The MIME type of a file name's ending. Raises ImageError when it is not an image's."""
    kind = _ENDINGS.get(posixpath.splitext(name)[1].lower())
    if kind is None:
        raise ImageError(f"“{name}” is no JPEG, PNG, WebP, GIF or BMP image by its ending.")
    return f"image/{kind}"


def check_image(name: str, content: bytes, *, whole: bool) -> tuple[str, int, int]:
    """MIME type, width and height. With ``whole`` the image is decoded, so that no later job fails on a truncated one.

    Raises ImageError.
    """
    try:
        with ignore_warnings(), Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(f"“{name}” has {width} × {height} pixels; the limit is {MAX_PIXELS // 10**6} million.")
            if whole:
                image.draft("RGB", (1, 1))  # decodes a JPEG at an eighth of its size
                image.load()
            # MPO is a JPEG with further images appended, and is shown as a JPEG.
            return "image/jpeg" if image.format == "MPO" else Image.MIME[str(image.format)], width, height
    except Image.DecompressionBombError as error:
        raise ImageError(f"“{name}” has more than {MAX_PIXELS // 10**6} million pixels.") from error
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken input
        raise ImageError(f"“{name}” is no readable JPEG, PNG, WebP, GIF or BMP image.") from error
