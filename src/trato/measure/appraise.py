"""Where treating customers differently is worth trying: the gain ladder of every component, and the whole."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits

from trato.differentiate.needs.choices import EARLY, INNER, JUDGED
from trato.measure import resample
from trato.measure.ladder import MAX_GROUPS, Panel, Rungs, Scores, climb, judge
from trato.measure.popularity import judge_in_its_time
from trato.measure.rungs import MATERIAL_HITS, Bar, Choice, Gain, GainLadder, choose
from trato.measure.whole import Followed, Whole, put_together
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from trato.differentiate.needs.choices import Choices

    Array = NDArray[np.float64]

MODULE_MARGINS = Step.beside(__file__, "module_margins.sql", ("choices",))
FEWEST_CUSTOMERS = 30
MOST_CELLS = 4_000_000
STEPS = ((0, 1), (1, 2), (0, 2))
PLACE = {"niche": 1, "one_to_one": 2}


@dataclass(frozen=True, slots=True)
class Settings:
    """How to appraise.

    `material` is the share of right guesses that a step must gain; `variety_cost`, in money a choice, takes
    its place where given. `min_choices` leaves out components with fewer choices, save those with one
    module. Fewer than `fewest_customers` to tune or to judge on give *not yet*. A component of more than
    `most_cells` customers × modules is judged on a random sample of its customers.
    """

    max_groups: int = MAX_GROUPS
    material: float = MATERIAL_HITS
    variety_cost: float | None = None
    min_choices: int = 0
    fewest_customers: int = FEWEST_CUSTOMERS
    replicates: int = resample.REPLICATES
    most_cells: int = MOST_CELLS
    seed: int = 0

    @property
    def bar(self) -> Bar:
        """The bound that a step must pass."""
        if self.variety_cost is not None:
            return Bar(self.variety_cost, in_money=True)
        return Bar(self.material)


@dataclass(frozen=True, slots=True)
class Judged:
    """What the ladder of a component says, judged on `customers` customers seen before and their `choices`.

    `known` is the share of the judged window's choices that these customers made; the others can be treated
    one way only, so far. `hits` are the rates of right guesses of mass, niche and one to one, `money` what
    these are worth per choice. The niche has so many `groups`, and `grouped` says whether customers fall into
    groups at all. `temper`, `towards` and `trust` are what the inner window tuned the rungs to. `sampled`
    says that not all customers were judged.
    """

    ladder: GainLadder
    hits: tuple[float, float, float]
    money: tuple[float, float, float] | None
    customers: int
    choices: int
    known: float
    groups: int
    grouped: bool
    temper: float
    towards: float
    trust: float
    sampled: bool


@dataclass(frozen=True, slots=True)
class Component:
    """One component: its modules, customers and choices in all windows, and the rung worth trying.

    `judged` is None where nothing could be: one module, no later choices, too few customers. `gained` is
    what the rung gains over mass on all judged choices of customers seen before, in money or nats as
    `Whole.gained`.
    """

    name: str
    modules: int
    customers: int
    choices: int
    worth_trying: Choice
    judged: Judged | None = None
    gained: float = 0.0


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The components, those that gain most first, and the whole; None where no component could be judged."""

    components: tuple[Component, ...]
    whole: Whole | None
    settings: Settings
    left_out: int


def appraise(
    choices: Choices, settings: Settings, *, margins: Sequence[Array] | None = None, workers: int = 1
) -> Appraisal:
    """Appraise every component of choices in three windows.

    `margins` has an array (modules,) a component: the money that guessing a choice of each module right is
    worth. More than one of `workers` are processes of their own, and need a main module that can be imported;
    the result does not depend on their number.
    """
    tasks = _split(choices, margins)
    kept = [t for t in tasks if t.modules == 1 or int(t.count.sum()) >= settings.min_choices]
    # The largest first, so that no worker is left alone with one at the end.
    kept.sort(key=lambda task: -len(task.count))
    work = partial(_appraise_one, settings=settings)
    # One thread each: sums over threads depend on how many there are, and on tables as small as these
    # they would only wait for each other.
    if workers > 1 and len(kept) > workers:
        with ProcessPoolExecutor(workers, get_context("spawn"), _one_thread) as pool:
            found = list(pool.map(work, kept))
    else:
        with threadpool_limits(1):
            found = [work(task) for task in kept]
    whole = put_together(
        {component.name: followed for component, followed in found if followed is not None},
        len(choices.customers),
        in_money=margins is not None,
        replicates=settings.replicates,
        rng=np.random.default_rng([settings.seed, 0]),
    )
    components = tuple(sorted((component for component, _ in found), key=_by_gain))
    return Appraisal(components, whole, settings, left_out=len(tasks) - len(kept))


def _one_thread() -> None:
    """What a worker begins with: by the time it finds this function, the libraries to limit are loaded."""
    threadpool_limits(1)


@dataclass(frozen=True, slots=True)
class _Task:
    """One component's entries of `Choices`, and what its modules are worth (M,), None where unknown."""

    name: str
    modules: int
    customer: NDArray[np.int32]
    module: NDArray[np.int32]
    window: NDArray[np.int8]
    count: NDArray[np.int64]
    worth: Array | None


@dataclass(frozen=True, slots=True)
class _Crowd:
    """The customers of a component as a table, `ids` (n,), and what `share` of all of them they are."""

    ids: NDArray[np.int32]
    panel: Panel
    share: float

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Who chose before and chose again in the judged window; (n,)."""
        return np.asarray((self.panel.past.sum(axis=1) > 0) & (self.panel.judged.sum(axis=1) > 0))

    @property
    def fewest(self) -> int:
        """How many there are to judge on, or to tune on if these are fewer."""
        tuned = (self.panel.early.sum(axis=1) > 0) & (self.panel.inner.sum(axis=1) > 0)
        return min(int(self.judged.sum()), int(tuned.sum()))


def _split(choices: Choices, margins: Sequence[Array] | None) -> list[_Task]:
    order = np.argsort(choices.component, kind="stable")
    ends = np.searchsorted(choices.component[order], np.arange(len(choices.components) + 1))
    tasks = []
    for i, (name, modules) in enumerate(zip(choices.components, choices.modules, strict=True)):
        rows = order[ends[i] : ends[i + 1]]
        worth = None if margins is None else margins[i]
        columns = (choices.customer[rows], choices.module[rows], choices.window[rows], choices.count[rows])
        tasks.append(_Task(name, len(modules), *columns, worth))
    return tasks


def _appraise_one(task: _Task, settings: Settings) -> tuple[Component, Followed | None]:
    customers = len(np.unique(task.customer))
    found = Component(task.name, task.modules, customers, int(task.count.sum()), Choice("mass", "one_module"))
    if task.modules == 1:
        return found, None
    if not (task.window == JUDGED).any():
        return replace(found, worth_trying=Choice("not_yet", "no_later_choices")), None
    rng = np.random.default_rng([settings.seed, crc32(task.name.encode())])
    crowd = _gather(task, settings, rng)
    if crowd.fewest < settings.fewest_customers:
        return replace(found, worth_trying=Choice("not_yet", "too_few_customers")), None
    rungs = climb(crowd.panel, max_groups=settings.max_groups).of(crowd.judged)
    counts = crowd.panel.judged[crowd.judged]
    worth = np.zeros(task.modules) if task.worth is None else task.worth
    plain = judge(rungs, counts, worth)
    timely = judge_in_its_time(rungs, counts, worth, rng=rng)
    sizes = counts.sum(axis=1)
    ladder = _ladder(plain, timely, sizes, settings, with_money=task.worth is not None, rng=rng)
    choice = choose(ladder, settings.bar, len(sizes), grouped=rungs.grouped)
    followed = _follow(choice, crowd, plain, sizes, with_money=task.worth is not None)
    judged = _judged(ladder, rungs, crowd, plain, sizes, with_money=task.worth is not None)
    return replace(found, worth_trying=choice, judged=judged, gained=float(followed.gained.sum())), followed


def _gather(task: _Task, settings: Settings, rng: np.random.Generator) -> _Crowd:
    ids, row = np.unique(task.customer, return_inverse=True)
    most = max(settings.most_cells // task.modules, 10 * settings.fewest_customers)
    share = min(most / len(ids), 1.0)
    if share < 1:
        drawn = np.sort(rng.choice(len(ids), most, replace=False))
        place = np.full(len(ids), -1)
        place[drawn] = np.arange(most)
        ids, row = ids[drawn], place[row]
    table = np.zeros((3, len(ids), task.modules))
    inside = row >= 0
    np.add.at(table, (task.window[inside], row[inside], task.module[inside]), task.count[inside])
    return _Crowd(ids, Panel(table[EARLY], table[INNER], table[JUDGED]), share)


def _ladder(
    plain: Scores,
    timely: Scores,
    sizes: Array,
    settings: Settings,
    *,
    with_money: bool,
    rng: np.random.Generator,
) -> GainLadder:
    matter = timely.money if settings.bar.in_money else timely.hits
    scores = (plain.nats, plain.hits, plain.money, timely.nats, matter)
    columns = np.column_stack([score[upper] - score[lower] for lower, upper in STEPS for score in scores])
    drawn = resample.ratios(columns, sizes, replicates=settings.replicates, rng=rng)
    gains = []
    for i in range(0, len(drawn), len(scores)):
        nats, hits, money, nats_in_its_time, matter_in_its_time = drawn[i : i + len(scores)]
        gains.append(Gain(nats, hits, money if with_money else None, nats_in_its_time, matter_in_its_time))
    return GainLadder(*gains)


def _follow(choice: Choice, crowd: _Crowd, plain: Scores, sizes: Array, *, with_money: bool) -> Followed:
    rung = PLACE.get(choice.rung, 0)
    unit = plain.money if with_money else plain.nats
    return Followed(
        customer=crowd.ids[crowd.judged],
        choices=sizes / crowd.share,
        gained=(unit[rung] - unit[0]) / crowd.share,
        hits=(plain.hits[rung] - plain.hits[0]) / crowd.share,
        hits_mass=plain.hits[0] / crowd.share,
    )


def _judged(
    ladder: GainLadder, rungs: Rungs, crowd: _Crowd, plain: Scores, sizes: Array, *, with_money: bool
) -> Judged:
    def per_choice(score: Array) -> tuple[float, float, float]:
        mass, niche, one = (float(value) for value in score.sum(axis=1) / sizes.sum())
        return mass, niche, one

    return Judged(
        ladder=ladder,
        hits=per_choice(plain.hits),
        money=per_choice(plain.money) if with_money else None,
        customers=len(sizes),
        choices=int(sizes.sum()),
        known=float(sizes.sum() / crowd.panel.judged.sum()),
        groups=rungs.groups,
        grouped=rungs.grouped,
        temper=rungs.tuning.temper,
        towards=rungs.tuning.towards,
        trust=rungs.tuning.trust,
        sampled=crowd.share < 1,
    )


def _by_gain(component: Component) -> tuple[int, float, str]:
    """First what is worth trying, then the other judged ones by the gain of one to one, then the rest."""
    judged = component.judged
    if judged is None:
        return 2, 0.0, component.name
    if component.worth_trying.rung in PLACE:
        return 0, -component.gained, component.name
    return 1, -judged.ladder.one_to_one_over_mass.nats.mean, component.name
