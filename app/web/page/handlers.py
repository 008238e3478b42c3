"""How the page answers events: it reads the place from the URL, runs a handler, and turns errors into a notice.

Tabs register their events and commands here. A handler gets the ``Place`` and returns the parts that change; a
``UserError`` becomes a sentence above the tabs, any other exception is logged with its traceback and shown as a bug.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import time_ns
from typing import Any, TypeAlias

from markupsafe import Markup
from starlette.requests import HTTPConnection

from app.processes.worker_process import ensure_worker
from app.projects.lookup import find_round
from app.rendering.templates import macro
from app.web.page.gradio_offline import gr
from app.web.page.place import Place, move_to, read_place, reviewer_of, signed_in, whole_number
from core.errors import FolderError, UserError
from storage import store
from storage.database import Database
from storage.errors import folder_error

logger = logging.getLogger("switchpoint.page")

Parts = dict[Any, Any]
Show = Callable[[Place], Parts]
Command = Callable[[Place, Mapping[str, Any]], Parts]
Event = Callable[..., Any]
Pending = tuple[Event, Callable[..., Parts], list[Any] | None, dict[str, Any]]
Request: TypeAlias = gr.Request | HTTPConnection
EVENT_OPTIONS = {"queue": False, "show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}


@dataclass(frozen=True, kw_only=True)
class TabView:
    """A built tab: ``show`` renders all of it for a place, ``follow`` only the parts that a running job changes."""

    show: Show
    follow: Show


@dataclass(kw_only=True)
class Page:
    """The page being built: its database, its notice line, every part that an answer may change, and its commands.

    ``actions`` are the commands that a person sends many times a minute. They change parts only and have a route of
    their own, since Gradio's round trip takes longer than the work. ``reviewer`` is the name for a browser that gives
    none.
    """

    db: Database
    reviewer: str
    notice: Any
    parts: list[Any] = field(default_factory=list)
    commands: dict[str, Command] = field(default_factory=dict)
    actions: dict[str, Command] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    refresh: Show = lambda _: {}

    def part(self, name: str, value: Any = "", **options: Any) -> Any:
        """A piece of HTML that answers may change; ``name`` is its id, by which scripts hear that it was painted."""
        options = {"html_template": "${value}", **options}
        made = gr.HTML(value, js_on_load=_on_load_script(name), elem_id=name, apply_default_css=False, **options)
        return self.output(made)

    def output(self, component: Any) -> Any:
        """Register a Gradio component as changeable by answers; returns it."""
        self.parts.append(component)
        return component

    def answer(self, request: Request, work: Show) -> Parts:
        """Run a handler for the request's place; an error becomes the notice."""
        try:
            return {self.notice: "", **work(self.with_reviewer(find_place(self.db, request.query_params), request))}
        except UserError as error:
            return {self.notice: notice(str(error), "error")}
        except Exception as error:  # shown as a bug, kept whole in the log: the page must survive it
            logger.exception("a handler of the page failed")
            bug = "This is a bug in Switchpoint; the log has the details. Reload the page."
            return {self.notice: notice(str(folder_error(error, self.db.data) or bug), "error")}

    def with_reviewer(self, place: Place, request: Request) -> Place:
        """The place with the request's reviewer."""
        asked = request.request if isinstance(request, gr.Request) else request
        return replace(place, reviewer=reviewer_of(asked, self.reviewer), signed_in=bool(signed_in(asked)))

    def listen(self, event: Event, work: Callable[..., Parts], inputs: Sequence[Any] = (), **options: Any) -> None:
        """Answer a Gradio event with ``work(place, *values of inputs)``, once ``connect`` is called."""

        def handle(request: gr.Request, *values: Any) -> Parts:
            return self.answer(request, lambda place: work(place, *values))

        self.pending.append((event, handle, list(inputs) or None, options))

    def listen_to_bridge(self, bridge: Any) -> None:
        """Answer the commands that scripts and buttons send over the bridge, once ``connect`` is called."""

        def handle(request: gr.Request, event: gr.EventData) -> Parts:
            return self.run_command(request, self.commands, event._data)

        self.pending.append((bridge.cmd, handle, None, {"trigger_mode": "multiple"}))

    def run_action(self, request: HTTPConnection, sent: Any) -> dict[str, Any]:
        """Run one of ``actions``; returns the new values of the parts that change, by name."""
        parts = self.run_command(request, self.actions, sent)
        return {part.elem_id: value for part, value in parts.items() if value != gr.skip()}

    def run_command(self, request: Request, known: Mapping[str, Command], sent: Any) -> Parts:
        """Run the command of ``known`` that ``sent`` names in "kind"; anything else is refused."""
        data = dict(sent) if isinstance(sent, Mapping) else {}
        command = known.get(str(data.get("kind")))
        if command is None:
            return {self.notice: notice("The page sent something unknown. Reload it.", "error")}
        return self.answer(request, lambda place: command(place, data))

    def start_worker(self, place: Place, message: str = "") -> Parts:
        """Start a worker for a job just queued and return the page; ``message`` is the notice unless the job waits."""
        shown = notice(message) if message else ""
        try:
            ensure_worker(self.db.data)
        except FolderError as error:  # the supervisor starts one as soon as that is put right
            why = "The job is queued and waits, since no worker can begin."
            shown = notice(f"{why} {error} It then begins by itself, within a minute.", "warning")
        return {**self.refresh(place), self.notice: shown}

    def connect(self) -> None:
        """Attach every handler, once all parts exist: an answer may change any of them."""
        for event, handle, inputs, options in self.pending:
            event(handle, inputs, self.parts, **{**EVENT_OPTIONS, **options})


def notice(sentence: str, tone: str = "good", action: Markup | str = "") -> Markup:
    """The notice line: what happened or what went wrong, in one sentence; ``action`` is a button or link."""
    # The time makes the same sentence shown twice two different values, so that it is painted both times.
    return macro("notice", sentence, tone, action, at=time_ns())


def find_place(db: Database, query: Mapping[str, str]) -> Place:
    """The place of a URL with project and round filled in.

    Defaults to the first project and its adopted round, or its newest one where none is adopted. Raises UserError for a
    project or round that does not exist. Without any project, ``project`` stays "".
    """
    place = read_place(query)
    with db.read() as connection:
        known = store.list_projects(connection)
        if not known:
            return move_to(place, project="", round_number=0)
        names = [project.name for project in known]
        if place.project and place.project not in names:
            raise UserError(f"There is no project '{place.project[:80]}': choose one in the header.")
        chosen = known[names.index(place.project)] if place.project else known[0]
        numbers = [each.number for each in store.rounds_of(connection, chosen.id)]
        first = find_round(connection, chosen, None).number
    if place.round is not None and place.round not in numbers:
        raise UserError(f"Project '{chosen.name}' has no round {place.round}: choose one in the header.")
    return move_to(place, project=chosen.name, round_number=first if place.round is None else place.round)


def text_in(sent: Mapping[str, Any], name: str, max_length: int) -> str:
    """A text of a command. Raises UserError where it is missing, not a text, too long, or cannot be stored."""
    given = sent.get(name)
    if not isinstance(given, str):
        raise UserError(f"The {name} is missing: reload the page and try again.")
    if len(given) > max_length:
        raise UserError(f"The {name} is longer than {max_length:,} characters: shorten it.")
    if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in given):
        raise UserError(f"The {name} holds a character that cannot be stored: type it again.")
    return given


def number_in(sent: Mapping[str, Any], name: str) -> int:
    """A whole number of a command, as digits or as a number. Raises UserError where it is missing or something else."""
    found = whole_number(str(sent.get(name, "")))
    if found is None:
        raise UserError(f"The {name} must be a whole number: reload the page and try again.")
    return found


def _on_load_script(name: str) -> str:
    return (
        "window.wb = window.wb || {}; wb.parts = wb.parts || {};"
        f"const tell = () => wb.painted && wb.painted('{name}', element, props.value);"
        # Gradio paints a value set here in the microtask before ours, without calling ``watch``.
        f"wb.parts['{name}'] = value => {{ props.value = value; queueMicrotask(tell); }};"
        "watch('value', () => requestAnimationFrame(tell)); tell();"
    )
