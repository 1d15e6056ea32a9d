"""Templates and the headers that every page of the portal goes out with."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

import trato.pages

if TYPE_CHECKING:
    from jinja2 import Template

HERE = Path(__file__).parent
SHARED = Path(trato.pages.__file__).parent / "static"

# Nothing but our own stylesheet: no script at all, no frame, no form to elsewhere.
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


@cache
def style() -> bytes:
    """The house's stylesheet and the portal's."""
    return (SHARED / "trato.css").read_bytes() + (HERE / "static/portal.css").read_bytes()


@cache
def sign() -> bytes:
    """The sign that a browser shows beside the title."""
    return (HERE / "static/portal.svg").read_bytes()


@cache
def style_version() -> str:
    """A name for the stylesheet's content, so that browsers may keep it for ever."""
    return hashlib.sha256(style()).hexdigest()[:12]


def template(name: str) -> Template:
    """A page's template."""
    return _environment().get_template(f"{name}.html")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["style_version"] = style_version
    environment.filters["capfirst"] = lambda text: text[:1].upper() + text[1:]
    return environment
