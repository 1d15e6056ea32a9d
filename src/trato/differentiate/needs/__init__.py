"""What customers want: groups of the same wants, and what is believed of each customer."""
