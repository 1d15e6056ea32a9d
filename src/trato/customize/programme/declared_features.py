"""The facts that a programme learns from, as `treatments.yaml` says them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trato.customize.programme.eligibility import TIERS
from trato.customize.programme.facts import WEEKDAYS, kind_of
from trato.customize.programme.treatments import STARTS, Feature
from trato.differentiate.value.tiers import Tier
from trato.offer.offer import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.customize.programme.reading import Reading
    from trato.shapes import Found

USUAL_FEATURES = (
    Feature("tier", tuple(one.value for one in Tier)),
    Feature("p_alive"),
    Feature("days_since_purchase", scale=30.0),
)
# What a number is divided by if nothing is said, so that it is near 1; of money, its logarithm is.
_SCALES = {
    "expected_value": 10.0,
    "actual_value": 10.0,
    "potential": 10.0,
    "days_since_purchase": 30.0,
    "evidence": 30.0,
    "contacts": 3.0,
    "hour": 24.0,
}


def features_in(reading: Reading, said: Found, touchpoints: tuple[str, ...]) -> tuple[Feature, ...]:
    """The features that a list declares; complaints go to the reader."""
    found: dict[str, Feature] = {}
    touched = reading.setting.touchpoints.by_key
    channels = dict.fromkeys(touched[one].channel for one in touchpoints if one in touched)
    usual: dict[str, tuple[str, ...]] = {
        "tier": tuple(one.value for one in Tier),
        "weekday": WEEKDAYS,
        "moment": STARTS,
        "touchpoint": touchpoints,
        "channel": tuple(channels),
    }
    for one in said.items:
        at = one.under("fact").at if one.keys else one.at
        name = reading.fact(at, one.text("fact") if one.keys else one.text())
        if name in found:
            reading.wrong.complain(at, f"{name!r} stands here a second time", "remove one of them")
        elif name:
            found[name] = _feature(reading, name, one, usual)
    return tuple(found.values())


def _feature(reading: Reading, name: str, said: Found, usual: Mapping[str, tuple[str, ...]]) -> Feature:
    kind, wrong = kind_of(name), reading.wrong
    if "levels" in said.keys and kind == "number":
        wrong.complain(said.under("levels").at, f"{name!r} is a number, without levels", "scale: …")
        return Feature(name)
    levels = _levels(reading, name, said.under("levels"), usual) or usual.get(name, ())
    if kind == "word" and not levels and "levels" not in said.keys:
        wrong.complain(said.at, f"{name!r} is a word, and which are told apart is not said", "levels: […]")
    if levels and "scale" in said.keys:
        wrong.complain(said.under("scale").at, f"{name!r} has levels and no scale", "remove one")
    return Feature(name, levels, said.number("scale", _SCALES.get(name, 1.0)))


def _levels(
    reading: Reading, name: str, said: Found, usual: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    reading.once(said)
    levels: dict[str, None] = {}
    for one in said.items:
        level = TIERS.get(one.text(), one.text()) if name == "tier" else one.text()
        if level and level not in usual.get(name, (level,)):
            reading.wrong.complain(
                one.at, f"{name!r} is never {level!r} here", did_you_mean(level, usual[name])
            )
        if level:
            levels.setdefault(level)
    return tuple(levels)
