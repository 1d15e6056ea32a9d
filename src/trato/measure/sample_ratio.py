"""Whether the arms of a trial have the shares that were declared.

If not, units are missing from an arm or were put into another, and they are not missing at random: whatever
differs between the arms may be that. One look is tested exactly (multinomial) where that can be counted out
and by χ² where it cannot; many looks by the martingale of Lindon & Malek, "Anytime-valid inference for
multinomial count data" (NeurIPS 2022), whose p may be read after every unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, exp, inf, lgamma, log
from typing import TYPE_CHECKING

from trato.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# A share is off when what was counted comes less often than this by chance.
ALARM = 0.01
# As many units as the prior of the martingale weighs: it finds small differences among thousands best.
CONCENTRATION = 1_000.0
MOST_COUNTED = 200_000
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """How many units each arm has, the shares it should have, and how likely that is by chance.

    `p` holds for one look, or for all looks so far where `anytime`. `off` says that the shares are not those
    declared, so that nothing the trial says can be trusted until it is known why.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]
    p: float
    anytime: bool
    off: bool


def check_once(
    counts: Mapping[str, int], shares: Mapping[str, float], *, alarm: float = ALARM
) -> SampleRatio:
    """Test one look at `counts` of units against `shares`, which sum to 1.

    Raises BadOption where they do not, or do not name the same arms. An arm of share 0 may have no unit.
    """
    numbers, expected, impossible = _fitted(counts, shares)
    p = 0.0 if impossible else _p_of_one_look(numbers, expected)
    return SampleRatio(dict(counts), dict(shares), p, anytime=False, off=p < alarm)


def check_at_any_time(
    counts: Mapping[str, int],
    shares: Mapping[str, float],
    *,
    before: SampleRatio | None = None,
    alarm: float = ALARM,
    concentration: float = CONCENTRATION,
) -> SampleRatio:
    """Test `counts` as they stand now, however often that is done. Raises as `check_once`.

    `before` is the look before this one: a p that was once small stays so. `concentration` has to be the
    same in all looks.
    """
    numbers, expected, impossible = _fitted(counts, shares)
    p = 0.0 if impossible else min(1.0, exp(-log_evidence(numbers, expected, concentration)))
    if before is not None:
        p = min(p, before.p)
    return SampleRatio(dict(counts), dict(shares), p, anytime=True, off=p < alarm)


def log_evidence(
    counts: Sequence[int], shares: Sequence[float], concentration: float = CONCENTRATION
) -> float:
    """The logarithm of how much likelier `counts` are under shares drawn around the declared ones.

    The draw is from a Dirichlet distribution with parameters concentration · shares. Under the declared
    shares its exponential is a martingale that begins at 1: it ever passes 1/α with probability α at most.
    """
    total = sum(counts)
    found = lgamma(concentration) - lgamma(concentration + total)
    for count, share in zip(counts, shares, strict=True):
        prior = concentration * share
        found += lgamma(prior + count) - lgamma(prior) - count * log(share)
    return found


def _fitted(
    counts: Mapping[str, int], shares: Mapping[str, float]
) -> tuple[tuple[int, ...], tuple[float, ...], bool]:
    """Counts and shares of arms that have a share, in one order; and whether an arm without one has units."""
    if unknown := set(counts) - set(shares):
        raise BadOption(f"no share is declared for {', '.join(sorted(unknown))}")
    if any(share < 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > ROUNDING * len(shares):
        raise BadOption("the arms' shares are not negative and sum to 1")
    if any(count < 0 for count in counts.values()):
        raise BadOption("an arm cannot have fewer than no units")
    arms = [arm for arm, share in shares.items() if share > 0]
    impossible = any(counts.get(arm, 0) for arm, share in shares.items() if share == 0)
    return tuple(counts.get(arm, 0) for arm in arms), tuple(shares[arm] for arm in arms), impossible


def _p_of_one_look(counts: tuple[int, ...], shares: tuple[float, ...]) -> float:
    total, arms = sum(counts), len(counts)
    if total == 0 or arms == 1:
        return 1.0
    if comb(total + arms - 1, arms - 1) <= MOST_COUNTED:
        return _exact(counts, shares)
    from scipy.special import gammaincc

    chi2 = sum(
        (count - total * share) ** 2 / (total * share) for count, share in zip(counts, shares, strict=True)
    )
    return float(gammaincc((arms - 1) / 2, chi2 / 2))


def _exact(counts: tuple[int, ...], shares: tuple[float, ...]) -> float:
    """The chance of counts that are no likelier than these."""
    limit = _log_chance(counts, shares) + ROUNDING
    chances = (_log_chance(other, shares) for other in _compositions(sum(counts), len(counts)))
    return min(1.0, sum(exp(chance) for chance in chances if chance <= limit))


def _log_chance(counts: tuple[int, ...], shares: tuple[float, ...]) -> float:
    found = lgamma(sum(counts) + 1)
    for count, share in zip(counts, shares, strict=True):
        found += count * log(share) - lgamma(count + 1) if share else (-inf if count else 0.0)
    return found


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in _compositions(total - first, parts - 1):
            yield (first, *rest)
