"""What an endpoint does not take, learnt from its refusals, so that requests are asked without it."""

import re
from dataclasses import dataclass
from typing import Any

from openai import APIStatusError

from core.endpoints.errors import REQUEST_REFUSED_STATUSES

_LONG, _SHORT = "max_completion_tokens", "max_tokens"
_NOT_TAKEN = re.compile(
    r"not (?:supported|allowed|permitted|recogni[sz]ed)|unsupported|unrecogni[sz]ed|unknown|unexpected|instead", re.I
)


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

    def learn(self, error: APIStatusError, sent: dict[str, Any]) -> bool:
        """Whether the refusal of what was ``sent`` names something that can be left out; from now on it is."""
        if error.status_code not in REQUEST_REFUSED_STATUSES and error.status_code < 500:
            return False
        body = error.body if isinstance(error.body, dict) else {}
        said = " ".join(str(body.get(name) or "") for name in ("param", "message", "detail"))
        if "temperature" in said.lower() and "temperature" in sent:
            self.no_temperature = True
            return True
        named = _LONG in said if _SHORT in sent else re.search(rf"\b{_LONG}\b", said) is not None
        if named and not self.other_max_tokens and _NOT_TAKEN.search(said):
            self.other_max_tokens = True
            return True
        return False
