"""The prompt texts: files in this package, each with a version, or a project's own in their place.

Handles names, placeholders and hashes; ``core.prompts`` fills the placeholders. Files are read on first use.
"""

import functools
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from string import Formatter
from types import MappingProxyType

from core.errors import UserError
from core.types import Settings

BUILT_IN: Mapping[str, str] = MappingProxyType({})  # a project without texts of its own
DEFAULT_FAMILY = "default"
EXAMPLES = ("skill.examples", "label.examples", "step.check.examples", "rationale.examples")
# The texts that a teacher is shown in a diagnosis.
DIAGNOSIS_TEXTS = (
    "teacher.header", "teacher.prior", "teacher.step", "teacher.cue", "skill", "endpoint.letter", "endpoint.phrase",
)  # fmt: skip
# By text: the required placeholders, and the optional ones.
PLACEHOLDERS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = MappingProxyType(
    {
        "student": (("question",), ("hint", "options")),
        "teacher.header": (("question", "prior"), ("hint", "lecture", "options")),
        "teacher.prior": (("truth", "percent"), ()),
        "teacher.step": (("step",), ("number",)),
        "teacher.cue": ((), ()),
        "skill": (("question", "step"), ("hint", "lecture", "options", "truth", "steps", "number")),
        "skill.examples": ((), ()),
        "label": (("question",), ("hint", "lecture", "options", "response")),
        "label.examples": ((), ()),
        # Asked once more, around the whole prompt, where a reply names no skill.
        "skill.again": (("prompt",), ()),
        # For the experiment's baselines: judging each step, and writing a correct rationale.
        "step.check": (("question", "step"), ("hint", "lecture", "options", "truth", "steps", "number")),
        "step.check.examples": ((), ()),
        "rationale": (("question", "truth"), ("hint", "lecture", "options")),
        "rationale.examples": ((), ()),
        # System prompts for a teacher behind an endpoint.
        "endpoint.letter": ((), ()),
        "endpoint.phrase": ((), ()),
    }
)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A text in use; ``version`` is that of its file, or "own" for a project's; ``hash`` is a short hash of the
    text."""

    name: str
    version: str
    text: str
    hash: str


def prompts_in_use(settings: Settings, family: str = DEFAULT_FAMILY) -> Iterator[Prompt]:
    """Every text that a project's models are shown; ``family`` is the student's ``config.model_type``."""
    for name in PLACEHOLDERS:
        if name in settings.prompts:
            version, text = "own", settings.prompts[name]
        else:
            version, text = _built_in(_file_name(name, family))
        yield Prompt(name=name, version=version, text=text, hash=_short_hash(text))


def text_of(name: str, overrides: Mapping[str, str] = BUILT_IN, family: str = DEFAULT_FAMILY) -> str:
    """The project's own text of that name, else the built-in one (of the student's family, where there is one)."""
    return overrides[name] if name in overrides else _built_in(_file_name(name, family))[1]


def example_texts(name: str, shots: int, overrides: Mapping[str, str] = BUILT_IN) -> list[str]:
    """The first ``shots`` examples of a text in which they are separated by empty lines."""
    return [part.strip() for part in text_of(name, overrides).split("\n\n") if part.strip()][:shots]


def prompts_hash(settings: Settings) -> str:
    """A short hash of everything in a project that determines the teacher's prompts in a diagnosis, except the samples.

    The first 12 hexadecimal digits of the SHA-256 of the texts in use, π, how options are scored, and the examples
    shown. Diagnoses with equal hashes were made with equal texts.
    """
    own = settings.prompts
    shown: list[object] = [text_of(name, own) for name in DIAGNOSIS_TEXTS]
    shown += [example_texts("skill.examples", settings.skill_shots, own), settings.candidates_as, settings.prior]
    # The built-in text is left out, so that diagnoses made before there was one keep their hash.
    shown += [own["skill.again"]] if "skill.again" in own else []
    return _short_hash(json.dumps(shown))


def texts_hash(settings: Settings, names: Sequence[str]) -> str:
    """A short hash of the named texts in use, how options are scored, and the number of examples."""
    own = settings.prompts
    return _short_hash(
        json.dumps([[text_of(name, own) for name in names], settings.candidates_as, settings.skill_shots])
    )


def check_prompt(name: str, text: str) -> str:
    """The text in the form that is stored. Raises UserError when the name is unknown, the text is empty, or a
    placeholder is missing or unknown."""
    if name not in PLACEHOLDERS:
        raise UserError(f"There is no prompt {name!r}: choose one of {', '.join(PLACEHOLDERS)}.")
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    if not text:
        raise UserError(f"The prompt '{name}' is empty: write a text.")
    if name in EXAMPLES:
        return text
    needed, allowed = PLACEHOLDERS[name]
    found = _placeholders(name, text)
    for placeholder in needed:
        if placeholder not in found:
            raise UserError(f"The prompt '{name}' has no {{{placeholder}}}: write it where the {placeholder} belongs.")
    for placeholder in found:
        if placeholder not in (*needed, *allowed):
            known = ", ".join(f"{{{each}}}" for each in (*needed, *allowed)) or "no placeholder"
            raise UserError(
                f"The prompt '{name}' has the unknown {{{placeholder}}}: it may have {known}; "
                "a brace that is only text is written twice."
            )
    return text


def fill(text: str, **values: str) -> str:
    """The text with its placeholders filled; one with an empty value is removed with the space before it.

    >>> fill("Question: {hint} {question} {options}", hint="", question="Why?", options="")
    'Question: Why?'
    """
    for name, value in values.items():
        if not value:
            text = text.replace(f" {{{name}}}", "")
    return text.format(**values)


def _placeholders(name: str, text: str) -> list[str]:
    try:
        parsed = [part for part in Formatter().parse(text) if part[1] is not None]
    except ValueError as error:
        raise UserError(
            f"The prompt '{name}' has a brace without its partner: a brace that is only text is written twice."
        ) from error
    return [f"{field}{'!' if conversion else ''}{':' if spec else ''}" for _, field, spec, conversion in parsed]


def _file_name(name: str, family: str) -> str:
    """The file of the built-in text; the student's text has variants for known families."""
    if name != "student":
        return name
    return f"student.{family}" if files(__package__).joinpath(f"student.{family}.txt").is_file() else "student.default"


@functools.cache
def _built_in(file: str) -> tuple[str, str]:
    """Version and text of a file; its first line gives the version."""
    first, _, text = files(__package__).joinpath(f"{file}.txt").read_text(encoding="utf-8").partition("\n")
    return first.removeprefix("version: "), text.strip()


def _short_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
