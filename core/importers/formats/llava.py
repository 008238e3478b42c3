"""LLaVA's format, also used by ShareGPT and Vision-Flan: a list of conversations about an image.

A row is {"id", "image", "task_name" or "category", "conversations": [{"from": "human", "value": "<image>\\n…"},
{"from": "gpt", "value": …}], optional "skill_label"}. Only the first pair of turns is imported, because later questions
refer to it ("And the other one?"). For a validation or test set the options are split off the question, and the reply
must name one of them; a support sample keeps its turns unchanged, because it is trained on.
"""

import re
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

from core.importers.fields.inline_options import split_options
from core.importers.fields.typed import Fields, as_fields, check_text, id_field, text_field
from core.importers.formats import messages
from core.importers.references.named_images import conversation_image, refuse_objects
from core.importers.results import RowError
from core.parsing.answer import read_answer
from core.parsing.comparison.equality import read_the_same
from core.types import Role, Sample

IMAGE_TOKEN = "<image>"  # nosec B105
_TOKEN = re.compile(r"<image>(?![^<>\n]{0,500}</image>)")  # but one that holds a name
_HUMAN = ("human", "user")
_MODEL = ("gpt", "assistant", "chatgpt", "model")
_TOOLS = {
    "tool",
    "tool_call",
    "tool_calls",
    "tool_response",
    "function",
    "function_call",
    "function_response",
    "observation",
    "ipython",
}
_CALL = re.compile(r"\s*<\|?(?:tool_call|function_call|python_tag)\b|\s*<function=")
_MAX_SHOWN = 80


def is_row(value: Any) -> bool:
    """Whether a row looks like this format."""
    return isinstance(value, dict) and ("conversations" in value or messages.is_row(value))


def parse_sample(value: Any, role: Role, hash_of: Callable[[Any], str | None]) -> Sample:
    """The sample in a row; ``hash_of`` returns the hash of the row's image. Raises RowError."""
    row = as_fields(messages.as_conversation(value))
    source_id = id_field(row)
    asked, reply, turn = _first_pair(row)
    image, question = _image(row, turn, asked, hash_of)
    refuse_objects(row, question, reply)
    if not question:
        raise RowError("question", "The question is empty.")
    if not reply:
        raise RowError("answer", "The reply is empty.")
    options: tuple[str, ...] = ()
    if role != "support":
        question, options = split_options(question)
        if not question:
            raise RowError("question", "The question is empty but for its options.")
    task = text_field(row, "task_name", required=False)
    category = text_field(row, "category", required=False)
    return Sample(
        source_id=source_id,
        question=question,
        options=options,
        answer=_truth(reply, options),
        category=category or task,
        task=task or category,
        response=reply if role == "support" else "",
        skill_label=text_field(row, "skill_label", required=False),
        image=image,
    )


def _first_pair(row: Fields) -> tuple[str, str, Fields]:
    """The first question, its reply, and the turn that asks."""
    turns = row.get("conversations")
    if not isinstance(turns, list) or not turns:
        raise RowError("conversations", "“conversations” must be a list of turns.")
    if any(not isinstance(turn, dict) for turn in turns):
        raise RowError("conversations", "Every turn must be an object with “from” and “value”.")
    spoken = [turn for turn in turns if turn.get("from") != "system"]
    speakers = [turn.get("from") for turn in spoken[:2]]
    if _calls_tool(spoken):
        raise RowError("conversations", "The first reply calls a tool: it is no answer to the question before it.")
    if len(spoken) < 2 or speakers[0] not in _HUMAN or speakers[1] not in _MODEL:
        raise RowError("conversations", "A conversation begins with a turn from “human” and one from “gpt”.")
    asked, reply = (check_text(turn.get("value"), "conversations") for turn in spoken[:2])
    return asked, reply, spoken[0]


def _calls_tool(spoken: Sequence[Fields]) -> bool:
    """Whether the turn behind the first question calls a tool, whose result the model answers from."""
    if len(spoken) < 2:
        return False
    said = spoken[1].get("value")
    names = {str(turn.get("from")).replace("-", "_") for turn in spoken[1:3]}
    return bool(spoken[1].get("tool_calls") or names & _TOOLS or (isinstance(said, str) and _CALL.match(said)))


def _image(row: Fields, turn: Fields, asked: str, hash_of: Callable[[Any], str | None]) -> tuple[str | None, str]:
    """The hash of the row's image, and the question without its tags."""
    if asked.count(IMAGE_TOKEN) > 1:
        raise RowError("conversations", "The question holds several <image> tokens: samples have one image or none.")
    image, question = conversation_image(row, turn, _TOKEN.sub("", asked), hash_of)
    if image is None and IMAGE_TOKEN in asked:
        raise RowError("image", "The question holds an <image> token, but the row names no image.")
    return image, question.strip()


def _truth(reply: str, options: tuple[str, ...]) -> str:
    """The option that the reply names; without options, the answer it states, or the whole reply."""
    if not options:
        return read_answer(reply, ()).answer or reply
    if any(read_the_same(*pair) for pair in combinations(options, 2)):
        raise RowError("options", "Two of the options read the same.")
    answer = read_answer(reply, options).answer
    if answer not in options:
        shown = reply if len(reply) <= _MAX_SHOWN else reply[:_MAX_SHOWN] + "…"
        raise RowError("answer", f"The truth “{shown}” is not among the options {' · '.join(options)}.")
    return answer
