"""The Data tab: what is in a project, imports in two steps, labels of support sets, models and settings.

Registers the tab's commands; the other modules of this package render its parts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from app.endpoints.spending import estimate_diagnose, estimate_predict, estimate_text
from app.imports.pending_imports import Previews
from app.imports.preview import request_of
from app.imports.report import ImportRequest
from app.jobs.queue import put_diagnose, put_label, put_predict, put_try
from app.jobs.try_model import TRIED_MODELS
from app.labels.labelling import LabelUnit, check_label
from app.projects.configuration import set_models, set_settings
from app.projects.prompts import project_prompts, set_prompts
from app.security.file_roots import page_roots, server_model
from app.web.components.job_tray import waits
from app.web.page.handlers import Command, Page, Parts, TabView, notice, number_in, text_in
from app.web.page.place import Place
from app.web.tabs.data import sets
from app.web.tabs.data.import_form import MAX_LENGTH, form_html, request_in
from app.web.tabs.data.import_preview import preview_html
from app.web.tabs.data.label_check import check_html
from app.web.tabs.data.labelling import labelling_html
from app.web.tabs.data.models import models_html, prompts_html, tries_html
from app.web.tabs.data.rounds import rounds_html
from app.web.tabs.data.settings import changes_in, settings_html
from app.web.tabs.data.spending import spending_html
from core.errors import UserError
from core.importers import FIELDS, FORMATS, PREDICTION_FORMATS
from core.importers.containers.encoding import ENCODINGS
from core.importers.prediction_files.columns import PREDICTION_FIELDS
from core.literals import member_of
from core.types import Role
from storage import jobs, store
from storage.database import Database
from storage.store import PendingImport


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    names = (
        "overview",
        "rounds",
        "bring",
        "supports",
        "labelling",
        "checking",
        "models",
        "tried",
        "settings",
        "spending",
        "prompts",
    )
    parts = {name: page.part(name) for name in names}
    previews = Previews(page.db)
    roots = page_roots(page.db.data)

    def bring(place: Place) -> str:
        pending = previews.refresh(pending_import_at(page.db, place))
        if pending is None:
            return form_html(roots, has_project=bool(place.project))
        with page.db.read() as connection:
            job = jobs.job(connection, pending.job) if pending.job is not None else None
            found = jobs.jobs_of(connection, limit=30)
        return preview_html(pending, job, waits(job, found) if job else "")

    def follow(place: Place) -> Parts:
        db = page.db
        shown = {
            "overview": sets.overview_html(db, place),
            "rounds": rounds_html(db, place),
            "bring": bring(place),
            "supports": sets.supports_html(db, place),
            "labelling": labelling_html(db, place),
            "models": models_html(db, place),
            "tried": tries_html(db, place),
            "settings": settings_html(db, place),
            "spending": spending_html(db, place),
            "prompts": prompts_html(db, place),
        }
        return {parts[name]: html for name, html in shown.items()}

    def show(place: Place) -> Parts:
        return follow(place) | {parts["checking"]: check_html(page.db, place)}

    page.commands |= {kind: _queue(page, kind) for kind in ("predict", "diagnose", "label", "try")}
    page.commands |= _import_commands(page, previews, roots)
    page.commands |= _model_commands(page, roots)

    def judge(place: Place, sent: Mapping[str, Any]) -> Parts:
        fits = text_in(sent, "fits", 3)
        if fits not in ("yes", "no"):
            raise UserError("A label fits or it does not: choose one of the two.")
        check_label(page.db, number_in(sent, "sample"), reviewer=place.reviewer, fits=fits == "yes")
        return {parts["checking"]: check_html(page.db, place)}

    def cost(place: Place, sent: Mapping[str, Any]) -> Parts:
        estimate = {"predict": estimate_predict, "diagnose": estimate_diagnose}.get(str(sent.get("of")))
        if estimate is None:
            raise UserError("There is no such estimate: use one of the buttons.")
        return {page.notice: notice(estimate_text(estimate(page.db, place.project, round_number=place.round)))}

    page.commands |= {"judge": judge, "cost": cost}
    return TabView(show=show, follow=follow)


def pending_import_at(db: Database, place: Place) -> PendingImport | None:
    """The reviewer's pending import: one into the project, else one of a support set, which belongs to no project."""
    with db.read() as connection:
        outside = store.pending_import_of(connection, None, place.reviewer)
        if not place.project:
            return outside
        return (
            store.pending_import_of(connection, store.project_named(connection, place.project).id, place.reviewer)
            or outside
        )


def _queue(page: Page, kind: str) -> Command:
    def put(place: Place, sent: Mapping[str, Any]) -> Parts:
        round_number = None if sent.get("newest") else place.round
        if kind == "predict":
            role = sent.get("role")
            roles: tuple[Role, ...] = (role,) if role in ("validation", "test") else ("validation", "test")
            put_predict(page.db, place.project, round_number=round_number, roles=roles)
        elif kind == "diagnose":
            put_diagnose(page.db, place.project, round_number=round_number)
        elif kind == "try":
            who = member_of(TRIED_MODELS, text_in(sent, "who", 10))
            if who is None:
                raise UserError("Try the student or the teacher.")
            put_try(page.db, place.project, who, round_number=round_number, another=bool(sent.get("another")))
        else:
            by: LabelUnit = "group" if sent.get("by") == "group" else "sample"
            support, batch = text_in(sent, "support", 400), bool(sent.get("batch"))
            put_label(page.db, support, project=place.project, by=by, batch=batch)
        return page.start_worker(place)

    return put


def _import_commands(page: Page, previews: Previews, roots: Sequence[Path]) -> dict[str, Command]:
    def pending_in(place: Place, sent: Mapping[str, Any]) -> PendingImport:
        pending = pending_import_at(page.db, place)
        if pending is None or pending.id != number_in(sent, "import"):
            raise UserError(
                "This import was changed, carried out or given up in another window: look at what is here now."
            )
        return pending

    def preview(place: Place, sent: Mapping[str, Any]) -> Parts:
        request, file, upload = request_in(page.db, place, sent, roots)
        previews.begin(request, reviewer=place.reviewer, file=file, upload=upload)
        return page.refresh(place)

    def change(place: Place, sent: Mapping[str, Any]) -> Parts:
        pending = pending_in(place, sent)
        request = changed_request(pending, text_in(sent, "what", 60), text_in(sent, "value", MAX_LENGTH))
        previews.begin(request, reviewer=place.reviewer, file=pending.file, upload=pending.upload)
        return page.refresh(place)

    def skip_refused(place: Place, sent: Mapping[str, Any]) -> Parts:
        pending = pending_in(place, sent)
        if pending.job is not None:
            raise UserError("It is being imported already.")
        request = asdict(replace(request_of(pending), skip_refused=bool(sent.get("skip"))))
        with page.db.write() as connection:
            store.update_pending_import(connection, pending.id, request=request)
        return page.refresh(place)

    def carry_out(place: Place, sent: Mapping[str, Any]) -> Parts:
        return page.start_worker(place, previews.carry_out(pending_in(place, sent)))

    def give_up(place: Place, sent: Mapping[str, Any]) -> Parts:
        previews.give_up(pending_in(place, sent))
        return page.refresh(place)

    return {
        "look": preview,
        "look-again": change,
        "import-skip": skip_refused,
        "import": carry_out,
        "give-up": give_up,
    }


def changed_request(pending: PendingImport, what: str, value: str) -> ImportRequest:
    """The import's request with another format or encoding, or another column for a field. Raises UserError for
    anything else."""
    request = request_of(pending)
    predicted = request.what == "predictions"
    if what == "format":
        if value and value not in (PREDICTION_FORMATS if predicted else FORMATS):
            raise UserError("There is no such format: choose one of the list.")
        return replace(request, format=value, mapping={})
    if what == "encoding":
        if value and value not in ENCODINGS:
            raise UserError("There is no such encoding: choose one of the list.")
        return replace(request, encoding=value, mapping={})
    field = what.removeprefix("map:")
    if field not in (*(PREDICTION_FIELDS if predicted else FIELDS), "answer_as", "options_as"):
        raise UserError("There is no such field: reload the page.")
    return replace(request, mapping={**request.mapping, field: value})


def _model_commands(page: Page, roots: Sequence[Path]) -> dict[str, Command]:
    def models(place: Place, sent: Mapping[str, Any]) -> Parts:
        student, teacher = (server_model(text_in(sent, who, 1000), roots) for who in ("student", "teacher"))
        set_models(page.db, place.project, student=student, teacher=teacher)
        return {**page.refresh(place), page.notice: notice("Kept. Try them on one sample before you predict.")}

    def settings(place: Place, sent: Mapping[str, Any]) -> Parts:
        changes = changes_in(page.db, place, sent)
        set_settings(page.db, place.project, changes)
        named = ", ".join(f"{name} {value or 'empty'}" for name, value in changes.items())
        return {**page.refresh(place), page.notice: notice(f"Kept: {named}.")}

    def prompt(place: Place, sent: Mapping[str, Any]) -> Parts:
        name, text = text_in(sent, "prompt", 60), text_in(sent, "text", 20_000).replace("\r\n", "\n")
        set_prompts(page.db, place.project, {name: text})
        return {**page.refresh(place), page.notice: notice(f"The prompt “{name}” is kept for this project.")}

    def reset(place: Place, sent: Mapping[str, Any]) -> Parts:
        name = text_in(sent, "prompt", 60)
        if name not in {each.name for each in project_prompts(page.db, place.project)}:
            raise UserError("There is no such prompt: reload the page.")
        set_prompts(page.db, place.project, {name: None})
        return {**page.refresh(place), page.notice: notice(f"The prompt “{name}” is the built-in one again.")}

    return {"models": models, "settings": settings, "prompt": prompt, "prompt-reset": reset}
