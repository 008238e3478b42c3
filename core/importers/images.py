"""Find, check and hash the images that rows name, in a folder or in a zip; nothing is ever written to disk.

An image is opened once here (hash, size and a decode of it) and once more when it is saved. Names that lead out of the
folder are refused. Knows nothing of rows or samples.
"""

import hashlib
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Protocol

from PIL import Image

MAX_PIXELS = 50_000_000
MAX_BYTES = 64 * 1024 * 1024
# What a browser shows as well; a short list also keeps Pillow from starting other programs (EPS).
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")


class ImageError(Exception):
    """An image that cannot be used; ``str`` is the reason as a sentence."""


class ImageSource(Protocol):
    """A folder or a zip that images are read from by name."""

    def find(self, name: str) -> str | None:
        """The name it is stored under, None when there is no such image."""

    def read(self, found: str) -> bytes:
        """Its bytes. Raises ImageError when it cannot be read or is larger than ``MAX_BYTES``."""


@dataclass(frozen=True, kw_only=True)
class ImageRef:
    """An image that was checked; ``hash`` is the SHA-256 of its bytes, which ``read`` fetches when they are needed."""

    hash: str
    mime: str
    width: int
    height: int
    source: ImageSource
    found: str
    path: str = ""

    def read(self) -> bytes:
        return self.source.read(self.found)


@dataclass(frozen=True)
class ImageFolder:
    """Images below a folder. Links that lead out of it count as outside."""

    folder: Path

    def find(self, name: str) -> str | None:
        for place in (name, f"images/{name}"):
            path = self.folder / place
            if path.is_file():
                if not path.resolve().is_relative_to(self.folder.resolve()):
                    raise ImageError(f"“{name}” is a link that leads out of the folder {self.folder}.")
                return str(path)
        return None

    def read(self, found: str) -> bytes:
        path = Path(found)
        if path.stat().st_size > MAX_BYTES:
            raise ImageError(f"“{path.name}” is larger than {MAX_BYTES // 1024**2} MB.")
        return path.read_bytes()


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

    def read(self, found: str) -> bytes:
        return read_member(self.archive, found, MAX_BYTES)


class Images:
    """The checked images of one import: each name is opened once, however many rows use it."""

    def __init__(self, source: ImageSource) -> None:
        self._source = source
        self._by_name: dict[str, ImageRef | ImageError] = {}
        self.by_hash: dict[str, ImageRef] = {}

    def hash_of(self, name: str) -> str:
        """The content hash of the image that a row names. Raises ImageError."""
        if name not in self._by_name:
            try:
                self._by_name[name] = self._check(name)
            except ImageError as refused:
                self._by_name[name] = refused
        checked = self._by_name[name]
        if isinstance(checked, ImageError):
            raise checked
        self.by_hash.setdefault(checked.hash, checked)
        return checked.hash

    def _check(self, name: str) -> ImageRef:
        try:
            found = self._source.find(_inside(name))
            if found is None:
                raise ImageError(f"The image “{name}” is not there.")
            content = self._source.read(found)
        except OSError as error:
            raise ImageError(f"The image “{name}” cannot be read: {error.strerror}.") from error
        mime, width, height = _decoded(name, content)
        return ImageRef(
            hash=hashlib.sha256(content).hexdigest(),
            mime=mime,
            width=width,
            height=height,
            source=self._source,
            found=found,
        )


def read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """A zip member's bytes, at most ``limit``. Raises ImageError when it is larger, broken or encrypted."""
    try:
        with archive.open(name) as member:
            content = member.read(limit + 1)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise ImageError(f"“{name}” cannot be read from the zip: {error}.") from error
    except Exception as error:  # zlib.error and lzma.LZMAError share no base class
        raise ImageError(f"“{name}” is broken in the zip: {error}.") from error
    if len(content) > limit:
        raise ImageError(f"“{name}” is larger than {limit // 1024**2} MB.")
    return content


def _inside(name: str) -> str:
    """The name as a relative path with forward slashes. Raises ImageError when it leads elsewhere."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or name[1:2] == ":" or "\0" in name:
        raise ImageError(f"“{name}” leads out of the folder: image names are relative to it.")
    return str(path)


def _decoded(name: str, content: bytes) -> tuple[str, int, int]:
    """MIME type, width and height, after decoding it once, so that no job stumbles over a cut-off image later."""
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(f"“{name}” has {width} × {height} pixels; the limit is {MAX_PIXELS // 10**6} million.")
            image.draft("RGB", (1, 1))  # a JPEG is then decoded at an eighth of its size
            image.load()
            return Image.MIME[str(image.format)], width, height
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageError(f"“{name}” has more than {MAX_PIXELS // 10**6} million pixels.") from error
    except ImageError:
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on broken input
        raise ImageError(f"“{name}” is no readable JPEG, PNG, WebP, GIF or BMP image.") from error
