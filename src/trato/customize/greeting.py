"""A greeting for everyone: courtesy is not personalisation, and no verdict takes it away.

Whoever comes to a touchpoint is greeted in their language; by name where a purpose permits the name, and with
the matter that is open between them and the company, so that a conversation is taken up where it was left.
Without a customer or a permit the greeting is friendly and neutral, and tells nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.customize.leave import leave_of
from trato.customize.phrases import LANGUAGES, day_in_words, phrases

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from trato.customers.customer import CustomerId
    from trato.customize.leave import Leave
    from trato.customize.phrases import Language
    from trato.customize.store import GreetingStore
    from trato.interact.conversations import Conversation
    from trato.interact.touchpoints import Touchpoints
    from trato.permission.purposes import Purposes

NAME = "name"
LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """A conversation to take up: what it is about, what was promised, and whether that is overdue.

    `touchpoint` is the word of the one where it began and `label` what people call it; `words` say it in the
    greeting's language.
    """

    conversation: str
    purpose: str
    matter: str = field(repr=False)
    touchpoint: str
    label: str
    opened_at: datetime
    promised: str | None = field(repr=False)
    due_at: datetime | None
    overdue: bool
    words: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Greeting:
    """How to greet: the words, the name where it may be used, and what is open, promises that are due first.

    `under` are the purposes under which something of the customer was read; empty for a neutral greeting.
    """

    words: str = field(repr=False)
    language: Language
    name: str | None = field(repr=False)
    open_matters: tuple[OpenMatter, ...]
    under: tuple[str, ...]


def greeting_of(
    store: GreetingStore,
    customer: CustomerId | None,
    *,
    purposes: Purposes,
    touchpoints: Touchpoints,
    languages: Sequence[Language],
    accepted: Sequence[str],
    zone: ZoneInfo,
    now: datetime,
) -> Greeting:
    """The greeting for a customer, or for somebody unknown where `customer` is None.

    The language is the customer's own where the company speaks it and a purpose permits to know it; else the
    first of `accepted` (as the browser says them) that is one of the company's `languages`; else their first.
    Raises UnknownCustomer.
    """
    leave = None if customer is None else leave_of(store, purposes, customer, now=now)
    under: set[str] = set()
    said = _values(store, leave, under)
    language = _language(said.get(LANGUAGE), accepted, languages)
    name = said.get(NAME, "").strip() or None
    matters = _open_matters(store, leave, touchpoints, language, zone, now)
    say = phrases(language)
    words = say.hello if name is None else say.hello_name.format(name=name)
    return Greeting(
        words=words,
        language=language,
        name=name,
        open_matters=matters,
        under=tuple(sorted(under | {one.purpose for one in matters})),
    )


def _values(store: GreetingStore, leave: Leave | None, under: set[str]) -> Mapping[str, str]:
    """Name and language, each as far as a purpose permits it."""
    found: dict[str, str] = {}
    for permit in () if leave is None else leave.permits.values():
        asked = {NAME, LANGUAGE} & permit.fields - found.keys()
        if asked:
            new = {name: value for name, value in store.values_of(permit).items() if name in asked}
            found |= new
            under |= {permit.purpose} if new else set()
    return found


def _language(own: str | None, accepted: Sequence[str], languages: Sequence[Language]) -> Language:
    spoken = [one for one in languages if one in LANGUAGES] or list(LANGUAGES)
    for said in (own or "", *accepted):
        main = said.strip().lower().replace("_", "-").partition("-")[0]
        for one in spoken:
            if main == one:
                return one
    return spoken[0]


def _open_matters(
    store: GreetingStore,
    leave: Leave | None,
    touchpoints: Touchpoints,
    language: Language,
    zone: ZoneInfo,
    now: datetime,
) -> tuple[OpenMatter, ...]:
    found: dict[str, Conversation] = {}
    for permit in () if leave is None else leave.permits.values():
        found |= {one.id: one for one in store.open_conversations(permit)}
    ranked = sorted(
        found.values(),
        key=lambda one: (one.due_at is None, one.due_at or one.opened_at, one.opened_at, one.id),
    )
    return tuple(_open_matter(one, touchpoints, language, zone, now) for one in ranked)


def _open_matter(
    one: Conversation, touchpoints: Touchpoints, language: Language, zone: ZoneInfo, now: datetime
) -> OpenMatter:
    say = phrases(language)
    overdue = one.due_at is not None and one.due_at < now
    words = [say.open_matter.format(matter=_ended(one.matter))]
    if one.promised is not None and one.due_at is None:
        words.append(say.promised.format(promised=_ended(one.promised)))
    elif one.promised is not None and one.due_at is not None:
        told = say.overdue if overdue else say.promised_by
        day = day_in_words(one.due_at.astimezone(zone).date(), language)
        words.append(told.format(promised=_ended(one.promised), day=day))
    labels = touchpoints.labels.get(one.touchpoint, {})
    return OpenMatter(
        conversation=one.id,
        purpose=one.purpose,
        matter=one.matter,
        touchpoint=one.touchpoint,
        label=labels.get(language) or next(iter(labels.values()), one.touchpoint),
        opened_at=one.opened_at,
        promised=one.promised,
        due_at=one.due_at,
        overdue=overdue,
        words=tuple(words),
    )


def _ended(words: str) -> str:
    """Without the full stop that the sentence around it brings."""
    return words.rstrip().rstrip(".")
