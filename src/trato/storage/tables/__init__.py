"""The tables, one file a domain. Migrations make them; a test holds the two together."""
