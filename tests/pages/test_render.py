"""The report as one file: complete, closed to the network, and safe with any name."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.pages.sample import DOG_FOOD, PERSON, ROWS, a_report, named
from trato.pages.render import render
from trato.pages.report import Name

VENDOR = Path(__file__).parents[2] / "src/trato/pages/static/vendor"


class Outline(HTMLParser):
    """Tags with their attributes, and the text that people see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._skipping = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._skipping = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._skipping = self._skipping and tag not in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.text.append(data)


@pytest.fixture(scope="module")
def html() -> str:
    return render(a_report())


def test_all_languages_are_in_one_file(html: str) -> None:
    articles = [attributes for tag, attributes in Outline(html).tags if tag == "article"]
    assert [article["lang"] for article in articles] == ["en", "es", "pt"]
    assert [article.get("class") for article in articles] == ["first", None, None]


def test_the_first_language_can_be_chosen() -> None:
    page = render(a_report(), first="pt")
    assert '<html lang="pt">' in page
    assert "<title>Quem tratar de forma diferente" in page


def test_nothing_is_loaded_from_anywhere(html: str) -> None:
    loading = {"src", "srcset", "action", "poster", "data", "background", "formaction"}
    for tag, attributes in Outline(html).tags:
        assert not loading & attributes.keys(), (tag, attributes)
        if "href" in attributes:
            assert (attributes["href"] or "").startswith("#"), attributes
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_the_policy_allows_just_our_script_and_style(html: str) -> None:
    policy = next(
        attributes["content"]
        for tag, attributes in Outline(html).tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert policy.count("sha256-") == 2
    assert not re.search(r"<[^>]+\sstyle=", html)
    assert not re.search(r"<[^>]+\son\w+=", html)


def test_links_lead_somewhere_and_ids_are_unique(html: str) -> None:
    tags = Outline(html).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        for key in ("href", "aria-labelledby", "data-spec"):
            if key in attributes:
                assert (attributes[key] or "").removeprefix("#") in ids, attributes


def test_every_chart_has_a_question_a_caption_and_a_table(html: str) -> None:
    figures = re.findall(r"<figure.*?</figure>", html, re.DOTALL)
    assert len(figures) == 3 * 4
    for figure in figures:
        assert re.search(r'class="question"[^>]*>[^<]+\?</h3>', figure)
        assert "<figcaption>" in figure
        assert "<table" in figure


def test_names_given_by_a_person_stand_in_each_language(html: str) -> None:
    text = "".join(Outline(html).text)
    for name in ("Dog food", "Comida para perros", "Ração para cães"):
        assert name in text
    # What nobody translated is marked as English on the Spanish page.
    spanish = html[html.index('<article id="es"') : html.index('<article id="pt"')]
    assert '<span lang="en">Can dog food - wet</span>' in spanish


HOSTILE = '</script><script>alert("x")</script><img src=x onerror=alert(1)>'


def test_a_hostile_name_stays_text() -> None:
    bad = named(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    rows = (ROWS[0], replace(ROWS[1], name=bad), *ROWS[2:])
    usual = a_report()
    page = render(
        a_report(
            company=bad,
            ladder=replace(usual.ladder, rows=rows, pictured=("DOG FOODS", HOSTILE)),
            person=replace(PERSON, label=HOSTILE, need=bad, facts=(bad,)),
        )
    )
    tags = Outline(page).tags
    assert not [tag for tag, attributes in tags if tag == "img" or "onerror" in attributes]
    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert len([script for script in scripts if script.get("type") != "application/json"]) == 1
    for spec in re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL):
        json.loads(spec)


def test_unnamed_needs_are_said() -> None:
    assert "2 groups have no name yet" in render(a_report(needs_unnamed=2))


def test_costs_change_the_words() -> None:
    page = render(a_report(money="value"))
    assert "revenue, not value</strong>" not in page


@pytest.mark.parametrize("name", [Name("X"), DOG_FOOD])
def test_a_name_knows_its_language(name: Name) -> None:
    assert name.in_language("pt")[1] == ("en" if name.own == "X" else "pt")


def test_vendored_files_are_what_their_page_says() -> None:
    said = dict(
        re.findall(r"\| `([\w.-]+\.js)` \|.*\| `([0-9a-f]{64})` \|", (VENDOR / "README.md").read_text())
    )
    assert said == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.glob("*.js")}
    for name in ("vega", "vega-lite", "vega-interpreter", "bundled"):
        assert (VENDOR / f"LICENSE-{name}.txt").stat().st_size > 1000
