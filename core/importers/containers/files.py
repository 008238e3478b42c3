"""Open what a user points at: a file, gzipped or not, or the one annotation file inside a folder or zip.

The kind is detected from the content, not from the name.
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
from core.importers.containers.wrong_kinds import SNIFFED_BYTES, refuse_wrong_kind
from core.importers.containers.zip_checks import BOMB_MESSAGE, MAX_RATIO, SMALL, check_zip, is_workbook
from core.importers.images.sources import ImageError, ImageFolder, ImageSource, ImageZip, read_member
from core.importers.images.zip_names import is_hidden
from core.importers.unavailable import is_unavailable, unavailable_error
from core.own_files import refuse_database, refuse_own

MAX_TEXT = 4 * 1024**3
MAX_BESIDE = 64 * 1024**2
_BLOCK = 2**20
# Damaged zips also raise ValueError (a negative offset) and struct.error (a truncated header).
_DAMAGE = (
    EOFError, OSError, RuntimeError, ValueError, struct.error, zlib.error, lzma.LZMAError, zipfile.BadZipFile
)  # fmt: skip
_ENDINGS = tuple(
    f".{kind}{packed}" for kind in ("json", "jsonl", "csv", "tsv", "parquet", "xlsx") for packed in ("", ".gz")
)
_IGNORED_FILES = (
    "pid_splits.json",
    "dataset_info.json",
    "manifest.json",
    "state.json",
    "dataset_dict.json",
    "trl.json",
)
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".7z", ".rar")


@dataclass(frozen=True, kw_only=True)
class Content:
    """One file of rows; ``open`` returns its unpacked bytes from the start, any number of times.

    ``name`` is for reports, ``path`` its location on disk (the zip's path inside a zip). ``packed`` is ".gz", " in a
    zip", both or "". ``beside`` reads a small file in the same folder or zip (None when there is none).
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
    """The file of rows at ``path``; among several in a folder or zip, the one named after ``prefer``.

    Raises UserError, naming the file, when it is of another kind, and UnavailableError when it does not exist.
    """
    if path.is_dir():
        path = path / _choose_annotation([each.name for each in path.iterdir() if each.is_file()], prefer, path)
    elif not path.is_file():
        raise UnavailableError(f"There is no file or folder {path}: check the path and try again.")
    archive = open_zip(path)
    if archive is None or is_workbook(archive):
        folder = path.parent
        yield _content(
            path.name, path, lambda: path.open("rb"), ImageFolder(folder), lambda name: _read_beside(folder / name)
        )
        return
    # Not closed here: images may be read after the rows. It closes with its last reference.
    name = _choose_annotation(list(archive.NameToInfo), prefer, path)
    base = name[: max(name.rfind("/"), name.rfind("\\")) + 1]

    def beside(other: str) -> bytes | None:
        try:
            return read_member(archive, base + other, MAX_BESIDE) if base + other in archive.NameToInfo else None
        except ImageError as error:
            raise UserError(f"{path.name}: {error} Pack the zip again.") from error

    yield _content(f"{path.name}/{name}", path, lambda: archive.open(name), ImageZip(archive, base), beside)


@contextmanager
def translate_read_errors(name: str) -> Iterator[None]:
    """Turn the errors of a damaged or differently encoded file into a UserError that names it.

    UnavailableError when it cannot be read now.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserError(
            f"{name} is in an unknown encoding (neither UTF-8 nor {error.encoding} fits): save it as UTF-8, or name "
            "its encoding (--encoding)."
        ) from error
    except _DAMAGE as error:
        if is_unavailable(error):
            raise unavailable_error(error, name) from error
        raise UserError(f"{name} is damaged ({error}): copy or download it again.") from error


@contextmanager
def seekable(content: Content) -> Iterator[IO[bytes]]:
    """The content as a seekable file; a packed one is unpacked into a temporary file."""
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
    with translate_read_errors(name):
        return file.read(_BLOCK)


def open_zip(path: Path) -> zipfile.ZipFile | None:
    """The zip at ``path``, checked for zip bombs; None when it is not a zip (UserError if it is named .zip)."""
    refuse_own(path)
    with path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    if not is_zip:
        if path.suffix.lower() == ".zip":
            raise UserError(f"{path.name} is no zip archive: pack it again, or unpack it and import the folder.")
        return None
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        if is_unavailable(error):
            raise unavailable_error(error, path.name) from error
        raise UserError(f"{path.name} is a broken zip archive ({error}): pack it again.") from error
    try:
        check_zip(archive, path.name)
    except UserError:
        archive.close()
        raise
    return archive


def _content(
    name: str,
    path: Path,
    raw: Callable[[], IO[bytes]],
    images: ImageSource,
    beside: Callable[[str], bytes | None],
) -> Content:
    packed_size = path.stat().st_size
    with translate_read_errors(name), raw() as file:
        gzipped = file.read(2) == b"\x1f\x8b"

    def opened() -> IO[bytes]:
        file = raw()
        return cast(IO[bytes], _GunzippedFile(file, name, packed_size)) if gzipped else file

    with translate_read_errors(name), opened() as file:
        start = file.read(SNIFFED_BYTES)
    refuse_wrong_kind(start, name)
    packed = (".gz" if gzipped else "") + (" in a zip" if isinstance(images, ImageZip) else "")
    return Content(name=name, path=path, packed=packed, start=start, open=opened, images=images, beside=beside)


class _GunzippedFile(BufferedReader):
    """A gzipped file, unpacked; unlike GzipFile, closing it also closes the underlying file."""

    def __init__(self, file: IO[bytes], name: str, packed_size: int) -> None:
        self._file, self._name, self._most = file, name, max(MAX_RATIO * packed_size, SMALL)
        super().__init__(cast(Any, gzip.GzipFile(fileobj=file)))

    def read(self, size: int | None = -1) -> bytes:
        self._check()
        return super().read(size)

    def read1(self, size: int = -1) -> bytes:
        self._check()
        return super().read1(size)

    def _check(self) -> None:
        if self.tell() > self._most:
            raise UserError(f"{self._name} {BOMB_MESSAGE}")

    def close(self) -> None:
        super().close()
        self._file.close()


def _read_beside(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    refuse_database(path)
    if path.stat().st_size > MAX_BESIDE:
        raise UserError(f"{path.name} is larger than {MAX_BESIDE // 1024**2} MB, which no such file is: check it.")
    return path.read_bytes()


def _choose_annotation(names: list[str], prefer: str, path: Path) -> str:
    """The one annotation among the names; of several, the one named after ``prefer``, else the only least nested
    one."""
    found = [name for name in names if name.lower().endswith(_ENDINGS) and not is_hidden(name)]
    found = [name for name in found if _file_name(name) not in _IGNORED_FILES]
    if not found and (packed := [name for name in names if name.lower().endswith(_ARCHIVES) and not is_hidden(name)]):
        raise UserError(
            f"{path.name} holds no file that lists samples, but another archive ({packed[0]}): unpack it first."
        )
    if not found:
        raise UserError(
            f"{path.name} holds no .json, .jsonl, .csv, .tsv, .xlsx or .parquet file: it needs one that lists the "
            "samples."
        )
    preferred = [name for name in found if prefer and _file_name(name).startswith(prefer)]
    problems = [name for name in found if _file_name(name) == "problems.json" and prefer != "predictions"]
    depth = min(name.count("/") for name in found)
    for choice in (preferred, problems, [name for name in found if name.count("/") == depth]):
        if len(choice) == 1:
            return choice[0]
    listed = ", ".join(sorted(found)[:5])
    raise UserError(f"{path.name} holds several annotations ({listed}): import one of them by its own path.")


def _file_name(name: str) -> str:
    return name.replace("\\", "/").rsplit("/", 1)[-1].lower()
