"""Tokenise skills and skill labels, in the same way for scoring and for highlighting."""

import re
from collections.abc import Collection, Iterator


def tokenise(text: str) -> tuple[str, ...]:
    r"""The words of a text: runs of letters, digits and underscores (``\w+``), lower case.

    >>> tokenise("Reading hand-written digits")
    ('reading', 'hand', 'written', 'digits')
    """
    return tuple(re.findall(r"\w+", text.lower()))


def matched_terms(skill: str, label: str) -> tuple[str, ...]:
    """The words of a skill that are also in a label, in the skill's order, each once."""
    present = set(tokenise(label))
    return tuple(word for word in dict.fromkeys(tokenise(skill)) if word in present)


def lacking_terms(skill: str, terms: Collection[str]) -> tuple[str, ...]:
    """The words of a skill that are not in ``terms``, in its order, each once."""
    return tuple(word for word in dict.fromkeys(tokenise(skill)) if word not in terms)


def pieces(label: str, terms: Collection[str]) -> Iterator[tuple[str, bool]]:
    """A label split at word boundaries, each piece with whether it is one of ``terms``; joined, the pieces are the
    label.

    >>> list(pieces("hand-written", ("written",)))
    [('hand', False), ('-', False), ('written', True)]
    """
    wanted = set(terms)
    for found in re.finditer(r"\w+|\W+", label):
        yield found[0], not wanted.isdisjoint(tokenise(found[0]))
