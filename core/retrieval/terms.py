"""The words of skills and skill labels, cut in one way for scoring and for showing what matched."""

import re
from collections.abc import Collection, Iterator


def tokenise(text: str) -> tuple[str, ...]:
    r"""The words of a text as retrieval compares them: runs of letters, digits and underscores (``\w+``), lower case.

    >>> tokenise("Reading hand-written digits")
    ('reading', 'hand', 'written', 'digits')
    """
    return tuple(re.findall(r"\w+", text.lower()))


def matched_terms(skill: str, label: str) -> tuple[str, ...]:
    """The words of a skill that a label holds, too, in the skill's order, each once."""
    present = set(tokenise(label))
    return tuple(word for word in dict.fromkeys(tokenise(skill)) if word in present)


def lacking_terms(skill: str, terms: Collection[str]) -> tuple[str, ...]:
    """The words of a skill that are not among ``terms``, in its order, each once."""
    return tuple(word for word in dict.fromkeys(tokenise(skill)) if word not in terms)


def pieces(label: str, terms: Collection[str]) -> Iterator[tuple[str, bool]]:
    """A label cut where words begin and end, and whether each piece is one of ``terms``; joined, they are the label.

    >>> list(pieces("hand-written", ("written",)))
    [('hand', False), ('-', False), ('written', True)]
    """
    wanted = set(terms)
    for found in re.finditer(r"\w+|\W+", label):
        yield found[0], not wanted.isdisjoint(tokenise(found[0]))
