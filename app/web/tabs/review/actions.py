"""What a person does on a case of the Review tab: verdicts, undo and redo, moving on.

Every command names project, round and sample itself and is checked here: it can only land on the case it was given on,
in the state in which that case was seen.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.projects.lookup import find_project, find_round
from app.rendering.formatting import count
from app.reviews.verdicts import add_review, check_seen, set_thresholds
from app.web.page.handlers import Command, Parts, notice, number_in, text_in
from app.web.page.place import Place, whole_number
from app.web.tabs.review.messages import number_or_none, sample_in, token_in
from core.errors import ConflictError, UserError
from core.types import Review, RoundId, Verdict
from storage import store

if TYPE_CHECKING:
    from app.web.tabs.review.view import ReviewTab

VERDICTS: tuple[Verdict, ...] = ("accepted", "rejected", "skipped", "label_wrong", "misread")
LONGEST = {"skill": 400, "note": 5000, "answer": 3000}  # more than is stored: the store refuses, nothing is cut


def acts(tab: "ReviewTab") -> dict[str, Command]:
    """What is done on a case, by the name that the page sends."""
    return {
        "verdict": lambda place, sent: _verdict(tab, place, sent),
        "undo": lambda place, sent: _undo(tab, place, sent),
        "redo": lambda place, sent: _redo(tab, place, sent),
        "theirs": lambda place, sent: _theirs(tab, place, sent),
        "unreviewed": lambda place, sent: tab.next_after(place, number_or_none(sent, "sample") or 0, token_in(sent)),
        "turn": lambda place, sent: tab.show(place, token=token_in(sent), end=bool(sent.get("end"))),
        "jump": lambda place, sent: _jump(tab, place, sent),
    }


def _verdict(tab: "ReviewTab", place: Place, sent: Mapping[str, Any]) -> Parts:
    """Save a verdict, then show the next case that has none; a conflict shows both versions instead."""
    verdict = sent.get("verdict")
    if verdict not in VERDICTS:
        raise UserError("There is no such verdict: use one of the buttons.")
    sample = _named(place, sent)
    _check_error(tab, place, sample)
    step = number_in(sent, "step") or None
    skill, note = text_in(sent, "skill", LONGEST["skill"]), _text(sent, "note")
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


def _check_error(tab: "ReviewTab", place: Place, sample: int) -> None:
    """Only what the list shows is decided on the page."""
    with tab.page.db.read() as connection:
        round_ = find_round(connection, find_project(connection, place.project), place.round)
        if store.case_of(connection, round_.id, sample) is None:
            raise UserError(f"Sample {sample} is no error of round {round_.number}: choose one from the list.")


def _undo(tab: "ReviewTab", place: Place, sent: Mapping[str, Any]) -> Parts:
    """Take back the newest verdict of this case, or, where it has none, of the case this reviewer decided last."""
    sample = _named(place, sent)
    with tab.page.db.write() as connection:
        round_ = find_round(connection, find_project(connection, place.project), place.round)
        check_seen(connection, round_.id, sample, number_or_none(sent, "seen"))
        undone = store.undo_review(connection, round_.id, sample, place.reviewer)
        if undone is None:
            last = store.last_reviewed_sample(connection, round_.id, place.reviewer)
            sample = sample if last is None else last
            undone = None if last is None else store.undo_review(connection, round_.id, last, place.reviewer)
    if undone is None:
        raise UserError("There is no verdict to undo in this round.")
    said = notice(f"Undone: the verdict on sample {sample}. Y gives it again.")
    return {**tab.show_case(place, sample, token_in(sent)), tab.page.notice: said}


def _redo(tab: "ReviewTab", place: Place, sent: Mapping[str, Any]) -> Parts:
    """Give the verdict of this case again that was undone last."""
    sample = _named(place, sent)
    with tab.page.db.write() as connection:
        round_ = find_round(connection, find_project(connection, place.project), place.round)
        check_seen(connection, round_.id, sample, number_or_none(sent, "seen"))
        again = store.redo_review(connection, round_.id, sample, place.reviewer)
    if again is None:
        raise UserError("There is nothing to redo on this case: no verdict was undone since the newest one.")
    said = notice(f"Done again: the verdict on sample {sample}.")
    return {**tab.show_case(place, sample, token_in(sent)), tab.page.notice: said}


def _theirs(tab: "ReviewTab", place: Place, sent: Mapping[str, Any]) -> Parts:
    """Give up the own version of a case that somebody else decided, and go on."""
    sample = _named(place, sent)
    with tab.page.db.write() as connection:
        round_ = find_round(connection, find_project(connection, place.project), place.round)
        store.drop_draft(connection, round_.id, sample, place.reviewer)
    return tab.next_after(place, sample, token_in(sent))


def reread(tab: "ReviewTab", place: Place, sent: Mapping[str, Any]) -> Parts:
    """Read the round's curves at the δ and λ of the sliders."""
    try:
        delta, lam = float(_text(sent, "delta")), int(_text(sent, "lam"))
    except ValueError:
        raise UserError("δ is a number and λ a whole number: use the sliders.") from None
    changed = set_thresholds(tab.page.db, place.project, round_number=place.round, delta=delta, lam=lam)
    said = f"Read at δ {delta:g}, λ {lam}: {count(changed, 'diagnosis has', 'diagnoses have')} another step or status."
    return {**tab.page.refresh(place), tab.page.notice: notice(said)}


def _jump(tab: "ReviewTab", place: Place, sent: Mapping[str, Any]) -> Parts:
    """The case with the number in the list, or the id from the file, that was typed."""
    asked = _text(sent, "number").strip().removeprefix("#")
    with tab.page.db.read() as connection:
        project = find_project(connection, place.project)
        round_ = find_round(connection, project, place.round)
        by_id = store.samples_by_source_id(connection, project=project.id, role="validation", source_ids=[asked])
        numbers = [whole_number(asked), *(each.id for each in by_id.values())]
        found = [
            each for each in numbers if each is not None and store.case_of(connection, round_.id, each) is not None
        ]
    if not found:
        raise UserError(f"No error of this round has the number '{asked[:40]}': the list shows them.")
    return tab.show_case(place, found[0], token_in(sent))


def _named(place: Place, sent: Mapping[str, Any]) -> int:
    """The sample a command names, after checking that it was given in this project and round."""
    if str(sent.get("project")) != place.project or str(sent.get("round")) != str(place.round):
        raise UserError("The page moved on to another project or round meanwhile: look at the case again, then decide.")
    return sample_in(sent)


def _text(sent: Mapping[str, Any], name: str) -> str:
    return text_in({name: "", **sent}, name, LONGEST.get(name, 400))
