"""The tables of what the Data tab keeps between two looks: imports that wait for a yes, and models that were tried.

Offered by ``storage.tables`` with all the others. Knows no query.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text, text

from storage.tables.columns import Json, created, integer, metadata, own_id, part_of, text_column

# What a person looked at and has not imported or given up: ``request`` says what to read, ``file`` is its name for
# people, ``upload`` the uploaded copy that goes with the row ("" where it was none). ``seen`` rows were read so far;
# then ``report`` says what was found, or ``error`` why it cannot be read. ``job`` imports it in the background.
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
    sqlite_autoincrement=True,  # a window that shows one which was given up never means another
)

# What a project's student or teacher (``who``) made of one sample when somebody tried it; the newest try of each stays.
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
