"""Trato: treat different customers differently, and know when not to."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType

    from trato import offer

__all__ = ["__version__", "offer"]

__version__ = "0.1.0"


def __getattr__(name: str) -> ModuleType:
    """`trato.offer` without an import of its own, and without its weight for those who do not use it."""
    if name == "offer":
        return import_module("trato.offer")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
