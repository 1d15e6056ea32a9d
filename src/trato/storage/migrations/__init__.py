"""The store's tables, as they came to be: Alembic's scripts, one a change."""
