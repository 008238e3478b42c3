"""The Comparison tab as it is written: pages of samples, the samples behind each count, and what is said of none."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.comparisons.adoption import adopt
from app.comparisons.paired import PairedComparison, paired_comparison
from app.web.page.place import Place, read_place
from app.web.tabs.comparison.cases import PAGE_SIZE, cases_html
from app.web.tabs.comparison.figures import groups_html, tiles_html
from app.web.tabs.comparison.gate import gate_html
from app.web.tabs.comparison.tab import chosen_rounds
from core.types import Role
from storage import store
from storage.database import Database, open_database
from storage.store import Round
from tests.projects.finished_loop import LOOP, Sizes, finish_loop

AT = Place(project=LOOP, round=1, tab="comparison")


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(tmp_path_factory.mktemp("tab") / "data")
    finish_loop(database, Sizes(validation=300))
    yield database
    database.close()


def compared(db: Database, role: Role = "validation") -> PairedComparison:
    with db.read() as connection:
        return paired_comparison(connection, LOOP, 0, 1, role=role)


def cases(db: Database, place: Place, role: Role = "validation") -> str:
    with db.read() as connection:
        return cases_html(connection, place, paired_comparison(connection, LOOP, 0, 1, role=role))


def shown(html: str) -> list[int]:
    return [int(number) for number in re.findall(r"#(\d+) ·", re.sub(r"<[^>]+>", "", html))]


def followed(html: str, label: str) -> Place | None:
    """The place that a button leads to, read from its address as a browser would."""
    found = re.search(rf'href="([^"]*)"[^>]*>{label}', html)
    if found is None:
        return None
    return read_place({name: values[0] for name, values in parse_qs(unescape(found[1])[1:]).items()})


@pytest.mark.parametrize("outcome", ["fixed", "broken", "still_wrong", "still_right"])
def test_the_pages_lead_through_every_sample_once_and_back(db: Database, outcome: str) -> None:
    ids = list(getattr(compared(db).found, outcome))
    place: Place | None = read_place({"show": outcome, "tab": "comparison"})
    seen, pages = [], []
    while place is not None:
        pages.append(cases(db, place))
        seen += shown(pages[-1])
        assert len(shown(pages[-1])) <= PAGE_SIZE <= 50
        place = followed(pages[-1], "Next")
    assert seen == ids
    back = followed(pages[-1], "‹ Previous")
    while len(pages) > 1:
        pages.pop()
        assert back is not None
        assert shown(cases(db, back)) == shown(pages[-1])
        back = followed(cases(db, back), "‹ Previous")


def test_every_count_of_a_group_opens_that_many_samples(db: Database) -> None:
    links = re.findall(r'href="([^"]*)"[^>]*aria-label="(\d+) ', groups_html(AT, compared(db)))
    assert len(links) >= 6
    for href, number in links:
        there = read_place({name: values[0] for name, values in parse_qs(unescape(href)[1:]).items()})
        assert f": {number} samples" in cases(db, there)


def test_both_answers_and_rationales_stand_side_by_side(db: Database) -> None:
    html = cases(db, read_place({"show": "fixed"}))
    first = html.split("<article")[1]
    assert first.index("It looks wrong to round 1.") < first.index("It looks right to round 2.")
    assert re.search(r'Round 0: <b class="student">✗ wrong</b> <a [^>]*tab=review[^>]*>Review', first)
    assert "Review" not in cases(db, read_place({"show": "still_wrong"}), "test")


def test_a_page_past_the_end_shows_the_last_samples(db: Database) -> None:
    html = cases(db, read_place({"show": "fixed", "at": "99999999"}))
    assert shown(html) == list(compared(db).found.fixed[-len(shown(html)) :])
    assert shown(html)


def test_a_group_that_is_not_there_says_so_and_leads_back(db: Database) -> None:
    html = cases(db, read_place({"within": "category:<img src=x>"}))
    assert "There is none." in html
    assert "<img src=x" not in html
    assert followed(html, "Show all") is not None


def test_skills_are_named_on_the_validation_set_only_and_the_page_says_why(db: Database) -> None:
    assert "only errors of the validation set are diagnosed" in groups_html(AT, compared(db, "test"))
    assert "By missing skill, validation set" in groups_html(AT, compared(db))


def test_without_a_diagnosis_after_there_is_no_p_by_skill(tmp_path: Path) -> None:
    db = open_database(tmp_path / "data")
    finish_loop(db, diagnose_after=False)
    html = groups_html(AT, compared(db))
    assert "10 broken answers of round 1 have no skill yet (diagnose round 1), so there is no p by skill." in html
    db.close()


def test_the_open_number_is_marked(db: Database) -> None:
    assert tiles_html(AT, compared(db)).count("aria-current=true") == 1
    assert 'class="tile broken on"' in tiles_html(AT, compared(db))


def test_the_panel_asks_for_a_reason_and_then_shows_who_adopted_and_why(tmp_path: Path) -> None:
    db = open_database(tmp_path / "data")
    finish_loop(db)
    with db.read() as connection:
        project = store.project_named(connection, LOOP)
        base, later = store.rounds_of(connection, project.id)
        asked = gate_html(connection, project, later)
        assert "✓ The gate lets it pass" in gate_html(connection, project, base), (
            "nothing to hold the first round against"
        )
    assert "✗ The gate stops it" in asked
    assert re.search(r'name="reason" required maxlength="1000"', asked)
    adopt(db, LOOP, 1, reviewer="<b>Bo</b>", reason="<script>x</script>")
    with db.read() as connection:
        html = gate_html(connection, project, later)
    assert "Round 1 is adopted" in html
    assert "&lt;b&gt;Bo&lt;/b&gt;, against the gate, held against round 0: “" in re.sub(r"</?span[^>]*>", "", html)
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    db.close()


@given(st.integers(1, 5), st.integers(0, 6), st.sampled_from([None, 0, 1, 2, 7]), st.sampled_from([None, 0, 1, 9]))
def test_the_chosen_rounds_are_there_and_the_newest_is_held_against_the_adopted_one(
    many: int, adopted: int, before: int | None, after: int | None
) -> None:
    rounds = [Round(id=n + 1, project=1, number=n, run=n or None, adapter=None, created="") for n in range(many + 1)]
    asked = {"before": before, "after": after}
    place = read_place({name: str(value) for name, value in asked.items() if value is not None})
    first, second = chosen_rounds(place, rounds, adopted or None)
    assert second.number == (after if after is not None and after <= many else many)
    if before is not None and before <= many:
        assert first.number == before
    elif 0 < adopted <= many + 1 and adopted != second.id:
        assert first.id == adopted
    else:
        assert first.number == max(0, second.number - 1) or second.number == 0
