"""`trato value`: published figures, honest tests on held-out history, and a clear word whatever comes in."""

from __future__ import annotations

import csv
import json
import stat
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.cli.commands import trato

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("--customer", "who", "--at", "when", "--amount", "paid")
CONTRACT = [
    "customer",
    "actual_value",
    "p_alive",
    "expected_purchases",
    "expected_value",
    "low",
    "high",
    "potential",
    "tier",
]


def write(
    path: Path, rows: list[tuple[object, ...]], header: tuple[str, ...] = ("who", "when", "paid")
) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def shop(seed: int = 1, customers: int = 60, days: int = 300) -> list[tuple[object, ...]]:
    """Customers who buy at rates of their own, some of whom stop."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for number in range(customers):
        stops = days if rng.random() < 0.6 else rng.integers(days)
        for day in np.flatnonzero(rng.random(stops) < rng.gamma(1.0, 0.04)):
            at = np.datetime64("2024-01-01") + day
            rows.append((f"k{number:03d}", at, round(float(rng.gamma(4.0, 5.0)), 2)))
    return rows


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sample(cdnow_sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published tenth of CDNOW as a CSV."""
    lines = [line.split() for line in cdnow_sample.read_text().splitlines()]
    path = tmp_path_factory.mktemp("cdnow") / "cdnow.csv"
    return write(path, [(number, date, dollars) for _, number, date, _, dollars in lines])


def test_the_published_figures_of_cdnow(sample: Path, tmp_path: Path) -> None:
    done = trato("value", sample, *COLUMNS, "--until", "1997-09-30", "--out", tmp_path / "v.csv", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["customers"] == 2357
    published = {
        ("bg_nbd", "r"): (0.2426, 4),
        ("bg_nbd", "alpha"): (4.4136, 4),
        ("bg_nbd", "a"): (0.7929, 4),
        ("bg_nbd", "b"): (2.4259, 4),
        ("pareto_nbd", "r"): (0.553, 3),
        ("pareto_nbd", "alpha"): (10.578, 3),
        ("pareto_nbd", "s"): (0.606, 3),
        ("pareto_nbd", "beta"): (11.67, 2),
        ("gamma_gamma", "p"): (6.25, 2),
        ("gamma_gamma", "q"): (3.74, 2),
        ("gamma_gamma", "v"): (15.44, 2),
    }
    for (model, name), (value, digits) in published.items():
        assert said["models"][model][name] == pytest.approx(value, abs=0.5 * 10**-digits), (model, name)
    assert said["models"]["bg_nbd"]["log_likelihood"] == pytest.approx(-9582.43, abs=0.01)
    assert said["money"] == "revenue, not value"


def test_the_held_out_half_of_cdnow(sample: Path, tmp_path: Path) -> None:
    done = trato("value", sample, *COLUMNS, "--horizon", 273, "--out", tmp_path / "v.csv", "--json")
    test = json.loads(done.stdout)["backtest"]
    assert len(test["origins"]) == 3
    assert test["origins"][0]["until"] == "1997-09-30"
    assert test["total_error"] <= 0.10
    assert test["capture"] >= test["capture_past_spend"] - 0.01
    assert 0.86 <= test["pit_90"] <= 0.94
    assert test["capture_gain"]["low"] <= test["capture_gain"]["mean"] <= test["capture_gain"]["high"]
    rows = read(tmp_path / "v.csv")
    assert list(rows[0]) == CONTRACT
    figures = np.array([[float(row[name]) for name in CONTRACT[1:7]] for row in rows])
    assert np.isfinite(figures).all()
    assert (figures[:, 4] <= figures[:, 3]).all()
    assert (figures[:, 3] <= figures[:, 5]).all()


def test_the_held_out_quarter_of_a_grocer(completejourney_transactions: Path, tmp_path: Path) -> None:
    columns = ("--customer", "household_id", "--at", "transaction_timestamp", "--amount", "sales_value")
    out = tmp_path / "v.parquet"
    done = trato("value", completejourney_transactions, *columns, "--out", out, "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    test = said["backtest"]
    assert said["customers"] == 2469
    assert all(model["converged"] for model in said["models"].values() if isinstance(model, dict))
    assert said["actual_value"] == pytest.approx(4596039.58, abs=0.01)
    assert test["horizon_days"] == 91
    assert test["total_error"] <= 0.03
    assert test["capture"] >= test["capture_past_spend"] - 0.01
    assert 0.86 <= test["pit_90"] <= 0.94
    assert sum(tier["customers"] for tier in said["tiers"].values()) == 2469


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", shop(customers=300))
    for name in ("a.csv", "b.csv"):
        assert trato("value", table, *COLUMNS, "--out", tmp_path / name).returncode == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o600


def test_costs_make_value_and_customers_below_zero(tmp_path: Path) -> None:
    rows = shop()
    rows += [("loss", np.datetime64("2024-01-03") + 9 * n, 10.0) for n in range(30)]
    table = write(
        tmp_path / "t.csv",
        [(*row, 40 if row[0] == "loss" else 5) for row in rows],
        ("who", "when", "paid", "cost"),
    )
    done = trato("value", table, *COLUMNS, "--cost", "cost", "--out", tmp_path / "v.csv", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["money"], said["signed"]) == ("value", True)
    assert "gamma_gamma" not in said["models"]
    loss = next(row for row in read(tmp_path / "v.csv") if row["customer"] == "loss")
    assert loss["tier"] == "below_zero"
    assert float(loss["actual_value"]) == -900
    assert float(loss["expected_value"]) < 0
    assert said["tiers"]["below_zero"]["customers"] >= 1


def test_refunds_count(tmp_path: Path) -> None:
    rows = shop()
    back = [(who, when, -paid) for who, when, paid in rows if who == "k003"]  # type: ignore[operator]  # rows of mixed cells
    table = write(tmp_path / "t.csv", [*rows, *back])
    assert trato("value", table, *COLUMNS, "--out", tmp_path / "v.csv").returncode == 0
    assert float(next(r for r in read(tmp_path / "v.csv") if r["customer"] == "k003")["actual_value"]) == 0


def test_needs_give_potential_and_growable_customers(tmp_path: Path) -> None:
    rows = shop(customers=200)
    table = write(tmp_path / "t.csv", rows)
    people = sorted({str(row[0]) for row in rows})
    beliefs: list[tuple[object, ...]] = [(who, 1, 0.9, 9, 0.9, 0.1) for who in people[: len(people) // 2]]
    needs = write(tmp_path / "b.csv", beliefs, ("customer", "need", "weight", "evidence", "need_1", "need_2"))
    done = trato("value", table, *COLUMNS, "--needs", needs, "--out", tmp_path / "v.csv", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["potential"]["customers_with_needs"] == len(beliefs)
    assert said["tiers"]["most_growable"]["customers"] > 0
    found = {row["customer"]: row for row in read(tmp_path / "v.csv")}
    assert all(float(row["potential"]) >= float(row["expected_value"]) for row in found.values())
    assert all(
        row["customer"] in people[: len(people) // 2]
        for row in found.values()
        if row["tier"] == "most_growable"
    )


def test_accounts_roll_up_their_members(tmp_path: Path) -> None:
    rows = shop()
    with_account = [(*row, f"firm {int(str(row[0])[1:]) % 4}") for row in rows]
    table = write(tmp_path / "t.csv", with_account, ("who", "when", "paid", "firm"))
    done = trato("value", table, *COLUMNS, "--account", "firm", "--out", tmp_path / "v.csv", "--json")
    assert done.returncode == 0, done.stderr
    accounts = read(tmp_path / "v.accounts.csv")
    assert {row["account"] for row in accounts} == {f"firm {n}" for n in range(4)}
    members = read(tmp_path / "v.csv")
    for account in accounts:
        own = [m for m in members if int(m["customer"][1:]) % 4 == int(account["account"][-1])]
        assert int(account["members"]) == len(own)
        assert float(account["actual_value"]) == pytest.approx(sum(float(m["actual_value"]) for m in own))
        assert float(account["expected_value"]) == pytest.approx(
            sum(float(m["expected_value"]) for m in own), abs=0.01
        )
        assert float(account["low"]) < float(account["expected_value"]) < float(account["high"])


def test_bad_rows_are_put_aside_and_told(tmp_path: Path) -> None:
    table = write(
        tmp_path / "t.csv", [*shop(), ("", "2024-05-01", 3), ("k001", "soon", 3), ("k001", "2024-05-01", "x")]
    )
    done = trato("value", table, *COLUMNS, "--out", tmp_path / "v.csv", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["rows_put_aside"] == 3
    lines = table.read_text().count("\n")
    assert f"t.csv:{lines}: paid: not an amount: 'x'" in done.stderr
    aside = read(tmp_path / "v.csv.rejects.csv")
    assert [int(row["line"]) for row in aside] == [lines - 2, lines - 1, lines]
    assert trato("value", write(table, shop()), *COLUMNS, "--out", tmp_path / "v.csv").returncode == 0
    assert not (tmp_path / "v.csv.rejects.csv").exists()


@pytest.mark.parametrize(
    ("rows", "code", "says"),
    [
        ([], 3, "no row"),
        (
            [("a", "2024-01-01", 5), ("a", "2024-02-01", 5), ("a", "2024-03-01", 5)],
            4,
            "Fewer than two customers",
        ),
        ([(f"k{n % 9}", "2024-05-05", n) for n in range(100)], 4, "share one date"),
        ([(f"k{n}", f"2024-05-{1 + n % 28:02d}", n) for n in range(100)], 4, "second time"),
    ],
    ids=["header only", "one customer", "one date", "each once"],
)
def test_too_little_is_said_clearly(
    tmp_path: Path, rows: list[tuple[object, ...]], code: int, says: str
) -> None:
    out = tmp_path / "v.csv"
    out.write_text("the last good one")
    done = trato("value", write(tmp_path / "t.csv", rows), *COLUMNS, "--out", out, "--json")
    assert done.returncode == code
    assert says in done.stderr
    assert json.loads(done.stdout)["error"]["code"].startswith("trato.")
    assert out.read_text() == "the last good one"


def test_a_hundred_rows_with_odd_names_are_enough(tmp_path: Path) -> None:
    header = ("Cliente, nº", "Fecha  de compra", "Importe (€)")
    table = write(tmp_path / "t.csv", [(w, d, f"€ {p}") for w, d, p in shop()[:100]], header)
    names = ("--customer", header[0], "--at", header[1], "--amount", header[2])
    done = trato("value", table, *names, "--out", tmp_path / "v.csv")
    assert done.returncode == 0, done.stderr
    assert "tier" in done.stdout
    missing = trato("value", table, *names[:5], "Importe", "--out", tmp_path / "v.csv")
    assert missing.returncode == 3
    assert "did you mean 'Importe (€)'" in missing.stderr


@pytest.mark.parametrize("command", ["value", "needs", "appraise"])
def test_a_missing_folder_is_told_before_the_work(tmp_path: Path, command: str) -> None:
    table = write(tmp_path / "t.csv", [("a", "2024-01-01", 5)])
    columns = (
        COLUMNS
        if command == "value"
        else ("--customer", "who", "--component", "paid", "--module", "paid", "--at", "when")
    )
    done = trato(command, table, *columns, "--out", tmp_path / "nowhere" / "v.csv")
    assert done.returncode == 3
    assert "mkdir -p" in done.stderr
    assert "reading" not in done.stderr


def test_a_short_history_is_not_called_tested(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", shop())
    done = trato("value", table, *COLUMNS, "--horizon", 290, "--out", tmp_path / "v.csv")
    assert done.returncode == 0, done.stderr
    assert "not tested on held-out history" in done.stdout
