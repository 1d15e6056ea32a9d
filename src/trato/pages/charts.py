"""Charts as Vega-Lite specifications: pure functions of the report.

Colours are the stylesheet's, so they follow light and dark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trato.pages.report import LadderRow, Report
    from trato.pages.words import Words

Spec = dict[str, Any]

ACCENT, INK, MUTED, FAINT, LINE, PAPER = (
    f"var(--{name})" for name in ("accent", "ink", "muted", "faint", "line", "paper")
)
FONT = "-apple-system, Segoe UI, Roboto, Ubuntu, Cantarell, Noto Sans, Liberation Sans, Arial, sans-serif"
TEXT_SIZE = 13
# The same room for names in every chart of a group, so that their scales stand one above the other.
NAMES_ROOM = 204
MARKED_SHARES = (0.1, 0.2, 0.5)


def value_curve(report: Report, words: Words) -> Spec:
    """How much of the expected value comes from how few customers."""
    points = [{"x": 100 * point.customers, "y": 100 * point.value} for point in report.value.curve]
    marked = []
    for share in MARKED_SHARES:
        value = share_of_best(report, share)
        text = words.plain("curve.marked", customers=words.share(share), value=words.share(value))
        marked.append({"x": 100 * share, "y": 100 * value, "text": text})
    x = {"field": "x", "type": "quantitative", "title": words.plain("curve.x"), "scale": {"domain": [0, 100]}}
    y = {"field": "y", "type": "quantitative", "title": words.plain("curve.y"), "scale": {"domain": [0, 100]}}
    layers: list[Spec] = [
        {
            "data": {"values": [{"x": 0, "y": 0}, {"x": 100, "y": 100}]},
            "mark": {"type": "line", "color": FAINT, "strokeDash": [3, 4], "strokeWidth": 1.2},
        },
        {
            "data": {"values": points},
            "mark": {"type": "area", "color": ACCENT, "opacity": 0.12, "line": False},
        },
        {"data": {"values": points}, "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2.5}},
        {
            "data": {"values": marked},
            "mark": {"type": "point", "filled": True, "size": 70, "color": ACCENT, "opacity": 1},
        },
        {
            "data": {"values": marked},
            "mark": {"type": "text", "align": "left", "dx": 10, "dy": 9, "fontSize": TEXT_SIZE, "color": INK},
            "encoding": {"text": {"field": "text"}},
        },
    ]
    return _spec(words, words.plain("curve.question"), height=300, encoding={"x": x, "y": y}, layer=layers)


def share_of_best(report: Report, share: float) -> float:
    """The share of expected value that the best `share` of customers bring, read off the curve."""
    previous = None
    for point in report.value.curve:
        if point.customers >= share:
            if previous is None or point.customers == share:
                return point.value
            part = (share - previous.customers) / (point.customers - previous.customers)
            return previous.value + part * (point.value - previous.value)
        previous = point
    return 1.0


def ladder(rows: Sequence[LadderRow], names: Sequence[str], words: Words, *, with_axis: bool = True) -> Spec:
    """How many of a hundred guesses are right: all alike, by groups, one by one.

    The filled dot is where to stop looking closer. The scale is the same in every chart of a group.
    """
    lines: list[Spec] = []
    dots: list[Spec] = []
    for row, name in zip(rows, names, strict=True):
        hits = {"mass": 100 * row.hit_mass, "niche": 100 * row.hit_niche, "one_to_one": 100 * row.hit_one}
        if row.modules < 2:
            del hits["niche"], hits["one_to_one"]
        chosen = row.rung if row.rung in ("niche", "one_to_one") else "mass"
        lines.append(
            {
                "name": name,
                "from": min(hits.values()),
                "to": max(hits.values()),
                "before": "" if chosen == "mass" else words.number(hits["mass"]),
                "after": words.number(hits[chosen]),
            }
        )
        dots += [{"name": name, "hit": hit, "chosen": rung == chosen} for rung, hit in hits.items()]
    x: Spec = {
        "field": "hit",
        "type": "quantitative",
        "title": words.plain("ladder.x") if with_axis else None,
        "scale": {"domain": [0, 104], "nice": False},
        "axis": {
            "values": [0, 20, 40, 60, 80, 100],
            "tickCount": 6,
            "labels": with_axis,
            "labelOverlap": False,
        },
    }
    y = {"field": "name", "type": "nominal", "sort": list(names), "axis": _names_axis()}
    start, end = {**x, "field": "from"}, {**x, "field": "to"}
    others, stops = ({"values": [dot for dot in dots if dot["chosen"] is kind]} for kind in (False, True))
    ring = {
        "type": "point",
        "filled": True,
        "size": 46,
        "fill": PAPER,
        "stroke": MUTED,
        "strokeWidth": 1.5,
        "opacity": 1,
    }
    number = {"type": "text", "fontSize": TEXT_SIZE}
    layers: list[Spec] = [
        {
            "data": {"values": lines},
            "mark": {"type": "rule", "color": FAINT, "strokeWidth": 1.6},
            "encoding": {"x": start, "x2": {"field": "to"}, "y": y},
        },
        {"data": others, "mark": ring, "encoding": {"x": x, "y": y}},
        {
            "data": stops,
            "mark": {"type": "point", "filled": True, "size": 90, "color": ACCENT, "opacity": 1},
            "encoding": {"x": x, "y": y},
        },
        {
            "data": {"values": lines},
            "mark": {**number, "align": "right", "dx": -9, "color": MUTED},
            "encoding": {"x": start, "y": y, "text": {"field": "before"}},
        },
        {
            "data": {"values": lines},
            "mark": {**number, "align": "left", "dx": 9, "color": INK, "fontWeight": 600},
            "encoding": {"x": end, "y": y, "text": {"field": "after"}},
        },
    ]
    return _spec(words, words.plain("ladder.question"), height=26 * len(names), layer=layers)


def concentration(report: Report, words: Words) -> Spec:
    """How few components carry most of the gain."""
    shares = report.ladder.concentration
    points = [{"x": 0, "y": 0.0}] + [
        {"x": count, "y": 100 * share} for count, share in enumerate(shares, start=1)
    ]
    marked = []
    for goal in (0.5, 0.8):
        count = carrying(shares, goal)
        marked.append(
            {
                "x": count,
                "y": 100 * shares[count - 1],
                "text": words.plain("few.marked", count, share=words.share(goal)),
            }
        )
    x = {
        "field": "x",
        "type": "quantitative",
        "title": words.plain("few.x"),
        "scale": {"nice": False},
        "axis": {"tickMinStep": 1},
    }
    y = {"field": "y", "type": "quantitative", "title": words.plain("few.y"), "scale": {"domain": [0, 100]}}
    layers: list[Spec] = [
        {
            "data": {"values": points},
            "mark": {"type": "area", "color": ACCENT, "opacity": 0.12, "interpolate": "monotone"},
        },
        {
            "data": {"values": points},
            "mark": {"type": "line", "color": ACCENT, "strokeWidth": 2.5, "interpolate": "monotone"},
        },
        {
            "data": {"values": marked},
            "mark": {"type": "point", "filled": True, "size": 70, "color": ACCENT, "opacity": 1},
        },
        {
            "data": {"values": marked},
            "mark": {"type": "text", "align": "left", "dx": 10, "dy": 9, "fontSize": TEXT_SIZE, "color": INK},
            "encoding": {"text": {"field": "text"}},
        },
    ]
    return _spec(words, words.plain("few.question"), height=230, encoding={"x": x, "y": y}, layer=layers)


def carrying(shares: Sequence[float], goal: float) -> int:
    """How many of the first components carry `goal` of the gain."""
    return next((count for count, share in enumerate(shares, start=1) if share >= goal - 1e-9), len(shares))


def _names_axis() -> Spec:
    return {
        "title": None,
        "domain": False,
        "ticks": False,
        "grid": False,
        "labelColor": INK,
        "labelFontSize": TEXT_SIZE,
        "labelPadding": 10,
        "labelLimit": NAMES_ROOM - 14,
        "minExtent": NAMES_ROOM,
        "maxExtent": NAMES_ROOM,
    }


def _spec(words: Words, description: str, *, height: int, **parts: Any) -> Spec:
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "description": description,
        "height": height,
        "background": "transparent",
        "usermeta": {"numbers": words.chart_numbers()},
        **parts,
        "config": {
            "font": FONT,
            "aria": False,
            "view": {"stroke": None},
            "axis": {
                "labelColor": MUTED,
                "titleColor": MUTED,
                "labelFontSize": TEXT_SIZE,
                "titleFontSize": TEXT_SIZE,
                "titleFontWeight": "normal",
                "titlePadding": 10,
                "gridColor": LINE,
                "domainColor": LINE,
                "tickColor": LINE,
                "domain": False,
                "ticks": False,
                "labelPadding": 6,
                "tickCount": 5,
            },
        },
    }
