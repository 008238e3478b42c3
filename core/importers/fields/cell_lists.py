"""Read the text of a list in a cell, as JSON, Python or numpy write it.

numpy prints an array without commas, over several lines (['a' 'b'], [1 2], [{'answer': 'a'} {'answer': 'b'}]), and
inside an object as "array([…], dtype=object)". Python would join such texts into one; here they stay apart. A list with
commas between some of its texts only, and one that was shortened to "...", cannot be read.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from core.importers.cells import is_empty
from core.importers.json_depth import MAX_DEPTH, nests_too_deeply
from core.importers.results import RowError

# Longer ones are read as JSON only.
_MAX_CHARS = 100_000
_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")|(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"|(?P<array>array\()|(?P<dtype>dtype=[\w'<>|.\[\]]+)|(?P<name>None|True|False|nan|null|true|false)\b"
    r"|(?P<gap>\.\.\.)|(?P<sign>[\[\](){},:]))",
    re.DOTALL,
)
_NAMES = {"None": None, "null": None, "nan": None, "True": True, "true": True, "False": False, "false": False}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": "", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_NO_COMMAS = "This is a list without commas between some of its texts: write it as JSON."
_SHORTENED = "This list was shortened to “...” when it was printed: write it whole, as JSON."


class _Token(NamedTuple):
    kind: str
    text: str


class _NoListError(Exception):
    """The text is no list; it is one text."""


def list_in_text(text: str, field: str = "row") -> Any:
    """The list or object that a text writes down, else the text itself.

    Raises RowError, naming the field, where some items cannot be told apart or are missing.
    """
    stripped = text.strip()
    if stripped[:1] + stripped[-1:] not in ("[]", "{}") and not (stripped.startswith("array(") and stripped[-1] == ")"):
        return text
    try:
        found = json.loads(stripped)
        return text if nests_too_deeply(found) else found
    except (ValueError, RecursionError):
        pass
    if len(stripped) > _MAX_CHARS:
        return text
    try:
        return _Reader(stripped, field).whole()
    except _NoListError:
        return text


class _Reader:
    """Reads one value from a text; ``whole`` is the entry point."""

    def __init__(self, text: str, field: str) -> None:
        self._field = field
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def whole(self) -> Any:
        found = self._value()
        if self._peek().kind != "end":
            raise _NoListError
        return found

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _value(self) -> Any:
        token = self._next()
        match token.kind:
            case "text":
                return _unescaped(token.text)
            case "number":
                return _number(token.text)
            case "name":
                return _NAMES[token.text]
        self._depth += 1
        if token.text not in ("[", "(", "{", "array(") or self._depth > MAX_DEPTH:
            raise _NoListError
        match token.text:
            case "{":
                found: Any = self._pairs()
            case "array(":
                found = self._array()
            case _:
                found = self._items("]" if token.text == "[" else ")")
        self._depth -= 1
        return found

    def _array(self) -> Any:
        found = self._value()
        while self._peek().kind == "dtype" or self._peek().text == ",":
            self._next()
        if self._next().text != ")":
            raise _NoListError
        return found

    def _items(self, closing: str) -> list[Any]:
        items: list[Any] = []
        commas = gaps = 0
        while self._peek().text != closing:
            if self._peek().kind == "gap":
                raise RowError(self._field, _SHORTENED)
            items.append(self._value())
            if self._peek().text == ",":
                self._next()
                commas += 1
            elif self._peek().text != closing:
                gaps += 1
        self._next()
        if commas and gaps:
            raise RowError(self._field, _NO_COMMAS) if is_list_of_texts(items) else _NoListError
        return items

    def _pairs(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._peek().text != "}":
            name = self._value()
            if self._next().text != ":" or not isinstance(name, str | int | float):
                raise _NoListError
            found[str(name)] = self._value()
            if self._peek().text == ",":
                self._next()
            elif self._peek().text != "}":
                raise _NoListError
        self._next()
        return found


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at:].strip():
                raise _NoListError
            break
        assert match.lastgroup is not None, "every alternative has a name"
        yield _Token(match.lastgroup, match[match.lastgroup])
        at = match.end()
    yield _Token("end", "")


def _unescaped(quoted: str) -> str:
    def plain(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xuU" and len(code) > 1:
            number = int(code[1:], 16)
            return chr(number) if number <= 0x10FFFF else match[0]
        return _ESCAPES.get(code, code if code in "\\'\"" else match[0])

    return _ESCAPE.sub(plain, quoted[1:-1])


def _number(text: str) -> int | float:
    if len(text) > 300:
        raise _NoListError
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)


def is_list_of_texts(value: Any) -> bool:
    """Whether a value is a list of at least one text, and of nothing else but empty cells."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) or is_empty(each) for each in value)
