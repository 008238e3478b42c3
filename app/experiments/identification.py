"""Compares ways to identify mistake steps: what each asks the teacher, and the report against known mistake steps.

The answer switch's curves at the project's own prior π are the diagnoses; everything else is saved as evidence and
asked for once. Known steps come with imported predictions or with the demo, and are used for this report only.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from app.ground_truth import known_mistakes
from app.projects.lookup import find_project, find_round
from core.errors import UserError
from core.evaluation import identification
from core.evaluation.identification import PRIORS, IdentificationResult, KnownMistake
from core.parsing.scoring import truth_of
from core.prompts.texts import prompts_hash, texts_hash
from core.teacher import Teacher
from core.types import Curve, Method, Prediction, RoundId, Sample, Settings, Skipped
from storage import store
from storage.database import Database
from storage.store import Project

SEED = 0
Case = tuple[Sample, Prediction]
CHECK = ("step.check", "step.check.examples")
WRITE = ("rationale", "rationale.examples")
CACHE_SIZE = 4
_cache: dict[object, list[IdentificationResult]] = {}


def identification_report(db: Database, project: str, round_number: int | None = None) -> list[IdentificationResult]:
    """How well each way does, in the order random, prompt per step, pseudo-rationale, answer switch.

    Cached until there is new evidence. Raises UserError where fewer than two errors have a known step, or where the
    teacher was not asked everything yet.
    """
    with db.read() as connection:
        found = find_project(connection, project)
        round_id = find_round(connection, found, round_number).id
        variants = tuple(variant for _, variant, _ in ways_to_ask(found.settings))
        rows = (
            store.count_evidence(connection, round_id),
            store.curves_version(connection, round_id),
            len(store.gold_steps_of(connection, round_id)),
        )
        key = (db.data, round_id, found.teacher, variants, rows)
    if key not in _cache:
        _cache[key] = _compute_report(db, found, round_id)
        for old in list(_cache)[:-CACHE_SIZE]:
            del _cache[old]
    return _cache[key]


def identification_report_if_ready(
    db: Database, project: str, round_number: int | None = None
) -> list[IdentificationResult]:
    """As ``identification_report``; [] where it cannot be made yet."""
    try:
        return identification_report(db, project, round_number)
    except UserError:
        return []


def _compute_report(db: Database, project: Project, round_id: RoundId) -> list[IdentificationResult]:
    settings = project.settings
    known = known_errors(db, project, round_id)
    with db.read() as connection:
        evidence = {
            (method, variant): store.evidence_of(connection, round_id, project.teacher, method, variant)
            for method, variant, _ in ways_to_ask(settings)
        }
        diagnoses = {each.sample: each.curve for each in store.diagnoses_of(connection, round_id)}
        steps = {each.sample: each.steps for each in store.predictions_of(connection, round_id, "validation")}
    if any(each.sample not in answers for answers in evidence.values() for each in known):
        raise UserError(
            f"The teacher of '{project.name}' was not asked everything yet: "
            f"run `switchpoint experiment {project.name} --identification`."
        )
    curves: dict[float, dict[int, Curve]] = {settings.prior: diagnoses}
    for prior in PRIORS:
        if prior != settings.prior:
            rows = evidence["answer_switch", _variant_of_prior(settings, prior)]
            curves[prior] = {key: _curve_from_row(value) for key, value in rows.items() if value is not None}
    doubts = _answered_only(evidence["prompt_per_step", texts_hash(settings, CHECK)])
    written = _answered_only(evidence["pseudo_rationale", texts_hash(settings, WRITE)])
    return [
        identification.report_random(known, SEED),
        identification.report_method("prompt_per_step", identification.doubt_guesses(doubts), known, SEED),
        identification.report_method("pseudo_rationale", identification.written_guesses(steps, written), known, SEED),
        identification.report_method("answer_switch", identification.switch_guesses(curves), known, SEED),
    ]


def known_errors(db: Database, project: Project, round_id: RoundId) -> list[KnownMistake]:
    """A round's diagnosed errors whose first wrong step is known and is one of the student's steps.

    Raises UserError where there are fewer than two.
    """
    with db.read() as connection:
        gold = store.gold_steps_of(connection, round_id) or known_mistakes(connection, project, round_id)
        steps = {each.sample: len(each.steps) for each in store.predictions_of(connection, round_id, "validation")}
        diagnosed = [each.sample for each in store.diagnoses_of(connection, round_id)]
    found = [(sample, steps[sample], gold.get(sample)) for sample in diagnosed]
    known = [KnownMistake(sample=key, steps=count, gold=step) for key, count, step in found if step and step <= count]
    if len(known) < 2:
        raise UserError(
            f"Of '{project.name}' no diagnosed error has a known mistake step: import predictions with a "
            "mistake step (a 'mistake_step' field, or BIG-Bench Mistake's own file) and diagnose them."
        )
    return known


def ways_to_ask(settings: Settings) -> list[tuple[Method, str, Settings]]:
    """(method, variant, settings to ask with) of all that the teacher has to be asked beside the diagnoses."""
    ways: list[tuple[Method, str, Settings]] = [
        ("answer_switch", _variant_of_prior(settings, prior), replace(settings, prior=prior))
        for prior in PRIORS
        if prior != settings.prior
    ]
    ways.append(("prompt_per_step", texts_hash(settings, CHECK), settings))
    ways.append(("pseudo_rationale", texts_hash(settings, WRITE), settings))
    return ways


def _variant_of_prior(settings: Settings, prior: float) -> str:
    return f"π = {prior:g} {prompts_hash(replace(settings, prior=prior))}"


def ask_teacher(teacher: Teacher, method: Method, cases: Sequence[Case], settings: Settings) -> dict[int, Any]:
    """The teacher's answer for each case by sample id; cases that it skips are left out."""
    if method == "prompt_per_step":
        return dict(identification.step_doubts(teacher, cases, settings))
    if method == "pseudo_rationale":
        asked = [(sample, len(prediction.steps)) for sample, prediction in cases]
        written = identification.write_rationales(teacher, asked, settings)
        return {sample.id: steps for (sample, _), steps in zip(asked, written, strict=True)}
    curves = teacher.curves(cases, settings)
    return {cases[place][0].id: asdict(curve) for place, curve in curves if not isinstance(curve, Skipped)}


def cases_of_round(db: Database, round_id: RoundId, wanted: set[int]) -> list[Case]:
    """The validation samples of those ids, with their true answer, and the round's predictions for them."""
    with db.read() as connection:
        predictions = [
            each for each in store.predictions_of(connection, round_id, "validation") if each.sample in wanted
        ]
        samples = store.samples_by_id(connection, wanted)
    return [(replace(samples[each.sample], answer=truth_of(samples[each.sample])), each) for each in predictions]


def _answered_only(evidence: dict[int, Any]) -> dict[int, Any]:
    return {sample: value for sample, value in evidence.items() if value is not None}


def _curve_from_row(value: dict[str, Any]) -> Curve:
    rows = tuple(tuple(row) for row in value["probabilities"])
    bounded = tuple(tuple(pair) for pair in value["bounded"])
    return Curve(**value | {"candidates": tuple(value["candidates"]), "probabilities": rows, "bounded": bounded})
