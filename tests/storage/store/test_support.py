"""Support sets: counts, labels stored once per text, and parts that are invisible until complete."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from core.errors import UserError
from core.types import Sample
from storage import store
from storage.database import Database
from storage.support_parts import drop_part
from storage.tables import labels, sample_sets
from storage.tables import samples as sample_rows
from tests.storage.world import a_sample

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 9), st.sampled_from(["", "reading", "counting"])),
        st.tuples(st.just("label"), st.integers(0, 9), st.sampled_from(["reading", "comparing"])),
    ),
    max_size=20,
)


def add(connection: Connection, samples: list[Sample], name: str = "flan") -> None:
    store.save_samples(connection, project=None, role="support", name=name, samples=samples, images={})


def begin(connection: Connection, name: str = "flan") -> int:
    return store.begin_support_part(connection, name, "file")


def fill(connection: Connection, part: int, start: int, samples: list[Sample]) -> store.AddedSamples:
    rows = {"name": "flan", "start": start, "handled": start + len(samples), "samples": samples, "images": {}}
    return store.save_support_part(connection, part, **rows)


def names(connection: Connection, name: str = "flan") -> list[str]:
    return [each.source_id for each in store.support_samples(connection, name)]


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_counts_of_a_set_are_those_of_its_rows_whatever_was_done(
    connection: Connection, steps: list[tuple[str, int, str]]
) -> None:
    name = f"set {len(store.support_sets(connection))}"
    add(connection, [a_sample(100)], name)
    changes = [1]
    for verb, number, text in steps:
        if verb == "add" and f"s{number}" not in names(connection, name):
            add(connection, [a_sample(number, label=text)], name)
        found = {each.source_id: each.id for each in store.support_samples(connection, name)}
        if verb == "label" and f"s{number}" in found:
            store.save_labels(connection, [(found[f"s{number}"], text)])
        (counted,) = (each for each in store.support_sets(connection) if each.name == name)
        stored = list(store.support_samples(connection, name))
        assert (counted.samples, counted.labelled) == (len(stored), sum(bool(each.skill_label) for each in stored))
        changes.append(counted.changes)
    assert changes == sorted(changes)


def test_a_changed_label_is_a_change_even_when_the_counts_stay(connection: Connection) -> None:
    add(connection, [a_sample(1, label="reading")])
    before = store.support_sets(connection)[0]
    sample = next(store.support_samples(connection, "flan")).id
    store.save_labels(connection, [(sample, "counting")])
    after = store.support_sets(connection)[0]
    store.save_labels(connection, [(sample, "counting")])
    assert store.support_sets(connection)[0] == after
    assert replace(after, changes=before.changes) == before
    assert after.changes > before.changes


def test_a_label_lies_once_however_many_samples_carry_it(connection: Connection) -> None:
    add(connection, [a_sample(number, label=f"label {number % 3}") for number in range(60)])
    add(connection, [a_sample(number, label="label 1") for number in range(60, 90)], "more")
    assert connection.scalar(select(func.count()).select_from(labels)) == 3
    carried = Counter(each.skill_label for each in store.support_samples(connection, "flan"))
    assert carried == {"label 0": 20, "label 1": 20, "label 2": 20}


def test_the_columns_of_the_labelled_samples_are_those_of_the_samples(connection: Connection) -> None:
    add(connection, [a_sample(number, label=f"label {number % 7}" if number % 3 else "") for number in range(5000)])
    found = store.labelled_support(connection, "")
    stored = [each for each in store.support_samples(connection, "") if each.skill_label]
    assert store.support_sample_ids(connection, "") == tuple(each.id for each in store.support_samples(connection, ""))
    questions = list(store.support_questions(connection, ""))
    assert found.samples == tuple(each.id for each in stored)
    assert found.labels == tuple(each.skill_label for each in stored)
    assert (found.tasks, found.images) == (tuple(each.task for each in stored), tuple(each.image for each in stored))
    assert len(set(map(id, found.labels))) == 7, "equal labels are one object"
    assert [labelled for *_, labelled in questions] == [number % 3 > 0 for number in range(5000)]


def test_a_part_is_seen_by_nobody_until_it_is_finished(connection: Connection) -> None:
    part = begin(connection)
    fill(connection, part, 0, [a_sample(1, label="reading"), a_sample(2)])
    assert store.support_sets(connection) == []
    with pytest.raises(UserError, match="no support set yet"):
        store.named_support_set(connection, "flan")
    assert fill(connection, part, 2, [a_sample(3)]).added == 1
    assert store.finish_support_part(connection, part) == 3
    assert names(connection) == ["s1", "s2", "s3"]
    assert store.support_sets(connection) == [store.SupportSet(name="flan", samples=3, labelled=1, changes=3)]
    assert store.unfinished_support_parts(connection, "flan") == []


def test_a_part_adds_only_what_its_set_does_not_have(connection: Connection) -> None:
    add(connection, [a_sample(1), a_sample(2)])
    part = begin(connection)
    wrong = replace(a_sample(2), answer="other")
    done = fill(connection, part, 0, [a_sample(1), wrong, a_sample(3), a_sample(3)])
    assert done == store.AddedSamples(added=1, already_present=2, conflicts=("s2",))
    assert names(connection) == ["s1", "s2"]
    store.finish_support_part(connection, part)
    found = store.samples_by_source_id(connection, project=None, role="support", name="flan", source_ids=["s3", "s1"])
    assert sorted(found) == ["s1", "s3"]
    assert [each.source_id for each in store.missing_labels(connection, "flan", limit=9)] == ["s1", "s2", "s3"]
    assert names(connection) == ["s1", "s2", "s3"]
    add(connection, [a_sample(3), a_sample(4)])
    assert names(connection) == ["s1", "s2", "s3", "s4"]


def test_two_imports_cannot_fill_one_part(connection: Connection) -> None:
    part = begin(connection)
    fill(connection, part, 0, [a_sample(1)])
    with pytest.raises(UserError, match="Another import into support set 'flan' runs"):
        fill(connection, part, 0, [a_sample(1)])
    store.finish_support_part(connection, part)
    with pytest.raises(UserError, match="Another import"):
        fill(connection, part, 1, [a_sample(2)])


def test_a_part_without_anything_new_leaves_nothing_behind(connection: Connection) -> None:
    add(connection, [a_sample(1)])
    before = store.support_sets(connection)
    part = begin(connection)
    fill(connection, part, 0, [a_sample(1)])
    assert store.finish_support_part(connection, part) == 0
    assert connection.scalar(select(func.count()).select_from(sample_sets)) == 1
    assert store.support_sets(connection) == before


def test_an_unfinished_part_can_be_thrown_away_and_a_finished_one_cannot(db: Database) -> None:
    with db.write() as connection:
        add(connection, [a_sample(1)])
        part = begin(connection)
        fill(connection, part, 0, [a_sample(number) for number in range(2, 50)])
        (kept,) = store.unfinished_support_parts(connection, "flan")
    assert (kept.handled, kept.samples, kept.source) == (48, 48, "file")
    drop_part(db, part)
    with db.read() as connection:
        assert store.unfinished_support_parts(connection, "flan") == []
        assert connection.scalar(select(func.count()).select_from(sample_rows)) == 1
        whole = connection.scalar(select(sample_sets.c.id))
    drop_part(db, whole or 0)
    with db.read() as connection:
        assert names(connection) == ["s1"]


def test_a_set_without_a_name_is_refused(connection: Connection) -> None:
    with pytest.raises(UserError, match="Give the support set a name"):
        begin(connection, " ")
