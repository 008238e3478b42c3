"""A running app with two projects, and a client that calls its handlers over HTTP."""

from collections.abc import Iterator

import pytest

from tests.app.rpc import Remote, fill_two, rows
from tests.servers.app_server import Served, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("page") / "data"
    fill_two(data)
    with serving(data) as running:
        yield running


@pytest.fixture(scope="module")
def remote(served: Served) -> Iterator[Remote]:
    client = Remote(served.url)
    yield client
    client.close()


@pytest.fixture
def nothing_changes(served: Served) -> Iterator[None]:
    """No row of any table is added or deleted by what a test sends."""
    before = rows(served.data)
    yield
    assert rows(served.data) == before
