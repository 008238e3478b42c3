"""Open what a person points at: a file, gzipped or not, or the one annotation inside a folder or zip.

The kind is seen in the bytes, not in the name. Knows nothing of rows: the caller reads the bytes.
"""

import gzip
import lzma
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, cast

from core.errors import UnavailableError, UserError
from core.importers.containers.wrong_kinds import LOOKED_AT, refuse_wrong_kind
from core.importers.images.sources import ImageError, ImageFolder, ImageSource, ImageZip, read_member
from core.importers.unavailable import away_told, is_away

MAX_TEXT = 4 * 1024**3
MAX_MEMBERS = 2_000_000
MAX_RATIO = 500
_SMALL = 2**20
_BOMB = f"unpacks to more than {MAX_RATIO} times its size, which no image or annotation does: check where it came from."
MAX_BESIDE = 64 * 1024**2
_BLOCK = 2**20
# Of a zip's odd corners: a negative offset is a ValueError, a cut header a struct.error.
_DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile
)  # fmt: skip
_ENDINGS = tuple(f".{kind}{packed}" for kind in ("json", "jsonl", "csv", "tsv", "parquet") for packed in ("", ".gz"))
_NOT_ROWS = ("pid_splits.json", "dataset_info.json", "manifest.json", "state.json", "dataset_dict.json")
_OFFICE = (("xl/", "an Excel workbook", "save its sheet as CSV"), ("word/", "a Word document", "save its table as CSV"))


@dataclass(frozen=True, kw_only=True)
class Content:
    """One file of rows: ``open`` gives its unpacked bytes from the start, as often as it is called.

    ``name`` is for reports, ``path`` where it lies on disk (the zip's own path inside a zip); ``packed`` is ".gz",
    " in a zip", both or "". ``beside`` reads a small file of the same folder or zip (None when there is none).
    """

    name: str
    path: Path
    packed: str
    start: bytes
    open: Callable[[], IO[bytes]]
    images: ImageSource
    beside: Callable[[str], bytes | None]


@contextmanager
def open_content(path: Path, prefer: str = "") -> Iterator[Content]:
    """The file of rows at ``path``; of several in a folder or zip the one named after ``prefer``.

    Raises UserError, naming the file, when it is of another kind, and UnavailableError when there is none.
    """
    if path.is_dir():
        path = path / _choose([each.name for each in path.iterdir() if each.is_file()], prefer, path)
    elif not path.is_file():
        raise UnavailableError(f"There is no file or folder {path}: check the path and try again.")
    archive = open_zip(path)
    if archive is None:
        folder = path.parent
        yield _content(
            path.name, path, lambda: path.open("rb"), ImageFolder(folder), lambda name: _in_folder(folder / name)
        )
        return
    # The archive is closed when nothing refers to it any more: images may be read after the rows.
    name = _choose(archive.namelist(), prefer, path)
    base = name[: name.rfind("/") + 1]

    def beside(other: str) -> bytes | None:
        try:
            return read_member(archive, base + other, MAX_BESIDE) if base + other in archive.NameToInfo else None
        except ImageError as error:
            raise UserError(f"{path.name}: {error} Pack the zip again.") from error

    yield _content(f"{path.name}/{name}", path, lambda: archive.open(name), ImageZip(archive, base), beside)


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Turns what a damaged, differently encoded or unreadable file raises into one sentence that names it.

    UnavailableError for the last.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name} is in an unknown encoding (neither UTF-8 nor {error.encoding} fits): save it as UTF-8."
        ) from error
    except _DAMAGE as error:
        if is_away(error):
            raise away_told(error, name) from error
        raise UserError(f"{name} is damaged ({error}): copy or download it again.") from error


@contextmanager
def seekable(content: Content) -> Iterator[IO[bytes]]:
    """The content as a file that can be read at any place; a packed one is unpacked into a temporary file."""
    with content.open() as file:
        if not content.packed:
            yield file
            return
        with tempfile.TemporaryFile() as unpacked:
            while block := _block(file, content.name):
                unpacked.write(block)
                if unpacked.tell() > MAX_TEXT:
                    raise UserError(
                        f"{content.name} unpacks to more than {MAX_TEXT // 1024**3} GB: split it into several files."
                    )
            unpacked.seek(0)
            yield unpacked


def _block(file: IO[bytes], name: str) -> bytes:
    with readable(name):
        return file.read(_BLOCK)


def open_zip(path: Path) -> zipfile.ZipFile | None:
    """The zip at ``path``, checked against bombs; None when it is another kind of file (UserError if named .zip)."""
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    if not is_zip:
        if path.suffix.lower() == ".zip":
            raise UserError(f"{path.name} is no zip archive: pack it again, or unpack it and import the folder.")
        return None
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        if is_away(error):
            raise away_told(error, path.name) from error
        raise UserError(f"{path.name} is a broken zip archive ({error}): pack it again.") from error
    try:
        _check_zip(archive, path.name)
    except UserError:
        archive.close()
        raise
    return archive


def _check_zip(archive: zipfile.ZipFile, name: str) -> None:
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise UserError(f"{name} holds more than {MAX_MEMBERS:,} files: split it into several.")
    for member in members:
        if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
            raise UserError(f"{name}: “{member.filename}” {_BOMB}")
    if "[Content_Types].xml" in archive.NameToInfo:
        for folder, what, advice in _OFFICE:
            if any(member.filename.startswith(folder) for member in members):
                raise UserError(f"{name} is {what}: {advice}.")


def _content(
    name: str,
    path: Path,
    raw: Callable[[], IO[bytes]],
    images: ImageSource,
    beside: Callable[[str], bytes | None],
) -> Content:
    packed_size = path.stat().st_size
    with readable(name), raw() as file:
        gzipped = file.read(2) == b"\x1f\x8b"

    def opened() -> IO[bytes]:
        file = raw()
        return cast(IO[bytes], _Unpacked(file, name, packed_size)) if gzipped else file

    with readable(name), opened() as file:
        start = file.read(LOOKED_AT)
    refuse_wrong_kind(start, name)
    packed = (".gz" if gzipped else "") + (" in a zip" if isinstance(images, ImageZip) else "")
    return Content(name=name, path=path, packed=packed, start=start, open=opened, images=images, beside=beside)


class _Unpacked(BufferedReader):
    """A gzipped file unpacked; closing it closes the file underneath, which GzipFile does not."""

    def __init__(self, file: IO[bytes], name: str, packed_size: int) -> None:
        self._file, self._name, self._most = file, name, max(MAX_RATIO * packed_size, _SMALL)
        super().__init__(cast(Any, gzip.GzipFile(fileobj=file)))

    def read(self, size: int | None = -1) -> bytes:
        self._check()
        return super().read(size)

    def read1(self, size: int = -1) -> bytes:
        self._check()
        return super().read1(size)

    def _check(self) -> None:
        if self.tell() > self._most:
            raise UserError(f"{self._name} {_BOMB}")

    def close(self) -> None:
        super().close()
        self._file.close()


def _in_folder(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    if path.stat().st_size > MAX_BESIDE:
        raise UserError(f"{path.name} is larger than {MAX_BESIDE // 1024**2} MB, which no such file is: check it.")
    return path.read_bytes()


def _choose(names: list[str], prefer: str, path: Path) -> str:
    """The one annotation among the names; among several the one named after ``prefer``, else the only shallowest."""
    found = [name for name in names if name.lower().endswith(_ENDINGS) and not _hidden(name)]
    found = [name for name in found if _last(name) not in _NOT_ROWS]
    if not found:
        raise UserError(
            f"{path.name} holds no .json, .jsonl, .csv, .tsv or .parquet file: it needs one that lists the samples."
        )
    preferred = [name for name in found if prefer and _last(name).startswith(prefer)]
    problems = [name for name in found if _last(name) == "problems.json" and prefer != "predictions"]
    depth = min(name.count("/") for name in found)
    for choice in (preferred, problems, [name for name in found if name.count("/") == depth]):
        if len(choice) == 1:
            return choice[0]
    listed = ", ".join(sorted(found)[:5])
    raise UserError(f"{path.name} holds several annotations ({listed}): import one of them by its own path.")


def _last(name: str) -> str:
    return name.rsplit("/", 1)[-1].lower()


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
