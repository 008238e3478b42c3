"""The Data tab: bring in samples and predictions, see what is there, let the student predict and the teacher diagnose.

Imports run through ``app.actions.import_file`` like the command line's; the report shows every refused line.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from app import actions
from app.actions import What
from app.links import Place
from app.markup import bar, command, count, empty, esc, percent, table
from app.page import Page, Parts, TabView
from app.quiet import gr
from app.worker import ensure_worker
from core.errors import UserError
from core.types import Role
from storage import store
from storage.database import Database
from storage.store import RoundCounts, SupportSet

ROLES = [
    ("Validation set: diagnosed and reviewed", "validation"),
    ("Test set: only measures", "test"),
    ("Support set: training samples to draw from", "support"),
    ("Predictions made elsewhere", "predictions"),
]
FILES = [".json", ".jsonl", ".gz", ".zip"]
MOST_REFUSED = 200


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    overview = page.part("overview")
    with gr.Row(elem_id="import-form"):
        with gr.Column(scale=2, min_width=320):
            what = gr.Radio(ROLES, value="validation", label="Import as", elem_id="import-as")
            name = gr.Textbox(label="Name (support sets only)", placeholder="the file's name", elem_id="import-name")
        with gr.Column(scale=3, min_width=360):
            upload = page.output(
                gr.File(
                    label="File (.zip, .json, .jsonl, .jsonl.gz)", file_types=FILES, height=132, elem_id="import-file"
                )
            )
            path = page.output(
                gr.Textbox(label="… or a path on the server (a file or a folder)", elem_id="import-path")
            )
            images = gr.Textbox(
                label="Folder or zip with the images, when the file only names them", elem_id="import-images"
            )
        with gr.Column(scale=1, min_width=180):
            skip = gr.Checkbox(
                label="Leave out refused rows",
                value=False,
                elem_id="import-skip",
                info="Otherwise one refused row keeps the whole file out.",
            )
            button = gr.Button("Import", variant="primary", elem_id="import-button")
    report = page.part("report")

    def bring(place: Place, *values: Any) -> Parts:
        told_it = _import(page.db, place, values)
        return {**page.refresh(place), report: told_it, upload: None, path: ""}

    page.listen(button.click, bring, [what, name, upload, path, images, skip], queue=True, concurrency_id="import")

    def show(place: Place) -> Parts:
        return {overview: overview_html(page.db, place), report: ""}

    def follow(place: Place) -> Parts:
        return {overview: overview_html(page.db, place)}

    page.commands |= {kind: _queue(page, kind) for kind in ("predict", "diagnose", "label")}
    return TabView(show=show, follow=follow)


def _queue(page: Page, kind: str) -> Any:
    def put(place: Place, sent: Mapping[str, Any]) -> Parts:
        at = None if sent.get("newest") else place.round
        if kind == "predict":
            role = sent.get("role")
            roles: tuple[Role, ...] = (role,) if role in ("validation", "test") else ("validation", "test")
            actions.put_predict(page.db, place.project, round=at, roles=roles)
        elif kind == "diagnose":
            actions.put_diagnose(page.db, place.project, round=at)
        else:
            actions.put_label(page.db, str(sent.get("support", "")), project=place.project)
        ensure_worker(page.db.data)
        return page.refresh(place)

    return put


def _import(db: Database, place: Place, form: Sequence[Any]) -> str:
    """Import what the form says and return the report; an uploaded copy is removed afterwards."""
    what, name, upload, path, images, skip = (each or "" for each in form)
    if what not in get_args(What):
        raise UserError("Choose what the file is: validation, test, support or predictions.")
    if not upload and not path.strip():
        raise UserError("Choose a file, or give a path on the server.")
    if what != "support" and not place.project:
        raise UserError("Make a project first: the button is in the header.")
    source = Path(upload) if upload else _typed(path)
    given = _typed(images) if images.strip() else None
    try:
        done = actions.import_file(
            db, what, source, place.project, images=given, name=name.strip(), skip_refused=bool(skip)
        )
    finally:
        if upload:
            source.unlink(missing_ok=True)
    return report_html(source.name, what, done)


def _typed(path: str) -> Path:
    """A path as a person types it, with ~ for their home folder."""
    try:
        return Path(path.strip()).expanduser()
    except RuntimeError as error:
        raise UserError(f"'{path.strip()[:80]}' is no path on this machine: check it and try again.") from error


def report_html(file: str, what: str, done: Mapping[str, Any]) -> str:
    """What an import did, with every refused row by file, line and field."""
    refused = done["refused"]
    kept_out = bool(refused) and not done["accepted"]
    facts = [
        f"{count(done['found'], 'row')} found ({esc(done['format'])})",
        f"<b>{done['accepted']:,} accepted</b>",
        f"{done['already_present']:,} already there" if done["already_present"] else "",
        count(done["duplicates"], "duplicate") if done["duplicates"] else "",
        f"<b>{len(refused):,} refused</b>" if refused else "",
    ]
    said = (
        "<p>Nothing was imported: put these rows right, or tick <b>Leave out refused rows</b> and import again.</p>"
        if kept_out
        else ""
    )
    rows = (
        [short_file(row), str(row["line"]), esc(row["field"], 80), esc(row["reason"], 400)]
        for row in refused[:MOST_REFUSED]
    )
    more = f"<p class=subdued>… and {len(refused) - MOST_REFUSED:,} more.</p>" if len(refused) > MOST_REFUSED else ""
    listed = table(["File", "#Line", "Field", "Why it was refused"], rows) + more if refused else ""
    tone = "error" if kept_out else "good"
    title = f'<h3 dir="auto">{esc(file, 120)} as {esc(what)}</h3>'
    return (
        f'<section class="report {tone}" role="status">{title}<p>'
        f"{' · '.join(fact for fact in facts if fact)}</p>{said}{listed}</section>"
    )


def short_file(row: Mapping[str, Any]) -> str:
    """The file of a refused row, the end of its path where it is long."""
    name = str(row.get("file", ""))
    return esc(name if len(name) < 60 else "…" + name[-58:])


def overview_html(db: Database, place: Place) -> str:
    """The sets of the project with what this round did on them, and the buttons that make it go on."""
    if not place.project:
        return empty("No project yet", "Make one with New project above. A support set can be imported before that.")
    with db.read() as c:
        project = store.project_named(c, place.project)
        now = next(each for each in store.counts(c, project.id) if each.number == place.round)
        roles: tuple[Role, ...] = ("validation", "test")
        scores = {role: list(store.scores(c, now.round, role).values()) for role in roles}
        supports = store.support_sets(c)
        waiting = len(store.missing_diagnoses(c, now.round))
    rows = [
        _set_row("validation", "diagnosed and reviewed", now.samples, now.predictions, scores["validation"]),
        _set_row("test", "only measures", now.test_samples, now.test_predictions, scores["test"]),
    ]
    head = ["Set", "#Samples", "Answered in this round", "Accuracy", ""]
    sets = table(head, rows, "sets", f"Round {now.number}: what the student answered")
    facts = (
        f"<p class=facts>Student <code>{esc(project.student, 120)}</code> · teacher <code>"
        f"{esc(project.teacher, 120)}</code></p>"
    )
    return f'{facts}<div class="two wide-left">{sets}{_diagnosis(now, waiting)}</div>{_supports(supports)}'


def _set_row(role: str, purpose: str, samples: int, predicted: int, scores: list[float]) -> list[str]:
    title = role.capitalize()
    if not samples:
        return [
            f"<b>{title}</b> <small class=subdued>{purpose}</small>",
            "0",
            "<span class=subdued>import it below</span>",
            "–",
            "",
        ]
    share = percent(sum(scores) / len(scores)) if scores else "–"
    button = command("predict", f"Predict {samples - predicted:,}", role=role) if predicted < samples else "✓ complete"
    return [
        f"<b>{title}</b> <small class=subdued>{purpose}</small>",
        f"{samples:,}",
        f"{bar(predicted / samples)} {predicted:,}",
        share,
        button,
    ]


def _diagnosis(now: RoundCounts, waiting: int) -> str:
    """How many errors there are, how many are diagnosed and reviewed, and the button that goes on."""
    if not now.predictions:
        body = '<p class="subdued">Errors show up once the student has answered the validation set.</p>'
    else:
        rows = [
            ["Wrong answers", f"{now.wrong:,}"],
            ["Diagnosed", f"{now.diagnosed:,}"],
            ["Reviewed", f"{now.reviewed:,}"],
        ]
        button = command("diagnose", f"Diagnose {waiting:,}") if waiting else ""
        left = now.wrong - now.diagnosed - waiting
        note = (
            f'<p class="subdued">{count(left, "error")} without steps or a readable answer cannot be diagnosed.</p>'
            if left > 0
            else ""
        )
        body = table(["Validation errors", "#"], rows) + f'<div class="row">{button}</div>{note}'
    return f'<div class="side">{body}</div>'


def _supports(supports: list[SupportSet]) -> str:
    if not supports:
        return (
            '<p class="subdued">No support set yet. Import one below: training samples of many tasks, each '
            "with a skill label (or let the teacher label it).</p>"
        )
    rows = [
        [
            esc(each.name, 80),
            f"{each.samples:,}",
            f"{bar(each.labelled / each.samples if each.samples else 0)} {each.labelled:,}",
            command("label", f"Label {each.samples - each.labelled:,}", support=each.name)
            if each.labelled < each.samples
            else "✓ complete",
        ]
        for each in supports
    ]
    return table(
        ["Support set", "#Samples", "With a skill label", ""], rows, "sets", "Support sets, shared by all projects"
    )
