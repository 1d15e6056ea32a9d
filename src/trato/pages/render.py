"""A report as one HTML file that needs no network: words, tables, charts and the code that draws them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from trato.pages import charts
from trato.pages.findings import beats, findings
from trato.pages.report import RUNGS, TIERS, LadderRow, Name, Report
from trato.pages.words import LANGUAGES, Words, words

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).parent
SHOWN = {"one_to_one": 12, "niche": 6, "not_yet": 5, "mass": 6}


def render(report: Report, *, first: str = "en", languages: Sequence[str] = LANGUAGES) -> str:
    """The whole report as HTML, in all `languages`; the one that shows first is `first`.

    Which language shows is decided by the address (`#es`), so switching works without a script.
    """
    style = (HERE / "static/trato.css").read_text() + (HERE / "static/report.css").read_text()
    script = _script()
    articles = [_Article(report, words(language)) for language in languages]
    return (
        _environment()
        .get_template("report.html")
        .render(
            report=report,
            articles=articles,
            first=first,
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own and vendored files
            style_digest=_digest(style),
            script_digest=_digest(script),
            TIERS=TIERS,
        )
    )


def plain_findings(report: Report, language: str) -> tuple[str, ...]:
    """The report in short, one sentence after another, for a terminal."""
    return tuple(finding.text.striptags() for finding in _Article(report, words(language)).findings)


class _Article:
    """What the template asks while it writes the report in one language."""

    def __init__(self, report: Report, language_words: Words) -> None:
        self.report = report
        self.words = language_words
        self.language = language_words.language
        self.say = language_words.say
        self.number = language_words.number
        self.share = language_words.share
        self.day = language_words.day
        self.beats = beats(report.value.honesty) if report.value.honesty else ""
        self.findings = findings(report, language_words, self.name, self.inside)
        self._specs: list[tuple[str, Markup]] = []

    def name(self, name: Name) -> Markup:
        """A name that begins a line, marked with its language where that is not the page's."""
        return self._marked(*_begun(name, self.language))

    def inside(self, name: Name) -> Markup:
        """The same within a sentence."""
        return self._marked(*name.in_language(self.language))

    def label(self, name: Name) -> str:
        """The same without markup."""
        return _begun(name, self.language)[0]

    def _marked(self, text: str, language: str) -> Markup:
        if language == self.language:
            return Markup.escape(text)
        return Markup('<span lang="{}">{}</span>').format(language, text)

    def money(self, value: float, digits: int | None = None) -> str:
        return self.words.money(value, self.report.currency, digits)

    def amount(self, value: float) -> str:
        return self.words.amount(value, self.report.currency)

    def hits(self, share: float) -> str:
        """Right guesses out of a hundred."""
        return self.words.number(100 * share)

    def likely(self, chance: float) -> Markup:
        """A chance in words; nothing that is still to come is sure."""
        sure = chance >= 0.995
        return self.say("person.sure") if sure else self.say("person.of_100", chance=self.hits(chance))

    def change(self, share: float) -> str:
        """A relative change as per cent, with its sign."""
        text = self.words.share(share, 1)
        return text if text.startswith("−") else f"+{text}"

    def share1(self, share: float) -> str:
        return self.words.share(share, 1)

    def small(self, share: float) -> str:
        """A share with as many digits as keep small ones apart."""
        return self.words.share(share, 1 if share >= 0.01 else 2)

    def signed1(self, share: float) -> str:
        """A difference in points of a hundred, with its sign."""
        text = self.words.number(100 * share, 1)
        return text if text.startswith("−") else f"+{text}"

    def names(self, names: Sequence[Name]) -> list[Markup]:
        return [self.inside(name) for name in names]

    def chart(self, name: str, spec: dict[str, Any]) -> Markup:
        """The place where a chart is drawn; its specification is written at the end of the article."""
        label = f"{self.language}-spec-{name}"
        # "<" would let a name end the script element it stands in.
        text = json.dumps(spec, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        self._specs.append((label, Markup(text)))  # noqa: S704 - escaped above
        return Markup('<div class="chart" data-spec="{}"></div>').format(label)

    def specs(self) -> list[tuple[str, Markup]]:
        return self._specs

    def value_curve(self) -> Markup:
        return self.chart("curve", charts.value_curve(self.report, self.words))

    def concentration(self) -> Markup:
        return self.chart("few", charts.concentration(self.report, self.words))

    def ladder(self, rung: str, rows: Sequence[LadderRow], with_axis: bool) -> Markup:
        names = [self.label(row.name) for row in rows]
        return self.chart(f"ladder-{rung}", charts.ladder(rows, names, self.words, with_axis=with_axis))

    def share_of_best(self, share: float) -> float:
        return charts.share_of_best(self.report, share)

    def carrying(self, goal: float) -> int:
        return charts.carrying(self.report.ladder.concentration, goal)

    def shown_tiers(self) -> list[int]:
        """The tiers that anyone is in, as indices of TIERS."""
        return [index for index, row in enumerate(self.report.value.tiers) if row.customers]

    def shade(self, value: float) -> int:
        """How dark a cell of the map is, 0 to 9, against the cell with the most money."""
        most = max((money for need in self.report.needs for money in need.tier_expected), default=0)
        return round(9 * max(value, 0) / most) if most > 0 else 0

    def rung_groups(self) -> list[tuple[str, list[LadderRow], int]]:
        """Per rung: its name, the rows drawn, and how many there are; what comes in one kind is kept."""
        groups: list[tuple[str, list[LadderRow], int]] = []
        for rung in RUNGS:
            rows = [row for row in self.report.ladder.rows if row.rung == rung]
            if not rows:
                continue
            drawn = rows[: SHOWN[rung]]
            if rung == "mass":
                nothing = [row for row in rows if row.modules < 2]
                drawn = [row for row in rows if row.modules > 1][
                    : max(SHOWN[rung] - len(nothing), 2)
                ] + nothing
            groups.append((rung, drawn, len(rows)))
        return groups

    def best_hit(self, row: LadderRow) -> float:
        """Right guesses at the rung to stop at."""
        return {"one_to_one": row.hit_one, "niche": row.hit_niche}.get(row.rung, row.hit_mass)

    def pictured(self) -> list[LadderRow]:
        by_name = {row.name.own: row for row in self.report.ladder.rows}
        return [by_name[own] for own in self.report.ladder.pictured if own in by_name]


def _begun(name: Name, language: str) -> tuple[str, str]:
    text, its_language = name.in_language(language)
    return text[:1].upper() + text[1:], its_language


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _script() -> str:
    """Vega, Vega-Lite, the interpreter and our own few lines, as one script without modules."""
    vendor = HERE / "static/vendor"
    interpreter = (vendor / "vega-interpreter.js").read_text()
    interpreter = re.sub(r"(?m)^import \{([^}]+)\} from 'vega-util';", r"const {\1} = vega;", interpreter)
    interpreter = re.sub(r"(?m)^export \{ expression as \w+ \};", "return expression;", interpreter)
    parts = (
        (vendor / "vega.min.js").read_text(),
        (vendor / "vega-lite.min.js").read_text(),
        f"const trato = {{ expressionInterpreter: (function () {{\n{interpreter}\n}})() }};",
        (HERE / "static/charts.js").read_text(),
    )
    # A browser's tools would go looking for the maps.
    script = "\n;\n".join(re.sub(r"(?m)^//# sourceMappingURL=.*$", "", part) for part in parts)
    if "</script" in script.lower() or "<!--" in script:
        raise ValueError("a vendored script would end its own element")
    return script


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
