"""What is known in a guided conversation, as plain data: it can be stored, left, and resumed anywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trato.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "trato.guide/1"


@dataclass(frozen=True, slots=True)
class GuideState:
    """All that a customer said in one guided conversation; everything else follows from it.

    `choices` are {component: module} that bind, in the order in which they were said; `open` are components
    of which the customer said that they have no preference. `facts` are known of the customer. `refused` are
    proposals that were shown and not taken, `confirmed` what was shown above a correction. `answers` are
    those to plain questions, by key; `asked` counts what the customer was asked for, component or key.
    """

    choices: Mapping[str, str]
    facts: Mapping[str, str]
    open: tuple[str, ...] = ()
    refused: tuple[Mapping[str, str], ...] = ()
    confirmed: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def effort(self) -> int:
        """How many answers the customer gave."""
        return len(self.asked)


def begun(facts: Mapping[str, str] | None = None, statements: Mapping[str, str] | None = None) -> GuideState:
    """A conversation that begins with what is known: facts, and statements, which bind like choices."""
    return GuideState(choices=dict(statements or {}), facts=dict(facts or {}))


def as_document(state: GuideState) -> dict[str, Any]:
    """The state in plain values, for JSON."""
    return {
        "format": FORMAT,
        "choices": [list(pair) for pair in state.choices.items()],
        "facts": dict(state.facts),
        "open": list(state.open),
        "refused": [dict(one) for one in state.refused],
        "confirmed": [list(pair) for pair in state.confirmed],
        "answers": [list(pair) for pair in state.answers],
        "asked": list(state.asked),
    }


def from_document(document: Mapping[str, Any]) -> GuideState:
    """The state again. Raises BadInput when the document is none."""
    if document.get("format") != FORMAT:
        raise BadInput("this is no conversation of a guide")
    try:
        return GuideState(
            choices={str(c): str(m) for c, m in document["choices"]},
            facts={str(f): str(v) for f, v in document["facts"].items()},
            open=tuple(map(str, document["open"])),
            refused=tuple({str(c): str(m) for c, m in one.items()} for one in document["refused"]),
            confirmed=tuple((str(c), str(m)) for c, m in document["confirmed"]),
            answers=tuple((str(q), str(a)) for q, a in document["answers"]),
            asked=tuple(map(str, document["asked"])),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput("this conversation of a guide is damaged") from None


def with_choice(state: GuideState, component: str, module: str, *, asked: bool = True) -> GuideState:
    """The state after the customer chose; an earlier choice of the component is replaced."""
    kept = {c: m for c, m in state.choices.items() if c != component}
    return replace(
        state,
        choices={**kept, component: module},
        open=tuple(one for one in state.open if one != component),
        confirmed=tuple(pair for pair in state.confirmed if pair[0] != component),
        asked=(*state.asked, component) if asked else state.asked,
    )
