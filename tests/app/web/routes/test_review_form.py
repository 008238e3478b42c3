"""What the Review form asks while someone types, over real HTTP routes: hits, drafts, and other δ and λ."""

import json
from collections.abc import Iterator

import fastapi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.reviews.threshold_preview import preview_thresholds
from app.reviews.verdicts import add_review, set_thresholds
from app.security.request_checks import LOOPBACK, check_requests
from app.web.page.place import reviewer_in
from app.web.routes.review_form import add_review_form_routes
from core.answer_switch import find_switch
from core.errors import ConflictError, UserError
from storage import store
from storage.database import Database
from tests.projects.handmade_diagnoses import diagnose_by_hand
from tests.projects.tiny_project import SKILLS, TinyFiles

OURS = {"origin": "http://localhost", "host": "localhost"}


@pytest.fixture
def client(db: Database, tiny: str, files: TinyFiles) -> Iterator[TestClient]:
    """The routes behind the request checks, without the page around them."""
    diagnose_by_hand(db, tiny, files)
    api = fastapi.FastAPI()
    add_review_form_routes(api, db)
    with TestClient(check_requests(api, LOOPBACK), headers=OURS) as opened:
        yield opened


def first_error(db: Database) -> int:
    with db.read() as connection:
        return store.cases_page(connection, 1, limit=1)[0].sample.id


def draft(sample: int, **more: object) -> dict[str, object]:
    kept = {"project": "tiny", "round": "0", "sample": str(sample), "seen": "0", "step": "1", "skill": "half a wo"}
    return kept | {"note": "", "answer": None, "discard": False} | more


def settled(client: TestClient, skill: str) -> str:
    """The live answer once the support set is indexed."""
    for _ in range(200):
        said = client.get("/desk/hits", params={"project": "tiny", "skill": skill}).text
        if "being read" not in said:
            return said
    raise AssertionError("the support set was never indexed")


def test_hits_say_how_many_samples_match_and_mark_the_words(client: TestClient) -> None:
    said = settled(client, SKILLS[0])
    assert "<b>20 support samples</b> match" in said  # ten with the label, ten that share "of numbers"
    assert "<mark>addition</mark>" in said
    assert said.count('class="card"') == 5
    assert "No support sample matches" in settled(client, "zzz")


def test_a_draft_is_kept_for_its_reviewer_and_gone_with_the_verdict(db: Database, client: TestClient) -> None:
    sample = first_error(db)
    client.cookies.set("switchpoint-reviewer", "Ada%20L")
    assert client.post("/desk/draft", json=draft(sample)).json()["saved"]
    with db.read() as connection:
        kept = store.draft_of(connection, 1, sample, "Ada L")
    assert kept is not None
    assert (kept.skill, kept.mistake_step) == ("half a wo", 1)
    add_review(db, "tiny", sample, "rejected", reviewer="Ada L", seen=0)
    with db.read() as connection:
        assert store.draft_of(connection, 1, sample, "Ada L") is None
    late = client.post("/desk/draft", json=draft(sample))
    assert late.status_code == 409
    with db.read() as connection:
        assert store.draft_of(connection, 1, sample, "Ada L") is None


@pytest.mark.parametrize(
    "sent",
    [
        [], "x", None, {"sample": "1"}, draft(1, project="gone"), draft(1, round="7"), draft(10**9), draft(1, step="9"),
        draft(1, skill=["x"]), draft(1, skill="x" * 5000), draft(1, note={"a": 1}), draft(1, answer=3, seen="0"),
        draft(1, seen="-1"), draft(1) | {"sample": {"$ne": 0}}, draft(1, skill="\ud83d"),
    ],
)  # fmt: skip
def test_a_draft_that_makes_no_sense_is_refused_in_one_sentence(db: Database, client: TestClient, sent: object) -> None:
    answer = client.post("/desk/draft", content=json.dumps(sent))
    assert answer.status_code == 400
    assert answer.text.endswith(".")
    assert "Traceback" not in answer.text


def test_sliders_count_what_applying_then_changes(db: Database, client: TestClient) -> None:
    now = preview_thresholds(db, "tiny", 0, delta=0.0, lam=2)
    assert (now.changed, now.statuses) == (0, {"switched": now.curves})
    strict = preview_thresholds(db, "tiny", 0, delta=0.9, lam=1)
    assert strict.statuses == {"no_switch": now.curves}
    assert (
        "would get another step"
        in client.get("/desk/reading", params={"project": "tiny", "round": 0, "delta": 0.9, "lam": 1}).text
    )
    sample = first_error(db)
    review = add_review(db, "tiny", sample, "accepted", reviewer="Ada", mistake_step=1)
    assert set_thresholds(db, "tiny", round_number=0, delta=0.9, lam=1) == strict.changed == now.curves
    assert preview_thresholds(db, "tiny", 0, delta=0.9, lam=1).changed == 0
    with db.read() as connection:
        assert store.project_named(connection, "tiny").settings.delta == 0.9
        assert store.current_review(connection, 1, sample) == review
        found = store.diagnosis_of(connection, 1, sample)
    assert found is not None
    assert found.switch == find_switch(found.curve, delta=0.9, lam=1)


@pytest.mark.parametrize(("delta", "lam"), [(1.0, 1), (-1.5, 2), (float("nan"), 2), (0.0, 0), (0.0, 21)])
def test_values_that_no_margin_can_meet_are_refused(db: Database, client: TestClient, delta: float, lam: int) -> None:
    with pytest.raises(UserError, match="δ lies between"):
        set_thresholds(db, "tiny", round_number=0, delta=delta, lam=lam)
    asked = {"project": "tiny", "round": 0, "delta": str(delta), "lam": lam}
    assert client.get("/desk/reading", params=asked).status_code == 400


def test_the_second_of_two_verdicts_on_one_case_is_refused(db: Database, client: TestClient) -> None:
    sample = first_error(db)
    first = add_review(db, "tiny", sample, "rejected", reviewer="Ada", seen=0)
    with pytest.raises(ConflictError, match="decided this case in the meantime"):
        add_review(db, "tiny", sample, "accepted", reviewer="Grace", seen=0)
    with db.read() as connection:
        assert store.review_history(connection, 1, sample) == [first]
    add_review(db, "tiny", sample, "accepted", reviewer="Grace", seen=first.id)


@given(st.text(max_size=300))
def test_any_cookie_gives_a_name_that_can_be_stored(cookie: str) -> None:
    name = reviewer_in({"switchpoint-reviewer": cookie}, "root")
    assert 1 <= len(name) <= 100
    assert "\n" not in name
    name.encode()
