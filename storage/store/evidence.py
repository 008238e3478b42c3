"""Evidence for experiments: what teachers answered about a round's errors, beside the diagnoses.

Knows no method: the caller knows what a value means.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from core.types import Evidence, Method, RoundId
from storage.rows import values_of
from storage.tables import evidence


def save_evidence(connection: Connection, found: Sequence[Evidence]) -> None:
    """Add the evidence that is new; stored evidence is never replaced."""
    if found:
        connection.execute(insert(evidence).prefix_with("OR IGNORE"), [values_of(each) for each in found])


def evidence_of(
    connection: Connection, round_id: RoundId, teacher: str, method: Method, variant: str
) -> dict[int, Any]:
    """The teacher's values for the round's errors, for a method and variant, by sample id."""
    columns = evidence.c
    keys = (columns.round == round_id, columns.teacher == teacher, columns.method == method, columns.variant == variant)
    return {row.sample: row.value for row in connection.execute(select(columns.sample, columns.value).where(*keys))}


def count_evidence(connection: Connection, round_id: RoundId) -> int:
    """How much evidence the round has, of all teachers and methods."""
    query = select(func.count()).select_from(evidence).where(evidence.c.round == round_id)
    return connection.execute(query).scalar_one()
