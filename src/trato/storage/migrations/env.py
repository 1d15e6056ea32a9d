"""What Alembic runs before the scripts: it migrates the connection that is handed over."""

from __future__ import annotations

from alembic import context

from trato.storage.tables.columns import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
