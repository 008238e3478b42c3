"""One running app without a login, shared by the tests that only send requests, because starting it takes longest."""

from collections.abc import Iterator

import pytest

from tests.browser.cases import fill
from tests.servers.app_server import Served, serving


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app with sixty cases; what a test adds to its database stays."""
    data = tmp_path_factory.mktemp("opened") / "data"
    fill(data)
    with serving(data) as running:
        yield running
