"""From a rationale's text to its ordered steps, and back.

Splits on "Step k:" and numbered lines, else on lines, else on sentences. A closing "the answer is …" is no step: given to
the teacher it would force the switch. Knows nothing of models or of how answers are read.
"""

import re

_STEP = re.compile(r"(?:^|(?<=[\s.!?]))Step\s+\d{1,3}\s*[:.)]\s*", re.IGNORECASE)
_NUMBERED = re.compile(r"^[ \t]*(?:[-*•]|\(?\d{1,3}[.)])[ \t]+", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]*[A-Z0-9\\$])")
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|etc|vs|cf|Mr|Mrs|Ms|Dr|St|Fig|No|approx)|\b[A-Z])\.$")
_CLOSING = re.compile(
    r"^\W*(?:(?:so|thus|therefore|hence|in conclusion|finally|and so)\W+)*(?:the\s+)?(?:final\s+|correct\s+|best\s+)*"
    r"(?:answer|option|choice)\b(?:\s+(?:option|choice))?\s*(?:is\b|would be\b|must be\b|should be\b|:)|^\W*\\boxed\b|^\W*####",
    re.IGNORECASE,
)
_INLINE_CLOSING = re.compile(
    r"(?<=[.!?\n])\s*(?=(?:(?:So|Thus|Therefore|Hence|Finally),?\s+)?(?:The|the)\s+(?:final\s+|correct\s+)?answer\s+is\b)"
)


def split_steps(text: str) -> tuple[str, ...]:
    """The rationale's steps in order, without their markers, empty parts and the closing answer.

    >>> split_steps("Step 1: 9 is left. Step 2: 7 is right. The answer is 16.")
    ('9 is left.', '7 is right.')
    """
    for parts in (_marked(text, _STEP), _marked(text, _NUMBERED), text.splitlines()):
        if len([part for part in parts if part.strip()]) > 1 or parts and _STEP.search(text):
            return _clean(parts)
    return _clean(_sentences(text))


def join_steps(steps: tuple[str, ...] | list[str]) -> str:
    """The canonical text of steps, "Step 1: … Step 2: …", as the teacher reads them; ``split_steps`` undoes it."""
    return " ".join(f"Step {number}: {step}" for number, step in enumerate(steps, 1))


def is_closing(part: str) -> bool:
    """Whether a part only states the final answer ("The answer is B.")."""
    return bool(_CLOSING.search(part))


def _marked(text: str, marker: re.Pattern[str]) -> list[str]:
    """Parts that follow a marker; text before the first marker is a preamble and dropped (empty when no marker)."""
    return marker.split(text)[1:]


def _sentences(text: str) -> list[str]:
    parts: list[str] = []
    for part in _SENTENCE.split(text):
        if parts and _ABBREVIATION.search(parts[-1]):
            parts[-1] += " " + part
        else:
            parts.append(part)
    return parts


def _clean(parts: list[str]) -> tuple[str, ...]:
    pieces = [piece for part in parts for piece in _INLINE_CLOSING.split(part)]
    steps = (" ".join(piece.split()) for piece in pieces)
    return tuple(step for step in steps if step and not is_closing(step))
