"""What a support sample is trained on, made from a row that keeps question, hint, options and answer apart.

LLaVA's conversations carry all of it in their turns, and so does a support sample: the hint and the options stand in
its question, and its response ends with the answer. Knows nothing of files.
"""

from dataclasses import replace

from core.prompts import option_letter, options_text
from core.types import Sample


def as_support(sample: Sample) -> Sample:
    """The sample as tuning learns from it: nothing is left beside the question and the response."""
    asked = [sample.hint, sample.question, f"Options: {options_text(sample.options)}" if sample.options else ""]
    stated = sample.answer
    if sample.options:
        stated = f"({option_letter(sample.options.index(sample.answer))}) {sample.answer}"
    explained = sample.response.strip()
    return replace(
        sample,
        question="\n".join(part for part in asked if part),
        options=(),
        hint="",
        response=f"{explained}\nThe answer is {stated}" if explained and sample.options else explained or stated,
    )
