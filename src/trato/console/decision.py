"""One decision, for people: what, why, what else there was, and whether it comes out the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from trato.company.access import Looked
from trato.customize.explain import explain
from trato.customize.made import read_decision
from trato.customize.programme.decision import DecisionId
from trato.customize.programme.wording import fact_in_words, in_words, reason_in_words
from trato.customize.replay import replayed_with

if TYPE_CHECKING:
    from starlette.responses import Response

    from trato.console.visit import Visit
    from trato.customize.decide import Decided
    from trato.customize.explain import Explanation, Part
    from trato.customize.programme.decision import Outcome
    from trato.storage.transaction import Transaction


def show(visit: Visit) -> Response:
    """The decision's page, read under a permit; the look is noted."""
    desk, now = visit.desk, visit.now
    wanted = DecisionId(str(visit.request.path_params["decision"])[:64])

    def read(it: Transaction) -> tuple[Decided, tuple[Outcome, ...]]:
        made = read_decision(it, desk.serving, wanted, now=now)
        return made, outcomes_of(it, visit, made)

    made, outcomes = desk.store.read(read)
    decision = made.decision
    if decision.purpose:
        looked = Looked(f"person:{visit.person.person.id}", decision.customer, (decision.purpose,), now)
        desk.store.write(lambda it: it.note_look(looked))
    told = told_to(visit, explain(decision, made.ready))
    return visit.show(
        "decision",
        d=decision,
        e=told,
        p=made.ready.programme,
        words=words_of(visit, told),
        parts=[(part_in_words(visit, one), one.money) for one in told.parts],
        reasons={code: reason_in_words(code, visit.reader.language) for code in _codes(told)},  # type: ignore[arg-type]  # one of the three
        labels={each.key: each.label for each in made.ready.programme.treatments},
        replayed=replayed_with(made.ready, decision),
        outcomes=outcomes,
        touchpoints=desk.company.touchpoints,
    )


def outcomes_of(it: Transaction, visit: Visit, made: Decided) -> tuple[Outcome, ...]:
    """What came of a decision, under the permit that opens it; () of nobody's."""
    from trato.permission.permit import read_permit

    decision = made.decision
    if not decision.purpose:
        return ()
    purpose = visit.desk.company.purposes.named(decision.purpose)
    return it.outcomes_of(read_permit(it, purpose, decision.customer, now=visit.now), decision.id)


def told_to(visit: Visit, one: Explanation) -> Explanation:
    """An explanation as far as a role may see it: personal values are for those who see who customers are."""
    if visit.person.may("identity"):
        return one
    parts = tuple(
        replace(each, value=None) if each.of.startswith(("value.", "context.")) else each
        for each in one.parts
    )
    return replace(one, parts=parts)


def words_of(visit: Visit, one: Explanation, *, looked: bool = False) -> tuple[str, ...]:
    """An explanation in the reader's language."""
    settings = visit.desk.company.settings
    return in_words(
        one,
        visit.reader.language,  # type: ignore[arg-type]  # one of the three
        currency=settings.currency,
        minor_units=settings.minor_units,
        called=visit.desk.company.names,
        looked=looked,
    )


def part_in_words(visit: Visit, one: Part) -> str:
    """What a part of a treatment's worth is called, with what was known."""
    name = f"price of {one.value}" if one.of == "price" else one.of
    words = fact_in_words(name, visit.reader.language, visit.desk.company.names)  # type: ignore[arg-type]  # one of the three
    if one.value is None or one.of in {"price", "fatigue"}:
        return words
    known = visit.reader.number(one.value, 2) if isinstance(one.value, float) else one.value
    return f"{words} ({known})"


def _codes(one: Explanation) -> set[str]:
    return {each.reason for each in one.candidates if each.reason}
