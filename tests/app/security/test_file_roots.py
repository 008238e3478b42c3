"""The files of this machine that the page may read."""

from pathlib import Path

import pytest

from app.model_inputs import adapter_path
from app.security.file_roots import resolve_inside, server_folder, server_model, server_path
from app.settings import PACKAGE_ROOT, AppSettings
from core.errors import UserError
from storage.database import Database


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
        resolve_inside(path, [tmp_path / "root"])
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


@pytest.mark.parametrize("name", ["openai:gpt-4o-mini", "m@http://box:8000/v1", "Qwen/Qwen2-VL-7B-Instruct", "gpt2"])
def test_a_model_elsewhere_is_named_as_it_was_typed(tmp_path: Path, name: str) -> None:
    assert server_model(f" {name} ", [tmp_path]) == name


def test_the_demos_models_and_folders_below_a_root_can_be_chosen(tmp_path: Path) -> None:
    assert server_model("assets/demo/student", [tmp_path]) == "assets/demo/student"
    (tmp_path / "model").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "model")
    assert server_model(str(tmp_path / "link"), [tmp_path]) == str(tmp_path / "model")
    assert server_model(str(tmp_path / "not there yet"), [tmp_path]) == str(tmp_path / "not there yet")


@pytest.mark.parametrize(
    "name", ["{outside}/model", "{root}/link", "{root}/../outside/model", "~/model", "../outside/model", "a/b/../../.."]
)
def test_a_models_folder_elsewhere_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    (outside / "model").mkdir(parents=True)
    root.mkdir()
    (root / "link").symlink_to(outside / "model")
    monkeypatch.setenv("HOME", str(outside))
    monkeypatch.chdir(root)
    with pytest.raises(UserError, match="outside of the folders that the page may read"):
        server_model(name.format(root=root, outside=outside), [root])


def test_the_demos_folder_is_no_way_out(tmp_path: Path) -> None:
    climbing = "assets/" + "../" * len(PACKAGE_ROOT.parts) + "etc"
    with pytest.raises(UserError, match="outside of the folders"):
        server_model(climbing, [tmp_path])


def test_a_folder_of_images_is_held_to_the_roots_and_a_name_that_is_no_path_is_no_bug(tmp_path: Path) -> None:
    assert server_folder(f"{tmp_path}/a/..", [tmp_path]) == str(tmp_path)
    for name in ("/etc", "~nobody-of-that-name/images", "x" * 5000):
        with pytest.raises(UserError):
            server_folder(name, [tmp_path])


def test_a_row_leads_to_no_adapter_outside_of_the_data_directory(db: Database, tmp_path: Path) -> None:
    assert adapter_path(db, "run-1/adapter") == db.adapters / "run-1" / "adapter"
    assert adapter_path(db, None) is None
    db.adapters.mkdir(exist_ok=True)
    (db.adapters / "link").symlink_to(tmp_path)
    for row in ("../elsewhere", "/etc", "link/adapter", "run-1/../../x"):
        with pytest.raises(UserError, match="lies outside of"):
            adapter_path(db, row)
