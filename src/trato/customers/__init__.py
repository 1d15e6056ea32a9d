"""The shared nouns: who is treated."""
