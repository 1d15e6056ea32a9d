"""What of a talk is shown: where it stands, and for each value what it could be instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.customize.guide.guides import seen_word
from trato.customize.guide.words import LANGUAGES, asked, brought, phrase, reason
from trato.errors import UnknownModule
from trato.offer.offer import NO, NONE, YES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trato.customize.guide.guide import Question, Shown, Step
    from trato.customize.guide.guides import Guides
    from trato.customize.guide.questions import PlainQuestion
    from trato.customize.guide.talk import Talk
    from trato.customize.guide.words import Language

    Words = dict[str, str]

# What a component without words of its own for them is said to have.
_PLAIN: dict[str, Words] = {
    NONE: {"en": "none", "es": "sin esto", "pt": "sem isto"},
    YES: {"en": "yes", "es": "sí", "pt": "sim"},
    NO: {"en": "no", "es": "no", "pt": "não"},
}


@dataclass(frozen=True, slots=True)
class Instead:
    """Another module for a value. Where it does not `fit`, earlier choices give way to it."""

    module: str
    fits: bool


@dataclass(frozen=True, slots=True)
class View:
    """A talk as it is shown; `step` is None once it was accepted, `seen` is the word to accept with."""

    talk: Talk
    step: Step | None
    seen: str | None
    instead: Mapping[str, tuple[Instead, ...]]
    consent_needed: bool


def view_of(guides: Guides, talk: Talk) -> View:
    """How a talk is shown. Every module in it leads to a valid configuration. Raises NoConfiguration."""
    if talk.accepted is not None:
        return View(talk, None, None, {}, consent_needed=False)
    step = guides.step(talk)
    question = step.question
    return View(
        talk,
        step,
        seen_word(step),
        _instead(guides, talk, step),
        question is not None and guides.asks_sensitive(question.key) and not talk.consented,
    )


def _instead(guides: Guides, talk: Talk, step: Step) -> dict[str, tuple[Instead, ...]]:
    diagram, without = guides.guide.diagram, guides.of(talk).without
    gone = dict(step.changed)
    choices = {c: m for c, m in talk.state.choices.items() if c not in gone}
    values = {fact.name: fact.values for fact in guides.offer.facts}
    facts = {name: one for name, one in talk.state.facts.items() if one in values.get(name, ())}
    able = diagram.domains(facts=facts, without=without)
    fitting = dict(diagram.domains(choices, facts=facts, without=without))
    for name in choices:
        others = {c: m for c, m in choices.items() if c != name}
        fitting[name] = diagram.domains(others, facts=facts, without=without)[name]
    return {
        component.name: tuple(
            Instead(module, module in fitting[component.name])
            for module in component.names
            if module in able[component.name] and module != step.proposal[component.name]
        )
        for component in guides.offer.components
    }


def component_words(guides: Guides, component: str) -> Words:
    """What a component is called, by language; its name where the offer has it no longer."""
    try:
        one = guides.offer.component(component)
    except UnknownModule:
        return dict.fromkeys(LANGUAGES, component)
    return {language: one.label(language) for language in LANGUAGES}


def module_words(guides: Guides, component: str, module: str) -> Words:
    """What a module is called, by language; its name where the offer has it no longer."""
    try:
        one = guides.offer.component(component).module(module)
    except UnknownModule:
        return dict.fromkeys(LANGUAGES, module)
    if not one.labels and module in _PLAIN:
        return dict(_PLAIN[module])
    return {language: one.label(language) for language in LANGUAGES}


def why(guides: Guides, value: Shown) -> Words:
    """Why a value stands in the proposal, by language."""
    sales = guides.guide.preferences.sales
    return {language: reason(value, language, sales=sales) for language in LANGUAGES}


def changed_words(guides: Guides, component: str, module: str) -> Words:
    """That a choice cannot be had any more, by language."""
    named, chosen = component_words(guides, component), module_words(guides, component, module)

    def told(language: Language) -> str:
        return phrase("changed", language, component=f"{named[language]}:", module=chosen[language])

    return {language: told(language) for language in LANGUAGES}


def question_words(guides: Guides, question: Question) -> Words:
    """The question, by language."""
    plain = plain_question(guides, question.key)
    return {language: asked(question, plain, guides.guide.diagram, language) for language in LANGUAGES}


def brought_words(guides: Guides, question: Question, right: float) -> Words:
    """What answering brings, by language."""
    plain = plain_question(guides, question.key)
    return {language: brought(question, plain, right, language) for language in LANGUAGES}


def option_words(guides: Guides, question: Question, option: str) -> Words:
    """What an answer is called, by language."""
    plain = plain_question(guides, question.key)
    if plain is None:
        return module_words(guides, question.key, option)
    given = plain.answer(option)
    labels = given.labels if given is not None else {}
    first = next(iter(labels.values()), option)
    return {language: labels.get(language, first) for language in LANGUAGES}


def plain_question(guides: Guides, key: str) -> PlainQuestion | None:
    """The plain question of that key."""
    return next((one for one in guides.guide.questions if one.key == key), None)
