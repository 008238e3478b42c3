"""The lines of a reply that go through the options one by one ("A. cat: …")."""

import re

from core.parsing.labels import LABEL, Mention, letter_index
from core.parsing.option_mentions import find_mentions
from core.parsing.reading import Span

OptionLines = dict[Span, int]

_BEFORE_ITEM = re.compile(r"[\s>*_#•-]*(?:\d{1,2}[.)]\s*)?[\s*_]*")
_BEHIND_ITEM = re.compile(r"[\s*_`]*[:–—-]")


def option_lines(text: str, options: tuple[str, ...]) -> OptionLines:
    """These lines, each with its option; {} where they go through fewer than two."""
    found: OptionLines = {}
    for line in re.finditer(r".+", text):
        begin = _BEFORE_ITEM.match(line[0])
        head = line[0][begin.end() if begin else 0 :]
        label = LABEL.match(head)
        if label and letter_index(label, options) < len(options):
            found[line.span()] = letter_index(label, options)
        elif (first := _first_mention(head, options)) and _BEHIND_ITEM.match(head, first.end):
            found[line.span()] = first.option
    return found if len(set(found.values())) > 1 else {}


def _first_mention(head: str, options: tuple[str, ...]) -> Mention | None:
    named = find_mentions(head, options)
    return named[0] if named and named[0].start == 0 else None
