"""Read rows with their line numbers from a .json list, .jsonl, either of them gzipped, or one inside a folder or zip.

The kind is seen in the bytes, not in the name. A broken line is a broken row; a file that is no JSON at all is a
UserError. Knows nothing of what the rows mean.
"""

import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader, TextIOWrapper
from pathlib import Path
from typing import IO, Any, cast

from core.errors import UserError
from core.importers.images import ImageFolder, ImageSource, ImageZip

MAX_TEXT = 4 * 1024**3
MAX_LINE = 32 * 1024**2
MAX_MEMBERS = 2_000_000
MAX_RATIO = 500
_CHUNK = 2**20
_ENDINGS = (".json", ".jsonl", ".json.gz", ".jsonl.gz")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row and the 1-based line it begins on; ``error`` says what is wrong with a line that is no JSON."""

    line: int
    value: Any = None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class RowFile:
    """A file of rows: its ``name`` for reports, its ``format``, and the source of the images beside it."""

    name: str
    format: str
    rows: Iterator[Row]
    images: ImageSource


@contextmanager
def open_rows(path: Path, prefer: str = "") -> Iterator[RowFile]:
    """Open the rows at ``path``: a file, or a folder or zip that holds one (``prefer`` picks one of several by name).

    Raises UserError, naming the file, when nothing in it can be read.
    """
    if path.is_dir():
        path = path / _choose([each.name for each in path.iterdir() if each.is_file()], prefer, path)
    elif not path.is_file():
        raise UserError(f"There is no file or folder {path}: check the path and try again.")
    archive = open_zip(path)
    if archive is None:
        with path.open("rb") as file, _text(file, path.name) as (text, kind):
            yield _row_file(text, path.name, kind, ImageFolder(path.parent))
        return
    name = _choose(archive.namelist(), prefer, path)
    base = name[: name.rfind("/") + 1]
    try:
        member = archive.open(name)
    except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise UserError(f"{path.name}: “{name}” in it cannot be read ({error}): pack the zip again.") from error
    with member, _text(member, f"{path.name}/{name}") as (text, kind):
        yield _row_file(text, f"{path.name}/{name}", f"{kind} in a zip", ImageZip(archive, base))


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
        raise UserError(f"{path.name} is a broken zip archive ({error}): pack it again.") from error
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        archive.close()
        raise UserError(f"{path.name} holds more than {MAX_MEMBERS:,} files: split it into several.")
    for member in members:
        if member.file_size > 2**20 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
            archive.close()
            raise UserError(
                f"{path.name}: “{member.filename}” unpacks to more than {MAX_RATIO} times its size, which no image or "
                "annotation does: check where the zip came from."
            )
    return archive


def _choose(names: list[str], prefer: str, path: Path) -> str:
    """The one annotation among the names; among several the one named after ``prefer``, else the only shallowest."""
    found = [name for name in names if name.lower().endswith(_ENDINGS) and not _hidden(name)]
    if not found:
        raise UserError(f"{path.name} holds no .json or .jsonl file: it needs one that lists the samples.")
    preferred = [name for name in found if prefer and name.rsplit("/", 1)[-1].lower().startswith(prefer)]
    depth = min(name.count("/") for name in found)
    for choice in (preferred, [name for name in found if name.count("/") == depth]):
        if len(choice) == 1:
            return choice[0]
    listed = ", ".join(sorted(found)[:5])
    raise UserError(f"{path.name} holds several annotations ({listed}): import one of them by its own path.")


def _hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in name.split("/"))


@contextmanager
def _text(file: IO[bytes], name: str) -> Iterator[tuple[TextIOWrapper, str]]:
    """The file as text, unpacked when it is gzipped, and the kind that its first character shows."""
    zipped = ""
    with ExitStack() as opened:
        with _readable(name):
            buffered = opened.enter_context(BufferedReader(cast(Any, file)))
            if buffered.peek(2)[:2] == b"\x1f\x8b":
                unpacked = opened.enter_context(gzip.GzipFile(fileobj=buffered))
                buffered, zipped = opened.enter_context(BufferedReader(cast(Any, unpacked))), ".gz"
            start = buffered.peek(4096)[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if start not in (b"[", b"{", b""):
            raise UserError(f"{name} is neither JSON nor JSON Lines: it must begin with “[” or “{{”.")
        text = opened.enter_context(TextIOWrapper(buffered, encoding="utf-8-sig", newline="\n"))
        yield text, ("JSON" if start == b"[" else "JSONL") + zipped


def _row_file(text: TextIOWrapper, name: str, kind: str, images: ImageSource) -> RowFile:
    rows = _from_lines(text, name) if kind.startswith("JSONL") else _from_list(text, name)
    return RowFile(name=name, format=kind, rows=rows, images=images)


def _from_lines(text: TextIOWrapper, name: str) -> Iterator[Row]:
    read = 0
    line = 0
    with _readable(name):
        while raw := text.readline(MAX_LINE + 1):
            line += 1
            read += len(raw)
            if len(raw) > MAX_LINE or read > MAX_TEXT:
                raise UserError(f"{name} is too large at line {line}: split it into several files.")
            if not raw.strip():
                continue
            row = _parsed(raw, line)
            if row.error and line == 1 and raw.strip() in ("{", "{}"):
                raise UserError(f"{name} is one JSON object: it must be a list of rows, or one row on each line.")
            yield row


def _parsed(raw: str, line: int) -> Row:
    try:
        return Row(line=line, value=json.loads(raw))
    except (ValueError, RecursionError) as error:
        return Row(line=line, error=f"This line is no valid JSON ({error}).")


def _from_list(text: TextIOWrapper, name: str) -> Iterator[Row]:
    """One row after the other, so that each has its line and 1.5 million are not held as objects at once."""
    whole = _whole(text, name)
    decode = json.JSONDecoder().raw_decode
    at, line, counted = whole.index("[") + 1, 1, 0
    while True:
        at = _skip_space(whole, at)
        if whole[at : at + 1] == "]":
            return
        line, counted = line + whole.count("\n", counted, at), at
        try:
            value, at = decode(whole, at)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
            raise UserError(f"{name} is no valid JSON at line {line} ({reason}): mend the file first.") from error
        yield Row(line=line, value=value)
        at = _skip_space(whole, at)
        if whole[at : at + 1] not in (",", "]"):
            raise UserError(f"{name} is no valid JSON behind line {line}: a comma or “]” is missing.")
        at += whole[at] == ","


def _whole(text: TextIOWrapper, name: str) -> str:
    chunks: list[str] = []
    size = 0
    with _readable(name):
        while chunk := text.read(_CHUNK):  # one read of the limit would reserve the limit
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_TEXT:
                raise UserError(f"{name} is larger than {MAX_TEXT // 1024**3} GB: split it into several files.")
    return "".join(chunks)


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Turns what a damaged or differently encoded file raises into one sentence that names it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise UserError(f"{name} is not UTF-8 text: save it as UTF-8 and import it again.") from error
    except (EOFError, gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, RuntimeError, OSError) as error:
        raise UserError(f"{name} is damaged ({error}): copy or download it again.") from error
