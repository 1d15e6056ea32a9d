"""What every page that a server answers has in common: its headers, and how its template is read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from jinja2 import Template

SHARED = Path(__file__).parent / "static"

# Nothing but our own stylesheet and pictures: no script at all, no frame, no form to elsewhere.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True)
class Look:
    """How a door's pages look: the templates in its folder, its stylesheet behind the house's, and its sign.

    `name` is that of its files under `static`. All is read once.
    """

    folder: Path
    name: str

    @cached_property
    def style(self) -> bytes:
        """The house's stylesheet and the door's."""
        return (SHARED / "trato.css").read_bytes() + (self.folder / f"static/{self.name}.css").read_bytes()

    @cached_property
    def sign(self) -> bytes:
        """The sign that a browser shows beside the title."""
        return (self.folder / f"static/{self.name}.svg").read_bytes()

    def template(self, name: str) -> Template:
        """A page's template: what it shows is escaped, and what it is not given is an error."""
        return self._environment.get_template(f"{name}.html")

    @cached_property
    def _environment(self) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(self.folder / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # A name for the stylesheet's content, so that browsers may keep it for ever.
        environment.globals["style_version"] = hashlib.sha256(self.style).hexdigest()[:12]
        environment.filters["capfirst"] = lambda text: text[:1].upper() + text[1:]
        return environment
