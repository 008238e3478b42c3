"""A project's student and teacher on the Data tab: which they are, the texts they are shown, and trying them.

What was typed and not saved is kept by the browser. Loads no model.
"""

from typing import Any

from app.projects.configuration import has_answers
from app.projects.prompts import project_prompts
from app.rendering.formatting import percent
from app.rendering.html import command, esc, short, table
from app.web.page.place import Place
from core.prompts import Prompt
from storage import jobs, store
from storage.database import Database
from storage.jobs import Job
from storage.store import Try

ABOUT = {
    "student": "A folder, a name on the Hub, openai:MODEL, or MODEL@http://host:port/v1. It sees the image.",
    "teacher": "A text model, named in the same ways. It sees question and steps, never the image.",
}
STATES = {
    "switched": "switches at step {}",
    "no_switch": "no lasting switch; the largest rise is at step {}",
    "prior_ignored": "prefers the wrong answer before any step",
    "no_steps": "no steps to read",
}


def models_html(db: Database, place: Place) -> str:
    """Student and teacher; the names can be changed as long as nothing was measured with them."""
    if not place.project:
        return ""
    with db.read() as connection:
        project = store.project_named(connection, place.project)
    fixed = has_answers(db, project)
    names = "".join(_name(who, getattr(project, who), fixed) for who in ("student", "teacher"))
    end = (
        '<p class="subdued">They stay as they are, because this project has predictions. For other models: '
        '<button type="button" class="button small" data-open="new-project">New project</button></p>'
        if fixed
        else '<div class="row"><button type="submit" class="button">Use these models</button>'
        '<span class="subdued unsaved" hidden>not saved yet</span></div>'
    )
    kept = f'data-kept="models:{esc(project.name)}" data-form="models"'
    return (
        '<section class="panel" aria-labelledby="models-title"><h3 id="models-title">Student and teacher</h3>'
        f'<form {kept} class="models" autocomplete="off">{names}{end}</form></section>'
    )


def tries_html(db: Database, place: Place) -> str:
    """What the newest tries showed, or how far they are."""
    if not place.project:
        return ""
    with db.read() as connection:
        project = store.project_named(connection, place.project)
        tried = store.tries_of(connection, project.id)
        asked = [job for job in jobs.jobs_of(connection, project.id, limit=30) if job.kind == "try"]
        samples = store.samples_by_id(connection, [each.sample for each in tried.values()])
    shown = []
    for who in ("student", "teacher"):
        newest = next((job for job in asked if job.args["who"] == who), None)
        if newest is not None and newest.state in jobs.ACTIVE:
            shown.append(_waits(who, newest))
        elif newest is not None and newest.state == "failed":
            shown.append(_failed(who, newest))
        elif who in tried:
            one = tried[who]
            sample = samples[one.sample]
            image = f'<img src="/image/{esc(sample.image)}" alt="">' if sample.image else ""
            asked_text = (
                f'<div class="asked-of">{image}<p dir="auto">{short(sample.question, 300)}'
                f' <span class="subdued">{short(" · ".join(sample.options), 200)}</span></p></div>'
            )
            body = _student(one) if who == "student" else _teacher(one)
            shown.append(_card(who, f"{esc(one.model, 120)} · sample {esc(sample.source_id, 60)}", asked_text + body))
    return f'<div class="tries">{"".join(shown)}</div>' if shown else ""


def _name(who: str, name: str, fixed: bool) -> str:
    label = who.capitalize()
    given = (
        f'<code id="model-{who}">{esc(name, 200)}</code>'
        if fixed
        else f'<input id="model-{who}" name="{who}" value="{esc(name)}" data-saved="{esc(name)}" required '
        f'maxlength="400" spellcheck="false" aria-describedby="about-model-{who}">'
    )
    title = f'<label for="model-{who}">{label}</label>' if not fixed else f"<span>{label}</span>"
    buttons = command("try", "Try it on one sample", "button", who=who) + command(
        "try", "on the next", "button", f"Try the {who} on the sample behind the last one", who=who, another="yes"
    )
    about = "" if fixed else f'<small id="about-model-{who}">{ABOUT[who]}</small>'
    return f'<div class="field">{title}{given}{about}</div><div class="row try">{buttons}</div>'


def prompts_html(db: Database, place: Place) -> str:
    """The texts that the project's models are shown, each with a field to put an own one in its place."""
    if not place.project:
        return ""
    prompts = project_prompts(db, place.project)
    own = sum(each.version == "own" for each in prompts)
    told = f"{own} of them this project's own" if own else "as they came"
    return (
        '<section class="panel"><details data-keep="prompts"><summary><b>Prompts</b> <span class="subdued">'
        f"{len(prompts)} texts, {told}</span></summary>"
        f'<div class="prompts">{"".join(_prompt(place.project, each) for each in prompts)}</div></details></section>'
    )


def _prompt(project: str, prompt: Prompt) -> str:
    name = esc(prompt.name)
    rows = min(14, prompt.text.count("\n") + 2)
    reset = (
        command("prompt-reset", "Back to the built-in text", "button small", prompt=prompt.name)
        if prompt.version == "own"
        else ""
    )
    version = "this project's own" if prompt.version == "own" else f"version {esc(prompt.version, 20)}"
    return (
        f'<form data-kept="prompt:{esc(project)}:{name}" data-form="prompt" class="prompt"><input type="hidden" '
        f'name="prompt" value="{name}"><label for="prompt-{name}"><b>{name}</b> <span class="subdued">{version} · '
        f'<code>{esc(prompt.hash, 16)}</code></span></label><textarea id="prompt-{name}" name="text" dir="auto" '
        f'rows="{rows}" maxlength="20000" spellcheck="false" data-saved="{esc(prompt.text)}">'
        f'{_in_textarea(prompt.text)}</textarea><div class="row">'
        f'<button type="submit" class="button small">Save</button>{reset}'
        '<span class="subdued unsaved" hidden>not saved yet</span></div></form>'
    )


def _in_textarea(text: str) -> str:
    """The text as a textarea holds it: HTML drops its first line break."""
    return ("\n" if text.startswith("\n") else "") + esc(text)


def _card(who: str, about: str, body: str, tone: str = "") -> str:
    title = f'<h3>{who.capitalize()} <small class="subdued">{about}</small></h3>'
    return (
        f'<section class="panel tried {tone}" aria-label="The {who} on one sample" data-who="{who}">{title}{body}'
        "</section>"
    )


def _waits(who: str, job: Job) -> str:
    return _card(who, f"job {job.id}", f'<p role="status">{esc(job.message or "Waiting for the worker", 200)} …</p>')


def _failed(who: str, job: Job) -> str:
    return _card(who, f"job {job.id}", f'<p class="why" role="alert" dir="auto">{esc(job.error, 1000)}</p>', "error")


def _student(one: Try) -> str:
    result = one.result
    steps = "".join(f'<li dir="auto">{esc(step, 600)}</li>' for step in result["steps"]) or "<li>no steps</li>"
    return (
        f"<p>{_answer(result)}</p><p class=subdued>{_seconds(result)}</p><ol class='said'>{steps}</ol>"
        + _raw("What it was shown", result["prompt"], "student-prompt")
        + _raw("Its reply, untouched", result["reply"], "student-reply")
    )


def _answer(result: Any) -> str:
    """The answer, whether it is right, the words that it was read from, and how sure that reading is."""
    if result["answer"] is None:
        return f"No answer could be read ({esc(result['reading'], 60)})."
    mark = "✓ right" if result["correct"] else "✗ wrong"
    start, end = result["span"] or (0, 0)
    words = f"<q>{esc(result['reply'][start:end], 200)}</q> " if end else ""
    sure = percent(result["read_confidence"], 0)
    return (
        f'Answer <b dir="auto">{esc(result["answer"], 200)}</b> {mark} · read from {words}'
        f"({esc(result['reading'], 60)}, {sure} sure)"
    )


def _teacher(one: Try) -> str:
    result = one.result
    shown = _raw("What it was shown", result["prompt"], "teacher-prompt")
    if result["curve"] is None:
        return f'<p class="why" dir="auto">{esc(result["why"], 400)}</p><p class=subdued>{_seconds(result)}</p>{shown}'
    if result["right"]:
        said = "The student's answer is right: what the teacher believes after each step."
    else:
        said = STATES.get(result["status"], "").format(result["mistake_step"]).capitalize() + "."
    skill = f' Missing skill: <b dir="auto">{esc(result["skill"], 200)}</b>' if result["skill"] else ""
    said += f" {esc(result['remark'], 300)}" if result["remark"] else ""
    return f"<p>{said}{skill}</p><p class=subdued>{_seconds(result)}</p>{_curve(result)}{shown}"


def _curve(result: Any) -> str:
    curve = result["curve"]
    head = ["After", *(f"#{_candidate(result, place)}" for place in range(len(curve["candidates"])))]
    after = ["the question", *result["steps"]]
    rows = []
    for k, row in enumerate(curve["probabilities"]):
        number = f"<b>{k}</b> " if k else ""
        mark = " <b class=student>← mistake step</b>" if k and k == result["mistake_step"] else ""
        shares = (f'<span class="share" style="--p:{p:.3f}">{p * 100:.0f} %</span>' for p in row)
        rows.append([f'<span dir="auto">{number}{short(after[k], 120)}</span>{mark}', *shares])
    return table(head, rows, "curve")


def _candidate(result: Any, place: int) -> str:
    curve = result["curve"]
    name = str(curve["candidates"][place])[:40]
    if place == curve["truth"]:
        return f"{name} ✓ truth"
    return f"{name} ✗ student" if place == curve["predicted"] and not result["right"] else name


def _seconds(result: Any) -> str:
    loading = f" · loading it took {result['loading']:.1f} s" if result["loading"] >= 0.05 else ""
    return f"{result['seconds']:.2f} s for this sample{loading}"


def _raw(title: str, text: str, keep: str) -> str:
    return f'<details data-keep="{keep}"><summary>{title}</summary><pre dir="auto">{esc(text)}</pre></details>'
