"""Alembic's entry point: runs the versions on the connection of ``storage.migrations.upgrade``, which commits."""

from alembic import context

from storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
