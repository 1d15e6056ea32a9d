"""What each unit of a programme came to, by its episodes: what happened in each, net of all that it cost.

A unit that comes often has many decisions, and one purchase may lie in the windows of several. So outcomes
are counted by episode (`customize/programme/episodes.py`), and a unit's score is the mean of those of its
episodes that have closed; one that is open is not counted yet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.customize.programme.episodes import Episodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from trato.customize.programme.decision import Anonymous
    from trato.customize.programme.treatments import Arm, Programme


@dataclass(frozen=True, slots=True)
class Scored:
    """A unit in its arm: its mean `net` over closed episodes (minor units), and how many decisions were in
    them.
    """

    arm: Arm
    net: float
    decisions: int


@dataclass(slots=True)
class _Episode:
    """One episode so far."""

    last: int = 0
    closes: datetime | None = None
    net: int = 0
    decisions: int = 0
    taken: bool = False
    unread: bool = False
    charged: int = 0  # for what was taken
    most: int = 0  # of what is charged where something given within it is taken


@dataclass(slots=True)
class _Unit:
    arm: Arm
    episodes: list[_Episode] = field(default_factory=list)


def scored(
    rows: Iterable[Anonymous],
    programme: Programme,
    net: Callable[[Anonymous], int],
    cost_taken: Callable[[Anonymous], int],
    *,
    now: datetime,
    settled_up_to: int,
) -> dict[bytes, Scored]:
    """What each unit with a closed episode came to.

    `rows` are the decisions of units, in order; `net` is what one brought net of its costs, and `cost_taken`
    what its treatment costs when it is taken. An episode has closed when the windows of all its decisions
    have and, where its outcomes are found in the log, the learner has looked for them: up to `settled_up_to`.
    There, what came is kept with the decision that opened it, and is charged the most that anything given
    within it costs when it is taken. One in which something could not be read is left out, in whatever arm.
    """
    reported = programme.goal.is_reported
    opening: Episodes[datetime] = Episodes()
    units: dict[bytes, _Unit] = {}
    for one in rows:
        opens = opening.opens(one.unit, one.at, one.matures_at)
        unit = units.setdefault(one.unit, _Unit(one.arm))
        if opens or not unit.episodes:
            unit.episodes.append(_Episode())
        episode = unit.episodes[-1]
        episode.last = one.position
        episode.closes = max(one.matures_at, episode.closes or one.matures_at)
        episode.net += net(one)
        episode.decisions += 1
        episode.unread |= one.unread
        if not reported:
            cost = cost_taken(one)
            episode.taken |= one.taken
            episode.charged += cost * one.taken
            episode.most = max(episode.most, cost)
    found: dict[bytes, Scored] = {}
    for key, unit in units.items():
        closed = [
            one
            for one in unit.episodes
            if not one.unread
            and one.closes is not None
            and one.closes <= now
            and (reported or one.last <= settled_up_to)
        ]
        if closed:
            nets = [one.net - (max(0, one.most - one.charged) if one.taken else 0) for one in closed]
            found[key] = Scored(unit.arm, sum(nets) / len(closed), sum(one.decisions for one in closed))
    return found
