"""The sections of a customer's page: what each holds, and what one asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar, get_args

from trato.errors import BadOption

if TYPE_CHECKING:
    from datetime import date, datetime

    from trato.customers.customer import CustomerId
    from trato.customize.leave import May
    from trato.customize.proposal import Proposal
    from trato.customize.timeline import Contacts, Event
    from trato.customize.wants import WeighedNeed

SectionName = Literal["who", "worth", "wants", "said_and_did", "contacts", "proposal"]
SECTIONS: frozenset[SectionName] = frozenset(get_args(SectionName))
Unit = Literal["person", "household", "account"]

PAGE = 50
MOST_PAGE = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section(Generic[T]):
    """A part of what is known: the purposes under which it was read, and what was found.

    Where no purpose permits it `shown` is None, and `why_not` says how each purpose stands that could have
    opened it; empty where the company declares no such purpose.
    """

    under: tuple[str, ...]
    shown: T | None
    why_not: tuple[May, ...]


@dataclass(frozen=True, slots=True)
class KnownIdentifier:
    """What points to the customer, and the purpose under which it was read."""

    kind: str
    value: str = field(repr=False)
    under: str


@dataclass(frozen=True, slots=True)
class KnownValue:
    """A personal value, such as the name, and the purpose under which it was read."""

    name: str
    value: str = field(repr=False)
    under: str


@dataclass(frozen=True, slots=True)
class Who:
    """Who they are. `household` and `account` are the ids of those who belong to theirs and permit one of the
    purposes of this page as well, the customer among them.
    """

    identifiers: tuple[KnownIdentifier, ...]
    values: tuple[KnownValue, ...]
    household: tuple[CustomerId, ...]
    account: tuple[CustomerId, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What a customer is expected to bring within `horizon_days` after `as_of`, in minor units, with its 90 %
    interval; `potential` is None where their needs are not known.
    """

    value: float
    low: float
    high: float
    p_alive: float
    purchases: float
    potential: float | None
    tier: str
    horizon_days: int
    as_of: date


@dataclass(frozen=True, slots=True)
class Worth:
    """What a unit brought, in minor units, and is expected to bring; None before a build could learn it.

    `members` are how many customers it is summed over: those of the unit who permit it.
    """

    actual_value: int
    purchase_days: int
    first_day: date | None
    last_day: date | None
    expected: Expected | None
    members: int


@dataclass(frozen=True, slots=True)
class Said:
    """What the customer said, where and when, and what it concerns. It binds until they change it."""

    at: datetime
    touchpoint: str
    words: str | None = field(repr=False)
    stance: Literal["wants", "avoids"] | None
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wants:
    """The likeliest needs, none where nothing was counted (we do not know yet); what the customer said.

    `evidence` is the number of choices that the needs rest on, `counted` of all that were counted. `model`
    is None before a build learned one: `not_yet`.
    """

    needs: tuple[WeighedNeed, ...]
    statements: tuple[Said, ...]
    evidence: int
    counted: int
    model: str | None
    not_yet: bool
    members: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """What was said and done, the newest first; `before` continues with the next page, None on the last."""

    events: tuple[Event, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class KnownCustomer:
    """A customer's page. A section that was not asked for is None; `may` is always there.

    `built_at` is when the served build was published, None before the first; `unit` is to whom worth and
    wants belong.
    """

    customer: CustomerId
    unit: Unit
    at: datetime
    built_at: datetime | None
    may: tuple[May, ...]
    who: Section[Who] | None = None
    worth: Section[Worth] | None = None
    wants: Section[Wants] | None = None
    said_and_did: Section[Timeline] | None = None
    contacts: Section[Contacts] | None = None
    proposal: Section[Proposal] | None = None

    @property
    def under(self) -> tuple[str, ...]:
        """All purposes under which something was read, for the note that somebody looked."""
        sections = (self.who, self.worth, self.wants, self.said_and_did, self.contacts, self.proposal)
        return tuple(sorted({key for one in sections if one is not None for key in one.under}))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page is asked for: its sections, and of the timeline `page` events below position `before`."""

    sections: frozenset[SectionName] = SECTIONS
    page: int = PAGE
    before: int | None = None

    def __post_init__(self) -> None:
        unknown = self.sections - SECTIONS
        if unknown:
            raise BadOption(
                f"there is no section {min(unknown)!r}", hint=f"known: {', '.join(sorted(SECTIONS))}"
            )
        if not 1 <= self.page <= MOST_PAGE:
            raise BadOption(f"a page has 1 to {MOST_PAGE} events")
