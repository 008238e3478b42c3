"""Split a rationale into its ordered steps, and join steps again.

Splits at "Step k:" and numbered lines, else at lines, else at sentences. A statement of the final answer ("The answer
is B.") is never a step: shown to the teacher, it would force the switch.
"""

import re
from collections.abc import Iterable, Iterator

from core.parsing.normalisation import normalise
from core.parsing.reply import clean_reply, reasoning_part, thinking_part
from core.parsing.statements import Statement, find_statements, sentence_spans

_OPTION_LABEL = re.compile(r"[ \t>*_-]*(?:\(?(?:\d{1,2}|[A-Za-z])[.):][*_]*[ \t]+|\([A-Za-z]\)[ \t]*|[-*•][ \t]+)[*_]*")
_ANNOUNCES = re.compile(
    r"(?:\b(?:options?|choices|optionen|antwortmöglichkeiten|opciones|opções|alternativas)\b|选项|選項|選択肢|विकल्प|الخيارات)[^.]{0,40}[::][\s*_]*$",
    re.IGNORECASE,
)
_MAX_LOOKBACK_CHARS = 2_000
_STEP = re.compile(
    r"^[ \t>*_#]*Step[ \t]*(?P<line>\d{1,4})[ \t]*[*_]*[ \t]*(?:[:.)]|[-–—](?=\s))[ \t*_]*"
    r"|(?<=[\s.!?])Step\s+(?P<inline>\d{1,4})\s*:\s*",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERED = re.compile(r"^[ \t*_]*\(?(?P<line>\d{1,3})[.)][ \t*_]+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*(?:[-*•]|#{1,3})[ \t]+", re.MULTILINE)
_BECAUSE = re.compile(r"^\W*(?:because\b\s*:?|since\b|BECAUSE\s*:)\s*", re.IGNORECASE)
_BECAUSE_LABEL = re.compile(r"^\s*BECAUSE\s*:\s*")
_CJK = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
_ONLY_A_LETTER = re.compile(r"^\W*[A-Za-z]?\W*$")
_CLOSING_LABEL = re.compile(r"\n[\s*_(\[\"'`]*[A-Za-z][)\]*_.\"'`\s]*\Z")
_NO_CLAUSE = re.compile(r"\W*(?:based on|according to|given|from|with|by|in|looking at|considering)\b", re.IGNORECASE)


def split_steps(text: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The steps of a rationale in order, without markers, empty parts, statements of the answer and copied options.

    Text before "Step 1:" or "1." is a preamble and dropped. An output that is only an answer has no steps, unless it
    was thought about: then the steps are those of the thought, since a diagnosis needs what led to the answer.

    >>> split_steps("Step 1: 9 is left. Step 2: 7 is right. The answer is 16.")
    ('9 is left.', '7 is right.')
    """
    steps = _split(clean_reply(text), options)
    if not steps and (thought := thinking_part(text)):
        steps = _split(clean_reply(thought), options)
    return steps


def _split(reply: str, options: tuple[str, ...]) -> tuple[str, ...]:
    text = _CLOSING_LABEL.sub("", _without_copied_options(reasoning_part(reply), options))
    if marked := _split_at_markers(text, _STEP, at_least=1) or _split_at_markers(text, _NUMBERED, at_least=2):
        return _clean_steps(marked)
    lines = _clean_steps(_BULLET.sub("", text).splitlines())
    if len(lines) != 1:
        return lines
    steps = _clean_steps(lines[0][start:end] for start, end in sentence_spans(lines[0]))
    return () if len(steps) == 1 and _is_bare_answer(text) else steps


def _without_copied_options(text: str, options: tuple[str, ...]) -> str:
    """Without the lines that repeat the options, two or more in a row, and the line that introduces them."""
    lines = text.splitlines()
    forms = {normalise(option) for option in options}
    kept: list[str] = []
    at = 0
    while at < len(lines):
        run = at
        announced = bool(kept and _ANNOUNCES.search(kept[-1]))
        while run < len(lines) and _is_option(lines[run], forms, announced=announced):
            run += 1
        if run - at < 2:
            kept.append(lines[at])
            at += 1
            continue
        if kept and _ANNOUNCES.search(kept[-1]):
            kept.pop()
        at = run
    return "\n".join(kept)


def _is_option(line: str, forms: set[str], *, announced: bool) -> bool:
    """Whether a line is an option with a label before it; where the options are not known, any labelled line behind
    "The options are:"."""
    label = _OPTION_LABEL.match(line)
    if forms:
        return normalise(line[label.end() :] if label else line) in forms
    return bool(label and announced)


def join_steps(steps: Iterable[str]) -> str:
    """The steps as the teacher reads them, "Step 1: … Step 2: …"; the inverse of ``split_steps``."""
    return " ".join(f"Step {number}: {step}" for number, step in enumerate(steps, 1))


def strip_answer(part: str) -> str:
    """A step without statements of the final answer, on one line; "" when nothing else is left.

    >>> strip_answer("9 plus 7 equals 16. So the answer is (B).")
    '9 plus 7 equals 16.'
    """
    pieces: list[str] = []
    at = 0
    for statement in find_statements(part):
        start = _cut_position(part, statement)
        if start is None or start < at:
            continue
        pieces.append(part[at:start].rstrip(" \t,;:–—-，；：、"))
        at = statement.end
    rest = part[at:]
    pieces.append(_BECAUSE.sub("", rest) if at else _BECAUSE_LABEL.sub("", rest))
    step = " ".join(" ".join(pieces).split())
    return "" if _ONLY_A_LETTER.match(step) else step


def _cut_position(part: str, statement: Statement) -> int | None:
    """Where to cut so that only the statement is removed; None to keep the whole sentence as a step."""
    before = part[: statement.start].rstrip(" \t*_$")
    if not before.strip() or before[-1] in ".!?。！？\n":
        return len(before)
    seen = max(0, len(before) - _MAX_LOOKBACK_CHARS)  # bounds the work in texts with hundreds of statements
    head_start = seen + sentence_spans(before[seen:])[-1][0]
    head = before[head_start:]
    if _count_words(head) < 3 or _NO_CLAUSE.match(head):
        return head_start
    return len(before) if statement.concludes or before[-1] in ",;:–—" else None


def _count_words(text: str) -> int:
    """The words between spaces; in Chinese and Japanese, which have none, two characters count as one."""
    return max(len(text.split()), len(_CJK.findall(text)) // 2 + 1 if _CJK.search(text) else 0)


def _split_at_markers(text: str, marker: re.Pattern[str], *, at_least: int) -> list[str]:
    """The parts after each marker; within a line only the next number counts ("as in Step 1: …" does not)."""
    marks = list(_in_sequence(marker.finditer(text)))
    if len(marks) < at_least:
        return []
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    return [text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)]


def _in_sequence(matches: Iterable[re.Match[str]]) -> Iterator[re.Match[str]]:
    number = 0
    for match in matches:
        if match["line"] or int(match["inline"]) == number + 1:
            number = int(match["line"] or match["inline"])
            yield match


def _is_bare_answer(text: str) -> bool:
    """Whether an output without markers is at most three words ("surfing", "red and white"): an answer without a
    reason."""
    return _count_words(text) <= 3


def _clean_steps(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(step for step in map(strip_answer, parts) if step)
