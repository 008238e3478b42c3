"""Re-readings: predictions that older rules read, what newer ones replace, and putting that back.

Knows no rule of reading: the caller reads. What a person reviewed, or has a draft on, is never replaced.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import (
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)

from core.types import Prediction, RoundId
from storage.rows import among, noun_of
from storage.tables import (
    drafts,
    replaced_readings,
    reviews,
    set_aside_diagnoses,
    set_aside_evidence,
)
from storage.tables import rereadings as rereading_rows
from storage.tables.diagnoses import diagnoses, predictions
from storage.tables.experiments import evidence
from storage.tables.projects import rounds

_READ = [each.name for each in replaced_readings.c if each.name not in ("rereading", "round", "sample")]
_SET_ASIDE: tuple[tuple[Table, Table], ...] = ((diagnoses, set_aside_diagnoses), (evidence, set_aside_evidence))


@dataclass(frozen=True, kw_only=True)
class Rereading:
    """One re-reading of a project's ``rounds`` (ids) by the rules of ``reading_version``."""

    id: int
    project: int
    rounds: tuple[RoundId, ...]
    reading_version: int
    reviewer: str
    created: str


@dataclass(frozen=True, kw_only=True)
class Dependent:
    """What was made of a prediction since a re-reading changed it: a person's review or draft, or the teacher's
    diagnosis."""

    sample: int
    what: Literal["reviewed", "drafted", "diagnosed"]


_REREADING = [rereading_rows.c[name] for name in Rereading.__dataclass_fields__]


def count_older_readings(connection: Connection, project_id: int, version: int) -> int:
    """How many predictions rules older than ``version`` read, in rounds that were not read again by it.

    Costs an index range of these predictions, nothing in a round that was read again.
    """
    query = select(func.count()).where(
        among(predictions.c.round, rounds_to_read(connection, project_id, version)),
        predictions.c.reading_version < version,
    )
    return connection.execute(query).scalar_one()


def rounds_to_read(connection: Connection, project_id: int, version: int) -> list[RoundId]:
    """The ids of the project's rounds, those of trials too, that were not read again by the rules of ``version``."""
    query = select(rereading_rows.c.rounds).where(
        rereading_rows.c.project == project_id, rereading_rows.c.reading_version >= version
    )
    done = {each for row in connection.execute(query) for each in row.rounds}
    return [each for each in round_numbers(connection, project_id) if each not in done]


def round_numbers(connection: Connection, project_id: int) -> dict[RoundId, int]:
    """The numbers of all the project's rounds by id; those of trials are below 0."""
    query = select(rounds.c.id, rounds.c.number).where(rounds.c.project == project_id).order_by(rounds.c.id)
    return {row.id: row.number for row in connection.execute(query)}


def begin_rereading(
    connection: Connection, project_id: int, round_ids: Sequence[RoundId], version: int, reviewer: str
) -> Rereading:
    """A new re-reading of these rounds, which has replaced nothing yet."""
    values = {"project": project_id, "rounds": list(round_ids), "reading_version": version, "reviewer": reviewer}
    made = insert(rereading_rows).values(values).returning(*_REREADING)
    return noun_of(Rereading, connection.execute(made).one())


def replace_readings(
    connection: Connection, rereading: int, read: Sequence[Prediction], moved: Collection[int]
) -> set[int]:
    """Replace what was read of some predictions of one round and keep the old; returns the samples of those replaced.

    Those with a review or a draft stay. ``moved`` are the samples whose steps, answer or correctness changed: what the
    teacher made of them is set aside.
    """
    if not read:
        return set()
    of_round = predictions.c.round == read[0].round
    case_key = tuple_(predictions.c.round, predictions.c.sample)
    undecided = [~case_key.in_(_decided(table, read)) for table in (reviews, drafts)]
    asked = select(predictions.c.sample).where(of_round, among(predictions.c.sample, [each.sample for each in read]))
    free = {row.sample for row in connection.execute(asked.where(*undecided))}
    columns = ["round", "sample", *_READ]
    kept = select(literal(rereading), *(predictions.c[name] for name in columns))
    kept = kept.where(of_round, among(predictions.c.sample, free))
    connection.execute(insert(replaced_readings).from_select(["rereading", *columns], kept))
    for table, aside in _SET_ASIDE:
        mine = and_(table.c.round == read[0].round, among(table.c.sample, free.intersection(moved)))
        names = [each.name for each in table.c]
        connection.execute(
            insert(aside).from_select(["rereading", *names], select(literal(rereading), *table.c).where(mine))
        )
        connection.execute(delete(table).where(mine))
    rows = [{"of": each.sample} | {name: getattr(each, name) for name in _READ} for each in read if each.sample in free]
    if rows:
        values: dict[str, Any] = {name: bindparam(name) for name in _READ}
        query = update(predictions).where(of_round, predictions.c.sample == bindparam("of"))
        connection.execute(query.values(values), rows)
    return free


def newest_rereading(connection: Connection, project_id: int) -> Rereading | None:
    """The project's newest re-reading that was not undone, if there is one."""
    query = select(*_REREADING).where(rereading_rows.c.project == project_id)
    row = connection.execute(query.order_by(rereading_rows.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else noun_of(Rereading, row)


def reading_stamp(connection: Connection) -> str:
    """When the newest re-reading of any project was made ("": there is none): a text that changes with what
    predictions are read as."""
    newest = select(func.max(rereading_rows.c.id)).scalar_subquery()
    return connection.scalar(select(rereading_rows.c.created).where(rereading_rows.c.id == newest)) or ""


def dependents_of(connection: Connection, rereading: Rereading) -> list[Dependent]:
    """What stands in the way of an undo: reviews and drafts of the predictions that it changed, and diagnoses of those
    whose steps, answer or correctness it changed, by sample."""
    old = replaced_readings
    same = and_(old.c.round == predictions.c.round, old.c.sample == predictions.c.sample)
    key = tuple_(old.c.round, old.c.sample)
    moved = or_(*(old.c[name].is_distinct_from(predictions.c[name]) for name in ("steps", "answer", "correct")))
    reviewed, drafted, diagnosed, asked = (
        key.in_(select(table.c.round, table.c.sample).where(among(table.c.round, rereading.rounds)))
        for table in (reviews, drafts, diagnoses, evidence)
    )
    made = and_(moved, or_(diagnosed, asked))
    what = case((reviewed, "reviewed"), (drafted, "drafted"), (made, "diagnosed"), else_="")
    query = select(old.c.sample, what.label("what")).select_from(old.join(predictions, same))
    mine = and_(old.c.rereading == rereading.id, what != "")
    rows = connection.execute(query.where(mine).order_by(old.c.sample))
    return [Dependent(sample=row.sample, what=row.what) for row in rows]


def undo_rereading(connection: Connection, rereading: int) -> int:
    """Put back what the re-reading replaced and set aside, and forget it; returns how many predictions that is.

    The caller has looked at ``dependents_of``.
    """
    old = replaced_readings
    mine = and_(old.c.rereading == rereading, old.c.round == predictions.c.round, old.c.sample == predictions.c.sample)
    back = update(predictions).where(mine).values({name: old.c[name] for name in _READ})
    count = connection.execute(back).rowcount
    for table, aside in _SET_ASIDE:
        names = [each.name for each in table.c]
        put = select(*(aside.c[name] for name in names)).where(aside.c.rereading == rereading)
        connection.execute(insert(table).from_select(names, put))
        connection.execute(delete(aside).where(aside.c.rereading == rereading))
    connection.execute(delete(old).where(old.c.rereading == rereading))
    connection.execute(delete(rereading_rows).where(rereading_rows.c.id == rereading))
    return count


def _decided(table: Table, read: Sequence[Prediction]) -> Any:
    """(round, sample) of those among the predictions of a round that have a row in the table."""
    mine = and_(table.c.round == read[0].round, among(table.c.sample, [each.sample for each in read]))
    return select(table.c.round, table.c.sample).where(mine)
