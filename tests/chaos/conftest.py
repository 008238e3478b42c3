"""What the chaos tests start from: what the tests of the app start from too."""

from tests.app.conftest import db, files, tiny

__all__ = ["db", "files", "tiny"]
