"""An upload is there whole or not at all, and what does not fit is said before it is sent."""

import errno
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import fastapi
import httpx
import pytest
from starlette.testclient import TestClient

from app.imports.uploads import uploads_folder
from app.web.routes import uploads
from storage.database import Database
from tests.servers.app_server import serving
from tests.wait_for import wait_for

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def client(db: Database) -> TestClient:
    api = fastapi.FastAPI()
    uploads.add_upload_routes(api, db)
    return TestClient(api)


def stored(data: Path) -> list[Path]:
    return sorted(path for path in (data / "uploads").rglob("*"))


def test_an_uploaded_file_is_what_was_sent_under_its_own_name_in_a_folder_of_its_own(
    client: TestClient, db: Database
) -> None:
    content = bytes(range(256)) * 10_000
    first, second = (Path(client.post("/desk/upload?name=a b.json", content=content).json()) for _ in range(2))
    assert first.read_bytes() == second.read_bytes() == content
    assert first.name == second.name == "a b.json"
    assert first.parent != second.parent
    assert first.parent.parent == uploads_folder(db)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"), ("C:\\new\\set.csv", "set.csv"), ("", "file"), ("..", "file"),
        (".hidden.json", "hidden.json"), ("a\nb\x00.json", "ab.json"), ("ü" * 200 + ".json", "ü" * 97 + ".json"),
    ],
)  # fmt: skip
def test_a_name_leads_nowhere_else(client: TestClient, db: Database, name: str, kept: str) -> None:
    made = Path(client.post("/desk/upload", params={"name": name}, content=b"x").json())
    assert (made.name, made.parent.parent) == (kept, uploads_folder(db))


def test_what_does_not_fit_is_refused_with_what_it_needs_and_what_is_free(
    client: TestClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 0, 100 * 2**20))
    fits, not_ = (
        client.post("/desk/upload?name=set.zip", content=b"x" * size) for size in (36 * 2**20, 36 * 2**20 + 1)
    )
    assert (fits.status_code, not_.status_code) == (200, 507)
    assert "set.zip needs 36.0 MiB" in not_.text
    assert "100.0 MiB free, of which 64.0 MiB are kept" in not_.text
    assert len(stored(db.data)) == 2, "the folder and the file of the one that fits"


def test_a_size_that_is_missing_or_beyond_all_is_refused_unread(client: TestClient, db: Database) -> None:
    assert client.post("/desk/upload?name=a", content=iter([b"x"])).status_code == 411
    assert client.post("/desk/upload?name=a", content=b"", headers={"content-length": "17179869185"}).status_code == 413
    assert stored(db.data) == []


def test_a_disk_that_fills_up_meanwhile_leaves_nothing(
    client: TestClient, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(uploads, "run_in_threadpool", full)
    answer = client.post("/desk/upload?name=set.zip", content=b"x")
    assert answer.status_code == 507
    assert answer.text.startswith("set.zip was not stored. The disk is full")
    assert stored(db.data) == []


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        address = httpx.URL(served.url)
        head = f"POST /desk/upload?name=a.zip HTTP/1.1\r\nHost: {address.host}\r\nContent-Length: 9000000\r\n\r\n"
        for sent in (0, 1, 5_000_000):
            with socket.create_connection((address.host, address.port or 80)) as connection:
                connection.sendall(head.encode() + bytes(sent))
                wait_for(lambda: len(stored(served.data)) == 2)
            wait_for(lambda: stored(served.data) == [])
