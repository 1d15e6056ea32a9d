"""Programmes: treatments, facts, decisions and what they are made of; `decide` and `learn` use them."""
