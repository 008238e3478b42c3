"""Split the options off a question that contains them: "Options: (a) 12 (b) 3", "A. 12" lines, "Choices: x, y".

Labels must run from A without a gap, so that "(50km/h)" or "panel (B)" is not an option. They may be in brackets, bold,
behind a bullet or a <br>, and have the wide signs of Chinese and Japanese ("A、", "（A）"), which need no space.
"""

import re
from itertools import islice

from core.importers.fields.cell_lists import is_list_of_texts, list_in_text
from core.importers.results import RowError

# Limits, because each try may scan the whole text.
_MAX_TRIES = 50
_MAX_CHARS = 50_000
_CUE = re.compile(
    r"\b(?:the\s+|answer\s+|possible\s+)?(?:options?|choices)(?:\s+(?:is|are))?\s*:[ \t]*",
    re.IGNORECASE,
)
# The same in other languages, for labelled options only.
_CUE_ABROAD = re.compile(
    r"(?:\b(?:antwort(?:m[öo]e?glichkeiten|optionen)|auswahl(?:m[öo]e?glichkeiten)?|optionen|choix|propositions|"
    r"r[ée]ponses(?: possibles)?|opciones|opções|alternativas|opzioni|варианты(?: ответов| ответа)?)|选项|選項|選択肢|"
    r"보기|선택지)[ \t]*[:：][ \t]*",
    re.IGNORECASE,
)
_BEHIND = r"(?:[.):](?:\*\*)?(?:[ \t]+|(?=[^\x00-\x7f]))|[．、：）](?:\*\*)?[ \t]*)"  # what follows a letter
_START = (
    r"^[ \t]*(?:[-*•·][ \t]+)?(?:\*\*)?(?:[(（]([A-Za-z])[)）](?:\*\*)?[ \t]*|\[([A-Za-z])\](?:\*\*)?[ \t]*|([A-Za-z])"
)
_INLINE = re.compile(r"(?:^|(?<=\s))\(([A-Za-z])\)[ \t]*(?=\S)|（([A-Za-z])）\s*(?=\S)", re.MULTILINE)
_LINE = re.compile(rf"{_START}{_BEHIND})(?=\S)", re.MULTILINE)
_LINE_UNCUED = re.compile(rf"{_START}{_BEHIND.replace('.):', '.)', 1)})(?=\S)", re.MULTILINE)
_BARE = re.compile(r"(?:^|(?<=[\s,;，；]))([A-Za-z])(?:[.):][ \t]+|[．、：）][ \t]*)(?=\S)")
_BREAK = re.compile(r"<br[ \t]{0,5}/?>", re.IGNORECASE)
# LLaVA-1.5's instruction after the options, which would rule out the rationale that students are asked for.
_LETTER_ONLY = re.compile(
    r"(?<!\s)\s*Answer with the option['’]s letter from the given choices directly\.?", re.IGNORECASE
)
_QUOTED = re.compile(r"['\"‘“]([^'\"‘’“”]+)['\"’”]")
_SEPARATORS = re.compile(r"\s*(?:[;\n]|,\s+(?:(?:and|or)\s+)?|\s+(?:and|or)\s+)\s*")


def split_options(prompt: str) -> tuple[str, tuple[str, ...]]:
    """The question without its options, and the options in order; the unchanged prompt and () when it has none.

    >>> split_options("How many? Options: (a) 12 (b) 3")
    ('How many?', ('12', '3'))
    """
    if len(prompt) > _MAX_CHARS:
        return prompt, ()
    question, options = _split_off(_BREAK.sub("\n", prompt))
    return (question, options) if options else (prompt, ())


def _split_off(prompt: str) -> tuple[str, tuple[str, ...]]:
    for cue in list(_CUE_ABROAD.finditer(prompt))[: -_MAX_TRIES - 1 : -1]:
        for pattern in (_INLINE, _LINE, _BARE):
            if found := _labelled(prompt, cue.end(), pattern):
                return _split(prompt, cue.start(), *found)
    for cue in list(_CUE.finditer(prompt))[: -_MAX_TRIES - 1 : -1]:
        for pattern in (_INLINE, _LINE, _BARE):
            if found := _labelled(prompt, cue.end(), pattern):
                return _split(prompt, cue.start(), *found)
        if listed := _listed(prompt, cue.end()):
            return _split(prompt, cue.start(), *listed)
    for pattern in (_INLINE, _LINE_UNCUED):
        starts = (mark for mark in pattern.finditer(prompt) if _label(mark) in "aA")
        for start in islice(starts, _MAX_TRIES):
            if prompt[: start.start()].rstrip(" \t")[-1:] not in (*"?.:!？。：！\n", ""):
                continue
            if found := _labelled(prompt, start.start(), pattern):
                return _split(prompt, start.start(), *found)
    return prompt, ()


def labelled_options(text: str) -> tuple[str, ...]:
    """The options of a text that consists of nothing else but options labelled a, b, …; () where it does not."""
    if len(text) > _MAX_CHARS:
        return ()
    for pattern in (_INLINE, _LINE, _BARE):
        if (found := _labelled(text, 0, pattern)) and not text[found[1] :].strip():
            return found[0]
    return ()


def _labelled(prompt: str, start: int, pattern: re.Pattern[str]) -> tuple[tuple[str, ...], int] | None:
    """The options labelled a, b, … from ``start`` on, and where the last one ends; None for fewer than two."""
    marks: list[re.Match[str]] = []
    for mark in pattern.finditer(prompt, start):
        label = _label(mark)
        first = "a" if label.islower() else "A"
        expected = chr(ord(_label(marks[0])) + len(marks)) if marks else first
        if not marks and prompt[start : mark.start()].strip():
            return None
        if label == expected:
            marks.append(mark)
    if len(marks) < 2:
        return None
    ends = [mark.start() for mark in marks[1:]]
    line_end = prompt.find("\n", marks[-1].end())
    ends.append(len(prompt) if line_end < 0 else line_end)
    texts = tuple(_strip_option(prompt[mark.end() : end]) for mark, end in zip(marks, ends, strict=True))
    return (texts, ends[-1]) if all(texts) else None


def _label(mark: re.Match[str]) -> str:
    return next(group for group in mark.groups() if group)


def _listed(prompt: str, start: int) -> tuple[tuple[str, ...], int] | None:
    """Unlabelled options: with separators between them, or exactly two words ("next previous")."""
    line_end = prompt.find("\n", start)
    end = len(prompt) if line_end < 0 else line_end
    line = " ".join(prompt[start:end].split())
    if line.startswith("["):
        try:
            listed = list_in_text(line)
        except RowError:
            return None
        return (tuple(listed), end) if is_list_of_texts(listed) and len(listed) > 1 and all(listed) else None
    parts = [_strip_option(part) for part in _SEPARATORS.split(line)]
    if len(parts) == 1:
        parts = [_strip_option(part) for part in line.split()] if len(line.split()) == 2 else []
    long = any(len(part.split()) > 6 for part in parts)
    return (tuple(parts), end) if len(parts) > 1 and all(parts) and not long else None


def _split(prompt: str, start: int, options: tuple[str, ...], end: int) -> tuple[str, tuple[str, ...]]:
    rest = _LETTER_ONLY.sub("", prompt[end:])
    return f"{prompt[:start].rstrip()}\n{rest.strip()}".strip(), options


def _strip_option(option: str) -> str:
    """The option without separators and its final full stop; "a.m." keeps its own."""
    text = " ".join(option.split()).strip(" ,;，；")
    text = text.removesuffix("**") if text.count("**") == 1 else text
    text = quoted[1] if (quoted := _QUOTED.fullmatch(text)) else text
    return text[:-1].rstrip() if text.endswith(".") and not re.search(r"\b\w\.\w+\.$", text) else text
