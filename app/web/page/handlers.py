"""How the page answers: one place read from the URL, one handler around every event, calm sentences for errors.

Tabs register their events and commands here. A handler gets the ``Place`` and returns which parts change; a
``UserError`` becomes a sentence above the tabs, anything else is logged with its traceback and said to be a bug.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import time_ns
from typing import Any, TypeAlias

from starlette.requests import HTTPConnection

from app.processes.worker_process import ensure_worker
from app.projects.lookup import find_round
from app.rendering.html import esc
from app.web.page.gradio_offline import gr
from app.web.page.place import Place, at, read_place, reviewer_of, signed_in, whole_number
from core.errors import FolderError, UserError
from storage import store
from storage.database import Database
from storage.errors import fault_told

logger = logging.getLogger("switchpoint.page")

Parts = dict[Any, Any]
Show = Callable[[Place], Parts]
Command = Callable[[Place, Mapping[str, Any]], Parts]
Event = Callable[..., Any]
Pending = tuple[Event, Callable[..., Parts], list[Any] | None, dict[str, Any]]
Asked: TypeAlias = gr.Request | HTTPConnection
NOWAIT = {"queue": False, "show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


@dataclass(frozen=True, kw_only=True)
class TabView:
    """A built tab: ``show`` renders all of it for a place, ``follow`` only what changes while someone watches a job."""

    show: Show
    follow: Show


@dataclass(kw_only=True)
class Page:
    """The page being built: its database, its notice line, every part an answer may change, and the named commands.

    ``acts`` are what a person does many times a minute: they change parts only, and go over a route of their own,
    because Gradio's way there and back takes longer than the work. ``reviewer`` is who reviews in a browser that gives
    no name.
    """

    db: Database
    reviewer: str
    notice: Any
    parts: list[Any] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    acts: dict[str, Command] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    refresh: Show = lambda _: {}

    def part(self, name: str, value: Any = "", **options: Any) -> Any:
        """A piece of own HTML that answers may change; scripts learn by ``name`` that it was painted."""
        options = {"html_template": "${value}", **options}
        made = gr.HTML(value, js_on_load=_painted(name), elem_id=name, apply_default_css=False, **options)
        return self.output(made)

    def output(self, component: Any) -> Any:
        """Let answers change a Gradio component; returns it."""
        self.parts.append(component)
        return component

    def answer(self, request: Asked, work: Show) -> Parts:
        """Run a handler for the request's place; errors become the notice."""
        try:
            return {self.notice: "", **work(self.whose(find_place(self.db, request.query_params), request))}
        except UserError as error:
            return {self.notice: told(str(error), "error")}
        except Exception as error:  # shown as a bug, kept whole in the log: the page must survive it
            logger.exception("a handler of the page failed")
            bug = "This is a bug in Switchpoint; the log has the details. Reload the page."
            return {self.notice: told(str(fault_told(error, self.db.data) or bug), "error")}

    def whose(self, place: Place, request: Asked) -> Place:
        """The place with the request's reviewer."""
        asked = request.request if isinstance(request, gr.Request) else request
        return replace(place, reviewer=reviewer_of(asked, self.reviewer), signed_in=bool(signed_in(asked)))

    def listen(self, event: Event, work: Callable[..., Parts], inputs: Sequence[Any] = (), **options: Any) -> None:
        """Answer a Gradio event with ``work(place, *values of inputs)``; takes effect with ``connect``."""

        def handle(request: gr.Request, *values: Any) -> Parts:
            return self.answer(request, lambda place: work(place, *values))

        self.pending.append((event, handle, list(inputs) or None, options))

    def hear(self, bridge: Any) -> None:
        """Answer the commands that scripts and own buttons send over the bridge; takes effect with ``connect``."""

        def handle(request: gr.Request, event: gr.EventData) -> Parts:
            return self.obey(request, self.commands, event._data)

        self.pending.append((bridge.cmd, handle, None, {"trigger_mode": "multiple"}))

    def act(self, request: HTTPConnection, sent: Any) -> dict[str, Any]:
        """Carry out one of ``acts``; returns the new values of the parts that change, by name."""
        parts = self.obey(request, self.acts, sent)
        return {part.elem_id: value for part, value in parts.items() if value != gr.skip()}

    def obey(self, request: Asked, known: Mapping[str, Command], sent: Any) -> Parts:
        """What the command that ``sent`` names answers; anything but a command of ``known`` is refused."""
        data = dict(sent) if isinstance(sent, Mapping) else {}
        kind = known.get(str(data.get("kind")))
        if kind is None:
            return {self.notice: told("The page sent something unknown. Reload it.", "error")}
        return self.answer(request, lambda place: kind(place, data))

    def begun(self, place: Place, said: str = "") -> Parts:
        """The page once a job is queued, and a worker for it; ``said`` is the notice, unless the job has to wait."""
        notice = told(said) if said else ""
        try:
            ensure_worker(self.db.data)
        except FolderError as error:  # the minder begins one as soon as that is put right
            why = "The job is queued and waits, since no worker can begin."
            notice = told(f"{why} {error} It then begins by itself, within a minute.", "warning")
        return {**self.refresh(place), self.notice: notice}

    def connect(self) -> None:
        """Attach every handler, once all parts exist: an answer may change any of them."""
        for event, handle, inputs, options in self.pending:
            event(handle, inputs, self.parts, **{**NOWAIT, **options})


def told(sentence: str, tone: str = "good", action: str = "") -> str:
    """The notice line: what happened or what went wrong, in one sentence; ``action`` is markup (a button)."""
    role = "alert" if tone == "error" else "status"
    close = '<button type="button" class="quiet" data-close aria-label="Close this message">×</button>'
    # The time makes the same sentence said twice two different paintings.
    said = f'<p dir="auto">{esc(sentence, 1200)}</p>'
    return f'<div class="notice {tone}" role="{role}" data-at="{time_ns()}">{said}{action}{close}</div>'


def find_place(db: Database, query: Mapping[str, str]) -> Place:
    """The place of a URL with project and round filled in: the first project by default, and its adopted round,
    else its newest.

    Raises UserError for a project or round that does not exist. With no project at all, ``project`` stays "".
    """
    place = read_place(query)
    with db.read() as connection:
        known = store.list_projects(connection)
        if not known:
            return at(place, project="", round=0)
        names = [project.name for project in known]
        if place.project and place.project not in names:
            raise UserError(f"There is no project '{place.project[:80]}': choose one in the header.")
        chosen = known[names.index(place.project)] if place.project else known[0]
        numbers = [each.number for each in store.rounds_of(connection, chosen.id)]
        first = find_round(connection, chosen, None).number
    if place.round is not None and place.round not in numbers:
        raise UserError(f"Project '{chosen.name}' has no round {place.round}: choose one in the header.")
    return at(place, project=chosen.name, round=first if place.round is None else place.round)


def text_in(sent: Mapping[str, Any], name: str, longest: int) -> str:
    """A text that a command carries; UserError where it is missing, no text, too long, or cannot be stored."""
    given = sent.get(name)
    if not isinstance(given, str):
        raise UserError(f"The {name} is missing: reload the page and try again.")
    if len(given) > longest:
        raise UserError(f"The {name} is longer than {longest:,} characters: shorten it.")
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in given):
        raise UserError(f"The {name} holds a character that cannot be stored: type it again.")
    return given


def number_in(sent: Mapping[str, Any], name: str) -> int:
    """A whole number that a command carries, as digits or as a number; UserError where it is missing or none."""
    found = whole_number(str(sent.get(name, "")))
    if found is None:
        raise UserError(f"The {name} must be a whole number: reload the page and try again.")
    return found


def _painted(name: str) -> str:
    return (
        "window.wb = window.wb || {}; wb.parts = wb.parts || {};"
        f"const tell = () => wb.painted && wb.painted('{name}', element, props.value);"
        # Gradio paints a value set here in the microtask before ours, and does not tell ``watch`` of it.
        f"wb.parts['{name}'] = value => {{ props.value = value; queueMicrotask(tell); }};"
        "watch('value', () => requestAnimationFrame(tell)); tell();"
    )
