"""How the console's pages look."""

from __future__ import annotations

from pathlib import Path

from trato.pages.served import Look

LOOK = Look(Path(__file__).parent, "console")
