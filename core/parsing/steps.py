"""From a rationale's text to its ordered steps, and back.

Splits on "Step k:" and numbered lines, else on lines, else on sentences. A statement of the final answer ("The answer
is B.") is no step, wherever it stands: given to the teacher it would force the switch. Knows nothing of models, of
options or of which answer is right.
"""

import re
from collections.abc import Iterable, Iterator

from core.parsing.statements import ESCAPED_BREAK, Statement, sentence_spans, statements

_LOOK_BACK = 2_000
_STEP = re.compile(
    r"^[ \t>*_#]*Step[ \t]*(?P<line>\d{1,4})[ \t]*[*_]*[ \t]*(?:[:.)]|[-–—](?=\s))[ \t*_]*"
    r"|(?<=[\s.!?])Step\s+(?P<inline>\d{1,4})\s*:\s*",
    re.IGNORECASE | re.MULTILINE,
)
_NUMBERED = re.compile(r"^[ \t*_]*\(?(?P<line>\d{1,3})[.)][ \t*_]+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*(?:[-*•]|#{1,3})[ \t]+", re.MULTILINE)
_BECAUSE = re.compile(r"^\W*(?:because\b\s*:?|since\b|BECAUSE\s*:)\s*", re.IGNORECASE)
_BECAUSE_LABEL = re.compile(r"^\s*BECAUSE\s*:\s*")
_ONLY_A_LETTER = re.compile(r"^\W*[A-Za-z]?\W*$")
_NO_CLAUSE = re.compile(r"\W*(?:based on|according to|given|from|with|by|in|looking at|considering)\b", re.IGNORECASE)


def split_steps(text: str) -> tuple[str, ...]:
    """The rationale's steps in order, without markers, empty parts and statements of the answer.

    Text before "Step 1:" or "1." is a preamble and dropped. An output that is an answer and nothing else has no steps.

    >>> split_steps("Step 1: 9 is left. Step 2: 7 is right. The answer is 16.")
    ('9 is left.', '7 is right.')
    """
    text = ESCAPED_BREAK.sub("\n", text)
    if marked := _marked(text, _STEP, at_least=1) or _marked(text, _NUMBERED, at_least=2):
        return _clean(marked)
    lines = _clean(_BULLET.sub("", text).splitlines())
    if len(lines) != 1:
        return lines
    steps = _clean(lines[0][start:end] for start, end in sentence_spans(lines[0]))
    return () if len(steps) == 1 and _is_bare_answer(text) else steps


def join_steps(steps: Iterable[str]) -> str:
    """The canonical text of steps, "Step 1: … Step 2: …", as the teacher reads them; ``split_steps`` undoes it."""
    return " ".join(f"Step {number}: {step}" for number, step in enumerate(steps, 1))


def without_answer(part: str) -> str:
    """A step without its statements of the final answer, on one line; "" when it was nothing else.

    >>> without_answer("9 plus 7 equals 16. So the answer is (B).")
    '9 plus 7 equals 16.'
    """
    pieces: list[str] = []
    at = 0
    for statement in statements(part):
        start = _cut(part, statement)
        if start is None or start < at:
            continue
        pieces.append(part[at:start].rstrip(" \t,;:–—-"))
        at = statement.end
    rest = part[at:]
    pieces.append(_BECAUSE.sub("", rest) if at else _BECAUSE_LABEL.sub("", rest))
    step = " ".join(" ".join(pieces).split())
    return "" if _ONLY_A_LETTER.match(step) else step


def _cut(part: str, statement: Statement) -> int | None:
    """Where to cut so that the statement goes and the reasoning before it stays; None: the whole sentence is a step."""
    before = part[: statement.start].rstrip(" \t*_$")
    if not before.strip() or before[-1] in ".!?。！？\n":
        return len(before)
    seen = max(0, len(before) - _LOOK_BACK)  # each statement of a text that holds hundreds is cut out of it
    head_start = seen + sentence_spans(before[seen:])[-1][0]
    head = before[head_start:]
    words = len(head.split())
    if words < 3 or _NO_CLAUSE.match(head):
        return head_start
    return len(before) if statement.concludes or before[-1] in ",;:–—" else None


def _marked(text: str, marker: re.Pattern[str], *, at_least: int) -> list[str]:
    """The parts behind each marker; inside a line only the next number is one ("as in Step 1: …" is none)."""
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
    """Whether an unmarked output is only a word or three ("surfing", "red and white"): an answer without a reason."""
    return len(text.split()) <= 3


def _clean(parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(step for step in map(without_answer, parts) if step)
