"""Detect the encoding of a text file, and read its lines with limits on each line and on the total.

UTF-8 with or without a byte order mark, UTF-16, else the most likely of the older encodings, which is a guess: it is
noted with its confidence, and one that is not sure refuses the file, unless it is Windows-1252. A person may name the
encoding instead.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import TextIOWrapper

from core.errors import UserError
from core.importers.containers.files import MAX_TEXT, Content, translate_read_errors
from core.importers.encodings.legacy_encodings import CODEC_LABELS, MOST_SURE, Guess, guess_encodings

SURE = 0.8
WESTERN = "cp1252"
MAX_LINE = 32 * 1024**2
_CHUNK = 2**20
_LEADS = tuple(bytes([lead]) for lead in range(0xC2, 0xF5))  # first bytes of characters in UTF-8
_JUDGED = 2**16  # bytes, from the line of the first byte that is not UTF-8
# What people name, and what is meant: the encoding with more characters, and the one without a mark.
_WIDER = {"gbk": "gb18030", "gb2312": "gb18030", "shift_jis": "cp932", "utf-16": "utf-16-le", "utf-8-sig": "utf-8"}
# What a person can choose in place of the detected one.
ENCODINGS = {"utf-8": "UTF-8"} | CODEC_LABELS
_DAMAGED = 4  # whole characters of UTF-8 for each broken one: no other encoding looks like that
_WESTERN_SURE = 0.6  # what most of these files are in
_SHIFTS = ((b"\x1b$B", "iso2022_jp"), (b"\x1b$@", "iso2022_jp"), (b"\x1b$)C", "iso2022_kr"))
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """A Python codec ``name``, the length of the byte order mark, and a ``note`` for the report.

    ``cut``: the file ends inside a character, which must not stop the reading.
    """

    name: str
    mark: int = 0
    note: str = ""
    cut: bool = False


def find_encoding(content: Content, given: str = "") -> Encoding:
    """The encoding, found by reading the whole file; ``given`` names it instead.

    Raises UserError when it is not text or too large, for a name of no encoding, and where two encodings are likely.
    """
    if given:
        return _named(content, given)
    for mark, name in _MARKS:
        if content.start.startswith(mark):
            note = "" if name == "utf-8" else f"The file is {name[:6].upper()}."
            return Encoding(name=name, mark=len(mark), note=note)
    if zeros := content.start.count(b"\0"):
        if zeros * 3 < len(content.start):
            raise UserError(f"{content.name} is no text (it holds zero bytes): export it as CSV or JSON Lines.")
        little = content.start[1::2].count(b"\0") > content.start[::2].count(b"\0")
        return Encoding(name="utf-16-le" if little else "utf-16-be", note="The file is UTF-16.")
    wrong, cut = _first_wrong_byte(content, "utf-8")
    if wrong is None:
        if shifted := next((name for sign, name in _SHIFTS if sign in content.start), ""):
            return Encoding(name=shifted, note=f"The file was read as {shifted.replace('_', '-').upper()}.")
        return Encoding(name="utf-8", cut=cut)
    return _guessed(content, wrong)


def _named(content: Content, given: str) -> Encoding:
    """The encoding of that name, without its byte order mark."""
    try:
        name = codecs.lookup(given).name
        "a".encode(name)  # some codecs are not of text
    except (LookupError, ValueError) as error:
        raise UserError(
            f"{content.name} cannot be read as “{given}”, which is no encoding: name one such as utf-8, gb18030 or "
            "shift_jis."
        ) from error
    name = {
        "utf-16": "utf-16-le",
        "utf-8-sig": "utf-8",
        "gbk": "gb18030",
        "gb2312": "gb18030",
        "shift_jis": "cp932",
    }.get(name, name)
    mark = next((mark for mark, kind in _MARKS if kind == name and content.start.startswith(mark)), b"")
    return Encoding(name=name, mark=len(mark))


def _guessed(content: Content, wrong: int) -> Encoding:
    """The likeliest encoding of a file that is not UTF-8 from that byte on."""
    text, cut, whole = _judged_text(content, wrong)
    read = text.decode("utf-8", "replace")
    broken = read.count("\ufffd")
    if whole + sum(not char.isascii() for char in read) - broken > _DAMAGED * broken:
        raise UserError(
            f"{content.name} is UTF-8 with a broken character at byte {wrong:,}: mend it there, or save the file again."
        )
    guesses = _fitting(content, guess_encodings(text, cut=cut))
    if not guesses or (guesses[0].codec == WESTERN and guesses[0].confidence >= _WESTERN_SURE):
        note = f"The file is not UTF-8 (byte {wrong:,}) and was read as Windows-1252: look whether accents are right."
        return Encoding(name=WESTERN, note=note)
    best = guesses[0]
    if best.confidence < SURE:
        likely = " or ".join(map(_shown, guesses[:2]))
        raise UserError(
            f"{content.name} is not UTF-8 (byte {wrong:,}); it may be {likely}: save it as UTF-8, or name its encoding "
            f"(--encoding {best.codec})."
        )
    note = (
        f"The file is not UTF-8 (byte {wrong:,}) and was read as {_shown(best)}: if the texts are wrong, name its "
        "encoding (--encoding)."
    )
    return Encoding(name=best.codec, note=note)


def _fitting(content: Content, guesses: list[Guess]) -> list[Guess]:
    """Those likely ones that can read the whole file, their confidence shared out anew."""
    likely = [each for each in guesses if each.plausible and each.confidence > 1 - MOST_SURE]
    fitting = [each for each in likely if _first_wrong_byte(content, each.codec) == (None, False)]
    whole = sum(each.confidence for each in fitting)
    return [replace(each, confidence=min(MOST_SURE, each.confidence / whole)) for each in fitting]


def _shown(guess: Guess) -> str:
    return f"{guess.label.removesuffix(')')}{', ' if '(' in guess.label else ' ('}confidence {guess.confidence:.0%})"


def _judged_text(content: Content, wrong: int) -> tuple[bytes, bool, int]:
    """The lines from the one with that byte on, up to ``_JUDGED`` bytes, whether there is more behind them, and how
    many characters outside ASCII the lines before them hold.
    """
    line, whole = b"", 0
    with translate_read_errors(content.name), content.open() as file:
        left = wrong
        while left > 0 and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            before, ends, rest = chunk.rpartition(b"\n")
            whole += sum(map((line * bool(ends) + before).count, _LEADS))
            line = rest if ends else (line + chunk)[-_JUDGED:]
        more = file.read(_JUDGED)
        # ASCII before the byte tells nothing, but the characters there may be whole ones of UTF-8.
        return line + more, bool(file.read(1)), whole


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


def _first_wrong_byte(content: Content, codec: str) -> tuple[int | None, bool]:
    """The offset of the first byte that does not fit (None: none), and whether the file ends inside a character."""
    decoder = codecs.getincrementaldecoder(codec)()
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
