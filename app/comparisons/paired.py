"""Compares two rounds of a project on the same samples, with the category and skill of each sample.

The statistics are in ``core.evaluation.comparison``.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from core.errors import UserError
from core.evaluation.comparison import compare, gate
from core.types import Comparison, Gate, Role
from storage import store
from storage.database import Database
from storage.store import Project, Round


@dataclass(frozen=True, kw_only=True)
class PairedComparison:
    """The comparison of two rounds; ``categories`` and ``skills`` give the group of a sample, where it has one.

    Skills are those missing in the first round, and for a broken answer that missing in the second. ``unnamed`` counts
    the broken answers without a skill (yet): while there are any, the counts of a skill lack broken answers, and its p
    value means nothing.
    """

    first: Round
    second: Round
    found: Comparison
    categories: dict[int, str]
    skills: dict[int, str]
    unnamed: int

    @property
    def gate(self) -> Gate:
        """Whether anything broke significantly."""
        return gate(self.found)


def compare_pair(
    connection: Connection, project: Project, first: Round, second: Round, role: Role
) -> PairedComparison | None:
    """Two rounds on the samples of ``role`` that both answered; None when there are none.

    Only errors of the validation set are diagnosed, so on the test set no sample has a skill.
    """
    pairs = store.score_pairs_of(connection, first.id, second.id, role)
    if not pairs:
        return None
    skills: dict[int, str] = {}
    if role == "validation":
        named = store.skills_by_sample(connection, first.id)
        skills = store.skills_by_sample(connection, second.id) | named if named else {}
    found = compare(
        role,
        {pair.sample: pair.right_before for pair in pairs},
        {pair.sample: pair.right_after for pair in pairs},
        categories := {pair.sample: pair.category for pair in pairs},
        skills,
        seed=project.settings.seed,
        scores=({pair.sample: pair.score_before for pair in pairs}, {pair.sample: pair.score_after for pair in pairs}),
    )
    unnamed = sum(sample not in skills for sample in found.broken)
    return PairedComparison(
        first=first, second=second, found=found, categories=categories, skills=skills, unnamed=unnamed
    )


def compare_rounds(db: Database, project: str, before: int, after: int, *, role: Role = "test") -> Comparison:
    """Two rounds (numbers) on the samples of ``role`` that both answered. Raises UserError where there are none."""
    with db.read() as connection:
        return paired_comparison(connection, project, before, after, role=role).found


def paired_comparison(
    connection: Connection, project: str, before: int, after: int, *, role: Role = "test"
) -> PairedComparison:
    """Like ``compare_rounds``, with the groups of each sample."""
    found = find_project(connection, project)
    first, second = (find_round(connection, found, number) for number in (before, after))
    compared = compare_pair(connection, found, first, second, role)
    if compared is not None:
        return compared
    for round_ in (first, second):
        if not store.correct_predictions(connection, round_.id, role):
            raise UserError(
                f"Round {round_.number} has no predictions on the {role} set: "
                f"run `switchpoint predict {project} --round {round_.number}` first."
            )
    raise UserError(f"Rounds {before} and {after} share no {role} sample: predict both on the same set.")
