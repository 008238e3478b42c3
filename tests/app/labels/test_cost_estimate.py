"""The cost of labelling is counted in a thread, shown in money, and counted again when the set changes."""

from contextlib import suppress
from dataclasses import replace

import pytest

from app.jobs.queue import put_label
from app.labels import cost_estimate
from app.labels.cost_estimate import is_counted, label_cost
from app.projects.configuration import set_settings
from app.web.page.change_stamp import stamp
from app.web.page.place import Place, move_to
from app.web.tabs.data.labelling import labelling_html
from core.endpoints.prices import format_dollars
from core.errors import UserError
from core.types import Sample
from storage import store
from storage.database import Database
from storage.store import SupportSet
from tests.projects.demo_mistakes import fill
from tests.wait_for import wait_for

TEACHER = "openai:gpt-4o-mini"


def bare(count: int, *, task: str = "sums") -> list[Sample]:
    return [
        Sample(source_id=f"{task} {n}", task=task, question=f"Add the numbers.\nWhat is {n} plus 1?", answer=str(n + 1))
        for n in range(count)
    ]


def add(db: Database, samples: list[Sample]) -> SupportSet:
    with db.write() as connection:
        store.save_samples(connection, project=None, role="support", name="bare", samples=samples, images={})
        (found,) = store.support_sets(connection)
    return found


def counted(db: Database, found: SupportSet) -> None:
    """Wait until the cost of labelling the set has been worked out."""
    wait_for(lambda: is_counted(db, found), db, timeout=20)


def test_the_page_says_estimating_first_and_then_tokens_and_dollars(db: Database) -> None:
    fill(db, "p", teacher=TEACHER, count=1)
    found = add(db, bare(40))
    place = move_to(Place(choices={"label": "bare"}), project="p", round_number=0)
    before = stamp(db, place)
    first = labelling_html(db, place)
    counted(db, found)
    assert "40" in first
    assert stamp(db, place) != before, "so that the page fills it in by itself"
    shown = labelling_html(db, place)
    assert "estimating" in first or "about" in first
    assert "estimating" not in shown
    cost = label_cost(db, found, "p")
    assert cost is not None
    assert (cost.by_sample["requests"], cost.by_group["requests"]) == (40, 1)
    assert cost.by_sample["money"] == pytest.approx(
        (cost.by_sample["tokens_in"] * 0.15 + cost.by_sample["tokens_out"] * 0.60) / 1e6
    )
    assert f"about {format_dollars(cost.by_sample['money'])}" in shown


def test_a_price_that_changes_shows_at_once_and_new_samples_are_counted_anew(db: Database) -> None:
    fill(db, "p", teacher=TEACHER, count=1)
    found = add(db, bare(10))
    label_cost(db, found, "p")
    counted(db, found)
    first = label_cost(db, found, "p")
    set_settings(db, "p", {"teacher.price": "1500,6000", "spend_cap": "5"})
    second = label_cost(db, found, "p")
    assert first is not None
    assert second is not None
    assert second.by_sample["money"] == pytest.approx(first.by_sample["money"] * 10_000)
    place = move_to(Place(choices={"label": "bare"}), project="p", round_number=0)
    assert "a cap of $5.00" in labelling_html(db, place)
    more = add(db, bare(5, task="others"))
    assert not is_counted(db, more)
    label_cost(db, more, "p")
    counted(db, more)
    third = label_cost(db, more, "p")
    assert third is not None
    assert (third.by_sample["items"], third.by_group["items"]) == (15, 2)


def test_a_teacher_here_costs_nothing_and_a_job_that_labels_is_named(db: Database) -> None:
    fill(db, "p", teacher="assets/demo/teacher", count=1)
    found = add(db, bare(3))
    label_cost(db, found, "p")
    counted(db, found)
    place = move_to(Place(choices={"label": "bare"}), project="p", round_number=0)
    assert "none: it runs here" in labelling_html(db, place)
    job = put_label(db, "bare", project="p")
    assert f"job {job.id}" in labelling_html(db, place)


def test_what_cannot_be_counted_is_a_bug_that_is_told_and_not_waited_for(db: Database) -> None:
    gone = replace(add(db, bare(1)), name="gone")
    fill(db, "p", teacher=TEACHER, count=1)
    with suppress(UserError):  # it may be told at once
        assert label_cost(db, gone, "p") is None
    counted(db, gone)
    with pytest.raises(UserError, match="could not be worked out"):
        label_cost(db, gone, "p")
    assert len(cost_estimate._results) <= cost_estimate.CACHE_SIZE
