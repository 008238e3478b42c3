"""The Review tab: the round's errors as a paged list, one case in full, and a person's verdict on it.

``view`` builds what is shown; this module holds the commands: verdicts, undo and redo, moving on. A command that
decides names project, round and sample and is checked here, so that it applies only to the case that the person saw,
in the state in which they saw it. Choosing a step and typing happen in ``assets/web/review.js``.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import Connection

from app.rendering.formatting import count
from app.reviews.verdicts import add_review, check_seen, set_thresholds
from app.web.page.handlers import Page, Parts, TabView, notice, number_in, text_in
from app.web.page.place import Place, whole_number
from app.web.tabs.review.view import ReviewTab, find_case, number_or_none, project_and_round, sample_in, token_in
from core.errors import ConflictError, UserError
from core.literals import member_of
from core.types import Review, RoundId, Verdict
from storage import store

VERDICTS: tuple[Verdict, ...] = ("accepted", "rejected", "skipped", "label_wrong", "misread")
MAX_LENGTH = {"skill": 400, "note": 5000, "answer": 3000}  # more than is stored: the store refuses, nothing is cut


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    tab = ReviewTab(page)
    page.commands["reread"] = partial(_reread, tab)
    page.actions |= {
        "open": tab.open,
        "filter": tab.filter,
        "turn": lambda place, sent: tab.show(place, token=token_in(sent), end=bool(sent.get("end"))),
        "unreviewed": lambda place, sent: tab.next_after(place, number_or_none(sent, "sample") or 0, token_in(sent)),
        "jump": partial(_jump, tab),
        "verdict": partial(_decide, tab),
        "undo": partial(_undo, tab),
        "redo": partial(_redo, tab),
        "theirs": partial(_keep_theirs, tab),
    }
    return TabView(show=tab.show, follow=tab.follow)


def _decide(tab: ReviewTab, place: Place, sent: Mapping[str, Any]) -> Parts:
    """Save a verdict, then show the next case that has none; a conflict shows both versions instead."""
    verdict = member_of(VERDICTS, sent.get("verdict"))
    if verdict is None:
        raise UserError("There is no such verdict: use one of the buttons.")
    sample = _named_sample(place, sent)
    with tab.page.db.read() as connection:
        find_case(connection, place, sample)  # only what the list shows is decided on the page
    step = number_in(sent, "step") or None
    skill, note = text_in(sent, "skill", MAX_LENGTH["skill"]), _text(sent, "note")
    answer = _text(sent, "answer").strip() or None if verdict == "misread" else None
    try:
        add_review(
            tab.page.db, place.project, sample, verdict, reviewer=place.reviewer, round_number=place.round,
            mistake_step=step, skill=skill, answer=answer, note=note, seen=number_or_none(sent, "seen"),
        )  # fmt: skip
    except ConflictError as error:
        mine = Review(
            round=RoundId(0), sample=sample, reviewer=place.reviewer, verdict=verdict, mistake_step=step, skill=skill,
            answer=answer, note=note,
        )  # fmt: skip
        shown = tab.show_case(place, sample, token_in(sent), mine=mine)
        return {**shown, tab.page.notice: notice(str(error), "warning")}
    return tab.next_after(place, sample, token_in(sent))


def _undo(tab: ReviewTab, place: Place, sent: Mapping[str, Any]) -> Parts:
    """Take back the newest verdict of this case, or, where it has none, of the case this reviewer decided last."""
    with _named_case(tab, place, sent) as (connection, round_id, named):
        sample, undone = named, store.undo_review(connection, round_id, named, place.reviewer)
        if undone is None and (last := store.last_reviewed_sample(connection, round_id, place.reviewer)) is not None:
            sample, undone = last, store.undo_review(connection, round_id, last, place.reviewer)
    if undone is None:
        raise UserError("There is no verdict to undo in this round.")
    message = notice(f"Undone: the verdict on sample {sample}. Y gives it again.")
    return {**tab.show_case(place, sample, token_in(sent)), tab.page.notice: message}


def _redo(tab: ReviewTab, place: Place, sent: Mapping[str, Any]) -> Parts:
    """Give the verdict of this case again that was undone last."""
    with _named_case(tab, place, sent) as (connection, round_id, sample):
        again = store.redo_review(connection, round_id, sample, place.reviewer)
    if again is None:
        raise UserError("There is nothing to redo on this case: no verdict was undone since the newest one.")
    message = notice(f"Done again: the verdict on sample {sample}.")
    return {**tab.show_case(place, sample, token_in(sent)), tab.page.notice: message}


def _keep_theirs(tab: ReviewTab, place: Place, sent: Mapping[str, Any]) -> Parts:
    """Drop the reviewer's own version of a case that somebody else decided, and go on."""
    with _named_case(tab, place, sent, unchanged=False) as (connection, round_id, sample):
        store.drop_draft(connection, round_id, sample, place.reviewer)
    return tab.next_after(place, sample, token_in(sent))


def _reread(tab: ReviewTab, place: Place, sent: Mapping[str, Any]) -> Parts:
    """Read the round's curves at the δ and λ of the sliders."""
    try:
        delta, lam = float(_text(sent, "delta")), int(_text(sent, "lam"))
    except ValueError:
        raise UserError("δ is a number and λ a whole number: use the sliders.") from None
    changed = set_thresholds(tab.page.db, place.project, round_number=place.round, delta=delta, lam=lam)
    outcome = count(changed, "diagnosis has", "diagnoses have")
    message = notice(f"Read at δ {delta:g}, λ {lam}: {outcome} another step or status.")
    return {**tab.page.refresh(place), tab.page.notice: message}


def _jump(tab: ReviewTab, place: Place, sent: Mapping[str, Any]) -> Parts:
    """The case with the number in the list, or the id from the file, that was typed."""
    typed = _text(sent, "number").strip().removeprefix("#")
    with tab.page.db.read() as connection:
        project, round_ = project_and_round(connection, place)
        by_id = store.samples_by_source_id(connection, project=project.id, role="validation", source_ids=[typed])
        numbers = [whole_number(typed), *(sample.id for sample in by_id.values())]
        cases = (store.case_of(connection, round_.id, number) for number in numbers if number is not None)
        found = next((case.sample.id for case in cases if case is not None), None)
    if found is None:
        raise UserError(f"No error of this round has the number '{typed[:40]}': the list shows them.")
    return tab.show_case(place, found, token_in(sent))


@contextmanager
def _named_case(
    tab: ReviewTab, place: Place, sent: Mapping[str, Any], *, unchanged: bool = True
) -> Iterator[tuple[Connection, RoundId, int]]:
    """A transaction that writes, the round's id and the sample that a command names.

    Raises UserError where the page shows another project or round, and with ``unchanged`` ConflictError where the case
    was decided since the person saw it.
    """
    sample = _named_sample(place, sent)
    with tab.page.db.write() as connection:
        _, round_ = project_and_round(connection, place)
        if unchanged:
            check_seen(connection, round_.id, sample, number_or_none(sent, "seen"))
        yield connection, round_.id, sample


def _named_sample(place: Place, sent: Mapping[str, Any]) -> int:
    """The sample a command names, after checking that it was given in this project and round."""
    if str(sent.get("project")) != place.project or str(sent.get("round")) != str(place.round):
        raise UserError("The page moved on to another project or round meanwhile: look at the case again, then decide.")
    return sample_in(sent)


def _text(sent: Mapping[str, Any], name: str) -> str:
    return text_in({name: "", **sent}, name, MAX_LENGTH.get(name, 400))
