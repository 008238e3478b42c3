"""A data directory on a file system without locks is refused at start, one on the network is said."""

import errno
import fcntl
import os
from pathlib import Path

import pytest

from app.processes.file_systems import NETWORK, kind_of, network_warning, refuse_without_locks
from core.errors import FolderError
from tests.chaos.small_disk import read_only

MOUNTS = [("/", "ext4"), ("/home", "nfs4"), ("/home/ada/local", "xfs"), ("/home", "nfs4"), ("/srv", "ext4")]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/data", "ext4"),
        ("/home", "nfs4"),
        ("/home/ada/data", "nfs4"),
        ("/home/ada/local/data", "xfs"),
        ("/homes", "ext4"),
        ("/home/../srv/x", "ext4"),
    ],
)
def test_a_path_lies_on_the_innermost_mount(path: str, kind: str) -> None:
    assert kind_of(Path(path), MOUNTS) == kind


def test_of_two_mounts_on_one_place_the_later_one_is_seen() -> None:
    assert kind_of(Path("/a/b"), [("/a", "ext4"), ("/a", "nfs")]) == "nfs"
    assert kind_of(Path("/a/b"), []) == ""


def test_a_link_is_followed_to_its_file_system(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/home/ada")
    assert kind_of(tmp_path / "link" / "data", MOUNTS) == "nfs4"


def test_a_local_disk_needs_no_warning_and_keeps_locks(tmp_path: Path) -> None:
    assert network_warning(tmp_path) == ""
    refuse_without_locks(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", NETWORK)
def test_a_network_file_system_is_named(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Mount:
        mountpoint, fstype = str(tmp_path), kind

    monkeypatch.setattr("psutil.disk_partitions", lambda **_: [Mount])
    assert f"({kind})" in network_warning(tmp_path / "data")


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
@pytest.mark.parametrize("call", ["lockf", "flock"])
def test_a_file_system_without_locks_is_refused(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None can be mounted here, so the system's call answers as such a file system lets it."""

    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, call, fails)
    with pytest.raises(FolderError, match="keeps no locks"):
        refuse_without_locks(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.process
def test_a_read_only_folder_is_not_taken_for_one_without_locks(tmp_path: Path) -> None:
    with read_only(tmp_path):
        refuse_without_locks(tmp_path)
