"""What Alembic runs before the scripts: it migrates the connection that is handed over."""

from __future__ import annotations

from alembic import context

from trato.storage.tables.columns import METADATA

if __name__ == "env_py":  # as Alembic calls it; importing it does nothing
    context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
    context.run_migrations()
