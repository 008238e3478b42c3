"""What the Review tab shows: the paged list of errors and one case in full.

Which case, which filters and which page are in the URL. The commands are in ``app.web.tabs.review.tab``.
"""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from sqlalchemy import Connection

from app.projects.lookup import find_project, find_round
from app.rendering.templates import macro
from app.selections.support_index import indexed_support_if_ready
from app.web.page.case_filters import read_filters
from app.web.page.gradio_offline import gr
from app.web.page.handlers import Page, Parts, notice
from app.web.page.place import Place, whole_number
from app.web.tabs.review import case as review_case
from app.web.tabs.review import editor, threshold_panel
from app.web.tabs.review import list as review_list
from core.errors import UserError
from storage import store
from storage.store import Case, Project, Round


class ReviewTab:
    """The tab's parts and what fills them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        with gr.Row(elem_id="review-top"):
            self.search = page.part("search")
            self.filters = page.part("filters")
            self.thresholds = page.part("reading")
        with gr.Row(elem_id="workbench"):
            with gr.Column(scale=1, min_width=280, elem_id="list-side"):
                self.cases = page.part("cases")
            with gr.Column(scale=3, min_width=560, elem_id="case-side"):
                self.case = page.part("case")
                with gr.Row(elem_id="evidence"):
                    self.steps = page.part("steps")
                    self.curve = page.part("curve", None, html_template=str(macro("plot", "Answer-switch curve")))
                self.editor = page.part("editor")
        self.suggestions = page.part("known")

    def show(self, place: Place, *, token: str = "shown", end: bool = False) -> Parts:
        """Filters, list and case of a place; without a case in the URL the page's first one (its last with ``end``)."""
        if not place.project:
            no_project = macro("empty", "No project", "Make a project first: the button is above.")
            return {**self._blank(), self.cases: no_project}
        with self.page.db.read() as connection:
            project, round_ = project_and_round(connection, place)
            listing = review_list.listing(connection, round_.id, place)
            if not listing.errors:
                return {**self._blank(), self.cases: _no_errors(place)}
            facets = store.facet_counts(connection, round_.id, read_filters(place))
            named = store.case_of(connection, round_.id, place.sample) if place.sample else None
            first = listing.cases[-1 if end else 0].sample if listing.cases else None
            case = named or (None if first is None else store.case_of(connection, round_.id, first))
            support = indexed_support_if_ready(connection, self.page.db, project.settings.support)
            known = [*facets.skill, *(support.labels if support else ())]
            return {
                self.search: review_list.search_html(place),
                self.suggestions: editor.suggestions_html(known),
                self.filters: review_list.filters_html(place, facets),
                self.thresholds: threshold_panel.panel_html(project.settings, place),
                self.cases: review_list.cases_html(place, listing, case.sample.id if case else None),
                **self._case(connection, place, round_, case, token=token),
            }

    def follow(self, place: Place) -> Parts:
        """The list and the filters' counts: what a person is reading or typing stays as it is."""
        with self.page.db.read() as connection:
            _, round_ = project_and_round(connection, place)
            listing = review_list.listing(connection, round_.id, place)
            if not listing.errors:
                return {}
            facets = store.facet_counts(connection, round_.id, read_filters(place))
        return {
            self.cases: review_list.cases_html(place, listing, place.sample),
            self.filters: review_list.filters_html(place, facets),
        }

    def open(self, place: Place, sent: Mapping[str, Any]) -> Parts:
        """One case, by the sample id that the list sent."""
        with self.page.db.read() as connection:
            round_, case = find_case(connection, place, sample_in(sent))
            return self._case(connection, place, round_, case, token=token_in(sent))

    def filter(self, place: Place, _: Mapping[str, Any]) -> Parts:
        """The list while someone types a search; the search field itself is left as it is."""
        shown = self.show(place)
        shown.pop(self.search, None)
        return shown

    def next_after(self, place: Place, sample: int, token: str) -> Parts:
        """The next case of the list that has no verdict."""
        with self.page.db.read() as connection:
            _, round_ = project_and_round(connection, place)
            after = store.case_of(connection, round_.id, sample)
            found = review_list.next_unreviewed(connection, round_.id, place, after)
            shown = self._case_and_list(connection, place, round_, found or after, token=token)
        if found is not None:
            return shown
        done = "Every case of this list has a verdict. Change the filters, or go on to Skills and Selection."
        return {**shown, self.page.notice: notice(done)}

    def show_case(self, place: Place, sample: int, token: str, **state: Any) -> Parts:
        """A case that the server chose, and its page of the list; ``token`` names the command that this answers."""
        with self.page.db.read() as connection:
            _, round_ = project_and_round(connection, place)
            case = store.case_of(connection, round_.id, sample)
            return self._case_and_list(connection, place, round_, case, token=token, **state)

    def _case_and_list(
        self, connection: Connection, place: Place, round_: Round, case: Case | None, **state: Any
    ) -> Parts:
        """A case and its page of the list; ``state`` as in ``_case``.

        The filters' counts follow with the next tick: they cost more than everything else here together.
        """
        listing = review_list.listing(connection, round_.id, place, holding=case)
        return {
            self.cases: review_list.cases_html(place, listing, case.sample.id if case else None),
            **self._case(connection, place, round_, case, **state),
        }

    def _case(self, connection: Connection, place: Place, round_: Round, case: Case | None, **state: Any) -> Parts:
        """The parts of one case; ``state`` holds the token and the refused verdict for ``EditorState``."""
        if case is None:
            return {self.case: "", self.steps: "", self.curve: None, self.editor: ""}
        editor_state = editor.EditorState(
            history=store.review_history(connection, round_.id, case.sample.id),
            draft=store.draft_of(connection, round_.id, case.sample.id, place.reviewer),
            bulk=store.bulk_review_of(connection, case.review.id) if case.review else None,
            **state,
        )
        return {
            self.case: review_case.case_html(case),
            self.steps: review_case.steps_html(case),
            self.curve: review_case.figure(case),
            self.editor: editor.editor_html(case, place, editor_state),
        }

    def _blank(self) -> Parts:
        parts = (self.search, self.filters, self.thresholds, self.case, self.steps, self.editor)
        return {**dict.fromkeys(parts, ""), self.curve: None}


def project_and_round(connection: Connection, place: Place) -> tuple[Project, Round]:
    """The project and round of a place."""
    project = find_project(connection, place.project)
    return project, find_round(connection, project, place.round)


def find_case(connection: Connection, place: Place, sample: int) -> tuple[Round, Case]:
    """The round of a place and the case of a sample in it. Raises UserError where that sample is no error."""
    _, round_ = project_and_round(connection, place)
    case = store.case_of(connection, round_.id, sample)
    if case is None:
        raise UserError(f"Sample {sample} is no error of round {round_.number}: choose one from the list.")
    return round_, case


def sample_in(sent: Mapping[str, Any]) -> int:
    """The sample that a command names. Raises UserError where it names none."""
    sample = number_or_none(sent, "sample")
    if sample is None:
        raise UserError("Choose a case from the list first.")
    return sample


def number_or_none(sent: Mapping[str, Any], name: str) -> int | None:
    """A whole number of a command, None where it is missing or something else."""
    return whole_number(str(sent.get(name, "")))


def token_in(sent: Mapping[str, Any]) -> str:
    """The token by which the script recognises the answer to its command."""
    return str(sent.get("token", ""))[:24]


def _no_errors(place: Place) -> Markup:
    return macro(
        "empty",
        "No errors to review yet",
        "Predict first: the cases are the validation samples that this round's student answers wrongly.",
        macro("nav", place.link(tab="data", sample=None), "Go to Data", "button primary"),
    )
