"""What each programme would give a customer next, and why; and what was decided last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato.console.decision import told_to, words_of
from trato.customize.decide import look_at
from trato.customize.explain import explain
from trato.customize.programme.treatments import NOTHING

if TYPE_CHECKING:
    from datetime import datetime

    from trato.console.visit import Visit
    from trato.customers.customer import CustomerId
    from trato.customize.leave import Leave
    from trato.customize.programme.treatments import Words
    from trato.storage.transaction import Transaction

LAST = 5


@dataclass(frozen=True, slots=True)
class Next:
    """What a programme would give, in words."""

    programme: str
    label: Words
    treatment: str
    treatment_label: Words
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Given:
    """What was decided: the treatment of a programme, with the decision's id."""

    decision: str
    at: datetime
    programme: str
    label: Words
    treatment: str
    treatment_label: Words


def next_of(it: Transaction, visit: Visit, customer: CustomerId) -> tuple[Next, ...]:
    """What each programme that may use the customer's data would give next, those that give something first.

    Nothing is logged by looking. Of a programme whose purpose the customer does not permit there is nothing.
    """
    found = []
    for made in look_at(it, customer, serving=visit.desk.serving, now=visit.now):
        decision, programme = made.decision, made.ready.programme
        if any(one.reason == "not_permitted" for one in decision.candidates):
            continue
        treatment = programme.treatments[made.ready.place[decision.treatment]]
        words = words_of(visit, told_to(visit, explain(decision, made.ready)), looked=True)
        found.append(Next(programme.key, programme.label, treatment.key, treatment.label, words))
    return tuple(sorted(found, key=lambda one: one.treatment == NOTHING))


def given_of(it: Transaction, visit: Visit, leave: Leave) -> tuple[Given, ...]:
    """The last decisions that may be told of, the newest first."""
    decisions = [one for permit in leave.permits.values() for one in it.decisions_of(permit, limit=LAST)]
    found = []
    for one in sorted(decisions, key=lambda each: each.position, reverse=True)[:LAST]:
        declared = visit.desk.company.programmes.by_key.get(one.programme)
        labels = {} if declared is None else {each.key: each.label for each in declared.treatments}
        found.append(
            Given(
                one.id,
                one.at,
                one.programme,
                {} if declared is None else declared.label,
                one.treatment,
                labels.get(one.treatment, {}),
            )
        )
    return tuple(found)
