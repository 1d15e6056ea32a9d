"""`trato value`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.batch.value import ValueReport
    from trato.differentiate.value.backtest import Backtest

TIERS = {
    "most_valuable": "most valuable",
    "most_growable": "most growable",
    "migrator": "migrators",
    "below_zero": "below zero",
}


def register(app: typer.Typer) -> None:
    """Add `trato value`."""
    app.command("value")(value)


def value(
    transactions: Annotated[
        Path, typer.Argument(help="Table of transactions: CSV or Parquet, a row a line.")
    ],
    customer: Annotated[str, typer.Option(help="Column that names the customer.")],
    at: Annotated[str, typer.Option(help="Column with the date or time.")],
    amount: Annotated[str, typer.Option(help="Column with the money; refunds are negative.")],
    out: Annotated[Path, typer.Option(help="Where to write VALUES (.csv or .parquet).")],
    cost: Annotated[str | None, typer.Option(help="Column with the cost of the row.")] = None,
    account: Annotated[
        str | None,
        typer.Option(help="Column that names the account; members are rolled up into OUT.accounts."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day that counts (the table's last).")
    ] = None,
    horizon: Annotated[
        int | None, typer.Option(min=1, help="Days to forecast (91, or a third of a short history).")
    ] = None,
    needs: Annotated[Path | None, typer.Option(help="BELIEFS by `trato needs`, for potential value.")] = None,
    most_valuable: Annotated[float, typer.Option(help="Share of customers called most valuable.")] = 0.10,
    most_growable: Annotated[float, typer.Option(help="Share of customers called most growable.")] = 0.20,
    growth: Annotated[
        float,
        typer.Option(help="How far potential must exceed expected value, as a part of it, to be growable."),
    ] = 0.5,
    origins: Annotated[int, typer.Option(min=1, max=12, help="Tests on held-out history.")] = 3,
    step: Annotated[
        int | None, typer.Option(min=1, help="Days between the tests (a thirteenth of the horizon).")
    ] = None,
    dates: Annotated[
        str | None, typer.Option(help='How dates are written: day-first, month-first or "%d/%m/%Y".')
    ] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark: point or comma.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of every draw.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """What every customer is worth: past, expected with a 90 % interval, potential, and tier.

    Rows of VALUES: customer, actual_value, p_alive, expected_purchases, expected_value, low, high,
    potential, tier.

    Example: `trato value sales.csv --customer card --at date --amount paid --out values.csv`
    """
    from trato.batch.duckdb_engine import DuckDBEngine
    from trato.batch.value import ValueTable, value_table, write_values
    from trato.batch.writing import must_have_folder
    from trato.cli.output import emit, progress, tell_rejects
    from trato.differentiate.value.tiers import TierRule

    asked = ValueTable(
        transactions=transactions,
        customer=customer,
        at=at,
        amount=amount,
        cost=cost,
        account=account,
        until=until.date() if until else None,
        horizon=horizon,
        needs=needs,
        rule=TierRule(most_valuable, most_growable, growth),
        origins=origins,
        step=step,
        dates=dates,
        decimal=decimal,
        seed=seed,
    )
    must_have_folder(out)
    with DuckDBEngine() as engine:
        report = value_table(engine, asked, progress)
    accounts, rejects = write_values(report, out)
    tell_rejects(report.reading, rejects)
    emit(summary(report), lines(report, out, accounts), as_json=as_json)


def summary(report: ValueReport) -> dict[str, object]:
    """The figures that `--json` prints."""
    models = report.forecast.models
    spend = report.forecast.probability.spend
    found = report.forecast
    from trato.differentiate.value.gamma_gamma import GammaGamma

    fitted: dict[str, object] = {
        "bg_nbd": _figures(models.bg_nbd, "r", "alpha", "a", "b"),
        "pareto_nbd": _figures(models.pareto_nbd, "r", "alpha", "s", "beta"),
        "stayers": {
            **_figures(models.stayers, "stay", "tried", "r", "alpha"),
            "leavers": {name: getattr(models.stayers.leavers, name) for name in ("r", "alpha", "a", "b")},
        },
        "used": {"BgNbd": "bg_nbd", "ParetoNbd": "pareto_nbd", "Stayers": "stayers"}[
            type(models.best).__name__
        ],
        "time_unit": "week",
    }
    if isinstance(spend, GammaGamma):
        fitted["gamma_gamma"] = _figures(spend, "p", "q", "v")
    else:
        fitted["margins"] = _figures(spend, "mean", "pull")
    return {
        "customers": len(report.values),
        "rows": report.reading.rows,
        "rows_put_aside": report.reading.rejected,
        "first_day": report.first_day.isoformat(),
        "until": report.until.isoformat(),
        "horizon_days": report.horizon,
        "money": "value" if report.costs_given else "revenue, not value",
        "signed": report.signed,
        "actual_value": float(report.column("actual_value").sum()),
        "expected_value": float(report.column("expected_value").sum()),
        "models": fitted,
        "blend": {
            "model": found.weights.model,
            "past_spend": found.weights.past,
            "booster": found.weights.booster,
            "levels_of_the_90_percent_interval": list(found.levels),
        },
        "backtest": _backtest(report.backtest) if report.backtest else None,
        "why_no_backtest": report.why_no_backtest,
        "tiers": {
            name: {"customers": count, "actual_value": actual, "expected_value": expected}
            for name, count, actual, expected in _tiers(report)
        },
        "potential": None
        if report.known_needs is None
        else {"customers_with_needs": report.known_needs, "total": float(report.column("potential").sum())},
        "accounts": None
        if report.accounts is None
        else {"accounts": len(report.accounts), "customers_in_several": report.in_several_accounts},
    }


def lines(report: ValueReport, out: Path, accounts: Path | None) -> Iterator[str]:
    """What people read."""
    money = "value" if report.costs_given else "revenue, not value: no costs were given"
    customers = len(report.values)
    yield f"{customers:,} customers from {report.first_day} to {report.until}"
    yield (
        f"in the next {report.horizon} days they are expected to bring "
        f"{report.column('expected_value').sum():,.0f} ({money})"
    )
    yield ""
    yield f"{'tier':<15}{'customers':>10}{'brought':>14}{'expected':>14}"
    for name, count, actual, expected in _tiers(report):
        if count or name != "below_zero":
            yield f"{TIERS[name]:<15}{count:>10,}{actual:>14,.0f}{expected:>14,.0f}"
    if report.known_needs is None:
        yield "nobody is called growable: potential value needs the beliefs (--needs)"
    yield ""
    yield from _tested(report)
    yield ""
    yield f"values are in {out}" + (f", accounts in {accounts}" if accounts else "")
    if report.in_several_accounts:
        several = f"{report.in_several_accounts:,} customers"
        yield f"{several} bought for several accounts: each counts in the last one"


def _tested(report: ValueReport) -> Iterator[str]:
    test = report.backtest
    if test is None:
        yield f"not tested on held-out history: {report.why_no_backtest}"
        return
    yield f"tested on {len(test.origins)} held-out stretches of {test.horizon} days:"
    yield f"  purchases in all {test.total_error:.1%} off, money {test.value_error:.1%} off"
    yield (
        f"  the best tenth it names brought {test.capture:.1%} of what the truly best tenth did; "
        f"sorting by past spend {test.capture_past_spend:.1%}"
    )
    gain = test.capture_gain
    verdict = {
        "yes": "finds the best customers better than sorting by past spend",
        "no": "finds the best customers WORSE than sorting by past spend: sort by past spend",
        "not_proven": "is not proven to find the best customers better than sorting by past spend",
    }[test.beats_past_spend]
    yield f"  so the forecast {verdict} ({gain.mean:+.3f}, 95 % interval {gain.low:+.3f} to {gain.high:+.3f})"
    yield f"  {test.pit_90:.1%} of customers fell within their 90 % interval"


def _tiers(report: ValueReport) -> Iterator[tuple[str, int, float, float]]:
    tier = report.values["tier"].to_numpy()
    actual, expected = report.column("actual_value"), report.column("expected_value")
    for name in TIERS:
        of = tier == name
        yield name, int(of.sum()), float(actual[of].sum()), float(expected[of].sum())


def _backtest(test: Backtest) -> dict[str, object]:
    gain = test.capture_gain
    return {
        "horizon_days": test.horizon,
        "total_error": test.total_error,
        "value_error": test.value_error,
        "rmse": test.rmse,
        "rmse_past_spend": test.rmse_past_spend,
        "capture": test.capture,
        "capture_past_spend": test.capture_past_spend,
        "capture_gain": {"mean": gain.mean, "low": gain.low, "high": gain.high},
        "beats_past_spend": test.beats_past_spend,
        "pit_90": test.pit_90,
        "origins": [
            {
                "until": origin.at.isoformat(),
                **_figures(
                    origin,
                    *("customers", "total_error", "value_error", "rmse", "rmse_past_spend"),
                    *("capture", "capture_past_spend", "pit_90"),
                ),
            }
            for origin in test.origins
        ],
    }


def _figures(found: object, *names: str) -> dict[str, object]:
    also = [name for name in ("log_likelihood", "customers", "converged") if hasattr(found, name)]
    return {name: getattr(found, name) for name in dict.fromkeys((*names, *also))}
