"""The teacher's diagnoses. A stored curve never changes; its mistake step does when δ or λ change.

Knows no rule for finding the mistake step: the caller passes it.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Protocol

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.dialects.sqlite import insert

from core.types import Curve, Diagnosis, Prediction, RoundId, Sample, Switch
from storage.rows import (
    DIAGNOSIS,
    PREDICTION,
    SAMPLE,
    diagnosis_from_row,
    diagnosis_values,
    prefixed,
    unprefixed,
    values_of,
)
from storage.store.predictions import in_set_of
from storage.store.rereadings import reading_stamp
from storage.tables import samples
from storage.tables.columns import Tuples
from storage.tables.diagnoses import diagnoses as diagnosis_rows
from storage.tables.diagnoses import predictions


class FindSwitch(Protocol):
    """Finds the mistake step of a curve: ``core.answer_switch.find_switch``."""

    def __call__(self, curve: Curve, *, delta: float, lam: int) -> Switch: ...


def save_diagnoses(connection: Connection, diagnoses: Sequence[Diagnosis]) -> int:
    """Add the diagnoses that are new and return how many; a stored one is never replaced."""
    if not diagnoses:
        return 0
    query = insert(diagnosis_rows).on_conflict_do_nothing()
    return connection.execute(query, [diagnosis_values(diagnosis) for diagnosis in diagnoses]).rowcount


def missing_diagnoses(connection: Connection, round_id: RoundId) -> list[tuple[Sample, Prediction]]:
    """The errors on the validation set that can be diagnosed (an answer was read, and there are steps) and are not
    yet."""
    columns = [*prefixed(SAMPLE, samples), *prefixed(PREDICTION, predictions)]
    diagnosed = exists().where(diagnosis_rows.c.round == round_id, diagnosis_rows.c.sample == predictions.c.sample)
    query = (
        select(*columns)
        .select_from(predictions.join(samples, samples.c.id == predictions.c.sample))
        .where(predictions.c.round == round_id, is_error_of(round_id), ~diagnosed)
        .where(predictions.c.answer.is_not(None), predictions.c.steps != bindparam(None, (), Tuples))
        .order_by(predictions.c.sample)
    )
    found = connection.execute(query)
    return [(Sample(**unprefixed(row, samples)), Prediction(**unprefixed(row, predictions))) for row in found]


def is_error_of(round_id: RoundId) -> ColumnElement[bool]:
    """The condition that a row of ``predictions`` joined with its sample is an error on the round's validation set."""
    # A literal instead of a parameter, so that SQLite can use the partial index.
    return and_(predictions.c.correct == literal_column("0"), in_set_of(round_id, "validation"))


def diagnosis_of(connection: Connection, round_id: RoundId, sample_id: int) -> Diagnosis | None:
    """The round's diagnosis of the sample before any review, if there is one."""
    query = select(*DIAGNOSIS).where(diagnosis_rows.c.round == round_id, diagnosis_rows.c.sample == sample_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else diagnosis_from_row(row._asdict())


def diagnoses_of(connection: Connection, round_id: RoundId) -> list[Diagnosis]:
    """The round's diagnoses before any review, by sample."""
    query = select(*DIAGNOSIS).where(diagnosis_rows.c.round == round_id).order_by(diagnosis_rows.c.sample)
    return [diagnosis_from_row(row._asdict()) for row in connection.execute(query)]


def curves_version(connection: Connection, round_id: RoundId) -> tuple[object, ...]:
    """Values that change when the round's curves change, the δ and λ applied to them, or what was read of answers."""
    columns = diagnosis_rows.c
    read = (func.min(columns.delta), func.max(columns.delta), func.min(columns.lam), func.max(columns.lam))
    counted = connection.execute(select(func.count(), *read).where(columns.round == round_id)).one()
    return (*counted, reading_stamp(connection))


def apply_thresholds(connection: Connection, round_id: RoundId, delta: float, lam: int, find_switch: FindSwitch) -> int:
    """Apply δ and λ to every stored curve of the round; returns how many mistake steps or statuses changed.

    Curves, skills and reviews stay: a reviewed case keeps its reviewed step.
    """
    found = [(each, find_switch(each.curve, delta=delta, lam=lam)) for each in diagnoses_of(connection, round_id)]
    values: dict[str, BindParameter[object]] = {part.name: bindparam(part.name) for part in fields(Switch)}
    query = update(diagnosis_rows).where(diagnosis_rows.c.round == round_id, diagnosis_rows.c.sample == bindparam("of"))
    if found:
        rows = [{"of": each.sample, **values_of(switch)} for each, switch in found]
        connection.execute(query.values(**values, delta=delta, lam=lam), rows)
    return sum(
        (each.switch.status, each.switch.mistake_step) != (switch.status, switch.mistake_step) for each, switch in found
    )
