"""Does a programme that decides online, through the store, spend what is scarce as well as hindsight would?

    python benchmarks/pacing.py [--decisions 20000] [--seeds 3]

Customers come in batches of a hundred, through `decide` on a SQLite store; prices are studied and taken up
every two hundred, as the server does it (customize/pace.py). What the treatments given are expected to bring
is compared with the optimum of the linear programme that knows all customers in advance (HiGHS), which nobody
can reach: a thousandth of the decisions explores, the first are not priced, and the policy draws. *Stock*:
there is one treatment for a tenth of the customers. *Budget*: ten a customer, where letters cost ten and
forty. *Unpriced* is the same without prices. A run that passes a limit ends with exit code 1.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.customize.programme.letters import PURPOSES, START
from tests.customize.test_pace import ZONE, best_possible, known_for_sure, net, scarce, serving_of, with_stock
from tests.storage.shop import MASTER_KEY
from trato.customers.customer import CustomerId
from trato.customize.decide import decide
from trato.customize.pace import study_prices, take_up_prices
from trato.customize.programme.decision import WHOLE, Asked, DecisionId
from trato.customize.programme.drift import watching
from trato.customize.programme.lessons import Learning, written
from trato.customize.publish import publish
from trato.permission.give import GivePermission, give_permission
from trato.storage.store import open_store

if TYPE_CHECKING:
    from datetime import datetime

    from trato.customize.programme.serving import Serving
    from trato.customize.programme.treatments import Programme
    from trato.storage.store import Store
    from trato.storage.transaction import Transaction

BATCH = 100
PRICED_EVERY = 2  # batches
PEOPLE = [CustomerId(f"0198c5a0-7b1e-7c4d-9a2f-{number:012x}") for number in range(BATCH)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--decisions", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    many = given.decisions
    for name, programme, limits in (
        ("stock", with_stock(many // 10), {"stock:wheat": float(many // 10)}),
        ("budget", scarce(budget=many * 10), {"budget": float(many * 10)}),
    ):
        for seed in range(given.seeds):
            keen = np.random.default_rng(seed).random(many)
            best = best_possible(programme, keen, limits)
            paced, used, pricing = story(programme, keen, priced=True)
            unpaced, _, _ = story(programme, keen, priced=False)
            over = any(used[what] > limit for what, limit in limits.items())
            print(
                f"{name:<7} seed {seed}: {paced / best:.2%} of hindsight, unpriced {unpaced / best:.2%}; "
                f"used {used}; {1e3 * pricing:.0f} ms CPU a pricing",
                flush=True,
            )
            if over:
                sys.exit(1)


def story(
    programme: Programme, keen: np.ndarray[tuple[int], np.dtype[np.float64]], *, priced: bool
) -> tuple[float, dict[str, int], float]:
    """What was expected to be brought, in minor units; what was used; the processor time of one pricing."""
    serving, step = serving_of(programme), timedelta(days=10) / len(keen)
    draw = np.random.default_rng(1)
    total, pricing, times = 0.0, 0.0, 0
    with (
        tempfile.TemporaryDirectory() as folder,
        open_store(f"sqlite:///{folder}/paced.sqlite3", MASTER_KEY) as store,
    ):
        store.write(partial(begin, programme=programme))
        for first in range(0, len(keen), BATCH):
            some = keen[first : first + BATCH].tolist()
            now = START + first * step
            seeds, draws = draw.integers(2**62, size=len(some)), draw.integers(WHOLE, size=len(some))
            asked = [
                Asked(
                    DecisionId(f"0198c5a0-7b1e-7c4d-8a2f-{first + place:012x}"),
                    PEOPLE[place],
                    programme.key,
                    "letter",
                    int(seeds[place]),
                    int(draws[place]),
                    context={"keen": one},
                )
                for place, one in enumerate(some)
            ]
            made = store.write(partial(given_to, asked=asked, serving=serving, now=now))
            total += sum(net(programme, key, one) for key, one in zip(made, some, strict=True))
            if priced and (first // BATCH) % PRICED_EVERY == 0:
                begun = time.process_time()
                price(store, programme, now + BATCH * step)
                pricing, times = pricing + time.process_time() - begun, times + 1
        used = {one.what: one.used for one in store.read(lambda it: it.uses_of(programme.key))}
    return total, used, pricing / max(times, 1)


def begin(it: Transaction, *, programme: Programme) -> None:
    """Everybody permits all, and the model knows for sure what the treatments bring."""
    it.add_customers([(who, START - timedelta(days=2)) for who in PEOPLE])
    for who in PEOPLE:
        for key in ("offers", "suggestions"):
            said = GivePermission(who, PURPOSES.named(key), "letter", "form", "")
            give_permission(it, said, now=START - timedelta(days=1))
    served = publish(it, programme, now=START)
    model, document = written(Learning(known_for_sure(programme), watching()), programme)
    it.put_model(model, "posterior", document)
    it.serve_programme(replace(served, model=model), instead=served)


def given_to(it: Transaction, *, asked: list[Asked], serving: Serving, now: datetime) -> list[str]:
    """Which treatment each got."""
    return [one.decision.treatment for one in decide(it, asked, serving=serving, now=now)]


def price(store: Store, programme: Programme, now: datetime) -> None:
    """Price what is scarce anew."""
    found = store.read(partial(study_prices, programme=programme, purposes=PURPOSES, zone=ZONE, now=now))
    if found is not None:
        store.write(partial(take_up_prices, priced=found, now=now))


if __name__ == "__main__":
    main()
