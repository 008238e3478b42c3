"""The second step of an import on the Data tab: what a look found, what can be put right, and the button that imports.

Every text in it comes from somebody's file. Reads no file and no rows: it is given what waits.
"""

from collections.abc import Mapping
from typing import Any

from app.imports.preview import obstacle, request_of
from app.imports.report import ImportRequest
from app.rendering.formatting import count
from app.rendering.html import bar, command, esc, short, table
from app.web.tabs.data.import_form import KINDS, format_options
from core.importers import FIELDS, FORMATS
from core.importers.fields.options_and_answers import ANSWER_FORMS
from core.importers.formats.predictions import NAMES
from storage.jobs import Job
from storage.store import PendingImport

MOST_REFUSED = 200
WORDS = {"id": "sample id", "answers": "several answers", "skill_label": "skill label", "mistake_step": "mistake step"}


def found_html(pending: PendingImport, job: Job | None, waits: str = "") -> str:
    """What waits, as the page shows it; ``job`` is the one that imports it, ``waits`` says what that waits for."""
    request = request_of(pending)
    title = (
        f'<div class="row"><h3 id="found-title" dir="auto">{esc(pending.file, 120)}</h3><span class="subdued">as '
        f"{KINDS[request.what][0].lower()}{_of(request)}</span><span class=grow></span>{_give_up(pending, job)}</div>"
    )
    if job is not None:
        body = _importing(pending, job, waits)
    elif pending.report is None and not pending.error:
        body = f'<p role="status">Looking … {count(pending.seen, "row")} so far. You can leave this page meanwhile.</p>'
    else:
        body = _looked_at(pending, request)
    tone = "error" if pending.error or (job is not None and job.state != "running" and job.error) else ""
    return (
        f'<section class="panel found {tone}" aria-labelledby="found-title" data-import="{pending.id}">{title}{body}'
        "</section>"
    )


def _of(request: ImportRequest) -> str:
    return f" “{esc(request.set_name, 80)}”" if request.what == "support" else f" of “{esc(request.project, 80)}”"


def _give_up(pending: PendingImport, job: Job | None) -> str:
    if job is not None and job.state in ("queued", "running", "interrupted"):
        return ""
    asked = {"confirm": "Give this import up? Its uploaded file is removed."} if pending.upload else {}
    return command("give-up", "Give up", "button small", import_=pending.id, **asked)


def _importing(pending: PendingImport, job: Job, waits: str) -> str:
    if job.state in ("failed", "cancelled"):
        said = job.error or "The import was cancelled. Nothing of it shows in the support set."
        again = "It goes on behind its last rows when you import again."
        button = command("import", "Import again", "button primary", import_=pending.id)
        told = f'<p class="why" dir="auto">{esc(said, 800)}</p><p class="subdued">{again}</p>'
        return f'{told}<div class="row">{button}</div>'
    share = job.done / job.total if job.total else 0.0
    said = f"{job.done:,} of {job.total:,} rows" if job.total else esc(waits or job.message or "starting", 200)
    return f'<p role="status">{bar(share, "progress of the import")} {said} · job {job.id} below</p>'


def _looked_at(pending: PendingImport, request: ImportRequest) -> str:
    found = pending.report
    parts = []
    if pending.error:
        parts.append(f'<p class="why" role="alert" dir="auto">{esc(pending.error, 1200)}</p>')
    if found is not None and not pending.error:
        parts += [_facts(found), _notes(found)]
    parts += [_end(pending, request, found), _settings(request, found)]
    if found is not None and not pending.error:
        parts += [_preview(found), _refused(pending, found)]
    return "".join(parts)


def _facts(found: Mapping[str, Any]) -> str:
    words = FORMATS.get(found["format"], found["format"])
    container = "" if found["container"] in words else f" · {esc(found['container'], 80)}"
    figures = [
        ("rows found", found["found"], ""),
        ("new", found["accepted"], "good"),
        ("of these held out as test set", found["held_out"], ""),
        ("already there", found["already_present"], ""),
        ("of other splits, left out", found["left_out"], ""),
        ("refused", found["refused_rows"], "bad"),
        ("with images missing", found["images_missing"], "bad"),
        ("with an id twice", found["duplicates"], "bad"),
        ("in conflict with what is there", found["conflicts"], "bad"),
    ]
    shown = "".join(
        f'<div class="{css}"><dt>{name}</dt><dd>{value:,}</dd></div>'
        for place, (name, value, css) in enumerate(figures)
        if value or place < 2
    )
    splits = ", ".join(f"{esc(name or 'none', 40)} {many:,}" for name, many in found["splits"].items() if name)
    told = f" · splits in the file: {splits}" if splits else ""
    return f'<p class="facts"><b>{esc(words, 80)}</b>{container}{told}</p><dl class="figures">{shown}</dl>'


def _notes(found: Mapping[str, Any]) -> str:
    if not found["notes"]:
        return ""
    return '<ul class="notes">' + "".join(f'<li dir="auto">{esc(note, 400)}</li>' for note in found["notes"]) + "</ul>"


def _settings(request: ImportRequest, found: Mapping[str, Any] | None) -> str:
    """What can be put right without choosing the file anew; each change looks again."""
    shape = _pick("format", "Format", format_options(request.format, request.what))
    if found is None or not found["columns"]:
        return f'<div class="mapping" role="group" aria-label="How it is read">{shape}</div>'
    picks = ""
    for field in NAMES if request.what == "predictions" else FIELDS:
        picks += _pick(f"map:{field}", WORDS.get(field, field), _columns(found, found["mapping"].get(field, "")))
        if field == "answer" and "options" in found["mapping"]:
            picks += _pick("map:answer_as", "the answer is", _forms(found["mapping"].get("answer_as", "")))
    return (
        '<div role="group" aria-label="Which column is what"><p class="facts">Which column is what: change one and the '
        f'file is looked at again.</p><div class="mapping">{shape}{picks}</div></div>'
    )


def _forms(chosen: str) -> str:
    return "".join(
        f'<option value="{key}"{" selected" if key == chosen else ""}>{esc(words)}</option>'
        for key, words in ANSWER_FORMS.items()
    )


def _pick(name: str, label: str, options: str) -> str:
    return f'<label class="pick"><span>{esc(label)}</span><select data-again="{esc(name)}">{options}</select></label>'


def _columns(found: Mapping[str, Any], chosen: str) -> str:
    names = [*found["columns"], *([chosen] if chosen and chosen not in found["columns"] else [])]
    listed = "".join(
        f'<option value="{esc(name)}"{" selected" if name == chosen else ""}>'
        f"{short(name.replace('|', ' | '), 60)}</option>"
        for name in names
    )
    return f'<option value="">–</option>{listed}'


def _preview(found: Mapping[str, Any]) -> str:
    rows = [
        [
            f'<img src="{esc(shown["picture"], 200_000)}" alt="">' if shown.get("picture") else "",
            short(shown["source_id"], 40),
            f'<span dir="auto">{short(shown["question"], 220)}</span>',
            f'<span dir="auto">{short(" · ".join(shown["options"]) or "free-form", 160)}</span>',
            f'<b dir="auto">{short(shown["answer"], 80)}</b>',
            short(shown["category"] or "–", 40),
            *([short(shown["skill_label"] or "–", 60)] if shown["skill_label"] else []),
        ]
        for shown in found["preview"]
    ]
    if not rows:
        return ""
    with_label = any(len(row) > 6 for row in rows)
    head = ["Image", "Id", "Question", "Options", "Answer", "Category", *(["Skill label"] if with_label else [])]
    rows = [[*row, *(["–"] if with_label and len(row) < 7 else [])] for row in rows]
    return table(head, rows, "preview", f"The first {len(rows)}" if len(rows) > 1 else "The first one")


def _refused(pending: PendingImport, found: Mapping[str, Any]) -> str:
    if not found["refused_rows"]:
        return ""
    rows = (
        [_short_file(row), str(row["line"]), esc(row["field"], 80), esc(row["reason"], 400)]
        for row in found["refused"][:MOST_REFUSED]
    )
    all_of = found["refused_rows"]
    shown = f"the first {MOST_REFUSED} of {all_of:,}" if all_of > MOST_REFUSED else f"{all_of:,}"
    link = f'<a href="/pending/{pending.id}/refused.csv" download>Download all as CSV</a>'
    listed = table(["File", "#Line", "Field", "Why it was refused"], rows, "refused")
    return f'<details open data-keep="refused"><summary>Refused rows: {shown}</summary>{listed}</details><p>{link}</p>'


def _short_file(row: Mapping[str, Any]) -> str:
    """The file of a refused row, the end of its path where it is long."""
    name = str(row.get("file", ""))
    return esc(name if len(name) < 60 else "…" + name[-58:])


def _end(pending: PendingImport, request: ImportRequest, found: Mapping[str, Any] | None) -> str:
    things = "prediction" if request.what == "predictions" else "sample"
    label = f"Import {count(found['accepted'], things)}" if found is not None and not pending.error else "Import"
    reason = obstacle(pending)
    off = ' disabled aria-describedby="why-not"' if reason else ""
    button = (
        f'<button type="button" class="button primary" id="import-button" data-cmd="import" data-import="{pending.id}"'
        f"{off}>{label}</button>"
    )
    skip = ""
    if found is not None and found["refused_rows"]:
        ticked = " checked" if request.skip_refused else ""
        skip = (
            f'<label class="tick"><input type="checkbox" id="import-skip" data-skip{ticked}> Leave out '
            f"{count(found['refused_rows'], 'refused row')}</label>"
        )
    why = f'<span class="subdued" id="why-not">{esc(reason)}</span>' if reason else ""
    return f'<div class="row">{button}{skip}{why}</div>'
