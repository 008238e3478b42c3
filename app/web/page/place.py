"""Where a person is on the page, as the URL says: project, round, tab, sample and the tab's own parameters.

Only the URL stores this, and every handler reads it again, so that a reload, a shared link and a second window show the
same place. The reviewer's name is in a cookie, so that a shared link does not share it. Knows neither the database nor
the page's parts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import unquote, urlencode

from starlette.requests import HTTPConnection

from app.security.authentication import SIGNED_IN

TABS = ("data", "review", "skills", "selection", "tuning", "comparison", "experiments")
_FIELDS = ("project", "round", "tab", "sample")
_MAX_LENGTH = 400
REVIEWER_COOKIE = "switchpoint-reviewer"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A place on the page; ``choices`` are the further URL parameters (filters, a list's cursor, which rounds).

    On the Comparison tab ``sample`` opens the lineage of a validation or test sample, the further parameter
    ``training`` that of a support sample: ``place.link(tab="comparison", training=id)``.
    ``reviewer`` is the name under which this browser reviews, that of the login where ``signed_in``; links omit it.
    """

    project: str = ""
    round: int | None = None
    tab: str = "data"
    sample: int | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    reviewer: str = ""
    signed_in: bool = False

    def choice(self, name: str, default: str = "") -> str:
        """One further parameter, or ``default`` where the URL does not have it."""
        return self.choices.get(name, default)

    def number(self, name: str) -> int | None:
        """A further parameter as a whole number, None where it is missing or not a number."""
        return whole_number(self.choices.get(name, ""))

    def link(self, **changes: object) -> str:
        """The URL of this place with changes; None or "" removes a parameter; a list's cursor is always removed."""
        kept = {name: value for name, value in self.choices.items() if name != "from"}
        query = {
            "project": self.project,
            "round": self.round,
            "tab": self.tab,
            "sample": self.sample,
            **kept,
            **changes,
        }
        return "?" + urlencode({name: str(value) for name, value in query.items() if value not in (None, "")})

    def without(self, *names: str) -> "Place":
        """The same place without some of its further parameters."""
        return replace(self, choices={name: value for name, value in self.choices.items() if name not in names})


def whole_number(text: str) -> int | None:
    """ "12" → 12; None for anything that is not a short run of ASCII digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None


def reviewer_in(cookies: Mapping[str, str], default: str) -> str:
    """The name under which a browser reviews: its cookie's, at most 100 characters on one line, else ``default``."""
    name = " ".join(unquote(cookies.get(REVIEWER_COOKIE, "")).replace("\x00", "").split())[:100]
    return name.encode("utf-8", "ignore").decode() or default


def signed_in(request: HTTPConnection) -> str:
    """The name of the login, "" where none is required."""
    return str(request.scope.get(SIGNED_IN, ""))


def reviewer_of(request: HTTPConnection, default: str) -> str:
    """Who reviews: the name of the login; where none is required the browser's name, else ``default``."""
    return signed_in(request) or reviewer_in(request.cookies, default)


def read_place(query: Mapping[str, str]) -> Place:
    """The place that URL parameters describe; invalid values are ignored."""
    given = {name: str(value)[:_MAX_LENGTH] for name, value in query.items()}
    tab = given.get("tab", "")
    return Place(
        project=given.get("project", ""),
        round=whole_number(given.get("round", "")),
        tab=tab if tab in TABS else TABS[0],
        sample=whole_number(given.get("sample", "")),
        choices={name: value for name, value in given.items() if name not in _FIELDS and not name.startswith("__")},
    )


def move_to(place: Place, *, project: str, round_number: int) -> Place:
    """The same place in another project and round, which must exist."""
    return replace(place, project=project, round=round_number)
