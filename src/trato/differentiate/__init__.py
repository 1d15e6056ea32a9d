"""How customers differ: by what they are worth, and by what they need."""
