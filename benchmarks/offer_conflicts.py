"""How long conflicts and repairs take, in processor time: one impossible click after some possible ones.

    python benchmarks/offer_conflicts.py a.uvl b.dimacs c.xml [--clicks 2000]

`choices` is the smallest set of contradictory choices alone; `rules` the whole explanation in choices, facts
and named rules; `repair` the cheapest change. `click` is what a page asks each time: domains and marginals.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

import trato

if TYPE_CHECKING:
    from collections.abc import Callable

    from trato.offer.diagram import Diagram
    from trato.offer.explain import Explanation


def timed(times: list[float], what: Callable[[], object]) -> None:
    began = time.thread_time()
    what()
    times.append(time.thread_time() - began)


def measured(diagram: Diagram, draw: np.random.Generator, clicks: int) -> dict[str, list[float]]:
    """Milliseconds of each kind, over clicks from random valid configurations."""
    found: dict[str, list[float]] = {"click": [], "choices": [], "rules": [], "repair": []}
    never = diagram.domains()
    diagram.explain({}, seconds=60)
    minimal = tries = 0
    while len(found["rules"]) < clicks and tries < 5 * clicks:
        tries += 1
        taken = diagram.sample(draw, 1)[0].tolist()
        whole = {one.name: one.names[at] for one, at in zip(diagram.components, taken, strict=True)}
        size = int(draw.integers(1, min(20, len(whole))))
        choices = {str(name): whole[str(name)] for name in draw.choice(list(whole), size, replace=False)}
        domains = diagram.domains(choices)
        timed(found["click"], lambda said=choices: (diagram.domains(said), diagram.marginals(said)))  # type: ignore[misc]  # bound now
        impossible = [
            (one.name, module)
            for one in diagram.components
            for module in one.names
            if one.name not in choices and module in never[one.name] and module not in domains[one.name]
        ]
        if not impossible:
            continue
        name, module = impossible[int(draw.integers(len(impossible)))]
        asked = choices | {name: module}
        said = list(diagram.said(asked, None, ()).values())
        until = time.monotonic() + 60
        timed(found["choices"], lambda said=said, until=until: diagram.conflicts.said(said, until))  # type: ignore[misc]  # bound now
        timed(found["repair"], lambda asked=asked: diagram.repair(asked))  # type: ignore[misc]  # bound now
        explanation: list[Explanation | None] = []
        timed(found["rules"], lambda asked=asked, e=explanation: e.append(diagram.explain(asked)))  # type: ignore[misc]  # bound now
        minimal += bool(explanation[0] and explanation[0].minimal)
    sys.stderr.write(f"{minimal} of {len(found['rules'])} known to be minimal\n")
    return {what: [1e3 * one for one in times] for what, times in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--clicks", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(f"{'':<28}{'':<10}{'p50':>8}{'p95':>8}{'p99':>8}  ms")
    for file in asked.files:
        diagram = trato.offer.read(file).compile()
        for what, times in measured(diagram, np.random.default_rng(asked.seed), asked.clicks).items():
            shown = "".join(f"{one:8.2f}" for one in np.percentile(times, [50, 95, 99]))
            print(f"{file.name:<28}{what:<10}{shown}")


if __name__ == "__main__":
    main()
