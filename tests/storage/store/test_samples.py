"""Validation, test and support sets, and the images beside them."""

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UserError
from core.types import Sample
from storage import store
from storage.database import Database
from storage.images import image_bytes, save_images
from tests.storage.world import Picture, a_project, a_sample

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
some_samples = st.lists(
    st.builds(
        Sample,
        source_id=texts,
        question=texts,
        options=st.lists(texts, max_size=3).map(tuple),
        answer=texts,
        category=texts,
        task=texts,
        response=texts,
        skill_label=texts,
    ),
    unique_by=lambda sample: sample.source_id,
    max_size=8,
)


def support(db: Database, samples: list[Sample], name: str = "flan", **images: Picture) -> store.SavedSamples:
    with db.write() as connection:
        return store.save_samples(connection, project=None, role="support", name=name, samples=samples, images=images)


@given(samples=some_samples)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_samples_come_back_as_they_were_saved_and_saving_twice_changes_nothing(
    db: Database, samples: list[Sample]
) -> None:
    with db.read() as connection:
        name = f"set {len(store.support_sets(connection))}"
    assert support(db, samples, name) == store.SavedSamples(added=len(samples), already_present=0)
    with db.read() as connection:
        stored = list(store.support_samples(connection, name))
    assert [replace(sample, id=0) for sample in stored] == samples
    assert support(db, samples, name) == store.SavedSamples(added=0, already_present=len(samples))
    with db.read() as connection:
        assert list(store.support_samples(connection, name)) == stored


def test_a_changed_sample_under_a_known_id_is_refused_by_name(db: Database) -> None:
    support(db, [a_sample(1), a_sample(2)])
    with pytest.raises(UserError, match="Sample 's2' is in the support set 'flan' already"):
        support(db, [a_sample(3), replace(a_sample(2), answer="other")])
    with pytest.raises(UserError, match="Sample 's4'"):
        support(db, [a_sample(4), replace(a_sample(4), question="other")])
    with db.read() as connection:
        assert [sample.source_id for sample in store.support_samples(connection, "flan")] == ["s1", "s2"]


def test_a_sample_twice_in_one_file_is_one_sample(db: Database) -> None:
    assert support(db, [a_sample(1), a_sample(1)]) == store.SavedSamples(added=1, already_present=1)


def test_importing_again_after_labelling_keeps_the_labels(db: Database) -> None:
    support(db, [a_sample(1), a_sample(2, label="reading")])
    with db.write() as connection:
        (unlabelled,) = store.missing_labels(connection, "", limit=5)
        store.save_labels(connection, [(unlabelled.id, "adding")])
        store.save_labels(connection, [])
        assert store.missing_labels(connection, "flan", limit=5) == []
    assert support(db, [a_sample(1), a_sample(2)]) == store.SavedSamples(added=0, already_present=2)
    with db.read() as connection:
        assert [sample.skill_label for sample in store.support_samples(connection, "flan")] == ["adding", "reading"]
        assert store.support_sets(connection) == [store.SupportSet(name="flan", samples=2, labelled=2, changes=3)]


def test_the_only_support_set_needs_no_name_and_several_do(db: Database) -> None:
    with db.read() as connection, pytest.raises(UserError, match="import one with `switchpoint import support PATH`"):
        store.named_support_set(connection, "")
    support(db, [a_sample(1)])
    with db.read() as connection:
        assert store.named_support_set(connection, "") == "flan"
        with pytest.raises(UserError, match="no support set 'faln': choose one of 'flan'"):
            store.support_samples(connection, "faln")
    support(db, [a_sample(1)], "more")
    with db.read() as connection, pytest.raises(UserError, match="several support sets: choose one of 'flan', 'more'"):
        store.named_support_set(connection, "")
    with pytest.raises(UserError, match="Give the support set a name"):
        support(db, [a_sample(1)], " ")


def test_sets_are_apart_and_keep_their_order(db: Database) -> None:
    with db.write() as connection:
        first, second = a_project(connection, "a", validation=3, test=2), a_project(connection, "b", validation=2)
    support(db, [a_sample(0)])
    with db.read() as connection:
        found = list(store.samples_of(connection, project=first.id, role="validation"))
        assert [sample.source_id for sample in found] == ["s0", "s1", "s2"]
        tests = store.samples_of(connection, project=first.id, role="test")
        assert [sample.source_id for sample in tests] == ["s10000", "s10001"]
        assert store.count_samples(connection, project=first.id, role="test") == 2
        assert store.count_samples(connection, project=second.id, role="validation") == 2
        assert store.count_samples(connection, project=second.id, role="test") == 0
        assert store.count_samples(connection, project=second.id + 1, role="test") == 0
        assert list(store.samples_of(connection, project=second.id, role="test")) == []
        assert store.get_sample(connection, found[1].id) == found[1]
        by_id = store.samples_by_id(connection, [found[2].id, found[0].id, 999])
        assert by_id == {found[0].id: found[0], found[2].id: found[2]}
        known = store.samples_by_source_id(connection, project=first.id, role="validation", source_ids=["s1", "s10000"])
        assert known == {"s1": found[1]}
        assert store.samples_by_source_id(connection, project=second.id, role="test", source_ids=["s1"]) == {}
        with pytest.raises(UserError, match="no sample 999"):
            store.get_sample(connection, 999)


def test_an_image_is_read_and_stored_once(db: Database) -> None:
    class Unreadable(Picture):
        def read(self) -> bytes:
            raise AssertionError("a stored image is read again")

    picture = Picture(hash="ab12", content=b"\x00\xff", mime="image/jpeg")
    support(db, [a_sample(1, image="ab12"), a_sample(2, image="ab12")], ab12=picture)
    with db.write() as connection:
        assert image_bytes(connection, "ab12") == (b"\x00\xff", "image/jpeg")
        assert save_images(connection, [Unreadable(hash="ab12"), Picture(hash="cd34"), Picture(hash="cd34")]) == 1
        with pytest.raises(UserError, match="no image ffff"):
            image_bytes(connection, "ffff")


def test_twenty_thousand_samples_and_images_are_saved_in_seconds(db: Database) -> None:
    pictures = {f"{number:064x}": Picture(hash=f"{number:064x}", content=bytes(1500)) for number in range(20_000)}
    samples = [a_sample(number, label="adding", image=name) for number, name in enumerate(pictures)]
    start = time.perf_counter()
    assert support(db, samples, **pictures).added == 20_000
    first = time.perf_counter() - start
    assert support(db, samples, **pictures).already_present == 20_000
    again = time.perf_counter() - start - first
    print(f"20,000 samples with images: {first:.2f} s, again {again:.2f} s")
    assert first < 10
    assert again < 10
