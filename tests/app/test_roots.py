"""Which files of this machine the page may read."""

from pathlib import Path

import pytest

from app.roots import inside, server_path
from app.settings import AppSettings
from core.errors import UserError


def test_a_file_below_a_root_is_named_without_links(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    file = tmp_path / "deep" / "a.csv"
    file.write_text("x")
    (tmp_path / "link").symlink_to(file)
    assert server_path(f" {tmp_path}/deep/../link ", [tmp_path]) == str(file.resolve())


@pytest.mark.parametrize("name", ["outside", "link", "root/../outside", "rooted/a.csv"])
def test_what_lies_outside_is_refused_and_the_roots_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "rooted").mkdir()
    for file in ("outside", "rooted/a.csv"):
        (tmp_path / file).write_text("x")
    (tmp_path / "root" / "link").symlink_to(tmp_path / "outside")
    path = tmp_path / ("root/link" if name == "link" else name)
    with pytest.raises(UserError, match="outside of the folders that the page may read") as refused:
        inside(path, [tmp_path / "root"])
    assert str(tmp_path / "root") in str(refused.value)
    assert "SWITCHPOINT_ROOTS" in str(refused.value)


def test_links_in_a_circle_are_no_bug(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(tmp_path / "two")
    (tmp_path / "two").symlink_to(tmp_path / "one")
    with pytest.raises(UserError):
        server_path(str(tmp_path / "one"), [tmp_path])


def test_a_name_of_the_hub_is_known_where_no_such_file_is(tmp_path: Path) -> None:
    assert server_path("hf:owner/name:train", [tmp_path]) == "hf:owner/name:train"
    assert server_path("owner/data-set", [tmp_path]) == "hf:owner/data-set"
    with pytest.raises(UserError, match="no file or folder"):
        server_path("/owner/name", [tmp_path])


def test_the_roots_come_as_a_list_like_that_of_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWITCHPOINT_ROOTS", "/data:/more:")
    assert AppSettings().roots == (Path("/data"), Path("/more"))
    monkeypatch.delenv("SWITCHPOINT_ROOTS")
    assert AppSettings().roots == (Path.home(), Path.cwd())
