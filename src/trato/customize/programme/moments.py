"""Which customers a moment concerns: a module arrives that fits them, a supply runs out, a service or a
promise falls due.

Pure functions of what was read under permits; who calls has read it, and decides for each customer found.
`Due.record` names the event the same each time it is found, so that it starts one decision. Days are those of
the company's zone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.programme.facts import Fact
    from trato.differentiate.needs.beliefs import NeedsModel, Statement
    from trato.interact.conversations import Conversation
    from trato.interact.log import LogEntry

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Due:
    """A customer whom a moment concerns, since which day, and what is said of it as `context.NAME`.

    `fit` is how well what arrives fits them, between 0 and 1; 1 for all other moments.
    """

    customer: CustomerId
    day: date
    record: str
    context: Mapping[str, Fact] = field(default_factory=dict)
    fit: float = 1.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something new by what it is made of, such as a book of an author: the module of a component."""

    component: str
    module: str
    day: date


@dataclass(frozen=True, slots=True)
class Liking:
    """What is known of a customer's liking: what they chose, how often, and what they said."""

    customer: CustomerId
    counts: Mapping[tuple[str, str], int]
    statements: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Supply:
    """On which days a customer bought of a component, in order, and how many each time, all above zero."""

    customer: CustomerId
    bought: tuple[tuple[date, int], ...]


def arrives(
    arrival: Arrival, least: float, likings: Iterable[Liking], model: NeedsModel | None = None
) -> tuple[Due, ...]:
    """Those whom what arrives fits by at least `least`, the best fit first."""
    context: dict[str, Fact] = {"component": arrival.component, "module": arrival.module}
    record = f"arrives {arrival.component}={arrival.module} {arrival.day.isoformat()}"
    found = [
        Due(one.customer, arrival.day, record, context, fit)
        for one in likings
        if (fit := fit_of(arrival, one, model)) >= least and fit > 0
    ]
    return tuple(sorted(found, key=lambda due: (-due.fit, due.customer)))


def fit_of(arrival: Arrival, liking: Liking, model: NeedsModel | None = None) -> float:
    """The probability that the customer's next choice in the component is what arrives.

    Said beats inferred: 1 for what they always want, 0 for what they never want. Where the model knows the
    component, its prediction from the customer's belief; else their own share of it, one more choice of
    something else being counted, so that one choice alone is no certainty.
    """
    from trato.differentiate.needs.beliefs import believe, bind, predict

    if model is not None and arrival.component in model.components:
        shares = predict(model, believe(model, dict(liking.counts)), arrival.component)
    else:
        own = {
            module: count for (where, module), count in liking.counts.items() if where == arrival.component
        }
        chosen = sum(own.values()) + 1
        shares = {module: count / chosen for module, count in own.items()} | {"": 1 / chosen}
    return bind({arrival.module: 0.0} | shares, liking.statements, arrival.component)[arrival.module]


def bought_of(entries: Iterable[LogEntry], component: str, zone: ZoneInfo) -> tuple[tuple[date, int], ...]:
    """On which days a component was bought, in order, and how many in all that day."""
    days: Counter[date] = Counter()
    for one in entries:
        if one.kind == "purchase" and one.count > 0 and any(where == component for where, _ in one.choices):
            days[one.at.astimezone(zone).date()] += one.count
    return tuple(sorted(days.items()))


def usual_days(supplies: Iterable[Supply]) -> float | None:
    """After how many days customers bought again, for each piece; None where nobody did."""
    pieces = span = 0
    for one in supplies:
        if len(one.bought) > 1:
            span += (one.bought[-1][0] - one.bought[0][0]).days
            pieces += sum(count for _, count in one.bought[:-1])
    return span / pieces if pieces else None


def runs_out(
    component: str, supplies: Sequence[Supply], *, today: date, since: date | None
) -> tuple[Due, ...]:
    """Those whose supply ran out after the day `since` and until today, those first who wait longest.

    A piece lasts as long as the customer's own did until they bought again, drawn towards all customers' as
    if by one purchase; who bought on one day alone is not foretold. With `since` None, for a first run, those
    who have waited no longer than their last purchase lasted: the others have stopped.
    """
    usual = usual_days(supplies)
    found = []
    for one in supplies:
        lasts = None if usual is None else _lasts(one, usual)
        if lasts is None:
            continue
        last, pieces = one.bought[-1]
        day = last + timedelta(days=round(pieces * lasts))
        after = today - timedelta(days=max(round(pieces * lasts), 1)) if since is None else since
        if after < day <= today:
            found.append(_due("runs_out", one.customer, component, day, last))
    return _in_order(found)


def _lasts(supply: Supply, usual: float) -> float | None:
    """How many days a piece lasts a customer; None where they bought on one day alone."""
    again = len(supply.bought) - 1
    if again < 1:
        return None
    pieces = sum(count for _, count in supply.bought[:-1])
    span = (supply.bought[-1][0] - supply.bought[0][0]).days
    usual_pieces = pieces / again
    return (span + usual * usual_pieces) / (pieces + usual_pieces)


def falls_due(
    component: str, days: int, last: Mapping[CustomerId, date], *, today: date, since: date | None
) -> tuple[Due, ...]:
    """Those for whom `days`, or that again and again, are over since they `last` had the component, after the
    day `since` and until today. With `since` None all for whom it has fallen due at all.
    """
    found = []
    for customer, day in last.items():
        times = (today - day).days // days
        before = 0 if since is None else max((since - day).days // days, 0)
        if times > before and times > 0:
            found.append(_due("falls_due", customer, component, day + timedelta(days=times * days), day))
    return _in_order(found)


def promise_due(
    conversations: Iterable[Conversation], days: int, *, now: datetime, zone: ZoneInfo
) -> tuple[Due, ...]:
    """Those to whom something was promised that falls due within `days`, or has; the most urgent first.

    An open conversation is found each time; its `record` changes when something else is promised.
    """
    due = sorted(
        (
            (one.due_at, one)
            for one in conversations
            if one.due_at is not None and one.closed_at is None and one.due_at <= now + timedelta(days=days)
        ),
        key=lambda pair: (pair[0], pair[1].id),
    )
    return tuple(
        Due(
            one.customer,
            at.astimezone(zone).date(),
            f"promise_due {one.id} {at.isoformat()}",
            {"conversation": one.id, "days_left": (at - now).total_seconds() / 86_400},
        )
        for at, one in due
    )


def _due(moment: str, customer: CustomerId, component: str, day: date, last: date) -> Due:
    record = f"{moment} {component} {day.isoformat()}"
    return Due(customer, day, record, {"component": component, "days": float((day - last).days)})


def _in_order(found: Iterable[Due]) -> tuple[Due, ...]:
    return tuple(sorted(found, key=lambda due: (due.day, due.customer)))
