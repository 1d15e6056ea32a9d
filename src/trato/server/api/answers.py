"""What the API answers, as its description (OpenAPI) tells it. Each is read off what a verb returned.

Money is in whole minor units of `currency`, moments are in UTC, and words stand in every language. FastAPI
takes nulls out of examples; what is null in one has a default here, so that the example fits.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_serializer

from trato.customize.leave import Stands
from trato.interact.interactions import Kind, Stance
from trato.interact.touchpoints import Channel
from trato.permission.ledger import State
from trato.permission.purposes import LegalBasis

Words = dict[str, str]


class Answer(BaseModel):
    """What all answers have in common: they are made from the attributes of what a verb returned."""

    model_config = ConfigDict(from_attributes=True)


class May(Answer):
    """How things stand between the customer and one purpose."""

    purpose: str
    labels: Words
    legal_basis: LegalBasis
    marketing_contact: bool
    profiling: bool
    stands: Stands = Field(description="Why data may be used, or why not.")
    permitted: bool
    since: datetime | None = None
    until: datetime | None = None
    fields: list[str] = Field(description="What may be read for it.")


class Part(Answer):
    """A section: the purposes it was read under, or for each that could have opened it why it does not."""

    under: list[str]
    why_not: list[May]


class KnownIdentifier(Answer):
    """What points to the customer, and the purpose under which it was read."""

    kind: str
    value: str
    under: str


class KnownValue(Answer):
    """A personal value, and the purpose under which it was read."""

    name: str
    value: str
    under: str


class Who(Answer):
    """Who they are, and the ids of those in their household and account who permit as much."""

    identifiers: list[KnownIdentifier]
    values: list[KnownValue]
    household: list[str]
    account: list[str]


class Expected(Answer):
    """What they are expected to bring within the horizon, with its 90 % interval."""

    value: float
    low: float
    high: float
    p_alive: float
    purchases: float
    potential: float | None = Field(description="None where their needs are not known.")
    tier: str
    horizon_days: int
    as_of: date


class Worth(Answer):
    """What they brought, costs taken off, and are expected to bring; the latter None before a build."""

    actual_value: int
    purchase_days: int
    first_day: date | None
    last_day: date | None
    expected: Expected | None
    members: int = Field(description="Over how many customers of the unit it is summed.")


class NeedInWords(Answer):
    """A need of the model, what it is called and what its customers choose more often."""

    need: int
    name: Words
    state: Literal["kept", "drifting", "untitled"]
    share: float = Field(description="The share of all customers who have it.")
    description: dict[str, list[str]]


class Evidence(Answer):
    """A choice that moved the belief towards a need."""

    component: str
    module: str
    label: str = Field(default="", description="What the module is called, in the language asked for.")
    count: int
    log_odds: float
    words: Words


class WeighedNeed(Answer):
    """A need as the customer has it: the probability that they do, and what moved it."""

    need: NeedInWords
    weight: float
    evidence: list[Evidence]


class Said(Answer):
    """What the customer said. It binds until they change it."""

    at: datetime
    touchpoint: str
    words: str | None
    stance: Stance | None
    choices: list[tuple[str, str]]
    labels: list[str] = Field(default=[], description="What the choices are called, in that language.")


class Wants(Answer):
    """Their likeliest needs and what they said. No needs: we do not know yet."""

    needs: list[WeighedNeed]
    statements: list[Said]
    evidence: int
    counted: int
    model: str | None
    not_yet: bool = Field(description="No build has learned needs yet.")
    members: int


class Event(Answer):
    """One interaction."""

    position: int
    at: datetime
    kind: Kind
    touchpoint: str
    label: Words
    channel: Channel
    place: str | None
    division: str | None
    product_line: str | None
    choices: list[tuple[str, str]]
    labels: list[str] = Field(default=[], description="What the choices are called, in that language.")
    count: int
    amount: int | None
    words: str | None
    stance: Stance | None
    purposes: list[str]


class Timeline(Answer):
    """What was said and done, the newest first; `before` asks for the next page."""

    events: list[Event]
    before: int | None


class Contacts(Answer):
    """How often the company turned to the customer within the last `days`, and where."""

    days: int
    total: int
    by_touchpoint: dict[str, int]
    by_channel: dict[str, int]
    last_at: datetime | None


class Reason(Answer):
    """Why a module is proposed."""

    because: Literal["said", "chosen", "need", "usual"]
    evidence: int
    words: Words


class ProposedModule(Answer):
    """A module, how likely they choose it next, how likely all customers do, and why."""

    module: str
    label: str = Field(default="", description="What the module is called, in the language asked for.")
    probability: float
    usual: float | None
    reasons: list[Reason]


class ProposedComponent(Answer):
    """The best modules of a component; `gain` in nats a choice over the population."""

    component: str
    label: str = Field(default="", description="What the component is called, in the language asked for.")
    modules: list[ProposedModule]
    gain: float
    binding: bool
    left_out: list[str]


class Proposal(Answer):
    """What to propose. `as_all` are components where the belief says no more than the population."""

    components: list[ProposedComponent]
    as_all: list[str]
    left_out: dict[str, list[str]]
    further: int = Field(description="In how many more components the belief says more.")
    evidence: int
    not_yet: bool


class WhoPart(Part):
    """Who they are."""

    shown: Who | None


class WorthPart(Part):
    """What they are worth."""

    shown: Worth | None


class WantsPart(Part):
    """What they want."""

    shown: Wants | None


class TimelinePart(Part):
    """What they said and did."""

    shown: Timeline | None


class ContactsPart(Part):
    """How often they were turned to."""

    shown: Contacts | None


class ProposalPart(Part):
    """What to propose next."""

    shown: Proposal | None


class Known(Answer):
    """All that is known of a customer for these purposes. A section that was not asked for is null."""

    customer: str
    unit: Literal["person", "household", "account"]
    at: datetime
    built_at: datetime | None
    currency: str
    minor_units: int
    may: list[May]
    who: WhoPart | None = None
    worth: WorthPart | None = None
    wants: WantsPart | None = None
    said_and_did: TimelinePart | None = None
    contacts: ContactsPart | None = None
    proposal: ProposalPart | None = None


class Found(Answer):
    """A customer to whom an identifier points, and the kinds of those that do."""

    id: str
    kinds: list[str]


class FoundCustomers(Answer):
    """The customers to whom identifiers point."""

    customers: list[Found]


class OpenMatter(Answer):
    """A conversation to take up where it was left; `words` are in the greeting's language."""

    conversation: str
    purpose: str
    matter: str
    touchpoint: str
    label: str
    opened_at: datetime
    promised: str | None
    due_at: datetime | None
    overdue: bool
    words: list[str]


class Greeting(Answer):
    """How to greet: the words, the name where it may be used, and the open matters."""

    words: str
    language: Literal["en", "es", "pt"]
    name: str | None
    open_matters: list[OpenMatter]


class Permission(Answer):
    """How things stand after something was said. `repeated`: it was recorded before, nothing was written."""

    customer: str
    purpose: str
    state: State
    since: datetime
    until: datetime | None = None
    position: int
    repeated: bool


class Conversation(Answer):
    """A conversation with what was promised."""

    id: str
    customer: str
    purpose: str
    matter: str
    touchpoint: str
    opened_at: datetime
    promised: str | None = None
    due_at: datetime | None = None
    closed_at: datetime | None = None


class Conversations(Answer):
    """The open conversations of a customer, as far as they are permitted."""

    conversations: list[Conversation]
    under: list[str]
    why_not: list[May]


class Cell(Answer):
    """Customers who share need and tier; `expected_value` is their sum, in minor units.

    Where customers belong to one household or account, they share its expected value: it counts once.
    """

    need: int | None
    tier: str
    customers: int
    expected_value: float


class Portfolio(Answer):
    """Customers by need and tier, of those who permit the purpose now.

    `customers` are all, `permitted` those who permit it, `not_permitted` the others, and `not_counted` those
    who permit it and of whom the build knows nothing yet.
    """

    purpose: str
    at: datetime
    built_at: datetime | None
    currency: str
    minor_units: int
    needs: list[NeedInWords]
    cells: list[Cell]
    customers: int
    permitted: int
    not_permitted: int
    not_counted: int


class Fault(Answer):
    """A place where the ledger is not as it was written."""

    position: int
    kind: str
    from_position: int | None


class Ledger(Answer):
    """The head of the permission ledger, and every fault of it. Note the head elsewhere, and compare."""

    position: int
    hash: bytes
    whole: bool
    faults: list[Fault]

    @field_serializer("hash")
    def _in_hex(self, value: bytes) -> str:
        return value.hex()


class Health(Answer):
    """That the store answers."""

    status: Literal["ok"]
