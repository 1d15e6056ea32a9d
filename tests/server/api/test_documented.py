"""Every route that is served is documented, and no route is documented that is not served."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from docs import tables
from tests.server.api.test_no_permit import routes_of

if TYPE_CHECKING:
    from tests.server.api.doors import Http

PAGE = (tables.DOCS / "reference" / "http.md").read_text(encoding="utf-8")


def test_every_route_is_documented(http: Http) -> None:
    served = {f"{method} {path}" for method, path in routes_of(http.app.routes)}
    told = set(re.findall(r"(?:GET|POST|PUT|PATCH|DELETE) /[\w/{}.]*", PAGE))
    assert not served - told
    assert not told - served


def test_every_route_of_the_api_has_a_section_of_its_own(http: Http) -> None:
    sections = set(re.findall(r"^## ((?:GET|POST) /\S+)$", PAGE, re.MULTILINE))
    ours = {
        f"{method} {path}"
        for method, path in routes_of(http.app.routes)
        if path.startswith("/api/") and path != "/api/openapi.json"
    }
    assert sections == ours


def test_every_section_of_the_page_and_every_way_to_stand_is_told() -> None:
    from typing import get_args

    from trato.customize.leave import Stands
    from trato.customize.sections import SECTIONS

    for word in (*SECTIONS, *(set(get_args(Stands)) - {"granted", "not_asked"})):
        assert f"`{word}`" in PAGE
