"""What the Review tab shows: the paged list of errors and one case in full.

Which case, which filters and which page are in the URL; choosing a step and typing happen in ``assets/web/review.js``
until a verdict is sent. What a verdict does is in ``app.web.tabs.review.actions``.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from app.rendering.html import empty, nav
from app.selections.support_index import indexed_support_if_ready
from app.web.page.case_filters import read_filters
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Page, Parts, notice
from app.web.page.place import Place
from app.web.tabs.review import case as review_case
from app.web.tabs.review import editor, messages, threshold_panel
from app.web.tabs.review import list as review_list
from core.errors import UserError
from storage import store
from storage.store import Case, Project, Round

PLOT = '<div class="plotbox"><div class="plot" role="img" aria-label="Answer-switch curve"></div></div>'


class ReviewTab:
    """The tab's parts and what fills them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        with gr.Row(elem_id="review-top"):
            self.search = page.part("search")
            self.filters = page.part("filters")
            self.reading = page.part("reading")
        with gr.Row(elem_id="workbench"):
            with gr.Column(scale=1, min_width=280, elem_id="list-side"):
                self.cases = page.part("cases")
            with gr.Column(scale=3, min_width=560, elem_id="case-side"):
                self.case = page.part("case")
                with gr.Row(elem_id="evidence"):
                    self.steps = page.part("steps")
                    self.curve = page.part("curve", None, html_template=PLOT)
                self.editor = page.part("editor")
        self.known = page.part("known")

    def show(self, place: Place, *, token: str = "shown", end: bool = False) -> Parts:
        """Filters, list and case of a place; without a case in the URL the page's first one (its last with ``end``)."""
        if not place.project:
            return {**self._blank(), self.cases: empty("No project", "Make a project first: the button is above.")}
        with self.page.db.read() as connection:
            project, now = where(connection, place)
            listing = review_list.listing(connection, now.id, place)
            if not listing.errors:
                return {**self._blank(), self.cases: _nothing_yet(place)}
            facets = store.facet_counts(connection, now.id, read_filters(place))
            named = store.case_of(connection, now.id, place.sample) if place.sample else None
            first = listing.cases[-1 if end else 0].sample if listing.cases else None
            case = named or (None if first is None else store.case_of(connection, now.id, first))
            support = indexed_support_if_ready(connection, self.page.db, project.settings.support)
            known = [*facets.skill, *(support.labels if support else ())]
            return {
                self.search: review_list.search_html(place),
                self.known: editor.suggestions_html(known),
                self.filters: review_list.filters_html(place, facets),
                self.reading: threshold_panel.panel_html(project.settings, place),
                self.cases: review_list.cases_html(place, listing, case.sample.id if case else None),
                **self.one(connection, place, now, case, token=token),
            }

    def follow(self, place: Place) -> Parts:
        """The list and the filters' counts: what a person is reading or typing stays as it is."""
        with self.page.db.read() as connection:
            _, now = where(connection, place)
            listing = review_list.listing(connection, now.id, place)
            if not listing.errors:
                return {}
            facets = store.facet_counts(connection, now.id, read_filters(place))
        return {
            self.cases: review_list.cases_html(place, listing, place.sample),
            self.filters: review_list.filters_html(place, facets),
        }

    def open(self, place: Place, sent: Mapping[str, Any]) -> Parts:
        """One case, by the sample id that the list sent."""
        sample = messages.sample_in(sent)
        with self.page.db.read() as connection:
            _, now = where(connection, place)
            case = store.case_of(connection, now.id, sample)
            if case is None:
                raise UserError(f"Sample {sample} is no error of round {now.number}: choose one from the list.")
            return self.one(connection, place, now, case, token=messages.token_in(sent))

    def filter(self, place: Place, _: Mapping[str, Any]) -> Parts:
        """The list anew while someone types a search; the search field itself stays untouched."""
        found = self.show(place)
        found.pop(self.search, None)
        return found

    def next_after(self, place: Place, sample: int, token: str) -> Parts:
        """The next case of the list that has no verdict."""
        with self.page.db.read() as connection:
            _, now = where(connection, place)
            after = store.case_of(connection, now.id, sample)
            found = review_list.next_unreviewed(connection, now.id, place, after)
            shown = self._listed(connection, place, now, found or after, token=token)
        if found is not None:
            return shown
        said = notice("Every case of this list has a verdict. Change the filters, or go on to Skills and Selection.")
        return {**shown, self.page.notice: said}

    def show_case(self, place: Place, sample: int, token: str, **more: Any) -> Parts:
        """A case the server chose, with the list page it is on; ``token`` tells the page which command it answers."""
        with self.page.db.read() as connection:
            _, now = where(connection, place)
            return self._listed(connection, place, now, store.case_of(connection, now.id, sample), token=token, **more)

    def _listed(self, connection: Connection, place: Place, round_: Round, case: Case | None, **more: Any) -> Parts:
        """A case with the list page it is on; ``more`` is as in ``one``.

        The filters' counts follow with the next tick: they cost more than everything else here together.
        """
        listing = review_list.listing(connection, round_.id, place, holding=case)
        return {
            self.cases: review_list.cases_html(place, listing, case.sample.id if case else None),
            **self.one(connection, place, round_, case, **more),
        }

    def one(
        self, connection: Connection, place: Place, round_: Round, case: Case | None, *, token: str = "", **more: Any
    ) -> Parts:
        """The parts of one case; ``more`` goes to the editor (a conflict to be shown)."""
        if case is None:
            return {self.case: "", self.steps: "", self.curve: None, self.editor: ""}
        desk = editor.EditorState(
            history=store.review_history(connection, round_.id, case.sample.id),
            draft=store.draft_of(connection, round_.id, case.sample.id, place.reviewer),
            bulk=store.bulk_review_of(connection, case.review.id) if case.review else None,
            token=token,
            **more,
        )
        return {
            self.case: review_case.case_html(case),
            self.steps: review_case.steps_html(case),
            self.curve: review_case.figure(case),
            self.editor: editor.editor_html(case, place, desk),
        }

    def _blank(self) -> Parts:
        parts = (self.search, self.filters, self.reading, self.case, self.steps, self.editor)
        return {**dict.fromkeys(parts, ""), self.curve: None}


def where(connection: Connection, place: Place) -> tuple[Project, Round]:
    """The project and round of a place."""
    project = find_project(connection, place.project)
    return project, find_round(connection, project, place.round)


def _nothing_yet(place: Place) -> str:
    return empty(
        "No errors to review yet",
        "Predict first: the cases are the validation samples that this round's student answers wrongly.",
        nav(place.link(tab="data", sample=None), "Go to Data", "button primary"),
    )
