"""A bookshop that does not exist, with a known truth: its customers, what they buy, what letters do to them.

Everything is a function of the seed. The truth is what no real shop has: by how much each letter raises the
chance that a customer of each need buys within the week. What is learned and proven can be held against it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trato.errors import FileNotReadable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.random import Generator
    from numpy.typing import NDArray

NEEDS = ("suspense", "home", "far_away")
SHARES = (0.45, 0.35, 0.20)
COMPONENT = "book"
BOOKS = ("crime", "thriller", "cooking", "garden", "travel", "language")
PROGRAMME = "letters"
TREATMENTS = ("nothing", "suspense", "home", "far_away", "voucher")
NOTHING, VOUCHER = TREATMENTS[0], TREATMENTS[-1]

# What somebody of each need takes home, by book.
_OWN, _OTHER = 0.28, 0.11
TASTE: NDArray[np.float64] = np.array(
    [[_OWN if place // 2 == need else _OTHER for place in range(len(BOOKS))] for need in range(len(NEEDS))]
)
# Of whom nothing is sent, so many come within the week anyway; what a letter adds, that fits, or does not,
# and a voucher, which all like alike.
ANYWAY = 0.04
FITS, MISSES, LURES = 0.07, 0.005, 0.04
PRICE = 1800  # of a book, in minor units


def example() -> Path:
    """The folder of what the shop declares: examples/simulated."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "examples" / "simulated"
    return installed if installed.is_dir() else here.parents[3] / "examples" / "simulated"


def write_folder(folder: Path) -> None:
    """Copy what the shop declares into a folder that is made. Raises FileNotReadable where it is there."""
    try:
        folder.mkdir(parents=True)
        for page in sorted(example().glob("*.yaml")):
            shutil.copyfile(page, folder / page.name)
    except OSError as error:
        raise FileNotReadable(
            f"the folder cannot be made: {error.strerror}",
            hint="name one that is not there",
            where=str(folder),
        ) from None


@dataclass(frozen=True, slots=True)
class Money:
    """What a treatment brings and costs, in minor units, as `treatments.yaml` says."""

    value: int
    cost: int
    cost_taken: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist. `need` is a place in NEEDS, and nobody is told it. `a_year` is how many
    books they buy in a year; the others say what they permit.
    """

    number: int
    need: int
    a_year: float
    advice: bool
    newsletter: bool

    @property
    def card(self) -> str:
        """The number of their card."""
        return f"simulated-{self.number:06d}"


def population(customers: int, draw: Generator) -> tuple[Person, ...]:
    """So many people: nine in ten let the shop learn from what they buy, as many want letters."""
    need = draw.choice(len(NEEDS), customers, p=SHARES)
    a_year = draw.gamma(6.0, 4.0, customers)
    advice, newsletter = draw.random(customers) < 0.9, draw.random(customers) < 0.9
    return tuple(
        Person(
            number, int(need[number]), float(a_year[number]), bool(advice[number]), bool(newsletter[number])
        )
        for number in range(customers)
    )


def purchases(person: Person, days: int, draw: Generator) -> Iterator[tuple[float, str]]:
    """What they bought in the last so many days: how many days ago, and which book; the oldest first."""
    many = int(draw.poisson(person.a_year * days / 365.0))
    ago = np.sort(draw.random(many) * days)[::-1]
    books = draw.choice(len(BOOKS), many, p=TASTE[person.need])
    yield from zip(ago.tolist(), (BOOKS[one] for one in books.tolist()), strict=True)


def adds(treatment: str, need: int) -> float:
    """The truth: by how much a treatment raises a customer's chance to buy within the week."""
    if treatment == NOTHING:
        return 0.0
    if treatment == VOUCHER:
        return LURES
    return FITS if treatment == NEEDS[need] else MISSES


def rate(treatment: str, need: int) -> float:
    """The truth: the chance that a customer of a need buys within the week after a treatment."""
    return ANYWAY + adds(treatment, need)


def net(treatment: str, need: int, money: Mapping[str, Money]) -> float:
    """The truth: what a treatment brings above nothing on average, costs taken off, in minor units."""
    if treatment == NOTHING:
        return 0.0
    of = money[treatment]
    return adds(treatment, need) * of.value - of.cost - of.cost_taken * rate(treatment, need)


def best_for_all(money: Mapping[str, Money], shares: tuple[float, ...] = SHARES) -> tuple[str, float]:
    """The truth: the best single treatment for all, and what it brings on average."""
    brings = {
        one: sum(share * net(one, need, money) for need, share in enumerate(shares)) for one in TREATMENTS
    }
    best = max(TREATMENTS, key=lambda one: brings[one])
    return best, brings[best]


def best_for_each(money: Mapping[str, Money], shares: tuple[float, ...] = SHARES) -> float:
    """The truth: what the best treatment of each need brings on average: more is not to be had."""
    return sum(share * max(net(one, need, money) for one in TREATMENTS) for need, share in enumerate(shares))


def comes(person: Person, treatment: str, draw: Generator) -> float | None:
    """After how many days (under seven) they buy; None where they do not. Two numbers are drawn, always."""
    luck, delay = draw.random(), float(min(draw.exponential(2.0), 6.9))
    return delay if luck < rate(treatment, person.need) else None
