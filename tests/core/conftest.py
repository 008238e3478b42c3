import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from core.student.local import Student, load_student
from tests.models import tiny_students

MAKERS: dict[str, Callable[[Path], Path]] = {
    "llava": tiny_students.save_llava,
    "onevision": tiny_students.save_onevision,
    "qwen": tiny_students.save_qwen,
    "qwen25": tiny_students.save_qwen25,
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each tiny student, by family."""
    torch.set_num_threads(1)
    return {family: make(tmp_path_factory.mktemp(family)) for family, make in MAKERS.items()}


@pytest.fixture(params=list(MAKERS))
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    """One tiny student's folder; tests with it run once for each family."""
    return folders[request.param]


@pytest.fixture
def student(folder: Path) -> Student:
    """One tiny student, loaded; tests with it run once for each family."""
    return load_student(str(folder), device="cpu")


@pytest.fixture(scope="session")
def llava(folders: dict[str, Path]) -> Path:
    """The folder of the tiny LLaVA."""
    return folders["llava"]


@pytest.fixture
def copy(llava: Path, tmp_path: Path) -> Path:
    """The tiny LLaVA in a folder that a test may harm."""
    return Path(shutil.copytree(llava, tmp_path / "copy"))
