"""What a table's columns most likely mean, by their names and by what stands in them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from trato.batch.engine import Column, Source
from trato.batch.tables import csv_dialect, csv_records, is_parquet, table_header
from trato.errors import NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trato.batch.engine import Engine, Kind

SAMPLED = 5_000

# What columns are called in English, Spanish and Portuguese, the surest words first.
_WORDS: Mapping[str, tuple[str, ...]] = {
    "customer": (
        *("customer", "cliente", "household", "hogar", "loyalty", "card", "tarjeta", "cartao", "member"),
        *("socio", "shopper", "user", "usuario", "client", "email", "buyer", "comprador", "hh", "person"),
    ),
    "time": (
        *("timestamp", "datetime", "date", "fecha", "data", "time", "hora", "day", "dia", "at", "when"),
        *("bought", "ordered", "created"),
    ),
    "amount": (
        *("amount", "importe", "valor", "sales", "total", "revenue", "spend", "spent", "price", "precio"),
        *("preco", "monto", "value", "paid", "ventas", "vendas"),
    ),
    "cost": ("cost", "coste", "costo", "custo"),
    "count": ("quantity", "qty", "cantidad", "quantidade", "count", "units", "unidades", "pieces", "items"),
    "component": (
        *("category", "categoria", "component", "componente", "department", "departamento", "rubro", "genre"),
        *("group", "grupo", "class", "family", "familia", "section", "seccion"),
    ),
    "module": (
        *("module", "modulo", "product", "producto", "produto", "type", "tipo", "item", "articulo", "sku"),
        *("article", "artigo", "title", "titulo", "name", "nombre", "nome", "variant", "brand", "marca"),
    ),
    "id": ("transaction", "line", "linea", "linha", "order", "pedido", "id", "record", "receipt", "ticket"),
}

_KINDS: Mapping[str, Kind] = {"time": "time", "amount": "money", "cost": "money", "count": "count"}

_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d{1,2}:\d{2}.*)?|\d{8}")
_NUMBER = re.compile(r"[-+]?(?:R\$|US\$|[€$£¥])?\s?\d[\d.,]*\s?[€$£¥]?")
_WHOLE = re.compile(r"\d{1,6}(\.0)?")


@dataclass(frozen=True, slots=True)
class Looks:
    """What stands in a column's sample: shares of cells that look like a date, a number, a whole number."""

    filled: float
    dates: float
    numbers: float
    wholes: float
    distinct: int
    cells: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A column for each role that was found: `customer`, `time`, and something bought or chosen at least."""

    columns: Mapping[str, str]
    identifier: str

    @property
    def kind(self) -> str:
        """What the rows most likely tell of."""
        return "purchase" if "amount" in self.columns else "choice"


def propose(path: Path) -> Proposal:
    """What the columns of a table most likely mean. Raises NotEnoughData when they do not tell."""
    header = table_header(path)
    looks = {name: _looks(cells) for name, cells in _sample(path, header).items()}
    found: dict[str, str] = {}
    for role in ("time", "customer", "cost", "amount", "count", "component", "module", "id"):
        scored = [
            (score, -place, name)
            for place, name in enumerate(header)
            if name not in found.values() and (score := _score(role, name, looks[name])) > 0
        ]
        if scored:
            found[role] = max(scored)[2]
    if ("component" in found) != ("module" in found):
        _complete(found, looks)
    missing = [role for role in ("customer", "time") if role not in found]
    if not missing and not {"amount", "module"} & set(found):
        missing = ["amount"]
    if missing:
        raise NotEnoughData(
            f"no column looks like the {' or the '.join(missing)}",
            hint=f"the columns are: {', '.join(header[:20])}; rename one, or write sources.yaml by hand",
            where=str(path),
        )
    if "id" in found and looks[found["id"]].distinct < looks[found["id"]].cells:
        del found["id"]  # it names something else than the row
    return Proposal(found, _identifier(found["customer"]))


def must_be_legible(
    engine: Engine, path: Path, proposal: Proposal, dates: str | None, decimal: str | None
) -> None:
    """Raise AmbiguousColumn, NoUsableRow or what else reading the table as proposed raises."""
    needed = {"customer", "time", "amount"}
    columns = tuple(
        Column(role, header, _KINDS.get(role, "text"), optional=role not in needed)
        for role, header in proposal.columns.items()
    )
    engine.read(Source(path, "proposed", columns, dates=dates, decimal=decimal))


def _complete(found: dict[str, str], looks: Mapping[str, Looks]) -> None:
    """A component goes with a module: take another column of words for the one that lacks, or leave both."""
    words = [
        name
        for name, one in looks.items()
        if name not in found.values()
        and one.numbers < 0.1
        and one.dates < 0.1
        and one.distinct > 1
        and not _called("customer", name)  # another name of the customer is nothing that was chosen
    ]
    if words and "component" in found:
        found["module"] = max(words, key=lambda name: looks[name].distinct)
    elif words:
        found["component"] = min(words, key=lambda name: looks[name].distinct)
    else:
        found.pop("component", None)
        found.pop("module", None)


def _score(role: str, name: str, looks: Looks) -> float:
    """How well a column fits a role: 0 where what stands in it rules it out."""
    called = _called(role, name)
    text = looks.numbers < 0.5 and looks.dates < 0.5
    fits = {
        "time": looks.dates > 0.9,
        "customer": looks.dates < 0.5 and looks.distinct > 1,
        "amount": looks.numbers > 0.9 and looks.dates < 0.5,
        "cost": looks.numbers > 0.9 and called > 0,
        "count": looks.wholes > 0.9 and called > 0,
        "component": text and 1 < looks.distinct <= max(looks.cells / 3, 2) and called > 0,
        "module": text and looks.distinct > 1 and called > 0,
        "id": called > 0 and looks.filled == 1,
    }[role]
    if not fits:
        return 0.0
    if role == "time":
        return 1 + called
    if role == "amount" and not called:
        return 0.0
    return called


def _called(role: str, name: str) -> float:
    plain = unicodedata.normalize("NFKD", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)).casefold()
    parts = re.findall(r"[a-z]+", "".join(mark for mark in plain if not unicodedata.combining(mark)))
    words = _WORDS[role]
    best = 0.0
    for place, word in enumerate(words):
        rank = 1 - place / (2 * len(words))
        for part in parts:
            if part in {word, f"{word}s"}:
                best = max(best, rank)
            elif len(word) > 3 and word in part:
                best = max(best, rank * 0.7)
    return best


def _identifier(column: str) -> str:
    plain = column.casefold()
    for kind, words in (
        ("email", ("mail", "correo")),
        ("phone", ("phone", "telefono", "telefone", "celular", "mobile")),
        ("loyalty_card", ("loyalty", "card", "tarjeta", "cartao", "household", "hogar")),
    ):
        if any(word in plain for word in words):
            return kind
    return "customer_number"


def _sample(path: Path, header: tuple[str, ...]) -> dict[str, list[str]]:
    if not is_parquet(path):
        records = [record for _, record in islice(csv_records(path, csv_dialect(path)), SAMPLED)]
        whole = [record for record in records if len(record) == len(header)]
        return {name: [record[place] for record in whole] for place, name in enumerate(header)}
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        rows = next(file.iter_batches(batch_size=SAMPLED), None)
    if rows is None:
        return {name: [] for name in header}
    return {
        name: ["" if cell is None else str(cell) for cell in rows.column(place).to_pylist()]
        for place, name in enumerate(header)
    }


def _looks(cells: list[str]) -> Looks:
    filled = [cell.strip() for cell in cells if cell.strip()]

    def share(what: re.Pattern[str]) -> float:
        return sum(what.fullmatch(cell) is not None for cell in filled) / len(filled) if filled else 0.0

    return Looks(
        len(filled) / len(cells) if cells else 0.0,
        share(_DATE),
        share(_NUMBER),
        share(_WHOLE),
        len(set(filled)),
        len(filled),
    )
