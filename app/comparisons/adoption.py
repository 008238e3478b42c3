"""Adopting a round, which the project then builds on, and the regression gate before it.

The gate compares a round with the adopted one (else the one it was tuned from), on the test set where both answered it,
else on the validation set.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.comparisons.paired import compare_pair
from app.projects.lookup import find_project, find_round
from core.errors import UserError
from core.types import Adoption, Gate, Role
from storage import store
from storage.database import Database
from storage.store import Project, Round

ROLES: tuple[Role, ...] = ("test", "validation")
MAX_REASON_LENGTH = 1000


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """The gate's result on a round: ``against`` is the round it was compared with, ``role`` the set ("": neither)."""

    round: Round
    against: Round | None
    role: Role | str
    gate: Gate


def check_gate(connection: Connection, project: Project, round_: Round) -> GateResult:
    """Apply the gate to the round. Raises UserError where it has answered neither set."""
    against = _against(connection, project, round_)
    if against is None:
        return GateResult(
            round=round_,
            against=None,
            role="",
            gate=Gate(passed=True, findings=("There is no round to compare with.",)),
        )
    for role in ROLES:
        compared = compare_pair(connection, project, against, round_, role)
        if compared is not None:
            return GateResult(round=round_, against=against, role=role, gate=compared.gate)
    if not any(store.correct_predictions(connection, round_.id, role) for role in ROLES):
        raise UserError(
            f"Round {round_.number} has answered neither set, so nothing can be said of it: "
            f"run `switchpoint predict {project.name} --round {round_.number}` first."
        )
    unknown = f"Rounds {against.number} and {round_.number} share no sample, so what broke is not known."
    return GateResult(round=round_, against=against, role="", gate=Gate(passed=False, findings=(unknown,)))


def adopt(db: Database, project: str, round_number: int, *, reviewer: str, reason: str = "") -> Adoption:
    """Adopt a round, so that the project builds on it; saved with the reviewer, the time and the gate's result.

    Raises UserError for the adopted round, and for one that fails the gate while ``reason`` is empty.
    """
    reason = " ".join(reason.split())
    if len(reason) > MAX_REASON_LENGTH:
        raise UserError(f"The reason is longer than {MAX_REASON_LENGTH:,} characters: shorten it.")
    with db.write() as connection:
        found = find_project(connection, project)
        round_ = find_round(connection, found, round_number)
        if store.adopted_round_id(connection, found.id) == round_.id:
            raise UserError(f"Round {round_.number} is adopted already.")
        judged = check_gate(connection, found, round_)
        if not judged.gate.passed and not reason:
            raise UserError(
                f"The gate stops round {round_.number}: {judged.gate.sentence} Give a reason to adopt it all the same."
            )
        return store.save_adoption(
            connection,
            Adoption(
                project=found.id,
                round=round_.id,
                against=judged.against.id if judged.against else None,
                role=judged.role,
                passed=judged.gate.passed,
                findings=judged.gate.findings,
                reviewer=reviewer.strip() or "anonymous",
                reason=reason,
            ),
        )


def _against(connection: Connection, project: Project, round_: Round) -> Round | None:
    adopted = store.adopted_round_id(connection, project.id)
    if adopted is not None and adopted != round_.id:
        return store.round_of(connection, adopted)
    return None if round_.run is None else store.round_of(connection, store.run_of(connection, round_.run).from_round)
