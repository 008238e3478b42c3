"""The tables of signing in: who may, who is signed in, and failed attempts. No password and no cookie lies here.

Offered by ``storage.tables`` with all the others. Knows no query.
"""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from storage.tables.columns import created, integer, metadata, number, text_column

# ``hash`` is the password's, with its salt and cost in it.
logins = Table("logins", metadata, Column("name", Text, primary_key=True), text_column("hash"), created())

# ``key`` is the SHA-256 of what the browser's cookie holds; ``address`` is where it was given. Times are Unix seconds.
sessions = Table(
    "sessions",
    metadata,
    Column("key", Text, primary_key=True),
    Column("login", Text, ForeignKey("logins.name"), nullable=False),
    text_column("address"),
    number("expires"),
    created(),
    Index(None, "login", "address"),
)

# ``key`` is a SHA-256, because a person may type a password where the name belongs. ``last`` is in Unix seconds.
attempts = Table("attempts", metadata, Column("key", Text, primary_key=True), integer("failures"), number("last"))
