"""Projects and their rounds. Knows nothing of predictions and diagnoses."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, insert, select, update

from core.errors import UserError
from core.types import EndpointSettings, RoundId, Settings, StudentSettings, TuningSettings
from storage.rows import json_of, noun_of
from storage.tables import runs, trials
from storage.tables.projects import projects, rounds

MAX_NAME_LENGTH = 100


@dataclass(frozen=True, kw_only=True)
class Project:
    """One student and one teacher (names or folders of models) with their settings."""

    id: int
    name: str
    student: str
    teacher: str
    settings: Settings
    created: str


@dataclass(frozen=True, kw_only=True)
class Round:
    """One pass with one fixed student: ``number`` 0 is the base model, later ones have a run and its adapter."""

    id: RoundId
    project: int
    number: int
    run: int | None
    adapter: str | None
    created: str


def create_project(connection: Connection, name: str, *, student: str, teacher: str, settings: Settings) -> Project:
    """A new project with its round 0. Raises UserError for an empty, too long or taken name."""
    name = name.strip()
    if not name or len(name) > MAX_NAME_LENGTH:
        raise UserError(f"Give the project a name of 1 to {MAX_NAME_LENGTH} characters.")
    if connection.scalar(select(projects.c.id).where(projects.c.name == name)) is not None:
        raise UserError(f"There is a project named {name!r} already: choose another name, or go on with that one.")
    values = {"name": name, "student": student, "teacher": teacher, "settings": json_of(settings)}
    project = _project_of(connection.execute(insert(projects).values(values).returning(projects)).one())
    open_round(connection, project.id, run=None)
    return project


def project_named(connection: Connection, name: str) -> Project:
    """The project of that name. Raises UserError, which names similar ones, where there is none."""
    row = connection.execute(select(projects).where(projects.c.name == name)).one_or_none()
    if row is not None:
        return _project_of(row)
    known = list(connection.scalars(select(projects.c.name).order_by(projects.c.name)))
    if not known:
        raise UserError(f"There is no project {name!r}, nor any other yet: create one first.")
    shown = (get_close_matches(name, known, n=5, cutoff=0.4) or known)[:5]
    more = f" and {len(known) - len(shown)} more" if len(known) > len(shown) else ""
    raise UserError(f"There is no project {name!r}: choose one of {', '.join(map(repr, shown))}{more}.")


def project_of(connection: Connection, project_id: int) -> Project:
    """The project of that id. Raises UserError for an unknown id."""
    row = connection.execute(select(projects).where(projects.c.id == project_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no project {project_id}: choose one from the list.")
    return _project_of(row)


def list_projects(connection: Connection) -> list[Project]:
    """Every project, by name."""
    return [_project_of(row) for row in connection.execute(select(projects).order_by(projects.c.name))]


def save_settings(connection: Connection, project_id: int, settings: Settings) -> None:
    """Replace the project's settings; predictions and diagnoses under the old ones stay."""
    done = connection.execute(update(projects).where(projects.c.id == project_id).values(settings=json_of(settings)))
    if not done.rowcount:
        raise UserError(f"There is no project {project_id}: choose one from the list.")


def rounds_of(connection: Connection, project_id: int) -> list[Round]:
    """The project's rounds in order, without those of trials (numbers below 0)."""
    shown = and_(rounds.c.project == project_id, rounds.c.number >= 0)
    return [noun_of(Round, row) for row in connection.execute(_rounds(shown))]


def round_of(connection: Connection, round_id: RoundId) -> Round:
    """The round of that id (not its number). Raises UserError for an unknown id."""
    row = connection.execute(_rounds(rounds.c.id == round_id)).one_or_none()
    if row is None:
        raise UserError(f"There is no round {round_id}: choose one from the list.")
    return noun_of(Round, row)


def save_models(connection: Connection, project_id: int, *, student: str, teacher: str) -> None:
    """Replace a project's student and teacher."""
    connection.execute(update(projects).where(projects.c.id == project_id).values(student=student, teacher=teacher))


def open_round(connection: Connection, project_id: int, *, run: int | None) -> Round:
    """Open the project's next round, for the base model (``run`` None) or a run's adapter.

    A run opens one round: called again, for instance after a crash, this returns the same one. The round of a trial's
    run has the negative id of the trial as its number.
    """
    if run is not None:
        opened = connection.scalar(select(runs.c.opened).where(runs.c.id == run))
        if opened is not None:
            return round_of(connection, opened)
    trial = None if run is None else connection.scalar(select(trials.c.id).where(trials.c.run == run))
    last = connection.scalar(select(func.max(rounds.c.number)).where(rounds.c.project == project_id))
    number = -trial if trial is not None else 0 if last is None else last + 1
    values = {"project": project_id, "number": number}
    round_id = connection.execute(insert(rounds).values(values).returning(rounds.c.id)).scalar_one()
    if run is not None:
        connection.execute(update(runs).where(runs.c.id == run).values(opened=round_id))
        connection.execute(update(trials).where(trials.c.run == run).values(round=round_id))
    return round_of(connection, round_id)


def _rounds(condition: ColumnElement[bool]) -> Select[Any]:
    joined = rounds.outerjoin(runs, runs.c.opened == rounds.c.id)
    columns = (rounds.c.id, rounds.c.project, rounds.c.number, runs.c.id.label("run"), runs.c.adapter, rounds.c.created)
    return select(*columns).select_from(joined).where(condition).order_by(rounds.c.number)


def _project_of(row: Row[Any]) -> Project:
    values = dict(row._mapping)
    stored = dict(values.pop("settings"))
    parts = {
        "student": StudentSettings(**stored["student"]),
        "endpoint": _endpoint_of(stored.get("endpoint", {})),
        "tuning": TuningSettings(**stored["tuning"]),
    }
    return Project(settings=Settings(**stored | parts), **values)


def _endpoint_of(stored: dict[str, Any]) -> EndpointSettings:
    prices = tuple((model, price_in, price_out) for model, price_in, price_out in stored.get("prices", ()))
    addresses = tuple((model, url, variable) for model, url, variable in stored.get("addresses", ()))
    return EndpointSettings(**stored | {"prices": prices, "addresses": addresses})
