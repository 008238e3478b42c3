import pytest

from tests.projects.tiny_project import TinyFiles, write_files


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> TinyFiles:
    """The small project's files and models, written once."""
    return write_files(tmp_path_factory.mktemp("tiny"))
