"""Run by Alembic: the transaction is the caller's, so that a migration is there as a whole or not at all."""

from alembic import context

from engine.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
context.run_migrations()
