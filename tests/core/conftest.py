from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests import tiny_models

MAKERS: dict[str, Callable[[Path], Path]] = {
    "llava": tiny_models.save_llava,
    "onevision": tiny_models.save_onevision,
    "qwen": tiny_models.save_qwen,
    "qwen25": tiny_models.save_qwen25,
}


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder of each tiny student, by family."""
    torch.set_num_threads(1)
    return {family: make(tmp_path_factory.mktemp(family)) for family, make in MAKERS.items()}


@pytest.fixture(params=list(MAKERS))
def folder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> Path:
    """One tiny student's folder; a test that asks for it runs once for each family."""
    return folders[request.param]
