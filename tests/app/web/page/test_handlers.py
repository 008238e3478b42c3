"""The page's handlers called by a hostile client over HTTP: everything is checked behind the page, whatever it sends.

Each wrong call is answered by a calm sentence, changes no row, and is never said to be a bug.
"""

import math
from typing import Any

import pytest

from tests.app.rpc import DATA, OTHER, REVIEW, Remote, refused
from tests.browser.cases import PROJECT

VERDICT = {
    "project": PROJECT,
    "round": "0",
    "sample": "1",
    "verdict": "accepted",
    "step": "2",
    "skill": "adding digits",
}
LONG, HUGE, HALF = "x" * 1_000_000, 10**30, "\ud800"
NOT_A_NUMBER: tuple[Any, ...] = (None, "", "x", "-1", -1, 1.5, math.nan, math.inf, 1e300, HUGE, [1], {"a": 1}, "٣")
SAMPLES = tuple({"sample": each} for each in NOT_A_NUMBER)
ODD = (None, "", "x", "nan", "inf", "1e400", "-2", ["0"], 0.5, HALF)
NOT_A_TEXT: tuple[Any, ...] = (None, 5, math.nan, ["x"], {"a": "x"}, True)

pytestmark = pytest.mark.usefixtures("nothing_changes")


@pytest.mark.parametrize(
    "sent", [None, 5, "kind", [], [1, 2], [["kind", "nav"]], {}, {"kind": None}, {"kind": ["nav"]}]
)
def test_a_message_that_is_no_command_is_refused(remote: Remote, sent: Any) -> None:
    assert "unknown" in refused(remote.call("bridge", "cmd", REVIEW, [], sent=sent))
    assert "unknown" in refused(remote.act(REVIEW, sent))


@pytest.mark.parametrize("kind", ["", "drop", "__class__", LONG, "verdict\x00", HALF])
def test_an_unknown_kind_of_command_is_refused(remote: Remote, kind: str) -> None:
    assert "unknown" in refused(remote.send(kind, REVIEW))


@pytest.mark.parametrize(
    "place",
    [
        {"project": "gone"},
        {"project": LONG[:50_000]},
        {"project": OTHER, "round": "7"},
        {"round": "1"},  # a round of the other project
        {"project": "\x00"},
    ],
)
@pytest.mark.parametrize("kind", ["nav", "verdict", "undo", "unreviewed", "predict", "diagnose"])
def test_a_place_that_is_not_there_is_refused(remote: Remote, kind: str, place: dict[str, str]) -> None:
    assert "choose one in the header" in refused(remote.send(kind, REVIEW | place, **VERDICT))


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("verdict", (None, "", "cleared", "edited", "ACCEPTED", LONG, ["accepted"], {"a": 1}, 1, math.nan)),
        ("project", (None, "gone", OTHER, ["x"], 1)),
        ("round", (None, "1", "x", -1, ["0"], math.nan)),
        ("sample", (*NOT_A_NUMBER, "999", "61", "62")),
        ("step", (*NOT_A_NUMBER[2:], "99", "4")),
        ("skill", (*NOT_A_TEXT, LONG, "x" * 201, HALF)),
    ],
)
def test_a_verdict_with_anything_wrong_in_it_is_refused(remote: Remote, key: str, values: tuple[Any, ...]) -> None:
    for value in values:
        refused(remote.send("verdict", REVIEW, **VERDICT | {key: value}))


@pytest.mark.parametrize("key", ["verdict", "project", "round", "sample", "step", "skill"])
def test_a_verdict_with_anything_missing_is_refused(remote: Remote, key: str) -> None:
    refused(remote.send("verdict", REVIEW, **{name: value for name, value in VERDICT.items() if name != key}))


@pytest.mark.parametrize("answer", [*NOT_A_TEXT, "", "  ", LONG, "x" * 2001, HALF])
def test_a_misread_answer_must_be_a_short_text(remote: Remote, answer: Any) -> None:
    refused(remote.send("verdict", REVIEW, **VERDICT | {"verdict": "misread", "answer": answer}))


@pytest.mark.parametrize("kind", ["undo", "redo", "theirs"])
@pytest.mark.parametrize("change", [{"project": OTHER}, {"round": "1"}, {"project": None}, *SAMPLES])
def test_taking_back_names_its_case_too(remote: Remote, kind: str, change: dict[str, Any]) -> None:
    refused(remote.send(kind, REVIEW, **VERDICT | change))


@pytest.mark.parametrize("number", [*NOT_A_TEXT, "", "999", "61", "62", HALF, LONG])
def test_only_an_error_of_the_round_can_be_jumped_to(remote: Remote, number: Any) -> None:
    refused(remote.send("jump", REVIEW, number=number))


@pytest.mark.parametrize("change", [{"delta": each} for each in ODD] + [{"lam": each} for each in (*ODD, "1.5", "21")])
def test_only_values_in_their_range_read_the_curves_anew(remote: Remote, change: dict[str, Any]) -> None:
    refused(remote.send("reread", REVIEW, **{"delta": "0.1", "lam": "2"} | change))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        *(("bulk-plan", {"act": each}) for each in (None, ["accepted"], "cleared", "edited", LONG, HALF)),
        *(("bulk-plan", {"act": "renamed", "skill": each}) for each in (*NOT_A_TEXT, LONG, HALF)),
        *(("bulk-plan", {"of": each}) for each in (*NOT_A_TEXT, LONG, HALF)),
        *(("bulk-do", {"seal": each}) for each in (None, "", "60.0.unreviewed59", ["x"], LONG, HALF)),
        *(("bulk-do", {"act": "renamed", "skill": each, "seal": "60.0.unreviewed60"}) for each in ("", "x" * 201)),
        *(("bulk-undo", {"bulk": each}) for each in (*NOT_A_NUMBER, "1", "999")),
    ],
)
def test_a_decision_over_many_cases_is_checked_like_one(remote: Remote, kind: str, change: dict[str, Any]) -> None:
    refused(remote.send(kind, REVIEW, **{"act": "accepted", "skill": "", "of": ""} | change))


@pytest.mark.parametrize("sent", [*NOT_A_NUMBER, "999", "61", "62"])
def test_only_an_error_of_the_round_can_be_opened(remote: Remote, sent: Any) -> None:
    refused(remote.send("open", REVIEW, sample=sent))


@pytest.mark.parametrize(
    "choice",
    [
        {"from": "[0.5, 1000000000000000000000]"},
        {"from": "[NaN, 1]"},
        {"from": "[1e999, -5]"},
        {"from": "[" * 300},
        {"from": '["\\ud800", 1]', "order": "skill"},
        {"order": "; DROP TABLE reviews"},
        {"sample": "99999999999"},
        {"text": "\x00%_"},
        {"step": "99999999999"},
        {"verdict": "cleared"},
        {"status": "'; DROP TABLE reviews; --"},
    ],
)
def test_a_link_that_makes_no_sense_shows_the_page_all_the_same(remote: Remote, choice: dict[str, str]) -> None:
    answer = remote.send("nav", REVIEW | choice)
    assert answer.status == 200
    assert answer.notice == ""


@pytest.mark.parametrize("job", [*NOT_A_NUMBER, "999"])
def test_only_a_known_job_is_cancelled(remote: Remote, job: Any) -> None:
    refused(remote.send("cancel", DATA, job=job))


@pytest.mark.parametrize("key", ["name", "student", "teacher"])
@pytest.mark.parametrize("value", [*NOT_A_TEXT, "", " ", LONG, HALF, "a\x00b"])
def test_a_project_needs_a_name_and_two_models_in_plain_text(remote: Remote, key: str, value: Any) -> None:
    refused(remote.send("create", DATA, **{"name": "new", "student": "s", "teacher": "t", key: value}))


@pytest.mark.parametrize("who", ["student", "teacher"])
@pytest.mark.parametrize(
    "folder", ["/etc", "/proc/self/root/etc", "assets/../../../../../../../../../etc", "~root/../etc"]
)
def test_a_models_folder_lies_below_the_roots(remote: Remote, who: str, folder: str) -> None:
    for kind in ("create", "models"):
        sent = {"name": "new", "student": "s", "teacher": "t", who: folder}
        assert "outside of the folders that the page may read" in refused(remote.send(kind, DATA, **sent))
