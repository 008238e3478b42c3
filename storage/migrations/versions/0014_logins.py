"""Signing in: logins with the hashes of their passwords, sessions by the hash of their cookie, and failed attempts."""

from alembic import op

revision = "0014"
down_revision = "0013"

LOGINS = """CREATE TABLE logins (
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created TEXT NOT NULL,
    CONSTRAINT logins_key PRIMARY KEY (name)
)"""
SESSIONS = """CREATE TABLE sessions (
    "key" TEXT NOT NULL,
    login TEXT NOT NULL,
    address TEXT NOT NULL,
    expires FLOAT NOT NULL,
    created TEXT NOT NULL,
    CONSTRAINT sessions_key PRIMARY KEY ("key"),
    CONSTRAINT sessions_login_exists FOREIGN KEY(login) REFERENCES logins (name)
)"""
ATTEMPTS = """CREATE TABLE attempts (
    "key" TEXT NOT NULL,
    failures INTEGER NOT NULL,
    last FLOAT NOT NULL,
    CONSTRAINT attempts_key PRIMARY KEY ("key")
)"""
BY_ADDRESS = "CREATE INDEX sessions_by_login_address ON sessions (login, address)"


def upgrade() -> None:
    """Add the three tables."""
    for statement in (LOGINS, SESSIONS, ATTEMPTS, BY_ADDRESS):
        op.execute(statement)
