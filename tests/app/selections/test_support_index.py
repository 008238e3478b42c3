"""The index of a support set is saved in a folder, opened by the next start, and rebuilt after a changed label."""

from pathlib import Path

import pytest

from app.selections import support_index
from storage import store
from storage.database import Database


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support_index, "_indexes", {})


def index(db: Database) -> support_index.IndexedSupport:
    with db.read() as connection:
        found = support_index.indexed_support(connection, db, "")
    assert found is not None
    return found


def folders(db: Database) -> list[Path]:
    return sorted((db.data / "indexes").glob("*/*"))


def test_another_start_opens_the_index_that_the_first_one_made(
    db: Database, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = index(db)
    (kept,) = folders(db)
    support_index._indexes.clear()
    monkeypatch.setattr(store, "labelled_support", None)  # whoever reads the rows again fails
    again = index(db)
    skill = first.labels[0]
    assert (again.name, again.labels) == (first.name, first.labels)
    assert list(again.index.search(skill, seed=1)) == list(first.index.search(skill, seed=1))
    assert folders(db) == [kept]


def test_a_changed_label_and_a_damaged_folder_make_it_anew(db: Database, tiny: str) -> None:
    before = index(db)
    (kept,) = folders(db)
    with db.write() as connection:
        sample = next(iter(store.support_samples(connection, before.name)))
        store.save_labels(connection, [(sample.id, "a label that is new")])
    assert "a label that is new" in index(db).index.labels
    (newer,) = folders(db)
    assert newer != kept
    (newer / "rows.npy").write_bytes(b"")
    support_index._indexes.clear()
    assert "a label that is new" in index(db).index.labels


def test_no_room_for_the_folder_stops_nobody(db: Database, tiny: str, caplog: pytest.LogCaptureFixture) -> None:
    (db.data / "indexes").write_text("a file where the folder would be")
    assert index(db).labels
    assert "is not kept" in caplog.text
