"""The report in a few sentences, the same on the page and in the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.pages.charts import carrying, share_of_best
from trato.pages.report import RUNGS

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from trato.pages.report import Honesty, LadderRow, Name, Report
    from trato.pages.words import Words


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence and where the report tells more; a `limit` says what the numbers do not tell."""

    kind: str
    text: Markup
    limit: bool = False


def findings(
    report: Report, words: Words, begun: Callable[[Name], Markup], inside: Callable[[Name], Markup]
) -> tuple[Finding, ...]:
    """What a shop owner should know, most important first.

    `begun` writes a name that begins a sentence, `inside` one within it.
    """
    found = [_value(report, words), _growable(report, words), _needs(report, words, inside)]
    found += _ladder(report, words, begun, inside)
    if report.campaigns:
        found.append(Finding("campaigns", _campaigns(report, words)))
    honesty = report.value.honesty
    if honesty is not None:
        best, past = words.share(honesty.capture, 1), words.share(honesty.capture_past_spend, 1)
        sentence = words.say(f"find.honesty.{beats(honesty)}", found=best, past=past)
        found.append(Finding("honesty", sentence))
    if report.money == "revenue":
        found.append(Finding("revenue", words.say("find.revenue"), limit=True))
    found.append(Finding("trying", words.say("find.trying"), limit=True))
    return tuple(finding for finding in found if finding is not None)


def _campaigns(report: Report, words: Words) -> Markup:
    """What the largest kind of campaign says, which is that it says little."""
    row = report.campaigns[0]
    return words.say(
        "find.campaigns" if row.rounds is not None else "find.campaigns.never",
        foretold=words.number(100 * row.foretold.mean),
        part=words.share(row.held_out),
        rounds=words.number(row.rounds or 0),
        money=words.amount(row.worthwhile, report.currency),
    )


def beats(honesty: Honesty) -> str:
    """Whether the model is proven better than sorting by past spend: yes, no or unproven."""
    if honesty.difference.low > 0:
        return "yes"
    return "no" if honesty.difference.high < 0 else "unproven"


def _value(report: Report, words: Words) -> Finding:
    share = share_of_best(report, 0.1)
    return Finding(
        "value",
        words.say(
            "find.value",
            round(report.value.customers / 10),
            share=words.share(share),
            days=report.horizon_days,
            money=words.money(share * report.value.expected, report.currency, 3),
            total=words.money(report.value.expected, report.currency, 3),
        ),
    )


def _growable(report: Report, words: Words) -> Finding | None:
    rows = [row for row in report.value.tiers if row.tier == "most_growable" and row.customers]
    if not rows:
        return None
    gap = words.money(rows[0].potential - rows[0].expected, report.currency, 2)
    return Finding(
        "growable", words.say("find.growable", rows[0].customers, money=gap, days=report.horizon_days)
    )


def _needs(report: Report, words: Words, name: Callable[[Name], Markup]) -> Finding:
    if len(report.needs) < 2:
        return Finding("needs", words.say("find.needs.one"))
    largest = sorted(report.needs, key=lambda need: -need.customers)[:3]
    listed = words.listed([words.say("quoted", name=name(need.name)) for need in largest])
    key = "find.needs" if len(largest) == len(report.needs) else "find.needs.many"
    return Finding("needs", words.say(key, groups=words.number(len(report.needs)), names=listed))


def _ladder(
    report: Report, words: Words, begun: Callable[[Name], Markup], inside: Callable[[Name], Markup]
) -> list[Finding]:
    rows = report.ladder.rows
    found = []
    by_rung = {rung: [row for row in rows if row.rung == rung] for rung in RUNGS}
    one, niche, alike = by_rung["one_to_one"], by_rung["niche"], by_rung["mass"]
    everything = words.number(len(rows))
    if one:
        best = _pictured_first(report, one)
        told = {
            "best": begun(best.name),
            "one": words.number(100 * best.hit_one),
            "mass": words.number(100 * best.hit_mass),
        }
        found.append(Finding("one", words.say("find.one", len(one), all=everything, **told)))
    else:
        found.append(Finding("one", words.say("find.one.none", all=everything)))
    if niche:
        found.append(Finding("niche", words.say("find.niche", len(niche))))
    if alike:
        nothing = [row for row in alike if row.modules < 2]
        listed = words.listed([inside(row.name) for row in (nothing or alike)[:2]])
        key = "find.mass.nothing" if nothing else "find.mass"
        found.append(Finding("mass", words.say(key, len(alike), names=listed)))
    if by_rung["not_yet"]:
        found.append(Finding("not_yet", words.say("find.not_yet", len(by_rung["not_yet"]))))
    if report.ladder.concentration:
        carriers = carrying(report.ladder.concentration, 0.5)
        found.append(Finding("few", words.say("find.few", carriers, all=everything)))
    return found


def _pictured_first(report: Report, rows: list[LadderRow]) -> LadderRow:
    pictured = [row for own in report.ladder.pictured for row in rows if row.name.own == own]
    return (pictured or rows)[0]
