"""Detect the encoding of a text file, and read its lines with limits on each line and on the total.

UTF-8 with or without a byte order mark, UTF-16, else Windows-1252, which is a guess and therefore noted.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper

from core.errors import UserError
from core.importers.containers.files import MAX_TEXT, Content, translate_read_errors

MAX_LINE = 32 * 1024**2
_CHUNK = 2**20
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """A Python codec ``name``, the length of the byte order mark, and a ``note`` for the report.

    ``cut``: the file ends inside a character, which must not stop the reading.
    """

    name: str
    mark: int = 0
    note: str = ""
    cut: bool = False


def find_encoding(content: Content) -> Encoding:
    """The encoding, found by reading the whole file. Raises UserError when it is not text or too large."""
    for mark, name in _MARKS:
        if content.start.startswith(mark):
            return Encoding(name=name, mark=len(mark), note="" if name == "utf-8" else "The file is UTF-16.")
    if zeros := content.start.count(b"\0"):
        if zeros * 3 < len(content.start):
            raise UserError(f"{content.name} is no text (it holds zero bytes): export it as CSV or JSON Lines.")
        little = content.start[1::2].count(b"\0") > content.start[::2].count(b"\0")
        return Encoding(name="utf-16-le" if little else "utf-16-be", note="The file is UTF-16.")
    wrong, cut = _first_wrong_byte(content)
    if wrong is None:
        return Encoding(name="utf-8", cut=cut)
    note = f"The file is not UTF-8 (byte {wrong:,}) and was read as Windows-1252: look whether accents are right."
    return Encoding(name="cp1252", note=note)


def open_text(content: Content, encoding: Encoding, newline: str) -> TextIOWrapper:
    """The file as text after its byte order mark; ``newline`` as in ``open``."""
    file = content.open()
    file.read(encoding.mark)
    return TextIOWrapper(file, encoding=encoding.name, newline=newline, errors="replace" if encoding.cut else "strict")


def bounded_lines(text: TextIOWrapper, name: str) -> Iterator[str]:
    """The lines including their ends. Raises UserError for a line above ``MAX_LINE``, or a total above ``MAX_TEXT``."""
    read = line = 0
    with translate_read_errors(name):
        while raw := text.readline(MAX_LINE + 1):
            line += 1
            read += len(raw)
            if len(raw) > MAX_LINE or read > MAX_TEXT:
                raise UserError(f"{name} is too large at line {line}: split it into several files.")
            yield raw


def _first_wrong_byte(content: Content) -> tuple[int | None, bool]:
    """The offset of the first byte that is not UTF-8 (None: none), and whether the file ends inside a character."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    read = 0
    with translate_read_errors(content.name), content.open() as file:
        while chunk := file.read(_CHUNK):
            held = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                return read - held + error.start, False
            read += len(chunk)
            if read > MAX_TEXT:
                raise UserError(f"{content.name} is larger than {MAX_TEXT // 1024**3} GB: split it into several files.")
        return None, bool(decoder.getstate()[0])
