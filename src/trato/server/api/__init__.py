"""Trato's own API: customers as they are known, greetings, permissions, conversations, the portfolio."""
