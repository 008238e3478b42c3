"""How each arm of an experiment chooses its samples in a project (``core.evaluation.arms`` on the project's tables).

The random_step arm asks the teacher for skills, which are saved and asked for once; the insta arm for embeddings.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from app.endpoints.metered_models import endpoint_teacher
from app.engines.engine import Engine
from app.experiments.requirements import BY_SKILL
from app.progress import Advance, ShouldStop, nothing_to_save, raise_if_stopped
from app.selections.leak_check import leak_checker
from app.selections.support_index import indexed_support
from app.settings import model_path
from core.diagnosis import BATCH_SIZE, name_skills
from core.errors import UserError
from core.evaluation.arms import demands_for, mean_similarity, random_steps, rank_by_similarity
from core.parsing.scoring import truth_of
from core.selection.draw import draw_without_leaks, select_hits, select_random, select_ranked
from core.types import Evidence, Hit, Ruling, Selection, SkillDemand, Trial
from storage import store
from storage.database import Database
from storage.store import Project

DrawHits = Callable[[set[int], Mapping[int, str]], list[Hit]]


def choose_samples(db: Database, project: Project, trial: Trial, engine: Engine) -> Selection:
    """The selection of the trial's arm, not saved. Raises UserError where the arm finds too few samples."""
    with db.read() as connection:
        name = store.named_support_set(connection, project.settings.support)
    demands: list[SkillDemand] = []
    rulings: list[Ruling] = []
    if trial.arm in BY_SKILL:
        demands = _skill_demands(db, project, trial)
        rulings = _rulings(db, project, trial, demands)
        draw: DrawHits = _draw_by_skill(db, name, demands, trial, rulings)
    elif trial.arm == "validation":
        with db.read() as connection:
            own = [each.id for each in store.samples_of(connection, project=project.id, role="validation")]
        draw = partial(_take_ranked, [(sample, 0.0) for sample in own], 0)
    elif trial.arm == "insta":
        draw = partial(_take_ranked, _rank_by_instruction(db, project, name, trial.seed, engine), trial.budget)
    else:
        draw = _draw_from_all(db, name, trial)
    # No leak check for this arm: it shows what tuning on the validation samples themselves does.
    hits, leaks = (
        (draw(set(), {}), ()) if trial.arm == "validation" else draw_without_leaks(draw, leak_checker(db, project))
    )
    # An arm by skill that runs out of samples is measured with those it found: that is its weakness.
    if not hits or (trial.arm not in BY_SKILL and len(hits) < trial.budget):
        raise UserError(
            f"The arm '{trial.arm}' finds only {len(hits):,} samples in '{name}' for a budget of {trial.budget:,}: "
            "choose smaller budgets or a larger support set."
        )
    return Selection(
        project=project.id,
        round=trial.base,
        support=name,
        arm=trial.arm,
        budget=trial.budget or len(hits),
        seed=trial.seed,
        demands=tuple(demands),
        hits=tuple(hits),
        leaked=len({leak.sample for leak in leaks}),
        leaks=leaks,
        rulings=tuple(rulings),
    )


def ask_teacher_for_arm(
    db: Database, project: Project, trial: Trial, engine: Engine, should_stop: ShouldStop
) -> Iterator[Advance]:
    """Ask the teacher, batch by batch, for the skills of random steps that the random_step arm chooses by."""
    if trial.arm != "random_step":
        return
    variant = str(trial.seed)
    with db.read() as connection:
        known = store.evidence_of(connection, trial.base, project.teacher, "random_step", variant)
        predictions = {each.sample: each for each in store.predictions_of(connection, trial.base, "validation")}
        errors = [sample for sample, _, _ in store.accepted_cases(connection, trial.base)]
        samples = store.samples_by_id(connection, [each for each in errors if each not in known])
    steps = random_steps([(each, len(predictions[each].steps)) for each in samples], trial.seed)
    cases = [(replace(samples[k], answer=truth_of(samples[k])), predictions[k], step) for k, step in steps.items()]
    if not cases:
        return
    teacher = endpoint_teacher(db, project, partial(raise_if_stopped, should_stop)) or engine.teacher(
        model_path(project.teacher)
    )
    for start in range(0, len(cases), BATCH_SIZE):
        raise_if_stopped(should_stop)
        batch = cases[start : start + BATCH_SIZE]
        found = [
            Evidence(
                round=trial.base,
                teacher=project.teacher,
                method="random_step",
                variant=variant,
                sample=sample.id,
                value=phrase,
            )
            for (sample, _, _), phrase in zip(batch, name_skills(teacher, batch, project.settings), strict=True)
        ]
        yield replace(nothing_to_save(0, 0), save=partial(store.save_evidence, found=found))


def _skill_demands(db: Database, project: Project, trial: Trial) -> list[SkillDemand]:
    with db.read() as connection:
        if trial.arm == "targeted":
            return store.accepted_skills(connection, trial.base)
        if trial.arm == "random_step":
            named = store.evidence_of(connection, trial.base, project.teacher, "random_step", str(trial.seed))
            accepted = {sample for sample, _, _ in store.accepted_cases(connection, trial.base)}
            return demands_for(phrase for sample, phrase in named.items() if sample in accepted)
        steps = {each.sample: each.steps for each in store.predictions_of(connection, trial.base, "validation")}
        return demands_for(steps[sample][step - 1] for sample, step, _ in store.accepted_cases(connection, trial.base))


def _draw_by_skill(
    db: Database, name: str, demands: list[SkillDemand], trial: Trial, rulings: list[Ruling]
) -> DrawHits:
    with db.read() as connection:
        found = indexed_support(connection, db, name)
    if found is None:
        raise UserError(f"Support set '{name}' has no skill labels: label it with `switchpoint label {name}`.")

    def draw(leaked: set[int], contents: Mapping[int, str]) -> list[Hit]:
        return select_hits(
            found.index, demands, budget=trial.budget, leaked=leaked, seed=trial.seed, image_hashes=contents,
            rulings=rulings,
        )  # fmt: skip

    return draw


def _rulings(db: Database, project: Project, trial: Trial, demands: list[SkillDemand]) -> list[Ruling]:
    """What people pinned and removed: part of the targeted arm only, not of its ablations."""
    if trial.arm != "targeted":
        return []
    with db.read() as connection:
        return store.rulings_of(connection, project.id, {each.skill for each in demands})


def _draw_from_all(db: Database, name: str, trial: Trial) -> DrawHits:
    with db.read() as connection:
        ids = store.support_sample_ids(connection, name)

    def draw(leaked: set[int], contents: Mapping[int, str]) -> list[Hit]:
        return select_random(
            ids, budget=trial.budget or len(ids), leaked=leaked, seed=trial.seed, image_hashes=contents
        )

    return draw


def _take_ranked(
    ranked: list[tuple[int, float]], budget: int, leaked: set[int], contents: Mapping[int, str]
) -> list[Hit]:
    return select_ranked(ranked, budget=budget, leaked=leaked, image_hashes=contents)


def _rank_by_instruction(
    db: Database, project: Project, name: str, seed: int, engine: Engine
) -> list[tuple[int, float]]:
    """The support set ranked by the similarity of its instructions to the validation set's; each text embedded once."""
    from core.teacher.embedding import embed

    with db.read() as connection:
        wanted = sorted({each.question for each in store.samples_of(connection, project=project.id, role="validation")})
        offered = [(sample, question) for sample, _, question, _ in store.support_questions(connection, name)]
    distinct = sorted({question for _, question in offered})
    teacher = engine.teacher(model_path(project.teacher))
    found = mean_similarity(embed(teacher, wanted), embed(teacher, distinct))
    at = {question: place for place, question in enumerate(distinct)}
    likeness = np.array([found[at[question]] for _, question in offered])
    return rank_by_similarity([sample for sample, _ in offered], likeness, seed)
