"""One running app that nobody has to sign in to, for tests that only ask it: its start takes the longest."""

from collections.abc import Iterator

import pytest

from tests.browser.cases import fill
from tests.browser.serving import Served, serving


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The app over sixty cases; what a test adds to its database stays."""
    data = tmp_path_factory.mktemp("opened") / "data"
    fill(data)
    with serving(data) as running:
        yield running
