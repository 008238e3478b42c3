"""What the page writes: places and links, and text from files and models that must never become markup."""

import json
from dataclasses import replace

import pytest

from app.rendering import formatting
from app.reviews.bulk_verdicts import ALREADY_SO, BulkPlan
from app.selections.support_index import SkillMatches
from app.web.components import sample_cards
from app.web.page.place import Place, read_place
from app.web.tabs import bulk_dialog
from app.web.tabs.review import case as review_case
from app.web.tabs.review import editor, threshold_panel
from app.web.tabs.review import list as review_list
from core.retrieval.terms import tokenise
from core.types import Draft, Hit, Review, Settings
from storage.store import Case, CaseLine
from tests.app.html_page import read_page
from tests.storage.world import a_diagnosis, a_prediction, a_review, a_sample

NASTY = (
    '<img src=x onerror="window.xss=1">',
    "<script>window.xss=1</script>",
    "</textarea></title></style></script><svg onload=window.xss=1>",
    "\"><iframe srcdoc='<script>parent.xss=1</script>'>",
    "' onfocus='window.xss=1' autofocus='",
    "${window.xss=1} {{constructor.constructor('window.xss=1')()}} `x` \\frac{a}{b}",
    "javascript:window.xss=1",
    "&lt;script&gt;window.xss=1&lt;/script&gt;",
    "مرحبا \u202e reversed \x00 nul",
)
SAFE_TAGS = frozenset(
    [
        "a",
        "article",
        "b",
        "button",
        "datalist",
        "details",
        "dialog",
        "div",
        "em",
        "form",
        "h2",
        "h3",
        "i",
        "img",
        "input",
        "kbd",
        "label",
        "li",
        "mark",
        "nav",
        "ol",
        "option",
        "output",
        "p",
        "q",
        "select",
        "small",
        "span",
        "summary",
        "time",
    ]
)


def case_with(text: str) -> Case:
    """A reviewed case in which every text is ``text``."""
    of_texts = {"source_id": text, "question": text, "answer": text, "category": text, "task": text, "response": text}
    sample = replace(a_sample(3, image="ab"), id=3, options=(text, text + "2"), **of_texts)
    said = {"text": f"{text} so the answer is {text}2", "steps": (text, text), "span": (0, len(text))}
    prediction = replace(a_prediction(1, 3, answer=text + "2"), reading=text, **said)
    found = a_diagnosis(1, 3, skill=text)
    curve = replace(found.curve, candidates=sample.options, truth=0, predicted=1)
    diagnosis = replace(found, curve=curve, teacher=text)
    created = "2026-11-24T10:00:00+00:00"
    review = a_review(1, 3, "edited", reviewer=text, mistake_step=2, skill=text, note=text, created=created)
    return Case(sample=sample, prediction=prediction, diagnosis=diagnosis, review=review, correct=False)


def desk_with(review: Review, text: str) -> editor.EditorState:
    """A desk with everything on it: history, a draft, a conflict, and an action over many cases."""
    draft = Draft(round=1, sample=3, reviewer=text, skill=text, answer=text, note=text, created=review.created)
    return editor.EditorState(history=[review], draft=draft, bulk=(1, 3), token=text, mine=review)


def plan_with(case: Case, text: str) -> BulkPlan:
    assert case.review
    return BulkPlan(
        act="renamed", skill=text, changes=[(case, case.review)], before={"edited": 1}, left={ALREADY_SO: 2}
    )


@pytest.mark.parametrize("text", NASTY)
def test_text_of_a_case_never_becomes_markup(text: str) -> None:
    case = case_with(text)
    place = Place(project=text, round=0, tab="review", choices={"skill": text, "text": text})
    line = CaseLine(
        sample=3, question=text, verdict="accepted", skill=text, mistake_step=1, confidence=None, machine_skill=None
    )
    listing = review_list.Listing(cases=[line], start=text, after=text, matching=1, errors=1, reviewed=1)
    assert case.review
    hit = Hit(sample=3, skill=text, score=1.0, terms=tokenise(text))
    written = [
        review_case.case_html(case),
        review_case.steps_html(case),
        editor.editor_html(case, place, desk_with(case.review, text)),
        editor.suggestions_html([text]),
        threshold_panel.panel_html(Settings(), place),
        bulk_dialog.dialog_html(plan_with(case, text), act="renamed", skill=text, of=text, filtered=True),
        sample_cards.live_html(
            SkillMatches(matching=1, hits=(hit,)), {3: replace(case.sample, skill_label=text)}, waiting=False
        ),
        review_list.cases_html(place, listing, 3),
        review_list.search_html(place),
    ]
    for part in written:
        page = read_page(str(part))
        assert page.tags <= SAFE_TAGS
        assert not page.handlers
    assert text.replace("\x00", "\ufffd") in read_page(str(written[0])).text


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert formatting.short("word " * 100, 20) == "word word word word …"


def test_a_link_keeps_the_place_and_changes_what_is_asked() -> None:
    place = read_place(
        {"project": "demo", "round": "1", "tab": "review", "sample": "7", "skill": "adding", "from": "[0.1, 4]"}
    )
    again = read_place(dict(pair.split("=") for pair in place.link(sample=9)[1:].split("&")))
    assert (again.project, again.round, again.tab, again.sample) == ("demo", 1, "review", 9)
    assert again.choice("skill") == "adding"
    assert again.choice("from") == ""


@pytest.mark.parametrize("round", ["-1", "1e9", "x", "٣", "9" * 40, ""])
def test_a_url_that_makes_no_sense_is_a_place_all_the_same(round: str) -> None:
    place = read_place({"round": round, "tab": "<script>", "sample": round})
    assert (place.round, place.tab, place.sample) == (None, "data", None)


@pytest.mark.parametrize(
    "cursor", ["", "x", "[1]", "[1, 2, 3]", '["a", 2]', '[0.5, "2"]', "null", "[[1], 2]", json.dumps([0.5, 10])]
)
def test_only_a_well_formed_cursor_is_used(cursor: str) -> None:
    assert review_list.read_cursor(cursor) in (None, (0.5, 10), ("a", 2))


def test_durations_are_said_as_people_say_them() -> None:
    assert [formatting.duration(each) for each in (0, 59.6, 61, 3700)] == ["0 s", "1 min 0 s", "1 min 1 s", "1 h 1 min"]
