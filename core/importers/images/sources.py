"""Where images lie and how one is read and checked: in a folder, in a zip, or inside the rows themselves.

Names that lead out of the folder are refused. Images out of rows are kept in a temporary file until the import is over.
Knows nothing of rows or samples.
"""

import os
import posixpath
import tempfile
import weakref
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Protocol

from PIL import Image

from core.images import FORMATS, ignore_warnings
from core.importers.unavailable import is_away

MAX_PIXELS = 50_000_000
MAX_BYTES = 64 * 1024 * 1024
# As many images and folders are remembered, so that a set of millions needs no more memory than one of thousands.
KEPT = 16_384
SPOOL_BYTES = 256 * 1024 * 1024
_ENDINGS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".gif": "gif", ".bmp": "bmp"}


class ImageError(Exception):
    """An image that cannot be used; ``str`` is the reason as a sentence."""


class ImageSource(Protocol):
    """A folder or a zip that images are read from by name."""

    def find(self, name: str) -> str | None:
        """The name it is stored under, None when there is no such image."""

    def place(self, found: str) -> str:
        """The absolute path of its file, "" when it has none of its own."""

    def read(self, found: str) -> bytes:
        """Its bytes. Raises ImageError when it cannot be read or is larger than ``MAX_BYTES``."""


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """An image that a sample names; ``hash`` is the SHA-256 of its bytes, which ``read`` fetches when they are needed.

    With ``path`` set the image stays where it is and only its being there was checked: ``hash`` is then "file:" and
    the SHA-256 of this absolute path, width and height are 0.
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
    """Images below a folder. Links that lead out of it count as outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._start = os.path.abspath(folder)
        self._root = os.path.realpath(folder)
        self._inside: dict[str, bool] = {}

    def find(self, name: str) -> str | None:
        for place in (name, f"images/{name}"):
            path = os.path.join(self._start, place)
            if os.path.isfile(path):
                if not self._is_inside(path):
                    raise ImageError(f"“{name}” is a link that leads out of the folder {self.folder}.")
                return path
        return None

    def place(self, found: str) -> str:
        return found

    def read(self, found: str) -> bytes:
        if os.path.getsize(found) > MAX_BYTES:
            raise ImageError(f"“{Path(found).name}” is larger than {MAX_BYTES // 1024**2} MB.")
        return Path(found).read_bytes()

    def _is_inside(self, path: str) -> bool:
        """A million images lie in few folders, so where a folder really is is looked up once."""
        if os.path.islink(path):
            return self._is_below(os.path.realpath(path))
        folder = os.path.dirname(path)
        if folder not in self._inside:
            if len(self._inside) >= KEPT:
                self._inside.clear()
            self._inside[folder] = self._is_below(os.path.realpath(folder))
        return self._inside[folder]

    def _is_below(self, real: str) -> bool:
        return real == self._root or real.startswith(os.path.join(self._root, ""))


@dataclass(frozen=True)
class ImageZip:
    """Images in a zip that stays open while they are wanted; ``base`` is the annotation's own folder inside it."""

    archive: zipfile.ZipFile
    base: str = ""

    def find(self, name: str) -> str | None:
        for place in (f"{self.base}{name}", f"{self.base}images/{name}", name, f"images/{name}"):
            try:
                return self.archive.getinfo(place).filename
            except KeyError:
                continue
        return None

    def place(self, found: str) -> str:
        return ""

    def read(self, found: str) -> bytes:
        return read_member(self.archive, found, MAX_BYTES)


class ImageSpool:
    """Images that came inside rows, unpacked into a temporary file that goes when no image of it is wanted any more.

    ``size`` counts its bytes; one that is ``SPOOL_BYTES`` large is full, so that the images of millions of rows do not
    fill the disk while only the newest of them are wanted.
    """

    def __init__(self) -> None:
        self.size = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115, closed by the next line
        weakref.finalize(self, self._file.close)

    def add(self, content: bytes) -> str:
        """Keep an image; the name that ``read`` takes."""
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

    Raises ImageError when it is larger, broken or encrypted, OSError when the zip cannot be read just now.
    """
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        if is_away(error):
            raise
        raise ImageError(f"“{name}” cannot be read from the zip: {error}.") from error
    except Exception as error:  # zlib.error and lzma.LZMAError share no base class
        raise ImageError(f"“{name}” is broken in the zip: {error}.") from error
    if len(content) > limit:
        raise ImageError(f"“{name}” is larger than {limit // 1024**2} MB.")
    return content


def inside(name: str) -> str:
    """The name as a relative path with forward slashes. Raises ImageError when it leads elsewhere."""
    path = name.replace("\\", "/")
    if path.startswith("/") or ".." in path.split("/") or name[1:2] == ":" or "\0" in name:
        raise ImageError(f"“{name}” leads out of the folder: image names are relative to it.")
    return posixpath.normpath(path)


def guessed_mime(name: str) -> str:
    """The MIME type that a name's ending stands for. Raises ImageError for an ending that is no image's."""
    kind = _ENDINGS.get(posixpath.splitext(name)[1].lower())
    if kind is None:
        raise ImageError(f"“{name}” is no JPEG, PNG, WebP, GIF or BMP image by its ending.")
    return f"image/{kind}"


def decoded(name: str, content: bytes, *, whole: bool) -> tuple[str, int, int]:
    """MIME type, width and height. With ``whole`` it is decoded once, so that no job stumbles over a cut-off one later.

    Raises ImageError.
    """
    try:
        with ignore_warnings(), Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(f"“{name}” has {width} × {height} pixels; the limit is {MAX_PIXELS // 10**6} million.")
            if whole:
                image.draft("RGB", (1, 1))  # a JPEG is then decoded at an eighth of its size
                image.load()
            # A camera's JPEG with a second picture behind the first ("MPO") is shown as a JPEG.
            return "image/jpeg" if image.format == "MPO" else Image.MIME[str(image.format)], width, height
    except Image.DecompressionBombError as error:
        raise ImageError(f"“{name}” has more than {MAX_PIXELS // 10**6} million pixels.") from error
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken input
        raise ImageError(f"“{name}” is no readable JPEG, PNG, WebP, GIF or BMP image.") from error
