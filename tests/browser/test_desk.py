"""What lies beside a case, in a real Chromium: drafts, conflicts, redo, many cases at once, sliders, live samples."""

import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from storage import store
from storage.database import open_database
from storage.store import CaseFilters
from tests.browser.cases import CASES, PROJECT, fill
from tests.browser.test_review import listed, open_review, shown, verdicts
from tests.servers.app_server import Served, serving

pytestmark = pytest.mark.browser
FORM = "form.editor"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An app for each test: they decide the same cases."""
    fill(tmp_path / "data")
    with serving(tmp_path / "data") as running:
        yield running


def type_skill(page: Page, text: str) -> None:
    page.keyboard.press("e")
    expect(page.locator(f"{FORM} [name=skill]")).to_be_focused()
    page.keyboard.type(text)


def hold(page: Page, *kinds: str) -> Callable[[str], Route]:
    """Hold back the first act of each of these kinds; returns what waits for the act of a kind."""
    held: dict[str, Route] = {}

    def answer(route: Route) -> None:
        kind = json.loads(route.request.post_data or "{}")["kind"]
        if kind in kinds and kind not in held:
            held[kind] = route
        else:
            route.continue_()

    def until(kind: str) -> Route:
        give_up = time.monotonic() + 20
        while kind not in held:
            assert time.monotonic() < give_up, f"no {kind} was sent"
            page.wait_for_timeout(100)
        return held[kind]

    page.route("**/desk/act*", answer)
    return until


def test_ten_cases_are_reviewed_by_keyboard_alone(page: Page, served: Served) -> None:
    open_review(page, served)
    order = listed(page)
    for key in "aars2a3a":  # the digits move the mistake step of the case that the next "a" accepts
        page.keyboard.press(key)
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[6])
    type_skill(page, "adding by hand")
    page.keyboard.press("Enter")
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[7])
    for key in "lra":
        page.keyboard.press(key)
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[10])
    given = ["accepted", "accepted", "rejected", "skipped", "accepted", "edited", "edited", "label_wrong", "rejected"]
    assert verdicts(served) == dict(zip(order[:10], [*given, "accepted"], strict=True))


def test_news_that_come_late_turn_the_list_back_to_no_earlier_page(page: Page, other: Page, served: Served) -> None:
    open_review(page, served)
    page.locator("#cases .case-row").last.click()
    expect(page.locator(FORM)).to_have_attribute("data-sample", listed(page)[-1])
    until = hold(page, "tick")
    open_review(other, served)
    other.keyboard.press("r")
    news = until("tick")
    late = news.fetch()
    page.keyboard.press("j")
    expect(page.locator("#cases .cases")).to_have_attribute("data-start", re.compile("."))
    after = listed(page)
    news.fulfill(response=late)
    page.wait_for_timeout(1000)
    assert listed(page) == after
    assert "from=" in page.url
    page.unroute_all(behavior="ignoreErrors")


def test_news_hold_up_no_verdict_and_come_once_it_is_given(page: Page, other: Page, served: Served) -> None:
    asked: list[str] = []
    open_review(page, served)
    head, case = page.locator("#cases .cases-head"), shown(page)
    until = hold(page, "tick", "verdict")
    open_review(other, served)
    other.locator("#cases .case-row").nth(5).click()
    other.keyboard.press("r")
    news = until("tick")
    page.keyboard.press("s")
    verdict = until("verdict")
    page.on("request", lambda request: asked.append(request.url) if "/desk/stamp" in request.url else None)
    news.fulfill(response=news.fetch())
    page.wait_for_timeout(2500)
    expect(head).to_contain_text("0 of")
    assert (asked, shown(page)) == ([], case)
    verdict.continue_()
    expect(page.locator(FORM)).not_to_have_attribute("data-sample", case)
    expect(head).to_contain_text("2 of")
    expect(page.locator(".case-row.sel")).to_have_attribute("data-sample", shown(page))
    expect(page.locator("#filters select[data-param=verdict]")).to_contain_text("skipped (1)")
    page.unroute_all(behavior="ignoreErrors")


def test_a_skill_says_for_which_step_it_was_named_once_another_step_is_chosen(page: Page, served: Served) -> None:
    open_review(page, served)
    said = page.locator(".named")
    expect(said).to_be_hidden()
    page.keyboard.press("1")
    expect(said).to_contain_text("named this skill for step 2")
    type_skill(page, "something of a person's own")
    expect(said).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(said).to_be_hidden()


def test_what_was_typed_comes_back_after_a_reload(page: Page, served: Served) -> None:
    open_review(page, served)
    page.keyboard.press("2")
    type_skill(page, "half a thou")
    page.locator(f"{FORM} [name=note]").fill("because")
    expect(page.locator(".draft-state")).to_contain_text("Draft saved")
    page.reload()
    expect(page.locator(f"{FORM} [name=skill]")).to_have_value("half a thou")
    expect(page.locator(f"{FORM} [name=note]")).to_have_value("because")
    expect(page.locator(FORM)).to_have_attribute("data-step", "2")
    expect(page.locator("#steps .step.mistake")).to_have_attribute("data-step", "2")
    expect(page.locator(".draft-state")).to_contain_text("Draft of")
    page.get_by_role("button", name="Discard draft").click()
    expect(page.locator(f"{FORM} [name=skill]")).not_to_have_value("half a thou")
    page.reload()
    expect(page.locator(".draft-state")).to_be_empty()


def test_what_was_typed_while_the_server_was_away_is_not_lost(page: Page, served: Served) -> None:
    open_review(page, served)
    page.route("**/desk/draft", lambda route: route.abort())
    type_skill(page, "typed in the dark")
    expect(page.locator(".draft-state")).to_contain_text("Not saved yet")
    page.unroute("**/desk/draft")
    page.reload()
    expect(page.locator(f"{FORM} [name=skill]")).to_have_value("typed in the dark")
    expect(page.locator(".draft-state")).to_contain_text("Draft saved")


def test_a_draft_typed_a_moment_before_leaving_belongs_to_its_case(page: Page, served: Served) -> None:
    open_review(page, served)
    order = listed(page)
    type_skill(page, "for the first")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[1])
    expect(page.locator(f"{FORM} [name=skill]")).not_to_have_value("for the first")
    page.keyboard.press("k")
    expect(page.locator(f"{FORM} [name=skill]")).to_have_value("for the first")


def test_a_verdict_can_be_undone_and_given_again(page: Page, served: Served) -> None:
    open_review(page, served)
    case = shown(page)
    page.keyboard.press("r")
    expect(page.locator(FORM)).not_to_have_attribute("data-sample", case)
    page.keyboard.press("u")
    expect(page.locator(".stands")).to_contain_text("not reviewed")
    page.keyboard.press("y")
    expect(page.locator(".stands")).to_contain_text("rejected")
    assert verdicts(served) == {case: "rejected"}
    page.keyboard.press("y")
    expect(page.locator("#notice")).to_contain_text("nothing to redo")


def test_of_two_people_on_one_case_the_second_sees_both_versions(page: Page, other: Page, served: Served) -> None:
    for each, name in ((page, "Ada"), (other, "Grace")):
        each.context.add_cookies([{"name": "switchpoint-reviewer", "value": name, "url": served.url}])
        open_review(each, served)
    case = shown(page)
    assert shown(other) == case
    page.keyboard.press("r")
    expect(page.locator(FORM)).not_to_have_attribute("data-sample", case)
    type_skill(other, "mine")
    other.keyboard.press("Enter")
    expect(other.locator(".conflict")).to_contain_text("Ada")
    expect(other.locator(".conflict")).to_contain_text("mine")
    assert verdicts(served) == {case: "rejected"}
    other.keyboard.press("o")
    expect(other.locator(FORM)).not_to_have_attribute("data-sample", case)
    assert verdicts(served) == {case: "edited"}


def test_theirs_is_kept_with_one_key(page: Page, other: Page, served: Served) -> None:
    for each in (page, other):
        open_review(each, served)
    case = shown(page)
    page.keyboard.press("s")
    expect(page.locator(FORM)).not_to_have_attribute("data-sample", case)
    other.keyboard.press("a")
    expect(other.locator(".conflict")).to_be_visible()
    other.keyboard.press("t")
    expect(other.locator(FORM)).not_to_have_attribute("data-sample", case)
    assert verdicts(served) == {case: "skipped"}


def test_one_decision_over_a_filter_and_one_undo_for_all_of_it(page: Page, served: Served) -> None:
    open_review(page, served)
    page.locator("select[data-param=category]").select_option("colours")
    expect(page.locator(".cases-head")).to_contain_text("14 cases here")
    for key in ("b", "r"):
        page.keyboard.press(key)
    expect(page.locator("#bulk-dialog [role=status]")).to_contain_text("14 cases would change: 14 now not reviewed")
    expect(page.locator("[data-bulk-act=rejected]")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-bulk-do]").click()
    expect(page.locator("#notice")).to_contain_text("Rejected: 14 cases")
    assert list(verdicts(served).values()) == ["rejected"] * 14
    page.get_by_role("button", name="Undo all 14").first.click()
    expect(page.locator("#notice")).to_contain_text("Undone: 14 cases")
    assert verdicts(served) == {}


def test_keys_before_the_dialog_is_there_decide_no_case(page: Page, served: Served) -> None:
    open_review(page, served)
    for key in ("b", "s", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#notice")).to_contain_text(f"Skipped: {CASES} cases")
    assert set(verdicts(served).values()) == {"skipped"}


def test_a_skill_is_merged_into_another_from_the_skills_tab(page: Page, served: Served) -> None:
    page.goto(f"{served.url}/?project={PROJECT}&tab=skills")
    row = page.locator(".skill", has_text="adding two digits")
    expect(row.locator("b")).to_have_text("54")
    row.get_by_role("button", name="Reword").click()
    page.locator("[data-bulk-skill]").fill("reading handwritten digits")
    expect(page.locator("#bulk-dialog [role=status]")).to_contain_text("54 cases would change")
    page.locator("[data-bulk-do]").click()
    expect(page.locator("#notice")).to_contain_text("Reworded: 54 cases")
    expect(page.locator(".skill", has_text="reading handwritten digits").locator("b")).to_have_text("54")
    expect(page.locator("#skills .together")).to_contain_text("Decided at once (1)")
    page.locator(".skill a", has_text="reading handwritten digits").click()
    expect(page.locator(".cases-head")).to_contain_text("54 cases here")


def test_sliders_show_their_effect_and_apply_it_once(page: Page, served: Served) -> None:
    open_review(page, served)
    page.keyboard.press("a")
    expect(page.locator(".cases-head")).to_contain_text("1 of 60 reviewed")
    page.locator("[data-open=reading-dialog]").click()
    expect(page.locator(".effect")).to_contain_text("0 of 60 diagnoses would get another")
    page.locator(".reading-form [name=delta]").fill("0.5")
    expect(page.locator(".effect")).to_contain_text("60 of 60 diagnoses would get another")
    before = verdicts(served)
    page.get_by_role("button", name="Apply to this round").click()
    expect(page.locator("#notice")).to_contain_text("60 diagnoses have another step or status")
    expect(page.locator("[data-open=reading-dialog]")).to_contain_text("δ 0.5")
    assert verdicts(served) == before


def test_live_samples_follow_what_is_typed(page: Page, served: Served) -> None:
    open_review(page, served)
    type_skill(page, "adding")
    expect(page.locator(".live")).to_contain_text("10 support samples match")
    expect(page.locator(".live mark").first).to_have_text("adding")
    expect(page.locator(".live .card")).to_have_count(5)
    page.keyboard.type("zzz")
    expect(page.locator(".live")).to_contain_text("No support sample matches")


def test_order_number_search_and_reviewer_lead_to_cases(page: Page, served: Served) -> None:
    open_review(page, served)
    page.locator("select[data-param=order]").select_option("id")
    expect(page.locator(".cases-head")).to_contain_text("by number")
    order = listed(page)
    assert order == sorted(order, key=int)
    page.keyboard.press("g")
    page.keyboard.type("case-58")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("sample=59"))
    expect(page.locator(FORM)).to_have_attribute("data-sample", "59")
    expect(page.locator(".case-row.sel")).to_have_attribute("data-sample", "59")
    page.locator("[data-search]").fill("picture 17")
    expect(page.locator(".cases-head")).to_contain_text("1 case here")
    page.reload()
    expect(page.locator(".cases-head")).to_contain_text("1 case here")
    assert page.locator("select[data-param=order]").input_value() == "id"


def test_pages_and_filters_show_what_the_database_says(page: Page, served: Served) -> None:
    order = database_order(served)
    with closing(open_database(served.data)) as db, db.read() as connection:
        unsure = store.count_cases(connection, 1, CaseFilters(confidence=(0.0, 0.5)))
        text = store.count_cases(connection, 1, CaseFilters(text="digit sum"))
    open_review(page, served)
    first = listed(page)
    page.locator("#cases [data-page=next]").click()
    expect(page.locator("#cases .case-row").first).to_have_attribute("data-sample", order[50])
    assert first + listed(page) == order
    for wanted, query in ((unsure, "sure=low"), (text, "text=digit+sum")):
        page.goto(f"{served.url}/?project={PROJECT}&tab=review&{query}")
        expect(page.locator(".cases-head")).to_contain_text(f"{wanted} cases here")


def database_order(served: Served) -> list[str]:
    with closing(open_database(served.data)) as db, db.read() as connection:
        return [str(case.sample.id) for case in store.cases_page(connection, 1, limit=100)]


def test_keys_across_the_edge_of_a_page_meet_their_own_cases(page: Page, served: Served) -> None:
    order = database_order(served)
    page.goto(f"{served.url}/?project={PROJECT}&tab=review&sample={order[48]}")
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[48])
    for key in "raksjr":
        page.keyboard.press(key)
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[52])
    assert verdicts(served) == {order[48]: "rejected", order[49]: "skipped", order[51]: "rejected"}
    page.reload()
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[52])
    expect(page.locator(".case-row.sel")).to_have_attribute("data-sample", order[52])


def test_an_app_that_is_gone_is_said_and_takes_no_words_along(page: Page, served: Served) -> None:
    open_review(page, served)
    type_skill(page, "typed before the end")
    os.kill(served.pid, signal.SIGKILL)
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("does not answer")
    expect(page.locator(f"{FORM} [name=skill]")).to_have_value("typed before the end")


def test_a_move_back_before_a_verdict_lets_no_late_answer_through(page: Page, served: Served) -> None:
    open_review(page, served)
    order = database_order(served)
    for key in "jkajkrjksjka":
        page.keyboard.press(key)
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[4])
    assert verdicts(served) == dict(zip(order[:4], ["accepted", "rejected", "skipped", "accepted"], strict=True))


def test_the_name_of_the_reviewer_stands_beside_the_verdict(page: Page, served: Served) -> None:
    open_review(page, served)
    page.locator("[data-open=who]").click()
    page.locator("#reviewer").fill("Ada Lovelace")
    page.keyboard.press("Enter")
    expect(page.locator("#head")).to_contain_text("Reviewing as Ada Lovelace")
    case = shown(page)
    page.keyboard.press("r")
    expect(page.locator(FORM)).not_to_have_attribute("data-sample", case)
    page.locator(f".case-row[data-sample='{case}']").click()
    expect(page.locator(".history")).to_contain_text("Ada Lovelace ✗ rejected")


def test_a_draft_never_lands_on_another_case_in_a_burst(page: Page, served: Served) -> None:
    open_review(page, served)
    sent: list[dict[str, str]] = []
    page.on(
        "request", lambda r: sent.append(json.loads(r.post_data or "{}")) if r.url.endswith("/desk/draft") else None
    )
    order = listed(page)
    for key in "2j3j1j2j":
        page.keyboard.press(key)
    expect(page.locator(FORM)).to_have_attribute("data-sample", order[4])
    page.wait_for_timeout(800)
    kept = {each["sample"]: each["step"] for each in sent if not each["discard"]}
    machine = {order[n]: step for n, step in enumerate("2312") if each_differs(served, order[n], step)}
    assert kept == machine


def each_differs(served: Served, sample: str, step: str) -> bool:
    """Whether a step is another one than the machine's, so that choosing it is worth a draft."""
    with closing(open_database(served.data)) as db, db.read() as connection:
        found = store.diagnosis_of(connection, 1, int(sample))
    return found is not None and str(found.switch.mistake_step) != step
