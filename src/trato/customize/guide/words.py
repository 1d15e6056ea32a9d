"""What the guide says, in the customer's language: questions, reasons, and what an answer brings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from trato.customize.guide.guide import Question, Shown
    from trato.customize.guide.questions import PlainQuestion
    from trato.offer.diagram import Diagram

Language = Literal["en", "es", "pt"]
LANGUAGES: tuple[Language, ...] = ("en", "es", "pt")

_WORDS: dict[str, dict[Language, str]] = {
    "which": {
        "en": "Which {component} would you like?",
        "es": "¿Qué {component} prefiere?",
        "pt": "Qual {component} você prefere?",
    },
    "said": {"en": "you chose it", "es": "usted lo eligió", "pt": "você escolheu"},
    "known": {
        "en": "it follows from what we know",
        "es": "se sigue de lo que sabemos",
        "pt": "decorre do que sabemos",
    },
    "only": {
        "en": "nothing else goes with what you chose",
        "es": "nada más combina con lo que eligió",
        "pt": "nada mais combina com o que você escolheu",
    },
    "took": {
        "en": "{took:,} of {of:,} who chose the same took it",
        "es": "{took:,} de {of:,} que eligieron lo mismo lo tomaron",
        "pt": "{took:,} de {of:,} que escolheram o mesmo levaram",
    },
    "took_of_all": {
        "en": "{took:,} of {of:,} customers took it",
        "es": "{took:,} de {of:,} clientes lo tomaron",
        "pt": "{took:,} de {of:,} clientes levaram",
    },
    "likely": {
        "en": "it goes with the rest; nobody chose all of this before",
        "es": "combina con lo demás; nadie eligió todo esto antes",
        "pt": "combina com o resto; ninguém escolheu tudo isto antes",
    },
    "usual": {
        "en": "it goes with the rest; we know no past choices",
        "es": "combina con lo demás; no conocemos elecciones anteriores",
        "pt": "combina com o resto; não conhecemos escolhas anteriores",
    },
    "brings": {
        "en": "With your answer the offer is right in {right:.0f} of 100 cases, instead of {now:.0f}.",
        "es": "Con su respuesta la oferta acierta en {right:.0f} de 100 casos, en lugar de {now:.0f}.",
        "pt": "Com a sua resposta a oferta acerta em {right:.0f} de 100 casos, em vez de {now:.0f}.",
    },
    "no_preference": {"en": "no preference", "es": "me da igual", "pt": "tanto faz"},
    "accept": {"en": "yes, this is it", "es": "sí, es esto", "pt": "sim, é isto"},
    "proposal": {"en": "We propose", "es": "Le proponemos", "pt": "Propomos a você"},
    "changed": {
        "en": "{component} {module} can no longer be had",
        "es": "{component} {module} ya no está disponible",
        "pt": "{component} {module} não está mais disponível",
    },
}


def phrase(key: str, language: Language, **values: object) -> str:
    """A phrase of the guide."""
    return _WORDS[key][language].format(**values)


def reason(shown: Shown, language: Language, *, sales: int) -> str:
    """Why a value stands in the proposal; `sales` is how many past configurations were learned from."""
    if shown.settled != "guess":
        return phrase(shown.settled, language)
    if shown.of and shown.took:
        key = "took" if shown.of < sales else "took_of_all"  # nothing that tells anybody apart was chosen yet
        return phrase(key, language, took=shown.took, of=shown.of)
    return phrase("likely" if sales else "usual", language)


def asked(question: Question, plain: PlainQuestion | None, diagram: Diagram, language: Language) -> str:
    """The question in words."""
    if plain is not None:
        return plain.ask.get(language) or next(iter(plain.ask.values()), plain.key)
    component = diagram.offer.component(question.key)
    return phrase("which", language, component=component.label(language))


def brought(question: Question, plain: PlainQuestion | None, right: float, language: Language) -> str:
    """What answering brings the customer."""
    told = plain.brings.get(language) if plain is not None else None
    return told or phrase("brings", language, right=100 * min(right + question.gain, 1.0), now=100 * right)
