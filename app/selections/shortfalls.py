"""What is wrong with a skill in a selection, in sentences: it has too few hits, weak ones, or none, and what to do.

Words for the page and the command line alike; which skills these are is the core's to say.
"""

from core.retrieval.terms import tokenise
from core.selection.composition import is_short, is_weak
from core.types import SkillShare


def shortfalls(share: SkillShare, *, made: bool = True) -> list[str]:
    """One sentence for each shortfall; ``made`` tells a selection that was made from one that would be."""
    skill = f"“{share.skill[:120]}”"
    if not share.matching and not share.got:
        return [f"No support sample matches {skill}: reword the skill, or label more support samples."]
    said = []
    if is_short(share):
        said.append(
            f"{skill} ran dry: it was due {share.due:,} and got {share.got:,}; the other skills took the rest."
            if made
            else f"Only {share.got:,} samples are there for {skill}, which is due {share.due:,} at this budget: the "
            "other skills would take the rest."
        )
    if is_weak(share):
        said.append(
            f"Even the best hit of {skill} holds little of it{_shared(share)}: look at its hits before you train on "
            "them."
        )
    return said


def badge(share: SkillShare) -> str:
    """The shortfall in a word or two, "" without one."""
    if not share.matching and not share.got:
        return "no match"
    return " · ".join(word for word, is_so in (("too few", is_short(share)), ("weak", is_weak(share))) if is_so)


def _shared(share: SkillShare) -> str:
    lacking = [word for word in share.lacking if _says_something(word)]
    held = [
        word for word in dict.fromkeys(tokenise(share.skill)) if word not in share.lacking and _says_something(word)
    ]
    return f" (only {_quoted(held)}, not {_quoted(lacking)})" if held and lacking else ""


def _says_something(word: str) -> bool:
    """A letter by itself, such as an article, tells nobody what is missing."""
    return len(word) > 1 or not word.isascii() or word.isdigit()


def _quoted(words: list[str]) -> str:
    return ", ".join(f"“{word[:40]}”" for word in words[:6])
