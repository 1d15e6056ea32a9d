"""How fast are the value models, and how much memory do they take, beside lifetimes on the same customers?

    python benchmarks/value.py [--customers 1000000] [--pairs 7] [--alone]

Simulates customers, then fits BG/NBD and Gamma-Gamma and predicts, with Trato and with lifetimes in turn,
each run in a fresh process. Timed is what a user waits for once the arrays are in memory: the BG/NBD fit,
everyone's expected purchases over 13 weeks and P(alive), the Gamma-Gamma fit, everyone's expected spend. Not
timed are the interpreter, the imports and reading the arrays. Both read the same four arrays from the same
file; lifetimes fits to raw rows and Trato finds the distinct ones within the time. Peak memory is the
process's `ru_maxrss`, everything included; what the run added to interpreter, imports and arrays is shown
beside it. `--alone` leaves lifetimes out, to see growth. Fails when 1,000,000 customers or more are not done
25 times faster in at most half of the memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

# The starting process stays small: a child's ru_maxrss is never below what its parent held when it was made.
if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Arrays = tuple[NDArray, NDArray, NDArray, NDArray]
    Run = Callable[[NDArray, NDArray, NDArray, NDArray], dict[str, float]]

SEED = 20_050_401
HORIZON = 13.0
BG_NBD = {"r": 0.25, "alpha": 4.4, "a": 0.8, "b": 2.4}
GAMMA_GAMMA = {"p": 6.25, "q": 3.74, "v": 15.44}
MUST_BE_FASTER, MUST_TAKE_LESS = 25.0, 0.5


def simulate(customers: int) -> Arrays:
    """52 weeks by the day: first purchases in the first 26, then BG/NBD; spend is Gamma-Gamma, in cents."""
    import numpy as np

    rng = np.random.default_rng(SEED)
    days = rng.integers(26 * 7, 52 * 7, customers, endpoint=True)
    rate = rng.gamma(BG_NBD["r"], 1 / BG_NBD["alpha"], customers) / 7
    stops = rng.beta(BG_NBD["a"], BG_NBD["b"], customers)
    moment, last, x = np.zeros(customers), np.zeros(customers), np.zeros(customers, dtype=np.int64)
    active = np.arange(customers)
    while len(active):
        moment[active] += rng.exponential(size=len(active)) / np.maximum(rate[active], 1e-12)
        day = np.ceil(moment[active])
        active, day = active[day <= days[active]], day[day <= days[active]]
        x[active] += day > last[active]  # two orders on one day are one purchase
        last[active] = day
        active = active[rng.random(len(active)) >= stops[active]]
    scale = GAMMA_GAMMA["v"] / rng.gamma(GAMMA_GAMMA["q"], size=customers)
    spend = rng.gamma(GAMMA_GAMMA["p"] * np.maximum(x, 1)) * scale / np.maximum(x, 1)
    return x, last / 7, days / 7, np.where(x > 0, np.maximum(spend.round(2), 0.01), 0.0)


def with_trato() -> Run:
    from trato.differentiate.value import bg_nbd, gamma_gamma
    from trato.differentiate.value.purchase_rows import distinct_rows

    def run(x: NDArray, t_x: NDArray, T: NDArray, spend: NDArray) -> dict[str, float]:
        rows = distinct_rows(x, t_x, T)
        model = bg_nbd.fit_rows(rows)
        expected = rows.spread(bg_nbd.expected_purchases_rows(model, rows, HORIZON))
        alive = rows.spread(bg_nbd.p_alive_rows(model, rows))
        money = gamma_gamma.fit(x, spend)
        value = gamma_gamma.expected_spend(money, x, spend)
        fitted = {name: getattr(model, name) for name in BG_NBD}
        fitted |= {name: getattr(money, name) for name in GAMMA_GAMMA}
        return _found(fitted, expected, alive, value)

    return run


def with_lifetimes() -> Run:
    import numpy as np
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    def run(x: NDArray, t_x: NDArray, T: NDArray, spend: NDArray) -> dict[str, float]:
        model = BetaGeoFitter().fit(x, t_x, T)
        expected = np.asarray(model.conditional_expected_number_of_purchases_up_to_time(HORIZON, x, t_x, T))
        alive = model.conditional_probability_alive(x, t_x, T)
        money = GammaGammaFitter().fit(x[x > 0], spend[x > 0])
        value = np.asarray(money.conditional_expected_average_profit(x, spend))
        return _found({**model.params_, **money.params_}, expected, alive, value)

    return run


def _found(fitted: dict[str, float], expected: NDArray, alive: NDArray, value: NDArray) -> dict[str, float]:
    """What both must agree on; NaN shows in the sums."""
    totals = {"purchases": expected.sum(), "alive": alive.sum(), "worth": (expected * value).sum()}
    return {name: float(figure) for name, figure in (fitted | totals).items()}


def measure(which: str, data: Path) -> None:
    """One run in this process, printed as JSON."""
    warnings.simplefilter("ignore")
    import numpy as np

    run = with_trato() if which == "trato" else with_lifetimes()
    with np.load(data) as arrays:
        x, t_x, T, spend = (arrays[name] for name in ("x", "t_x", "T", "spend"))
    before = _peak()
    start = time.perf_counter()
    found = run(x, t_x, T, spend)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak": _peak(), "added": _peak() - before, "found": found}))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _fresh(*arguments: str) -> str:
    command = [sys.executable, str(Path(__file__).resolve()), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare(customers: int, pairs: int, *, alone: bool) -> int:
    peers = ("trato",) if alone else ("trato", "lifetimes")
    runs: dict[str, list[dict]] = {peer: [] for peer in peers}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "customers.npz")
        _fresh("--customers", str(customers), "--make", str(data))
        print(f"{customers:,} customers, seed {SEED}; seconds and peak MB (what the run added)\n")
        for pair in range(pairs):
            for peer in peers if pair % 2 == 0 else peers[::-1]:
                runs[peer].append(json.loads(_fresh("--run", peer, "--data", str(data))))
            shown = [
                f"{peer} {run['seconds']:7.2f} s {run['peak']:5.0f} ({run['added']:4.0f}) MB"
                for peer in peers
                for run in runs[peer][-1:]
            ]
            ratio = (
                ""
                if alone
                else f"   ratio {runs['lifetimes'][-1]['seconds'] / runs['trato'][-1]['seconds']:.1f}"
            )
            print(f"{pair + 1}   {'   '.join(shown)}{ratio}", flush=True)
    middle = {
        peer: {key: statistics.median(run[key] for run in runs[peer]) for key in ("seconds", "peak", "added")}
        for peer in peers
    }
    print()
    for peer, of in middle.items():
        print(f"median   {peer:9} {of['seconds']:7.3f} s   {of['peak']:5.0f} MB ({of['added']:.0f} added)")
    if alone:
        return 0
    for name, ours in runs["trato"][0]["found"].items():
        theirs = runs["lifetimes"][0]["found"][name]
        print(f"{name:9}  trato {ours:16,.4f}   lifetimes {theirs:16,.4f}")
    faster = statistics.median(
        theirs["seconds"] / ours["seconds"]
        for ours, theirs in zip(runs["trato"], runs["lifetimes"], strict=True)
    )
    memory = middle["trato"]["peak"] / middle["lifetimes"]["peak"]
    print(f"\n{faster:.1f} times faster (median of {pairs} pairs), {memory:.2f} of the peak memory")
    if customers >= 1_000_000 and (faster < MUST_BE_FASTER or memory > MUST_TAKE_LESS):
        print(
            f"FAILED: at least {MUST_BE_FASTER:.0f} times and at most {MUST_TAKE_LESS} of the memory are due"
        )
        return 1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--alone", action="store_true", help="leave lifetimes out")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--run", choices=("trato", "lifetimes"), help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        import numpy as np

        x, t_x, T, spend = simulate(options.customers)
        np.savez(options.make, x=x, t_x=t_x, T=T, spend=spend)
        return 0
    if options.run:
        measure(options.run, options.data)
        return 0
    return compare(options.customers, options.pairs, alone=options.alone)


if __name__ == "__main__":
    sys.exit(main())
