"""Whether treating customers differently is worth trying, and whether it pays."""
