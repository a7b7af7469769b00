"""Alembic asks here how to reach the database: over the connection that `storage.migrate` hands in."""

from alembic import context

from evenstock.storage.schema import metadata

# Alembic puts its configuration there while it runs; a test run that reads every file does not.
if hasattr(context, "config"):
    context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
    # The caller owns the transaction: all steps commit together or not at all.
    context.run_migrations()
