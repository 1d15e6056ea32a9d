"""One script a change, each named after its number."""
