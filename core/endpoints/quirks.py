"""What an endpoint does not take, learnt from its refusals, so that requests are asked without it."""

import re
from dataclasses import dataclass
from typing import Any

from core.endpoints.errors import REQUEST_REFUSED_STATUSES
from core.endpoints.messages import request_texts
from core.endpoints.wire_format.server_errors import ServerError

_LONG, _SHORT = "max_completion_tokens", "max_tokens"
_NOT_TAKEN = re.compile(
    r"not (?:be )?(?:supported|allowed|permitted|recogni[sz]ed)|unsupported|unrecogni[sz]ed|unknown|unexpected|instead"
    r"|deprecated|extra inputs",
    re.I,
)
_TEMPERATURE_NOT_TAKEN = re.compile(
    rf"{_NOT_TAKEN.pattern}|not support|n[o'’]t support|\bonly\b|\bmust\b|\bshould\b|invalid|range|greater|positive"
    r"|default|set to 1\b",
    re.I,
)
_TEMPERATURE_NAMED = re.compile(r"[`'\"]temperature[`'\"]|\btemperature\s*[=:]", re.I)
_TOO_LARGE = re.compile(r"too (?:large|high|many|big)|exceed|at most|less than|maximum", re.I)
_ANY_QUESTION = [{"role": "user", "content": "What is the temperature?"}]


@dataclass
class Quirks:
    """Whether the endpoint is asked without a temperature, by the other name of ``max_tokens``, and for one reply at a
    time. All are False until it refuses."""

    no_temperature: bool = False
    other_max_tokens: bool = False
    one_reply: bool = False

    def adapt(self, request: dict[str, Any]) -> dict[str, Any]:
        """The request as this endpoint takes it."""
        adapted = dict(request)
        if self.no_temperature:
            adapted.pop("temperature", None)
        if self.other_max_tokens:
            for one, other in ((_LONG, _SHORT), (_SHORT, _LONG)):
                if one in request:
                    adapted[other] = adapted.pop(one)
        return adapted

    def learn(self, said: ServerError, sent: dict[str, Any]) -> bool:
        """Whether the refusal of what was ``sent`` names something that can be left out; from now on it is."""
        if said.status not in REQUEST_REFUSED_STATUSES and said.status < 500:
            return False
        if _refuses_temperature(said, sent):
            self.no_temperature = True
            return True
        if not self.other_max_tokens and _refuses_name(said, sent):
            self.other_max_tokens = True
            return True
        return False

    def learn_of_batch(self, said: ServerError, request: dict[str, Any]) -> bool:
        """The same of a request like this one in a batch, whose text is not at hand; also where it is known by now."""
        sent = request | {"messages": _ANY_QUESTION}
        return self.learn(said, sent) or (self.other_max_tokens and _refuses_name(said, sent))


def _refuses_temperature(said: ServerError, sent: dict[str, Any]) -> bool:
    """Whether an error is about the temperature of the request, and not about one in its question."""
    if "temperature" not in sent:
        return False
    if said.field.lower() == "temperature" or _TEMPERATURE_NAMED.search(said.message):
        return True
    asked = any("temperature" in text.lower() for text in request_texts(sent))
    return not asked and "temperature" in said.message.lower() and bool(_TEMPERATURE_NOT_TAKEN.search(said.message))


def _refuses_name(said: ServerError, sent: dict[str, Any]) -> bool:
    """Whether an error is about the name under which the longest reply was sent, and not about its length."""
    name = _SHORT if _SHORT in sent else _LONG
    words = f"{said.message} {said.kind} {said.code.replace('_', ' ')}"
    named = said.field in (_SHORT, _LONG) or re.search(rf"\b(?:{name}|{_LONG})\b", said.message) is not None
    return named and _NOT_TAKEN.search(words) is not None and not _TOO_LARGE.search(said.message)
