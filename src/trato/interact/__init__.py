"""What customers and the company say and do to each other, and where they meet."""
