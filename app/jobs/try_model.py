"""The try job: a project's student or teacher on one sample, with its prompt, reply, reading and time.

A job like the others, so that the page loads no model and a loaded one is used. Only the result is saved, apart from
the round's predictions and diagnoses.
"""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal, get_args

from app.endpoints.metered_models import endpoint_predictions, endpoint_teacher
from app.engines.engine import Engine
from app.model_inputs import adapter_path, image_opener
from app.progress import Advance, CheckStopped, ShouldStop, nothing_to_save, raise_if_stopped
from app.settings import model_path
from app.skipped_samples import SkippedSamples
from core.diagnosis import diagnose
from core.errors import UserError
from core.parsing.scoring import score_answer, truth_of
from core.prompts import answer_cue, student_prompt, teacher_header, teacher_step
from core.prompts.texts import text_of
from core.types import Diagnosis, Prediction, Sample, Skipped
from storage import store
from storage.database import Database
from storage.jobs import Job
from storage.store import Project, Round

TriedModel = Literal["student", "teacher"]
TRIED_MODELS: tuple[TriedModel, ...] = get_args(TriedModel)
Result = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class TryContext:
    """What a try needs; ``check_stopped`` is called before each request to an endpoint."""

    db: Database
    project: Project
    engine: Engine
    check_stopped: CheckStopped


def run_try(db: Database, job: Job, engine: Engine, should_stop: ShouldStop) -> Iterator[Advance]:
    """The try of ``args["who"]`` on ``args["sample"]`` (id) in the round ``args["round"]`` (id)."""
    assert job.project is not None
    with db.read() as connection:
        project = store.project_of(connection, job.project)
        round_ = store.round_of(connection, job.args["round"])
        sample = store.get_sample(connection, job.args["sample"])
        known = store.prediction_of(connection, round_.id, sample.id)
    context = TryContext(db=db, project=project, engine=engine, check_stopped=partial(raise_if_stopped, should_stop))
    if job.args["who"] == "student":
        yield nothing_to_save(0, 1, f"loading {project.student}")
        result, _ = try_student(context, round_, sample)
        yield _save_try(project, "student", sample, project.student, result)
        return
    yield nothing_to_save(0, 1, f"loading {project.teacher}")
    if known is None:
        result, known = try_student(context, round_, sample)
        yield _save_try(project, "student", sample, project.student, result)
    yield _save_try(project, "teacher", sample, project.teacher, try_teacher(context, sample, known))


def try_student(context: TryContext, round_: Round, sample: Sample) -> tuple[Result, Prediction]:
    """The student's prompt, reply and reading, with the seconds for loading it and for the reply.

    An endpoint is asked again even where a reply is stored, to measure the time.
    """
    from core.student.chat import prompt_text
    from core.student.local import predict

    started, db, project = time.monotonic(), context.db, context.project
    skipped = SkippedSamples()
    batches = endpoint_predictions(
        db, project, [sample], context.check_stopped, round_id=round_.id, remember=False, on_skipped=skipped.add
    )
    if batches is not None:
        found = next(batches, [])
        if not found:
            raise UserError(next(iter(skipped.names), "The endpoint gave no answer: try it again."))
        (said,) = found
        return _student_result(student_prompt(sample, project.settings), said, 0.0, time.monotonic() - started), said
    student = context.engine.student(
        model_path(project.student), adapter_path(db, round_.adapter), project.settings.student
    )
    loaded = time.monotonic()
    question = student_prompt(sample, project.settings, student.family)
    prompt = prompt_text(student.processor, question, has_image=bool(sample.image))
    ((said,),) = predict(student, [sample], image_opener(db), project.settings, round_id=round_.id)
    return _student_result(prompt, said, loaded - started, time.monotonic() - loaded), said


def try_teacher(context: TryContext, sample: Sample, said: Prediction) -> Result:
    """The teacher's answer-switch curve of a rationale, and the mistake step and skill where its answer is wrong.

    A right answer is compared with another option; without options there is no curve for it.
    """
    started, project = time.monotonic(), context.project
    remote = endpoint_teacher(context.db, project, context.check_stopped, remember=False)
    teacher = remote or context.engine.teacher(model_path(project.teacher))
    loaded = time.monotonic()
    own = project.settings.prompts
    shown = teacher_header(replace(sample, answer=truth_of(sample)), project.settings.prior, own)
    steps = "".join(teacher_step(number, step, own) for number, step in enumerate(said.steps, 1))
    task = f"{text_of('endpoint.letter', own)}\n\n" if remote else ""
    result: Result = {"prompt": task + shown + steps + answer_cue(own), "steps": list(said.steps)}
    result |= {"answer": said.answer, "truth": truth_of(sample), "why": "", "curve": None, "remark": teacher.remark}
    right = said.answer is not None and score_answer(said.answer, sample)[0]
    other = next((option for option in sample.options if not score_answer(option, sample)[0]), None)
    asked = replace(said, answer=other, correct=False) if right and other is not None else said
    reasons: list[Skipped] = []
    found = [
        each
        for batch in diagnose(
            teacher,
            [(sample, asked)],
            project.settings,
            round_id=said.round,
            on_skipped=lambda _, why: reasons.append(why),
        )
        for each in batch
    ]
    result |= _teacher_result(found[0], right) if found else {"why": " ".join(why.reason for why in reasons)}
    return result | {"loading": loaded - started, "seconds": time.monotonic() - loaded}


def _student_result(prompt: str, said: Prediction, loading: float, seconds: float) -> Result:
    kept = asdict(said)
    return {
        "prompt": prompt,
        "reply": said.text,
        **{name: kept[name] for name in ("steps", "answer", "reading", "span", "read_confidence", "correct")},
        "loading": loading,
        "seconds": seconds,
    }


def _teacher_result(found: Diagnosis, right: bool) -> Result:
    curve = asdict(found.curve)
    if right:
        return {"curve": curve, "right": True, "status": "", "mistake_step": None, "skill": ""}
    switch = found.switch
    return {
        "curve": curve,
        "right": False,
        "status": switch.status,
        "mistake_step": switch.mistake_step,
        "skill": found.skill,
    }


def _save_try(project: Project, who: TriedModel, sample: Sample, model: str, result: Result) -> Advance:
    save = partial(store.save_model_try, project=project.id, who=who, sample=sample.id, model=model, result=result)
    return Advance(save=save, done=1, total=1)
