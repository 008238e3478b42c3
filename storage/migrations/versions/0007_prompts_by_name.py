"""The student prompt becomes one of a project's texts by name, word for word; how a student is loaded gets a place."""

from alembic import op

revision = "0007"
down_revision = "0006"

# A project kept its student prompt even where that was the built-in one: it goes on asking as it asked before.
MOVED = """
UPDATE projects SET settings = json_set(
    json_remove(settings, '$.student_prompt'),
    '$.prompts', json_object('student', json_extract(settings, '$.student_prompt')),
    '$.student', json_object()
)
"""


def upgrade() -> None:
    """Move the text; every other setting stays as it is."""
    op.execute(MOVED)
