"""Read the text of a list in a cell, as JSON, Python, numpy or pandas write it.

numpy prints an array without commas, over several lines (['a' 'b'], [1 2], [{'answer': 'a'} {'answer': 'b'}]), and
inside an object as "array([…], dtype=object)". Python would join such texts into one; here they stay apart. Tuples and
sets of quoted texts are lists ("('a', 'b')"; "(3, 4)" is a text), and so is what stands in a call that prints a value
("np.str_('a')", "frozenset({'a'})", "Index(['a'], dtype='object')"). A list with commas between some of its texts only,
one that was shortened to "...", and a printed pandas Series cannot be read.
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
_CALL = (
    r"(?:(?:np|numpy|pd|pandas|torch|collections|decimal|datetime)\.)?(?:array|list|tuple|set|frozenset|deque|dict"
    r"|OrderedDict|dict_(?:values|keys)|Index|Series|tensor|str_|bytes_|bool_?|u?int\d*|float\d*|Decimal)\("
)
_TOKEN = re.compile(
    r"\s*(?:(?P<text>[bu]?'(?:[^'\\]|\\.)*'|[bu]?\"(?:[^\"\\]|\\.)*\"|‘[^‘’]*’|“[^“”]*”)"
    r"|(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    rf"|(?P<call>{_CALL})|(?P<dtype>dtype=[\w'<>|.\[\]]+)|(?P<named>[a-z_]+=)"
    r"|(?P<name>(?:None|True|False|nan|NaN|NaT|null|true|false)\b|<NA>)|(?P<gap>\.\.\.|…)|(?P<sign>[\[\](){},:]))",
    re.DOTALL,
)
_NAMES = {"True": True, "true": True, "False": False, "false": False}  # every other name is an empty cell
_BRACKETS = {"[": "]", "(": ")", "{": "}"}
_SERIES = re.compile(r"\d+ +\S[^\n]*\n(?:[^\n]+\n)*(?:Name: [^\n]+, )?(?:Length: \d+, )?dtype: \w+")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|\n|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": "", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_NO_COMMAS = "This is a list without commas between some of its texts: write it as JSON."
_START = re.compile(rf"[\[{{]|\(\s*[^\d\s]|{_CALL}")
_PRINTED = "This is a Series as pandas prints it, which shortens texts: write it as a list, in JSON."
_SHORTENED = "This list was shortened to “...” when it was printed: write it whole, as JSON."


class _Token(NamedTuple):
    kind: str
    text: str


class _NoListError(Exception):
    """The text is no list; it is one text."""


class _Bare(list[Any]):
    """A tuple or set without a quoted text: alone in a cell it is a point, an interval or a formula."""


def list_in_text(text: str, field: str = "row") -> Any:
    """The list or object that a text writes down, else the text itself.

    Raises RowError, naming the field, where some items cannot be told apart or are missing.
    """
    stripped = text.strip()
    if _SERIES.fullmatch(stripped):
        raise RowError(field, _PRINTED)
    if stripped[-1:] != _BRACKETS.get(stripped[:1], ")") or not _START.match(stripped):
        return text
    try:
        found = json.loads(stripped)
        return text if nests_too_deeply(found) else found
    except (ValueError, RecursionError):
        pass
    if len(stripped) > _MAX_CHARS:
        return text
    try:
        found = _Reader(stripped, field).whole()
    except _NoListError:
        return text
    return text if isinstance(found, _Bare) or not isinstance(found, list | dict) else found


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
                return _NAMES.get(token.text)
        self._depth += 1
        if (token.kind != "call" and token.text not in _BRACKETS) or self._depth > MAX_DEPTH:
            raise _NoListError
        if token.kind == "call":
            found = self._called(token.text)
        elif token.text == "{":
            found = self._pairs_or_set()
        else:
            found = self._items(_BRACKETS[token.text])
        self._depth -= 1
        return found

    def _called(self, name: str) -> Any:
        """What stands in a call that prints a value; of pairs, the object that they make."""
        found = self._value() if self._peek().text != ")" else []
        while self._peek().kind in ("dtype", "named") or self._peek().text == ",":
            if self._next().kind == "named":
                self._value()
        if self._next().text != ")":
            raise _NoListError
        pairs = isinstance(found, list) and all(isinstance(each, list) and len(each) == 2 for each in found)
        if name.rpartition(".")[2] in ("OrderedDict(", "dict(") and pairs:
            return {str(key): value for key, value in found}
        return found

    def _pairs_or_set(self) -> Any:
        at = self._at
        try:
            return self._pairs()
        except _NoListError:
            self._at = at
            return self._items("}")

    def _items(self, closing: str) -> list[Any]:
        items: list[Any] = []
        first = self._at
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
        if closing != "]" and (gaps or (closing == ")" and not commas)):
            raise _NoListError  # a text in parentheses
        quoted = any(token.kind == "text" for token in self._tokens[first : self._at])
        return items if closing == "]" or quoted else _Bare(items)

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

    return _ESCAPE.sub(plain, quoted.lstrip("bu")[1:-1])


def _number(text: str) -> int | float:
    if len(text) > 300:
        raise _NoListError
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else float(text)


def is_list_of_texts(value: Any) -> bool:
    """Whether a value is a list of at least one text, and of nothing else but empty cells."""
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) or is_empty(each) for each in value)
