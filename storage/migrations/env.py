"""Alembic's entry: runs the versions on the connection that ``storage.migrations.upgrade`` opened and will commit."""

from alembic import context

from storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
