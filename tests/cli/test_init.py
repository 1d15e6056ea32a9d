"""`trato init` writes a folder whose check passes, finds what columns mean, and overwrites nothing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest
import yaml

from tests.cli.commands import trato
from trato.company.folder import examine, read_company

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_table_the_folder_is_sound_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "my shop"
    done = trato("init", folder, "--name", 'Ana\'s "corner": #1', "--language", "pt", "--currency", "brl")
    assert done.returncode == 0, done.stderr
    company = read_company(folder)
    assert company.settings.name == {"pt": 'Ana\'s "corner": #1'}
    assert (company.settings.currency, company.settings.zone.key) == ("BRL", "UTC")
    assert list(company.sources.events) == [
        ("track", "Order Completed"),
        ("track", "Product Viewed"),
        ("identify", ""),
    ]
    assert examine(folder).faults == ()
    schemas = {path.name for path in (folder / "schemas").iterdir()}
    for file in ("company", "purposes", "touchpoints", "sources"):
        first = (folder / f"{file}.yaml").read_text(encoding="utf-8").splitlines()[0]
        assert first == f"# yaml-language-server: $schema=schemas/{file}.json"
        assert f"{file}.json" in schemas


ENGLISH = """\
order_id,order_date,customer_id,category,product,qty,amount
1,2025-01-03,c1,bread,rye,2,2.40
2,2025-01-04,c2,bread,wheat,1,1.00
3,2025-01-05,c1,milk,whole,1,0.90
4,2025-01-06,c2,milk,light,1,0.95
5,2025-01-07,c2,milk,light,1,0.95
6,2025-01-08,c1,bread,rye,1,1.20
"""
SPANISH = """\
Fecha;Nº de tarjeta;Categoría;Artículo;Cantidad;Importe;Coste
31/12/2024;a1;pan;barra;2;1,20;0,80
30/12/2024;a2;pan;hogaza;1;2,50;1,10
29/12/2024;a1;leche;entera;1;0,99;0,70
28/12/2024;a2;leche;desnatada;1;0,99;0,70
27/12/2024;a2;leche;desnatada;1;0,99;0,70
27/12/2024;a1;pan;barra;1;1.100,99;900,00
"""
PORTUGUESE = """\
data,cliente,categoria,produto
2025-01-03 10:00,c1,pão,centeio
2025-01-04 11:00,c2,pão,trigo
2025-01-05 12:00,c1,leite,integral
2025-01-06 13:00,c1,leite,integral
"""


@pytest.mark.parametrize(
    ("table", "kind", "columns"),
    [
        (
            ENGLISH,
            "purchase",
            {
                "customer": "customer_id",
                "time": "order_date",
                "amount": "amount",
                "count": "qty",
                "component": "category",
                "module": "product",
                "id": "order_id",
            },
        ),
        (
            SPANISH,
            "purchase",
            {
                "customer": "Nº de tarjeta",
                "time": "Fecha",
                "amount": "Importe",
                "cost": "Coste",
                "count": "Cantidad",
                "component": "Categoría",
                "module": "Artículo",
            },
        ),
        (
            PORTUGUESE,
            "choice",
            {"customer": "cliente", "time": "data", "component": "categoria", "module": "produto"},
        ),
    ],
    ids=["English", "Spanish", "Portuguese"],
)
def test_what_the_columns_mean_is_found(
    tmp_path: Path, table: str, kind: str, columns: dict[str, str]
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(table, encoding="utf-8")
    done = trato("init", tmp_path / "shop", "--table", path, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["sound"]
    assert told["table"] == {"kind": kind, "columns": columns}
    assert trato("check", tmp_path / "shop").returncode == 0
    commented = (tmp_path / "shop" / "sources.yaml").read_text(encoding="utf-8")
    # What stands there as a comment for later is sound, too.
    later = commented.split("# events:\n")[1].replace("\n# ", "\n").removeprefix("# ")
    live = commented.split("# events:\n")[0] + "events:\n" + later
    (tmp_path / "shop" / "sources.yaml").write_text(live, encoding="utf-8")
    assert examine(tmp_path / "shop").sound


def test_the_real_grocer_s_columns_are_found(tmp_path: Path, completejourney: Path) -> None:
    path = tmp_path / "lines.parquet"
    duckdb.sql(f"""
        COPY (
            SELECT * FROM '{completejourney}/transactions.parquet'
            JOIN '{completejourney}/products.parquet' USING (product_id)
            ORDER BY transaction_timestamp LIMIT 20000
        ) TO '{path}'
    """)
    done = trato("init", tmp_path / "shop", "--table", path, "--unit", "household", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["table"]["columns"] == {
        "time": "transaction_timestamp",
        "customer": "household_id",
        "amount": "sales_value",
        "count": "quantity",
        "component": "product_category",
        "module": "product_type",
    }
    assert read_company(tmp_path / "shop").settings.unit == "household"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "needs.yaml").write_text("needs: []\n", encoding="utf-8")
    done = trato("init", tmp_path)
    assert done.returncode == 3
    assert "holds needs.yaml already, and nothing is overwritten" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["needs.yaml"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--currency", "XXQ"), "'XXQ' is no currency"),
        (("--time-zone", "Europe/Madird"), "did you mean Europe/Madrid?"),
        (("--unit", "account"), "an account needs a column"),
        (("--table", "nowhere.csv"), "there is no such file"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_written(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    done = trato("init", tmp_path / "shop", *words)
    assert done.returncode == 3
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "shop").exists()


def test_a_table_that_tells_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,b\n1,x\n2,y\n", encoding="utf-8")
    done = trato("init", tmp_path / "shop", "--table", path)
    assert done.returncode == 4
    assert "no column looks like the customer or the time" in done.stderr
    ambiguous = ENGLISH.replace("2025-01-0", "0").replace(",c", "/02/2025,c")
    path.write_text(ambiguous, encoding="utf-8")
    done = trato("init", tmp_path / "shop", "--table", path)
    assert done.returncode == 3
    assert "say which: --dates day-first (or month-first)" in done.stderr


def test_a_decimal_mark_that_cannot_be_told_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows = "".join(f'2025-01-0{day},c{day % 2},"1.23{day}"\n' for day in range(1, 8))
    path.write_text("date,customer,total\n" + rows, encoding="utf-8")
    done = trato("init", tmp_path / "shop", "--table", path)
    assert done.returncode == 3
    assert "say which: --decimal point (or comma)" in done.stderr
    done = trato("init", tmp_path / "shop", "--table", path, "--decimal", "comma")
    assert done.returncode == 0, done.stderr
    assert read_company(tmp_path / "shop").sources.tables["purchases"].decimal == "comma"


def test_who_sits_there_is_asked(tmp_path: Path) -> None:
    mine, theirs = pty.openpty()
    run = [sys.executable, "-c", "from trato.cli.main import run; run()", "init", str(tmp_path / "shop")]
    with subprocess.Popen(run, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        os.write(mine, b"La tienda\nes\nars\nAmerica/Argentina/Buenos_Aires\n")
        _, err = running.communicate(timeout=60)
    os.close(mine)
    os.close(theirs)
    assert running.returncode == 0, err
    assert "In which currency does it count?" in err.decode()
    said = yaml.safe_load((tmp_path / "shop" / "company.yaml").read_text(encoding="utf-8"))
    assert (said["name"], said["currency"]) == ({"es": "La tienda"}, "ARS")
    assert said["time_zone"] == "America/Argentina/Buenos_Aires"
