"""What the company's own words are called in a report, and the one number that all of its parts show."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trato.estimates import Interval
from trato.pages.report import Name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.batch.demo_shop import Labels
    from trato.batch.needs import NeedsReport
    from trato.batch.value import ValueReport


def tidied(label: str) -> str:
    """A table's own label made readable: "CAN DOGFD GOURMET (" becomes "can dogfd gourmet".

    >>> tidied("DAIRY CASE FRUIT DRINKS (NO JU")
    'dairy case fruit drinks'
    """
    text = re.sub(r"\s*\([^)]*$", "", label) or label
    text = re.sub(r"\s+", " ", text).strip(" -/&")
    return text.lower() if text.isupper() else text


def need_name(needs: NeedsReport, k: int) -> Name:
    """The name that a person gave the need, or its working title."""
    name = needs.matching.namings[k].name
    return Name(name["en"], given=tuple((language, text) for language, text in name.items()))


def component_name(labels: Labels, own: str) -> Name:
    """What people call a component."""
    return Name(own if own in labels.components else tidied(own), given=given(labels.components.get(own)))


def module_name(labels: Labels, component: str, own: str) -> Name:
    """What people call a module of a component."""
    return Name(tidied(own), given=given(labels.modules.get((component, own))))


def given(names: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    """Names by language as a report keeps them; none where nobody gave any."""
    return () if names is None else tuple(names.items())


def expected_value(value: ValueReport, place: int) -> Interval:
    """What one customer is expected to bring, with its 90 % interval."""
    mean, low, high = (float(value.column(name)[place]) for name in ("expected_value", "low", "high"))
    return Interval(mean, low, high)
