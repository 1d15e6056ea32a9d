"""Trato: treat different customers differently, and know when not to."""

__version__ = "0.1.0"
