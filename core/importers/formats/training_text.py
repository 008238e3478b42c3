"""The training text of a support sample whose row keeps question, hint, options and answer separate.

As in LLaVA's conversations, the question then includes hint and options, and the response ends with the answer.
"""

from dataclasses import replace

from core.prompts import option_letter, options_text
from core.types import Sample


def as_support_sample(sample: Sample) -> Sample:
    """The sample as tuning uses it: everything is in the question and the response."""
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
