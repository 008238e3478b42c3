"""The Review tab: the round's errors as a paged list, one case in full, and a person's verdict on it.

Which case, which filters and which page are in the URL; choosing a step and typing happen in ``assets/review.js`` until
a verdict is sent. A verdict names project, round and sample itself: it can only land on the case it was given on.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from app import actions
from app.links import Place, whole_number
from app.markup import count, empty, nav
from app.page import Page, Parts, TabView, told
from app.projects import find_project, find_round
from app.quiet import gr
from app.support import known_labels
from app.tabs import review_case, review_list
from app.tabs.review_list import filters_of
from core.errors import UserError
from core.types import Verdict
from storage import store
from storage.store import Case, Project, Round

OPENER = (
    "window.wb = window.wb || {};wb.openCase = sample => { props.value = {sample, at: Date.now()}; trigger('open'); };"
)
VERDICTS: tuple[Verdict, ...] = ("accepted", "rejected", "skipped", "label_wrong", "misread")


class ReviewTab:
    """The tab's parts and what fills them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        with gr.Row(elem_id="review-top"):
            self.search = page.part("search")
            self.filters = page.part("filters")
        with gr.Row(elem_id="workbench"):
            with gr.Column(scale=1, min_width=280, elem_id="list-side"):
                self.cases = page.part("cases")
            with gr.Column(scale=3, min_width=560, elem_id="case-side"):
                self.case = page.part("case")
                with gr.Row(elem_id="evidence"):
                    self.steps = page.part("steps")
                    plot = (
                        '<div class="plotbox"><div class="plot" role="img" aria-label="Answer-switch curve">'
                        "</div></div>"
                    )
                    head = '<script src="/own/plotly.min.js"></script>'
                    self.curve = page.part("curve", None, html_template=plot, head=head)
                self.editor = page.part("editor")
        self.known = page.part("known")

    def show(self, place: Place) -> Parts:
        """Filters, list and case of a place; without a case in the URL the page's first one."""
        if not place.project:
            return {**self._blank(), self.cases: empty("No project", "Make a project first: the button is above.")}
        with self.page.db.read() as c:
            project, now = _where(c, place)
            filters = filters_of(place)
            facets = store.facet_counts(c, now.id, filters)
            listing = review_list.listing(c, now.id, place)
            if not listing.errors:
                return {**self._blank(), self.cases: _nothing_yet(place)}
            named = store.case_of(c, now.id, place.sample) if place.sample else None
            case = named or (listing.cases[0] if listing.cases else None)
            return {
                self.search: review_list.search_html(place),
                self.known: review_case.suggestions_html([*facets.skill, *known_labels(c, self.page.db, project)]),
                self.filters: review_list.filters_html(place, facets, listing),
                self.cases: review_list.cases_html(place, listing, case.sample.id if case else None),
                **self._case(c, place, now, case, token="shown"),
            }

    def follow(self, place: Place) -> Parts:
        """Only the list: what a person is reading or typing stays as it is."""
        with self.page.db.read() as c:
            _, now = _where(c, place)
            listing = review_list.listing(c, now.id, place)
        if not listing.errors:
            return {}
        return {self.cases: review_list.cases_html(place, listing, place.sample)}

    def open(self, place: Place, sent: Mapping[str, Any]) -> Parts:
        """One case, by the sample id that the list sent."""
        with self.page.db.read() as c:
            _, now = _where(c, place)
            case = store.case_of(c, now.id, int(sent["sample"]))
            if case is None:
                raise UserError(
                    f"Sample {int(sent['sample'])} is no error of round {now.number}: choose one from the list."
                )
            return self._case(c, place, now, case)

    def filter(self, place: Place, _: Mapping[str, Any]) -> Parts:
        """The list anew while someone types a search; the search field itself stays untouched."""
        found = self.show(place)
        found.pop(self.search, None)
        return found

    def verdict(self, place: Place, sent: Mapping[str, Any]) -> Parts:
        """Save a verdict, then show the next case that has none."""
        verdict = sent.get("verdict")
        if verdict not in VERDICTS:
            raise UserError("There is no such verdict: use one of the buttons.")
        sample = self._named(place, sent)
        step = whole_number(str(sent.get("step", "")))
        actions.add_review(
            self.page.db,
            place.project,
            sample,
            verdict,
            reviewer=self.page.reviewer,
            round=place.round,
            mistake_step=step or None,
            skill=str(sent.get("skill", ""))[:400],
            answer=str(sent.get("answer", ""))[:2000] if verdict == "misread" else None,
        )
        return self._next(place, sample, _token(sent))

    def undo(self, place: Place, sent: Mapping[str, Any]) -> Parts:
        """Take back the newest verdict of this case, or, where it has none, of the case this reviewer decided last."""
        sample = self._named(place, sent)
        with self.page.db.write() as c:
            _, now = _where(c, place)
            undone = store.undo(c, now.id, sample, self.page.reviewer)
            if undone is None:
                last = store.last_reviewed(c, now.id, self.page.reviewer)
                sample = sample if last is None else last
                undone = None if last is None else store.undo(c, now.id, last, self.page.reviewer)
        if undone is None:
            raise UserError("There is no verdict to undo in this round.")
        return {
            **self._show_case(place, sample, _token(sent)),
            self.page.notice: told(f"Undone: the verdict on sample {sample}."),
        }

    def unreviewed(self, place: Place, sent: Mapping[str, Any]) -> Parts:
        """The next case without a verdict."""
        return self._next(place, whole_number(str(sent.get("sample", ""))) or 0, _token(sent))

    def accept_all(self, place: Place, _sent: Mapping[str, Any]) -> Parts:
        """Accept every case that the filters show and that has a skill and no verdict."""
        with self.page.db.read() as c:
            _, now = _where(c, place)
            samples = review_list.acceptable(c, now.id, filters_of(place))
        accepted = actions.accept_all(
            self.page.db, place.project, reviewer=self.page.reviewer, round=place.round, samples=samples
        )
        return {
            **self.page.refresh(place),
            self.page.notice: told(f"Accepted {count(accepted, 'diagnosis', 'diagnoses')}."),
        }

    def _named(self, place: Place, sent: Mapping[str, Any]) -> int:
        """The sample a command names, after checking that it was given in this project and round."""
        if str(sent.get("project")) != place.project or str(sent.get("round")) != str(place.round):
            raise UserError(
                "The page moved on to another project or round meanwhile: look at the case again, then decide."
            )
        sample = whole_number(str(sent.get("sample", "")))
        if sample is None:
            raise UserError("Choose a case from the list first.")
        return sample

    def _next(self, place: Place, sample: int, token: str) -> Parts:
        with self.page.db.read() as c:
            _, now = _where(c, place)
            after = store.case_of(c, now.id, sample)
            found = review_list.next_unreviewed(c, now.id, filters_of(place), after)
        if found is not None:
            return self._show_case(place, found, token)
        said = told("Every case of this list has a verdict. Change the filters, or go on to Skills and Selection.")
        return {**self._show_case(place, sample, token), self.page.notice: said}

    def _show_case(self, place: Place, sample: int, token: str) -> Parts:
        """A case the server chose, with the list page it is on; ``token`` tells the page which command it answers."""
        with self.page.db.read() as c:
            _, now = _where(c, place)
            case = store.case_of(c, now.id, sample)
            listing = review_list.listing(c, now.id, place, holding=case)
            return {
                self.filters: review_list.filters_html(
                    place, store.facet_counts(c, now.id, filters_of(place)), listing
                ),
                self.cases: review_list.cases_html(place, listing, sample),
                **self._case(c, place, now, case, token=token),
            }

    def _case(self, c: Connection, place: Place, now: Round, case: Case | None, *, token: str = "") -> Parts:
        if case is None:
            return {self.case: "", self.steps: "", self.curve: None, self.editor: ""}
        history = store.history(c, now.id, case.sample.id)
        return {
            self.case: review_case.case_html(case),
            self.steps: review_case.steps_html(case),
            self.curve: review_case.figure(case),
            self.editor: review_case.editor_html(case, place, history, token=token),
        }

    def _blank(self) -> Parts:
        return {self.search: "", self.filters: "", self.case: "", self.steps: "", self.curve: None, self.editor: ""}


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    tab = ReviewTab(page)
    opener = gr.HTML({"sample": 0}, html_template="<span hidden></span>", js_on_load=OPENER, elem_id="opener")
    page.listen(opener.open, tab.open, [opener], trigger_mode="always_last")
    page.commands |= {
        "verdict": tab.verdict,
        "undo": tab.undo,
        "unreviewed": tab.unreviewed,
        "accept-all": tab.accept_all,
        "filter": tab.filter,
    }
    return TabView(show=tab.show, follow=tab.follow)


def _where(c: Connection, place: Place) -> tuple[Project, Round]:
    project = find_project(c, place.project)
    return project, find_round(c, project, place.round)


def _token(sent: Mapping[str, Any]) -> str:
    """What the script gave a command, so that it knows the answer when it is painted."""
    return str(sent.get("token", ""))[:24]


def _nothing_yet(place: Place) -> str:
    return empty(
        "No errors to review yet",
        "Predict first: the cases are the validation samples that this round's student answers wrongly.",
        nav(place.link(tab="data", sample=None), "Go to Data", "button primary"),
    )
