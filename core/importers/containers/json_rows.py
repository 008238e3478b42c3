"""Read rows with their line numbers from JSON: a list, an object of rows by id, or one row on each line.

Streams: rows are read on demand, holding only the current row and one block. A broken line is a broken row; a broken
list or object is a UserError that names the byte and the number of complete rows before it.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from typing import Any

from core.errors import UserError
from core.importers.containers.encoding import MAX_LINE, Encoding, bounded_lines, open_text
from core.importers.containers.files import MAX_TEXT, Content, translate_read_errors
from core.importers.json_depth import DEEP, may_nest, nests_too_deeply

_BLOCK = 2**20
_HEAD = 2**16
# If parsing fails this close to the end of the block, the value may continue in the next one.
_EDGE = 32
_SPACE = re.compile(r"[ \t\r\n]*")
_decode = json.JSONDecoder().raw_decode


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row and the line (from 1) it starts on; ``error`` says what is wrong with a line that is not a row.

    ``key`` is its name in an object of rows; ``file`` and ``split`` are set where several files form one set.
    """

    line: int
    value: Any = None
    error: str = ""
    key: str = ""
    file: str = ""
    split: str = ""


def json_kind(content: Content, encoding: Encoding) -> str:
    """ "JSON" for a list, "JSON object" for an object of objects, "JSONL" for one row a line, "" for anything else."""
    with translate_read_errors(content.name), open_text(content, encoding, "\n") as text:
        head = text.read(_HEAD)
    start = head.lstrip()
    if start[:1] == "[":
        return "JSON"
    if start[:1] != "{":
        return ""
    return "JSON object" if _holds_rows(start) else "JSONL"


def json_rows(content: Content, encoding: Encoding, kind: str) -> Iterator[Row]:
    """The rows of a file of that ``json_kind``."""
    with open_text(content, encoding, "\n") as text:
        if kind == "JSONL":
            yield from _from_lines(text, content.name, encoding)
        else:
            stream = _Stream(text, content.name, encoding)
            yield from _from_list(stream) if kind == "JSON" else _from_object(stream)


def _after_space(text: str, at: int) -> int:
    """Where the white space that begins at ``at`` ends."""
    found = _SPACE.match(text, at)
    assert found is not None, "the pattern matches no characters too"
    return found.end()


def _holds_rows(start: str) -> bool:
    """Whether an object's first value is an object, and so is the second (if any)."""
    try:
        key, at = _decode(start, _after_space(start, 1))
        colon = _after_space(start, at)
        if start[colon] != ":" or not isinstance(key, str):
            return False
        value, at = _decode(start, _after_space(start, colon + 1))
    except (ValueError, IndexError, RecursionError):
        return False
    rest = start[at:].lstrip()
    second = re.match(r',\s*"(?:[^"\\]|\\.)*"\s*:\s*(\S)', rest)
    return isinstance(value, dict) and (second[1] == "{" if second else rest.strip() in ("}", ""))


def _from_lines(text: TextIOWrapper, name: str, encoding: Encoding) -> Iterator[Row]:
    byte = encoding.mark
    for line, raw in enumerate(bounded_lines(text, name), 1):
        if raw.strip():
            text_of_row = raw.removeprefix("\ufeff")  # files that were joined have a mark inside
            row = _parsed(text_of_row, line, byte + _size(raw, encoding) - _size(text_of_row, encoding), encoding)
            if row.error and line == 1 and raw.strip() in ("{", "{}"):
                raise UserError(f"{name} is one JSON object: it must be a list of rows, or one row on each line.")
            yield row
        byte += _size(raw, encoding)


def _parsed(raw: str, line: int, byte: int, encoding: Encoding) -> Row:
    try:
        value = json.loads(raw)
        deep = may_nest(raw, 0, len(raw)) and nests_too_deeply(value)
    except RecursionError:
        deep = True
    except json.JSONDecodeError as error:
        if not raw.endswith("\n") and _is_cut(error, raw):
            end = byte + _size(raw, encoding)
            reason = f"The file is cut off in this row, at byte {end:,}; the rows before it are whole: copy it again."
            return Row(line=line, error=reason)
        at = byte + _size(raw[: error.pos], encoding)
        return Row(line=line, error=f"This line is no valid JSON at byte {at:,} ({error.msg}): mend it.")
    except ValueError as error:
        return Row(line=line, error=f"This line is no valid JSON ({error}).")
    return Row(line=line, error=DEEP) if deep else Row(line=line, value=value)


def _size(text: str, encoding: Encoding) -> int:
    wide = encoding.name.startswith("utf")  # may hold half a character
    single = text.isascii() and not encoding.name.startswith(("utf-16", "utf-32"))
    return len(text) if single else len(text.encode(encoding.name, "surrogatepass" if wide else "replace"))


def _is_cut(error: json.JSONDecodeError, text: str) -> bool:
    """Whether the text fails to parse because it ends too early."""
    return error.msg.startswith("Unterminated string") or len(text[error.pos :].strip()) < len("-Infinity")


class _Stream:
    """A sliding window on a long JSON text; ``line`` and ``whole`` (rows read) are for error messages.

    ``deep`` says whether the last ``value`` is nested too deeply.
    """

    def __init__(self, text: TextIOWrapper, name: str, encoding: Encoding) -> None:
        self._text, self.name, self._encoding = text, name, encoding
        self._buffer, self._at, self._counted = "", 0, 0
        self._byte, self._read, self._ended = encoding.mark, 0, False
        self._line, self.whole, self.deep = 1, 0, False

    @property
    def line(self) -> int:
        self._line += self._buffer.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def next_sign(self) -> str:
        """The next character that is not white space, without consuming it; "" at the end."""
        while True:
            self._at = _after_space(self._buffer, self._at)
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._read_more():
                return ""

    def skip(self) -> None:
        self._at += 1

    def value(self) -> Any:
        """The JSON value that starts here. Raises UserError when it is broken."""
        while True:
            try:
                value, end = _decode(self._buffer, self._at)
            except RecursionError as error:
                raise self.broken(self._at, "too many brackets inside each other") from error
            except ValueError as error:
                if isinstance(error, json.JSONDecodeError) and self._may_continue(error):
                    self._read_more()
                    continue
                cut = isinstance(error, json.JSONDecodeError) and self._ended and _is_cut(error, self._buffer)
                at = error.pos if isinstance(error, json.JSONDecodeError) else self._at
                raise self.cut_off() if cut else self.broken(at, getattr(error, "msg", str(error))) from error
            if self._ended or len(self._buffer) - end > _EDGE or isinstance(value, dict | list | str):
                self.deep = may_nest(self._buffer, self._at, end) and nests_too_deeply(value)
                self._at = end
                return value
            self._read_more()  # a number may continue

    def broken(self, at: int | None, reason: str) -> UserError:
        """The error for invalid text at an offset of the window (None: here)."""
        byte = self._byte + _size(self._buffer[: self._at if at is None else at], self._encoding)
        return UserError(
            f"{self.name} is no valid JSON at byte {byte:,}, in the row that begins on line {self.line} ({reason}): "
            f"mend the file first (whole rows before it: {self.whole:,})."
        )

    def cut_off(self) -> UserError:
        """The error for text that ends too early."""
        byte = self._byte + _size(self._buffer, self._encoding)
        return UserError(
            f"{self.name} is cut off at byte {byte:,}, in or behind the row of line {self.line}: copy or download it "
            f"again (whole rows before it: {self.whole:,})."
        )

    def _may_continue(self, error: json.JSONDecodeError) -> bool:
        near_end = error.pos >= len(self._buffer) - _EDGE or error.msg.startswith("Unterminated string")
        return not self._ended and near_end

    def _read_more(self) -> bool:
        """Read another block; False at the end."""
        if len(self._buffer) - self._at > MAX_LINE:
            raise UserError(f"{self.name} is too large at line {self.line}: split it into several files.")
        with translate_read_errors(self.name):
            block = self._text.read(_BLOCK)
        self._read += len(block)
        if self._read > MAX_TEXT:
            raise UserError(f"{self.name} is larger than {MAX_TEXT // 1024**3} GB: split it into several files.")
        self._line = self.line
        self._byte += _size(self._buffer[: self._at], self._encoding)
        self._buffer, self._at, self._counted = self._buffer[self._at :] + block, 0, 0
        self._ended = not block
        return bool(block)


def _from_list(stream: _Stream) -> Iterator[Row]:
    stream.next_sign()
    stream.skip()
    while stream.next_sign() != "]":
        line = stream.line
        value = stream.value()
        stream.whole += 1
        yield Row(line=line, error=DEEP) if stream.deep else Row(line=line, value=value)
        _comma(stream, "]")
    _end(stream)


def _from_object(stream: _Stream) -> Iterator[Row]:
    stream.next_sign()
    stream.skip()
    while stream.next_sign() != "}":
        line = stream.line
        key = stream.value()
        if stream.next_sign() != ":" or not isinstance(key, str):
            raise stream.broken(None, "a name in quotes and a colon must precede each row")
        stream.skip()
        stream.next_sign()
        value = stream.value()
        stream.whole += 1
        yield Row(line=line, error=DEEP) if stream.deep else Row(line=line, value=value, key=key)
        _comma(stream, "}")
    _end(stream)


def _comma(stream: _Stream, closing: str) -> None:
    sign = stream.next_sign()
    if sign == ",":
        stream.skip()
    elif not sign:
        raise stream.cut_off()
    elif sign != closing:
        raise stream.broken(None, f"a comma or “{closing}” is missing")


def _end(stream: _Stream) -> None:
    stream.skip()
    if stream.next_sign():
        raise stream.broken(None, "there is more behind the end of the rows")
