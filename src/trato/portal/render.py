"""The templates, the stylesheet and the sign of the portal's pages."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import trato.pages
from trato.pages.served import templates_in

if TYPE_CHECKING:
    from jinja2 import Environment, Template

HERE = Path(__file__).parent
SHARED = Path(trato.pages.__file__).parent / "static"


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
    environment = templates_in(HERE / "templates")
    environment.globals["style_version"] = style_version
    environment.filters["capfirst"] = lambda text: text[:1].upper() + text[1:]
    return environment
