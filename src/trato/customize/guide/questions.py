"""`questions.yaml`: plain questions, which a customer can answer who knows nothing of components.

    questions:
      children:
        ask: {en: "Are there children at home?", es: "¿Hay niños en casa?", pt: "Há crianças em casa?"}
        brings: {en: Then we know which sizes suit you., es: …, pt: …}
        answers:
          yes: {label: {en: Yes, es: Sí, pt: Sim}, likes: {snacks: {fruit_pouches: 4}}}
          no: {label: {en: No, es: No, pt: Não}, likes: {snacks: {fruit_pouches: 0.2}}}

`likes` says how many times as often customers with this answer take a module as all do, `facts` what becomes
known, and `share` how many customers give the answer; without it all answers are as frequent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato import declared, shapes
from trato.shapes import Key, Keys, Named, Number, Text, in_languages

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trato.declared import Declared, Reader
    from trato.offer.offer import Offer

ANSWER = Keys(
    (
        Key("label", in_languages(), "What the customer says.", required=True),
        Key("share", Number(0, 1), "How many of all customers say it, as a share."),
        Key("facts", Named(Text()), "What becomes known of the customer, by fact."),
        Key(
            "likes",
            Named(Named(Number(least=0))),
            "How many times as often as all customers they take a module, by component and module.",
        ),
    )
)

QUESTIONS = Keys(
    (
        Key(
            "questions",
            Named(
                Keys(
                    (
                        Key("ask", in_languages(), "The question.", required=True),
                        Key("brings", in_languages(), "What answering brings the customer."),
                        Key(
                            "effort",
                            Number(least=0),
                            "How many ordinary answers it costs; 1 if nothing is said.",
                        ),
                        Key(
                            "answers",
                            Named(ANSWER, name=shapes.WORD, meant=shapes.WORD_MEANT, least=2),
                            "The answers, each under a word of your own.",
                            required=True,
                        ),
                    )
                ),
                name=shapes.WORD,
                meant=shapes.WORD_MEANT,
            ),
            "Questions that the guide may ask, each under a word of your own.",
            required=True,
        ),
    )
)


@dataclass(frozen=True, slots=True)
class PlainAnswer:
    """One answer: how often it is given, the facts it makes known, and what those who give it like."""

    key: str
    labels: Mapping[str, str]
    share: float
    facts: Mapping[str, str] = field(default_factory=dict)
    likes: Mapping[tuple[str, str], float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlainQuestion:
    """A question in the customer's own words; `effort` in ordinary answers."""

    key: str
    ask: Mapping[str, str]
    brings: Mapping[str, str]
    answers: tuple[PlainAnswer, ...]
    effort: float = 1.0

    def answer(self, key: str) -> PlainAnswer | None:
        """The answer of that key."""
        return next((one for one in self.answers if one.key == key), None)


def read_questions(path: Path) -> tuple[PlainQuestion, ...]:
    """The questions of a file. Raises BadDeclaration with every complaint at its line."""
    page = declared.read(path)
    with declared.complaints(page) as wrong:
        return questions_in(wrong, page.root)


def questions_in(wrong: Reader, root: Declared) -> tuple[PlainQuestion, ...]:
    """The questions that a page declares; complaints go to the reader."""
    said = shapes.read(wrong, root, QUESTIONS)
    found: list[PlainQuestion] = []
    for key, one in said.under("questions").keys.items():
        answers = one.under("answers").keys
        found.append(
            PlainQuestion(
                key,
                {language: text.text() for language, text in one.under("ask").keys.items()},
                {language: text.text() for language, text in one.under("brings").keys.items()},
                tuple(
                    PlainAnswer(
                        name,
                        {language: text.text() for language, text in answer.under("label").keys.items()},
                        answer.number("share", 1 / max(len(answers), 1)),
                        {fact: value.text() for fact, value in answer.under("facts").keys.items()},
                        {
                            (component, module): modules.number(module, 1.0)
                            for component, modules in answer.under("likes").keys.items()
                            for module in modules.keys
                        },
                    )
                    for name, answer in answers.items()
                ),
                one.number("effort", 1.0),
            )
        )
    return tuple(found)


def unknown_in(wrong: Reader, root: Declared, offer: Offer) -> None:
    """Complain of every component, module, fact and value in the questions that the offer does not have."""
    modules = {one.name: dict.fromkeys(one.names) for one in offer.components}
    facts = {one.name: dict.fromkeys(one.values) for one in offer.facts}
    for question in _members(_under(root, "questions")).values():
        for answer in _members(_under(question, "answers")).values():
            for name, value in _members(_under(answer, "facts")).items():
                if shapes.known(wrong, value, name, facts, "fact"):
                    shapes.known(wrong, value, value.text.strip(), facts[name], f"value of the fact {name!r}")
            for component, liked in _members(_under(answer, "likes")).items():
                if not shapes.known(wrong, liked, component, modules, "component"):
                    continue
                for module, ratio in _members(liked).items():
                    shapes.known(wrong, ratio, module, modules[component], f"module of {component!r}")


def _under(at: Declared | None, key: str) -> Declared | None:
    return _members(at).get(key)


def _members(at: Declared | None) -> Mapping[str, Declared]:
    return at.members if at is not None and at.kind == "mapping" else {}
