"""Read what a server says of an error, in the shapes of many servers: its words, its code, and the status it means.

The words stand under one of many names, alone, under "error" or "errors", in a list, or are the whole body.
"""

import re
from dataclasses import dataclass
from typing import Any

_WRAPPERS = ("error", "errors", "fault", "base_resp")
_MESSAGES = (
    "message", "msg", "error_message", "error_msg", "errmsg", "errorMessage", "status_msg", "faultstring", "detail",
    "title", "Message",
)  # fmt: skip
_CODES = ("code", "error_code", "errcode", "status_code")
_KINDS = ("type", "error_type", "status", "errorcode")
_STATUSES = (*_CODES, "status")
_MAX_DEPTH = 4
# The status of an error that states none, by words in its code, type or message; the first that fits.
_STATUS_BY_WORDS = tuple(
    (re.compile(pattern), status)
    for pattern, status in (
        (r"insufficient (?:balance|credit|funds)|payment required", 402),
        (r"quota|rate ?limit|too many requests|resource ?exhausted", 429),
        (r"overloaded|\bbusy\b|unavailable|timed out", 503),
        (r"api key|access token|authentication|unauthorized|login fail", 401),
        (r"permission|forbidden", 403),
        (r"^not ?found|\bnot ?found error|\bmodel\b.*\b(?:not found|not exists?)", 404),
        (r"context length|(?:too|input) long|bad ?request|\binvalid|unsupported|not supported|illegal", 400),
        (r"content (?:filter|policy)|field required|not permitted|value error|should be", 400),
    )
)
_OUT_OF_CREDIT = re.compile(
    r"insufficient (?:\w+ )?(?:quota|balance|credits?|funds)|current quota error|out of credits?|billing \w* ?limit"
    r"|arrearage|not enough (?:balance|credits?)"
)
_BAD_REQUEST, _UNKNOWN = 400, 500  # an error that says nothing known may pass, so that it is tried again


@dataclass(frozen=True, kw_only=True)
class ServerError:
    """An error in the server's words: its message, its code and type, and the field of the request that it names.

    ``stated`` is the status that it states, 0 where it states none.
    """

    message: str = ""
    code: str = ""
    kind: str = ""
    field: str = ""
    stated: int = 0

    @property
    def status(self) -> int:
        """The status that it states, else the one that its words mean."""
        words = _plain(f"{self.code} {self.kind} {self.message}")
        guessed = next((status for pattern, status in _STATUS_BY_WORDS if pattern.search(words)), _UNKNOWN)
        return self.stated or (_BAD_REQUEST if self.field and guessed == _UNKNOWN else guessed)

    @property
    def text(self) -> str:
        """Its message on one line, with the field that it is about."""
        line = " ".join((self.message or self.kind).split())
        return f"{self.field}: {line}" if self.field and self.field not in line else line

    @property
    def is_out_of_credit(self) -> bool:
        """Whether the account has to be paid for before anything is answered, so that waiting is pointless."""
        said = self.message if self.stated in (402, 403) else ""
        return self.stated == 402 or bool(_OUT_OF_CREDIT.search(_plain(f"{self.code} {self.kind} {said}")))


def read_error(body: Any, status: int = 0) -> ServerError:
    """The error in the body of an answer that is one; ``status`` is that of the answer, where it is an error's."""
    found, around = body, dict[str, Any]()
    for _ in range(_MAX_DEPTH):
        if isinstance(found, list):
            found = found[0] if found else ""
        elif isinstance(found, dict) and (inner := _wrapped(found)) is not None:
            found, around = inner, found
        else:
            break
    if not isinstance(found, dict):
        outer = _first(around, _MESSAGES) if found is True else ""
        message = "" if _is_page(found) else str(found or "")
        return ServerError(message=outer or message, kind=_first(around, _KINDS), stated=status or _stated(around))
    place = found.get("loc")
    field = str(place[-1]) if isinstance(place, list) and place else _first(found, ("param",))
    return ServerError(
        message=_first(found, _MESSAGES) or _first(around, _MESSAGES),
        code=_first(found, _CODES),
        kind=_first(found, _KINDS),
        field="" if field in ("None", "body") else field,
        stated=status or _stated(found) or _stated(around),
    )


def find_error(body: Any) -> ServerError | None:
    """The error that came with status 200 in place of a completion; None where there are choices and not all failed."""
    if isinstance(body, list):
        return find_error(body[0]) if body and isinstance(body[0], dict) else None
    if not isinstance(body, dict):
        return None
    choices = body.get("choices")
    if isinstance(choices, list) and choices:
        failed = [each["error"] for each in choices if isinstance(each, dict) and each.get("error")]
        return read_error(failed[0]) if len(failed) == len(choices) else None
    says = any(isinstance(body.get(name), str) and body[name] for name in _MESSAGES)
    is_error = says or _wrapped(body) is not None or body.get("success") is False or bool(body.get("detail"))
    return read_error(body) if is_error else None


def _wrapped(found: dict[str, Any]) -> Any:
    """The error inside an object; None where the object itself is it."""
    inner = next((found[name] for name in _WRAPPERS if found.get(name)), None)
    if inner is None and isinstance(found.get("detail"), list | dict) and not _first(found, _MESSAGES[:-3]):
        return found["detail"] or None
    return inner


def _first(found: dict[str, Any], names: tuple[str, ...]) -> str:
    """The first of these values that is text or a number."""
    values = (found.get(name) for name in names)
    return next((str(each) for each in values if isinstance(each, str | int) and str(each).strip()), "")


def _stated(found: dict[str, Any]) -> int:
    numbers = (str(found.get(name)) for name in _STATUSES)
    return next((int(each) for each in numbers if re.fullmatch(r"[45]\d\d", each)), 0)


def _is_page(found: Any) -> bool:
    return isinstance(found, str) and found.lstrip().startswith("<")


def _plain(words: str) -> str:
    """In lower case, with single spaces in place of underscores, hyphens and capitals inside words."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", words)
    return re.sub(r"[\s_-]+", " ", apart).strip().lower()
