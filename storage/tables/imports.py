"""The tables of what the Data tab keeps between two looks: imports that wait for a yes, and models that were tried.

Offered by ``storage.tables`` with all the others. Knows no query.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from storage.tables.columns import Json, created, integer, metadata, own_id, part_of, text_column

# An import that was previewed and is neither done nor discarded: ``request`` says what to read, ``file`` is its name
# for display, ``upload`` the uploaded copy that is deleted with the row ("" for none). ``seen`` counts the rows read so
# far; afterwards ``report`` says what was found, or ``error`` why it cannot be read. ``job`` imports it in the
# background.
pending_imports = Table(
    "pending_imports",
    metadata,
    own_id(),
    part_of("project", "projects.id", optional=True),
    text_column("reviewer"),
    Column("request", Json, nullable=False),
    text_column("file"),
    text_column("upload"),
    integer("seen"),
    Column("report", Json),
    text_column("error"),
    Column("job", Integer, ForeignKey("jobs.id")),
    created(),
    Index("pending_imports_once", text("coalesce(project, 0)"), "reviewer", unique=True),
    sqlite_autoincrement=True,  # a page that still shows a discarded import must not refer to a new one
)

# The newest try of a project's student or teacher (``who``) on one sample.
tries = Table(
    "tries",
    metadata,
    part_of("project", "projects.id", key=True),
    Column("who", Text, primary_key=True),
    part_of("sample", "samples.id"),
    text_column("model"),
    Column("result", Json, nullable=False),
    created(),
)
