"""Shortfalls of a skill in a selection (too few hits, weak ones, or none) as sentences that say what to do."""

from core.retrieval.terms import tokenise
from core.selection.composition import is_short, is_weak
from core.types import SkillShare


def shortfalls(share: SkillShare, *, made: bool = True) -> list[str]:
    """One sentence for each shortfall; ``made`` is False for a selection that is only planned."""
    skill = f"“{share.skill[:120]}”"
    if not share.matching and not share.got:
        return [f"No support sample matches {skill}: reword the skill, or label more support samples."]
    sentences = []
    if is_short(share):
        sentences.append(
            f"{skill} ran dry: it was due {share.due:,} and got {share.got:,}; the other skills took the rest."
            if made
            else f"Only {share.got:,} samples are there for {skill}, which is due {share.due:,} at this budget: the "
            "other skills would take the rest."
        )
    if is_weak(share):
        sentences.append(
            f"Even the best hit of {skill} holds little of it{_word_overlap(share)}: look at its hits before you train "
            "on them."
        )
    return sentences


def badge(share: SkillShare) -> str:
    """The shortfalls in a word or two each, "" without one."""
    if not share.matching and not share.got:
        return "no match"
    return " · ".join(word for word, is_so in (("too few", is_short(share)), ("weak", is_weak(share))) if is_so)


def _word_overlap(share: SkillShare) -> str:
    lacking = [word for word in share.lacking if _is_content_word(word)]
    held = [
        word for word in dict.fromkeys(tokenise(share.skill)) if word not in share.lacking and _is_content_word(word)
    ]
    return f" (only {_quoted(held)}, not {_quoted(lacking)})" if held and lacking else ""


def _is_content_word(word: str) -> bool:
    """False for a single letter, such as an article."""
    return len(word) > 1 or not word.isascii() or word.isdigit()


def _quoted(words: list[str]) -> str:
    return ", ".join(f"“{word[:40]}”" for word in words[:6])
