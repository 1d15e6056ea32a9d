"""The store: SQLite embedded, or PostgreSQL by URL, on one code path."""
