"""The whole page: header, seven tabs, job tray, and the events that keep them in step with URL and database.

Each tab renders itself.
"""

from collections.abc import Mapping
from typing import Any

from app.jobs.queue import cancel_job
from app.projects.configuration import create_project, settings_for
from app.rendering.templates import render
from app.security.file_roots import page_roots, server_model
from app.settings import AppSettings
from app.web.components import dialogs, header, job_tray
from app.web.page.change_stamp import same_pickers, stamp
from app.web.page.gradio_offline import gr
from app.web.page.handlers import EVENT_OPTIONS, Page, Parts, TabView, find_place, notice, number_in, text_in
from app.web.page.place import TABS, Place, move_to
from app.web.tabs import bulk_dialog, experiments, skills
from app.web.tabs.comparison import tab as comparison
from app.web.tabs.data import tab as data
from app.web.tabs.review import tab as review
from app.web.tabs.selection import tab as selection
from app.web.tabs.tuning import tab as tuning
from core.errors import UserError
from storage.database import Database

BRIDGE = "window.wb = window.wb || {}; wb.trigger = data => trigger('cmd', data);"
TAB_CLICKED = "() => { window.wb && wb.tabClicked && wb.tabClicked(); return []; }"
MODULES = {
    "data": data,
    "review": review,
    "skills": skills,
    "selection": selection,
    "tuning": tuning,
    "comparison": comparison,
    "experiments": experiments,
}


def build(db: Database) -> tuple[gr.Blocks, Page]:
    """The Gradio page of a database, and the ``Page`` that answers its actions."""
    with gr.Blocks(title="Switchpoint", analytics_enabled=False, fill_width=True) as blocks:
        page = Page(db=db, reviewer=AppSettings().reviewer, notice=None)
        bridge = gr.HTML("", html_template="<span hidden></span>", js_on_load=BRIDGE, elem_id="bridge")
        head = page.part("head")
        hint = page.part("hint")
        page.notice = page.part("notice")
        with gr.Tabs(elem_id="tabs", selected=TABS[0]) as tabs:
            page.output(tabs)
            views = {name: _build_tab(page, name) for name in TABS}
        jobs = page.part("tray")
        bulk_dialog.add(page)  # outside of the tabs, because several open it
        gr.HTML(dialogs.foot_html(), js_on_load=None, apply_default_css=False, elem_id="foot")
        gr.HTML(dialogs.dialogs_html(), js_on_load=None, apply_default_css=False, elem_id="dialogs")

        def show(place: Place) -> Parts:
            return {**frame(place), tabs: gr.Tabs(selected=place.tab), **views[place.tab].show(place)}

        def frame(place: Place, *, last: str = "") -> Parts:
            now = stamp(db, place)
            tray = render("page/tray.html", stamp=now, tray=job_tray.tray_html(db))
            parts = {hint: header.hint_html(db, place), jobs: tray}
            return parts if same_pickers(last, now) else {**parts, head: header.header_html(db, place)}

        page.refresh = show
        _add_commands(page)
        page.listen_to_bridge(bridge)

        def load(request: gr.Request) -> Parts:
            return _first(page, request, show)

        blocks.load(load, None, page.parts, **EVENT_OPTIONS)
        page.listen(tabs.select, show, js=TAB_CLICKED)

        def tick(place: Place, sent: Mapping[str, Any]) -> Parts:
            """The parts that changed since the stamp that the script saw last."""
            # The stamp is read first, so that a job that ends during the rest is seen by the next tick.
            framed = frame(place, last=text_in(sent, "last", 100))
            follow = views[place.tab].follow(place) if place.project else {}
            return {page.notice: gr.skip(), **framed, **follow}

        page.actions["tick"] = page.commands["tick"] = tick
        page.connect()
    return blocks, page


def _build_tab(page: Page, name: str) -> TabView:
    with gr.Tab(name.capitalize(), id=name, elem_id=f"tab-{name}", render_children=True):
        view: TabView = MODULES[name].build(page)
        return view


def _first(page: Page, request: gr.Request, show: Any) -> Parts:
    """The first answer of a page; a link to a missing project or round shows the default ones and an error."""
    try:
        find_place(page.db, request.query_params)
    except UserError as error:
        place = page.with_reviewer(find_place(page.db, {}), request)
        return {**show(place), page.notice: notice(str(error), "error")}
    return page.answer(request, show)


def _add_commands(page: Page) -> None:
    roots = page_roots(page.db.data)

    def create(_: Place, sent: Mapping[str, Any]) -> Parts:
        name = text_in(sent, "name", 1000)
        student, teacher = (server_model(text_in(sent, who, 1000), roots) for who in ("student", "teacher"))
        made = create_project(page.db, name, student=student, teacher=teacher, settings=settings_for(teacher))
        ready = notice(f"Project '{made.name}' is ready. Bring its samples next.")
        return {**page.refresh(move_to(Place(), project=made.name, round_number=0)), page.notice: ready}

    def cancel(place: Place, sent: Mapping[str, Any]) -> Parts:
        cancel_job(page.db, number_in(sent, "job"))
        return page.refresh(place)

    page.commands |= {"create": create, "cancel": cancel, "nav": lambda place, _: page.refresh(place)}


def theme() -> gr.themes.Base:
    """Gradio's base theme with one accent colour, system fonts (nothing is downloaded) and small radii."""
    accent = gr.themes.Color(*ACCENT, name="accent")
    made = gr.themes.Base(
        primary_hue=accent,
        secondary_hue=accent,
        neutral_hue=gr.themes.colors.slate,
        font=["system-ui", "-apple-system", "Segoe UI", "Noto Sans", "Liberation Sans", "sans-serif"],
        font_mono=["ui-monospace", "SFMono-Regular", "DejaVu Sans Mono", "monospace"],
        text_size=gr.themes.sizes.text_sm,
        spacing_size=gr.themes.sizes.spacing_sm,
        radius_size=gr.themes.sizes.radius_sm,
    )
    return made.set(button_primary_background_fill="*primary_600", button_primary_background_fill_dark="*primary_600")


ACCENT = (
    "#eef5fc",
    "#d9e9f8",
    "#b6d4f0",
    "#86b8e5",
    "#4f97d6",
    "#1f7ac4",
    "#0067b8",
    "#005596",
    "#04457a",
    "#0a3a64",
    "#062746",
)
