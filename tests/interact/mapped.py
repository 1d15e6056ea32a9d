"""Sources as a test declares them."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import yaml

from trato import declared
from trato.declared import Reader
from trato.interact.interactions import Setting
from trato.interact.mapping import Sources
from trato.interact.sources import sources_in
from trato.interact.touchpoints import Touchpoint, Touchpoints

if TYPE_CHECKING:
    from pathlib import Path

TOUCHPOINTS = Touchpoints(
    {"web": Touchpoint("web", "web"), "till": Touchpoint("till", "store", division="food")}, {}, {}
)
SETTING = Setting("EUR", 2, "half_even", ZoneInfo("Europe/Madrid"), TOUCHPOINTS)


def sources(folder: Path, written: object, setting: Setting = SETTING) -> tuple[Sources, list[str]]:
    """The sources that a text or plain data declare, and the complaints as `line: message (hint)`."""
    path = folder / "sources.yaml"
    text = (
        dedent(written)
        if isinstance(written, str)
        else yaml.safe_dump(written, allow_unicode=True, sort_keys=False)
    )
    path.write_text(text, encoding="utf-8")
    page = declared.read(path)
    wrong = Reader(list(page.complaints))
    found = sources_in(wrong, page.root, setting)
    return found, [f"{one.line}: {one.message} ({one.hint})" for one in wrong.complaints]
