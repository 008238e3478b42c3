"""Lineage in both directions: from an error over its review, hits, selection and run to its later answers, and from a
training sample back to the errors that it was chosen for.

Uses the reviews that were in force when a selection was made.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from core.errors import UserError
from core.types import Hit, Prediction, Review, RoundId, Sample
from storage import store
from storage.store import Project, Round, Run, SelectionSummary, lineage
from storage.store.lineage import ChosenHit, Origin

MAX_HITS = 6
MAX_USES = 20


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """A run on a selection and the round it opened (None: not finished yet)."""

    run: Run
    opened: Round | None


@dataclass(frozen=True, kw_only=True)
class SelectionTrace:
    """A selection made for an error, among others: the verdict then, the hits chosen for its skill, and the runs."""

    selection: SelectionSummary
    review: Review
    chosen: int
    best: tuple[ChosenHit, ...]
    treated: tuple[Treatment, ...]


@dataclass(frozen=True, kw_only=True)
class RoundTrace:
    """A sample in one round: the answer and whether it counts as right (None: the label is wrong), the current verdict,
    and the selections made for it."""

    round: Round
    prediction: Prediction
    right: bool | None
    review: Review | None
    asked: tuple[SelectionTrace, ...]


@dataclass(frozen=True, kw_only=True)
class ErrorLineage:
    """A validation or test sample in all rounds that answered it, in order."""

    sample: Sample
    origin: Origin
    rounds: tuple[RoundTrace, ...]

    def right_in(self, round_: Round) -> bool | None:
        """Whether the sample counts as right in the round; None where it has no answer or its label is wrong."""
        return next((each.right for each in self.rounds if each.round.id == round_.id), None)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run's round answered the errors that asked for a skill: right or not, by answered sample."""

    treated: Treatment
    right: dict[int, bool]


@dataclass(frozen=True, kw_only=True)
class TrainingUse:
    """A training sample in a selection: the errors (sample ids) of the round ``made_from`` that asked for its skill."""

    selection: SelectionSummary
    made_from: Round
    place: int
    hit: Hit
    errors: tuple[int, ...]
    became: tuple[Outcome, ...]


@dataclass(frozen=True, kw_only=True)
class TrainingLineage:
    """A support sample and its uses in this project, newest first; ``left_out`` counts older ones that are not
    listed."""

    sample: Sample
    origin: Origin
    uses: tuple[TrainingUse, ...]
    left_out: int


def trace_error(connection: Connection, project: Project, sample_id: int) -> ErrorLineage:
    """The lineage of a validation or test sample of the project. Raises UserError for any other sample."""
    origin = lineage.origin_of(connection, sample_id)
    if origin.project != project.id:
        raise UserError(f"Sample {sample_id} is not one of '{project.name}': choose one from the comparison's lists.")
    rounds = store.rounds_of(connection, project.id)
    made = store.selections_of(connection, project.id)
    treatments = _treatments(connection, project, rounds)
    traces = []
    for each in rounds:
        given = store.prediction_of(connection, each.id, sample_id)
        if given is None:
            continue
        asked = (_selection_trace(connection, one, sample_id, treatments) for one in made if one.round == each.id)
        traces.append(
            RoundTrace(
                round=each,
                prediction=given,
                right=store.correctness_for(connection, each.id, [sample_id]).get(sample_id),
                review=store.current_review(connection, each.id, sample_id),
                asked=tuple(found for found in asked if found is not None),
            )
        )
    return ErrorLineage(sample=store.get_sample(connection, sample_id), origin=origin, rounds=tuple(traces))


def trace_training(connection: Connection, project: Project, sample_id: int) -> TrainingLineage:
    """The errors of the project that a support sample was chosen for, and their later answers.

    Raises UserError for a sample that is in no support set.
    """
    origin = lineage.origin_of(connection, sample_id)
    if origin.role != "support":
        raise UserError(f"Sample {sample_id} is no training sample: only samples of support sets are trained on.")
    rounds = store.rounds_of(connection, project.id)
    treatments = _treatments(connection, project, rounds)
    made = {each.id: each for each in store.selections_of(connection, project.id)}
    known = {each.id: each for each in rounds}
    found = [each for each in lineage.hits_of_sample(connection, sample_id) if each.selection in made]
    uses = [_training_use(connection, made[each.selection], each, known, treatments) for each in found[:MAX_USES]]
    return TrainingLineage(
        sample=store.get_sample(connection, sample_id),
        origin=origin,
        uses=tuple(uses),
        left_out=len(found) - len(uses),
    )


def _treatments(connection: Connection, project: Project, rounds: list[Round]) -> dict[int, tuple[Treatment, ...]]:
    """The runs on each selection, oldest first."""
    opened = {each.run: each for each in rounds if each.run is not None}
    found: dict[int, tuple[Treatment, ...]] = {}
    for run in reversed(store.runs_of(connection, project.id)):
        found[run.selection] = (*found.get(run.selection, ()), Treatment(run=run, opened=opened.get(run.id)))
    return found


def _selection_trace(
    connection: Connection, made: SelectionSummary, sample_id: int, treatments: dict[int, tuple[Treatment, ...]]
) -> SelectionTrace | None:
    """The selection's hits for the error; None where the error asked for no skill then."""
    review = lineage.review_at(connection, made.round, sample_id, made.created)
    if review is None or not review.skill or review.skill not in {each.skill for each in made.demands}:
        return None
    return SelectionTrace(
        selection=made,
        review=review,
        chosen=lineage.count_hits_of_skill(connection, made.id, review.skill),
        best=tuple(lineage.hits_of_skill(connection, made.id, review.skill, limit=MAX_HITS)),
        treated=treatments.get(made.id, ()),
    )


def _training_use(
    connection: Connection,
    made: SelectionSummary,
    found: ChosenHit,
    rounds: dict[RoundId, Round],
    treatments: dict[int, tuple[Treatment, ...]],
) -> TrainingUse:
    skill = found.hit.skill
    errors = lineage.errors_asking_at(connection, made.round, skill, made.created) if skill else []
    became = [
        Outcome(treated=each, right=store.correctness_for(connection, each.opened.id, errors) if each.opened else {})
        for each in treatments.get(made.id, ())
    ]
    return TrainingUse(
        selection=made,
        made_from=rounds[made.round],
        place=found.position,
        hit=found.hit,
        errors=tuple(errors),
        became=tuple(became),
    )
