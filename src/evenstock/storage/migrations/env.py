"""Alembic asks here how to reach the database: over the connection that `storage.migrate` hands in."""

from alembic import context

from evenstock.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
# The caller owns the transaction: all steps commit together or not at all.
context.run_migrations()
