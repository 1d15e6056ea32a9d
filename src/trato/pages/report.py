"""What a report says, as plain data: built by the batch, shown by the pages, no number computed on the way.

Shares and chances are between 0 and 1, money is in the report's currency, gains are shares of guesses.
An `Interval` of one customer is a 90 % interval, every other one a 95 % bootstrap interval over customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

    from trato.estimates import Interval

Rung = Literal["mass", "niche", "one_to_one", "not_yet"]
TierName = Literal["most_valuable", "most_growable", "migrator", "below_zero"]
Experience = Literal["mass", "niche", "target", "one_to_one"]

RUNGS: tuple[Rung, ...] = ("one_to_one", "niche", "not_yet", "mass")
TIERS: tuple[TierName, ...] = ("most_valuable", "most_growable", "migrator", "below_zero")


@dataclass(frozen=True, slots=True)
class Name:
    """Something of the company's own, as its tables call it, with the names a person gave it per language."""

    own: str
    own_language: str = "en"
    given: tuple[tuple[str, str], ...] = ()

    def in_language(self, language: str) -> tuple[str, str]:
        """The name and the language it is really in."""
        for known, text in self.given:
            if known == language:
                return text, known
        return self.own, self.own_language


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The best `customers` of all customers are expected to bring `value` of all value (both shares)."""

    customers: float
    value: float


@dataclass(frozen=True, slots=True)
class TierRow:
    """One tier: how many, what they brought, what they are expected to bring, and what they could.

    `typical` is the median customer's expected value with that customer's interval; `potential` is what
    comparable customers bring, summed over the tier.
    """

    tier: TierName
    customers: int
    actual: float
    expected: float
    potential: float
    typical: Interval


@dataclass(frozen=True, slots=True)
class Honesty:
    """The backtest: the last part of the history was held out, `tests` times over, a little earlier each.

    `capture` is the value brought by the best tenth as the forecast ranks it, over the value of the truly
    best tenth; `difference` is what it gains over sorting by past spend; `value_error` is how far the
    forecast total was off, on average; `within` the share of customers whose real value fell where the 90 %
    interval said (randomised, so that counts are judged fairly).
    """

    tests: int
    days: int
    customers: int
    value_error: float
    capture: float
    capture_past_spend: float
    difference: Interval
    within: float


@dataclass(frozen=True, slots=True)
class ValuePart:
    """What customers are worth."""

    customers: int
    actual: float
    expected: float
    curve: tuple[CurvePoint, ...]
    tiers: tuple[TierRow, ...]
    honesty: Honesty | None


@dataclass(frozen=True, slots=True)
class Lift:
    """A need's customers choose something `times` as often as all do: a `share` of all they choose."""

    module: Name
    times: float
    share: float
    usual: float


@dataclass(frozen=True, slots=True)
class NeedRow:
    """One need: who has it most, what lifts it, and its customers and their value in each of TIERS."""

    name: Name
    customers: int
    expected: float
    potential: float
    lifts: tuple[Lift, ...]
    tier_customers: tuple[int, int, int, int]
    tier_expected: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One component: the share of guesses that are right for all alike, by groups, and one by one."""

    name: Name
    modules: int
    customers: int
    choices: int
    hit_mass: float
    hit_niche: float
    hit_one: float
    hits_gained: Interval
    rung: Rung
    more_customers: int | None = None


@dataclass(frozen=True, slots=True)
class LadderPart:
    """Where treating customers differently is worth trying; rows begin with the most to gain.

    `pictured` are the components drawn as a hundred guesses, by their own name; `concentration` gives, for
    the first 1, 2, … components by total gain, their share of the whole gain. `left_out` counts
    components that could not be judged.
    `material` is the gain in right guesses below which a difference is not worth its trouble.
    """

    rows: tuple[LadderRow, ...]
    pictured: tuple[str, ...]
    left_out: int
    material: float
    concentration: tuple[float, ...]
    judged_from: date


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """All campaigns of one kind, which nobody was left out of by lot. Money is spent a week.

    `used` is the share of `mailings` of which a coupon was used; `foretold` how often, of a mailed and
    another household, what was known before points at the mailed one; `before`, `placebo` and `change` are
    the mailed's minus the others': what they spent before, its change already before the campaign, and its
    change with it. To leave out `held_out` of the `customers` of each campaign by lot proves an effect of
    `smallest`, or in `rounds` campaigns one of `worthwhile` (None: in more than a hundred).
    """

    name: Name
    campaigns: int
    mailings: int
    used: float
    foretold: Interval
    before: Interval
    placebo: Interval
    change: Interval
    customers: int
    held_out: float
    smallest: float
    worthwhile: float
    rounds: int | None


@dataclass(frozen=True, slots=True)
class ExperiencePart:
    """Peppers' square: which experience the company can deliver, from how it interacts and how it treats."""

    experience: Experience
    interacts: bool
    treats: bool
    why_interacts: Name
    why_treats: Name


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something the customer chose, and how many `times` as likely it makes the need."""

    module: Name
    count: int
    times: float


@dataclass(frozen=True, slots=True)
class Missed:
    """What customers of the same need choose `usual` times in as many choices, and this one `count` times."""

    module: Name
    count: int
    usual: float


@dataclass(frozen=True, slots=True)
class Want:
    """What the customer will most likely choose in one component, and what all customers would."""

    component: Name
    module: Name
    chance: float
    chance_mass: float
    count: int
    of: int
    rung: Rung


@dataclass(frozen=True, slots=True)
class PersonPart:
    """One customer's page."""

    label: str
    tier: TierName
    need: Name
    weight: float
    actual: float
    expected: Interval
    potential: float
    alive: float
    purchases: int
    last_purchase: date
    facts: tuple[Name, ...]
    moved: tuple[Evidence, ...]
    wants: tuple[Want, ...]
    missed: tuple[Missed, ...]


@dataclass(frozen=True, slots=True)
class Made:
    """How the report was made, so that it can be made again: `commands` give the same numbers one by one."""

    version: str
    seed: int
    rows: int
    rejected: int
    commands: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a report shows. `money` is "revenue" where costs were not known.

    Of the needs, some may have no name yet, or one that may fit no longer; `needs_unknown` customers chose
    nothing that would tell theirs.
    """

    company: Name
    currency: str
    money: Literal["revenue", "value"]
    first_day: date
    last_day: date
    horizon_days: int
    baskets: int
    value: ValuePart
    needs: tuple[NeedRow, ...]
    needs_unnamed: int
    needs_drifting: int
    needs_unknown: int
    ladder: LadderPart
    campaigns: tuple[CampaignRow, ...]
    experience: ExperiencePart
    person: PersonPart
    made: Made
