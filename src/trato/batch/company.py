"""The tables that a company folder names: where they lie, and whether they hold what the folder says."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from trato.batch.engine import Column, Source
from trato.batch.tables import csv_dialect, is_parquet, must_be_readable, table_header
from trato.company.folder import Examined, Fault, examine
from trato.company.programmes import check_configurations
from trato.declared import Declared
from trato.errors import AmbiguousColumn, BadInput, FileNotReadable, nearest
from trato.permission.ledger import STATES
from trato.steps import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from trato.batch.engine import Engine, Reading
    from trato.company.folder import Company
    from trato.interact.mapping import ColumnRole, Field, Table, TableFile

    Progress = Callable[[str], AbstractContextManager[None]]

SEEN_VALUES = Step.beside(__file__, "seen_values.sql", ("checked",))
SEEN_CHOICES = Step.beside(__file__, "seen_choices.sql", ("checked",))
TIMES_WITH_OFFSET = Step.beside(__file__, "times_with_offset.sql", ("checked",))

TOLD = 3


@dataclass(frozen=True, slots=True)
class TableChecked:
    """What came of looking into a table: rows, and how many of them can be read; None where nobody looked."""

    name: str
    file: str
    rows: int | None
    kept: int | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A company folder and its tables, with every fault, in the order of files and lines."""

    company: Company
    tables: tuple[TableChecked, ...]
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing grave is wrong."""
        return not any(fault.grave for fault in self.faults)


def locate(folder: Path, file: TableFile) -> Path:
    """Where a table lies. Raises FileNotReadable when the package that ships it is not installed."""
    if file.package is None:
        return folder / file.path
    spec = find_spec(file.package) if file.package.isidentifier() else None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise FileNotReadable(
            f"the Python package {file.package!r} is not installed", hint="install it with pip"
        )
    return Path(places[0], file.path)


def sources_of(folder: Path, table: Table) -> tuple[Source, ...]:
    """What the engine reads for a table: the table under its name, and a look-up under both names."""
    named: list[tuple[str, TableFile, str | None]] = [(table.mapping.name, table.file, None)]
    named += [(f"{table.mapping.name}_{one.name}", one.file, one.name) for one in table.look_ups]
    return tuple(
        Source(
            locate(folder, file),
            name,
            tuple(Column(c.role, c.header, c.kind, c.optional) for c in table.columns(look_up)),
            dates=table.dates,
            decimal=table.decimal,
        )
        for name, file, look_up in named
    )


def check_folder(
    engine: Engine, folder: Path, *, rows: bool = True, progress: Progress = lambda _: nullcontext()
) -> Checked:
    """Check a company folder and the tables it names; with `rows`, also what the rows say.

    Raises FileNotReadable when there is no such folder; every other fault is told.
    """
    examined = examine(folder)
    faults = list(examined.faults)
    checked: list[TableChecked] = []
    seen: set[tuple[str, str]] = set()
    all_seen = True
    for name, table in examined.company.sources.tables.items():
        look = _Look(engine, examined, name, table, faults)
        with progress(f"looking into {name}") if rows else nullcontext():
            checked.append(look.headers(rows=rows))
        seen |= look.seen
        all_seen = all_seen and look.all_seen
    if examined.company.offer is not None and rows:
        with progress("looking through the offer"):
            faults += _offer_faults(examined)
    if seen and all_seen:
        faults += _never_seen(examined, seen)
    order = {fault.file: place for place, fault in reversed(list(enumerate(faults)))}
    ranked = sorted(dict.fromkeys(faults), key=lambda one: (order[one.file], one.line or 0))
    return Checked(examined.company, tuple(checked), tuple(ranked))


def _offer_faults(examined: Examined) -> Iterator[Fault]:
    """What compiling the offer tells: contradictions, modules that nobody can ever have, and treatments that
    set what never goes together.
    """
    from trato.offer.check import check

    company = examined.company
    file = company.folder / company.settings.guiding.file
    found = check(file)
    for one in found.findings:
        yield Fault(
            one.place.file or str(file), one.place.line or None, one.message, one.hint or None, one.grave
        )
    root = examined.roots.get("treatments.yaml")
    if root is not None and found.diagram is not None:
        for told in check_configurations(company.programmes, root, found.diagram):
            yield Fault(str(company.folder / "treatments.yaml"), told.line, told.message, told.hint)


class _Look:
    """One look into a table and its look-ups. It collects faults, and the choices seen.

    `all_seen` is False where component and module stand in two tables, for these are not joined here.
    """

    def __init__(
        self, engine: Engine, examined: Examined, name: str, table: Table, faults: list[Fault]
    ) -> None:
        self.engine = engine
        self.company = examined.company
        self.name = name
        self.table = table
        self.faults = faults
        self.seen: set[tuple[str, str]] = set()
        self.all_seen = True
        self.declared_in = str(self.company.folder / "sources.yaml")

    def headers(self, *, rows: bool) -> TableChecked:
        """Whether every file has the columns that are named; then, with `rows`, whether they can be read."""
        found: list[tuple[Path, str | None]] = []
        for file, look_up in (
            (self.table.file, None),
            *((one.file, one.name) for one in self.table.look_ups),
        ):
            path = self._with_its_columns(file, look_up)
            if path is not None:
                found.append((path, look_up))
        reading: Reading | None = None
        for path, look_up in found if rows else ():
            told = self._rows(path, look_up)
            reading = told if look_up is None else reading
        return TableChecked(
            self.name,
            str(found[0][0]) if found else self.table.file.path,
            reading.rows if reading else None,
            reading.kept if reading else None,
        )

    def _fault(self, line: int, message: str, hint: str | None = None, *, grave: bool = True) -> None:
        self.faults.append(Fault(self.declared_in, line, message, hint, grave))

    def _with_its_columns(self, file: TableFile, look_up: str | None) -> Path | None:
        """The file, if it is there and has all columns."""
        try:
            path = locate(self.company.folder, file)
            must_be_readable(path)
            header = table_header(path)
            twice = frozenset() if is_parquet(path) else csv_dialect(path).twice
        except BadInput as error:
            place = f"{error.where}: " if error.where else ""
            self._fault(file.line, f"{place}{error.message}", error.hint)
            return None
        fine = True
        for column in self.table.columns(look_up):
            if not column.header:
                fine = False
            elif column.header in twice:
                fine = False
                self._fault(
                    column.line, f"{path.name} has two columns {column.header!r}", "rename one of them there"
                )
            elif column.header not in header:
                fine = False
                close = nearest(column.header, header)
                there = ", ".join(header[:20]) + (" …" if len(header) > 20 else "")
                self._fault(
                    column.line,
                    f"{path.name} has no column {column.header!r}",
                    (f"did you mean {close!r}? " if close else "") + f"The columns are: {there}",
                )
        return path if fine else None

    def _rows(self, path: Path, look_up: str | None) -> Reading | None:
        columns = self.table.columns(look_up)
        where = {column.header: column.line for column in columns}
        try:
            reading = self._read(path, (Column(c.role, c.header, c.kind, c.optional) for c in columns))
        except BadInput as error:
            line = next((n for header, n in where.items() if f"{header!r}" in error.message), None)
            hint = error.hint
            if isinstance(error, AmbiguousColumn) and hint:
                hint = hint.replace("--dates ", "dates: ").replace("--decimal ", "decimal: ")
            self._fault(
                line or (self.table.file.line if look_up is None else self._on(look_up)),
                f"{path.name}: {error.message}",
                hint,
            )
            return None
        if reading.rejected:
            self._tell_rejects(reading, where, columns)
        self._choices({column.role: column.header for column in columns}, path)
        for column in columns:
            if column.role in self.table.mapping.fields:
                self._values(path, column, self.table.mapping.fields[column.role])
        return reading

    def _choices(self, headers: Mapping[str, str], path: Path) -> None:
        """Which modules of which component occur; component and module may stand in two tables."""
        fields = self.table.mapping.fields
        for role in [role for role in headers if re.fullmatch(r"module|more_module_\d+", role)]:
            of = role.replace("module", "component")
            component, module = fields[of], fields[role]
            there = Column("module", headers[role], "text", optional=True)
            if of in headers:
                self._read(path, (Column("component", headers[of], "text", optional=True), there))
                for one in self.engine.run(SEEN_CHOICES).to_pylist():
                    self.seen.add((_meant(component, one["component"]), _meant(module, one["module"])))
            elif component.always is not None:
                self._read(path, (replace(there, role="value"),))
                for one in self.engine.run(SEEN_VALUES).to_pylist():
                    self.seen.add((component.always, _meant(module, one["value"])))
            else:
                self.all_seen = False

    def _on(self, look_up: str) -> int:
        return next(one.file.line for one in self.table.look_ups if one.name == look_up)

    def _read(self, path: Path, columns: Iterable[Column]) -> Reading:
        return self.engine.read(
            Source(path, "checked", tuple(columns), dates=self.table.dates, decimal=self.table.decimal)
        )

    def _tell_rejects(
        self, reading: Reading, where: Mapping[str, int], columns: tuple[ColumnRole, ...]
    ) -> None:
        told = "; ".join(f"line {one.line}: {one.column}: {one.reason}" for one in reading.rejects[:TOLD])
        line = where.get(reading.rejects[0].column, columns[0].line)
        self._fault(
            line,
            f"{reading.rejected:,} of {reading.rows:,} rows of {Path(reading.file).name} cannot be read: "
            + told,
            "they will be put aside, and told",
            grave=False,
        )

    def _values(self, path: Path, column: ColumnRole, field: Field) -> None:
        """Whether values that are translated occur, and touchpoints, stances and times are meant rightly."""
        asked = field.values or column.role in {"touchpoint", "stance", "time", "purpose", "state"}
        if not asked:
            return
        self._read(path, (Column("value", column.header, "text", optional=True),))
        if column.role == "time":
            self._time(column)
            return
        seen = {row["value"]: row["times"] for row in self.engine.run(SEEN_VALUES).to_pylist()}
        for word, line in field.lines.items():
            if word not in seen:
                close = nearest(word, seen)
                self._fault(
                    line,
                    f"{word!r} never occurs in the column {column.header!r}",
                    f"did you mean {close!r}?" if close else "remove it, or leave it for what is to come",
                    grave=False,
                )
        known: dict[str, Collection[str]] = {
            "touchpoint": self.company.touchpoints.by_key,
            "purpose": self.company.purposes.by_key,
            "state": STATES,
        }
        there = known.get(column.role)
        for word in [w for w in seen if there is not None and _meant(field, w) not in there][:TOLD]:
            self._fault(
                column.line,
                f"the column {column.header!r} says {word!r} in {seen[word]:,} rows: no {column.role}",
                f"say which it is: values: {{{word}: …}}",
            )

    def _time(self, column: ColumnRole) -> None:
        example = self.engine.run(TIMES_WITH_OFFSET).to_pylist()
        if example and self.table.mapping.zone.key != "UTC":
            self._fault(
                column.line,
                f"the times in {column.header!r} have an offset, such as {example[0]['value']!r}",
                "they are read in UTC: say time_zone: UTC for this table",
            )


def _meant(field: Field, word: str) -> str:
    return field.values.get(word, word)


def _never_seen(examined: Examined, seen: set[tuple[str, str]]) -> Iterator[Fault]:
    """Components and modules that needs.yaml, names.yaml and company.yaml name and no table holds."""
    components = {component for component, _ in seen}
    # A component's own name may be that of a module, as of a category in a basket.
    words = components | {module for _, module in seen}

    def fault(file: str, line: int | None, message: str, close: str | None, hint: str) -> Fault:
        said = f"did you mean {close!r}?" if close else hint
        return Fault(str(examined.company.folder / file), line, message, said, grave=False)

    for file, hint, known, component, modules in _named_there(examined):
        if component.text not in (words if known else components):
            message = f"no table has the component {component.text!r}"
            yield fault(file, component.line, message, nearest(component.text, components), hint)
            continue
        there = [module for of, module in seen if of == component.text]
        for module, line in modules.items():
            if (component.text, module) not in seen:
                message = f"the module {module!r} of {component.text!r} was never seen"
                yield fault(file, line, message, nearest(module, there), hint)


def _named_there(
    examined: Examined,
) -> Iterator[tuple[str, str, bool, Declared, dict[str, int]]]:
    """The file, a hint, whether a module's word will do, and a component with its modules and their lines."""
    roots = examined.roots

    def under(at: Declared | None, key: str) -> Declared:
        return (at.members.get(key) if at is not None else None) or Declared("nothing", 0)

    for one in under(roots.get("company.yaml"), "needs_from").elements:
        yield "company.yaml", "needs are learned from the components that there are", False, one, {}
    for need in under(roots.get("needs.yaml"), "needs").elements:
        for component, modules in under(under(need, "fingerprint"), "lifts").members.items():
            lines = {module: one.line for module, one in modules.members.items()}
            word = Declared("scalar", modules.line, text=component)
            yield "needs.yaml", "the fingerprint may be of an older model", False, word, lines
    unused = "remove it, or leave it for what is to come"
    for component, one in under(roots.get("names.yaml"), "components").members.items():
        yield "names.yaml", unused, True, Declared("scalar", one.line, text=component), {}
    for component, modules in under(roots.get("names.yaml"), "modules").members.items():
        lines = {module: one.line for module, one in modules.members.items()}
        yield "names.yaml", unused, False, Declared("scalar", modules.line, text=component), lines
