"""The tables of signing in: logins, sessions and failed attempts. No password and no cookie is stored."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from storage.tables.columns import created, integer, metadata, number, text_column

# ``hash`` includes the password's salt and cost.
logins = Table("logins", metadata, Column("name", Text, primary_key=True), text_column("hash"), created())

# ``key`` is the SHA-256 of the cookie's value; ``address`` is where the session started. Times are Unix seconds.
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

# ``key`` is a SHA-256, since a user may type the password in the field of the name. ``last`` is in Unix seconds.
attempts = Table("attempts", metadata, Column("key", Text, primary_key=True), integer("failures"), number("last"))
