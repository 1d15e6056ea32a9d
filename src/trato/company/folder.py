"""A company folder read whole: each domain reads its own file, and then they are checked against each other.

Nothing stops at the first fault: `examine` gives all of them, in the order of files and lines.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from trato import declared, shapes
from trato.company.offering import read_offering
from trato.company.programmes import check_programmes
from trato.company.sections import SECTIONS
from trato.company.settings import LANGUAGES, USUAL, Settings, settings_in
from trato.customize.names import NO_NAMES, Names, names_in
from trato.customize.programme.declaration import programmes_in
from trato.customize.programme.treatments import NO_PROGRAMMES, Programmes
from trato.declared import Complaint, Declared, Page, Reader
from trato.differentiate.needs.names import NamedNeed, needs_in
from trato.errors import BadDeclaration, BadInput, FileNotReadable, nearest
from trato.interact.interactions import Setting
from trato.interact.mapping import Sources
from trato.interact.sources import sources_in
from trato.interact.touchpoints import NO_TOUCHPOINTS, Touchpoints, touchpoints_in
from trato.offer.declaration import offer_in
from trato.permission.permit import leaves_a_choice
from trato.permission.purposes import Purposes, purposes_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trato.customize.guide.questions import PlainQuestion
    from trato.offer.offer import Offer

Read = TypeVar("Read")

SHOWN = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a company folder, where, and the remedy. One that is not `grave` is only told."""

    file: str
    line: int | None
    message: str
    hint: str | None = None
    grave: bool = True

    @property
    def where(self) -> str:
        """`file:line`, or the file."""
        return self.file if self.line is None else f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


@dataclass(frozen=True, slots=True)
class Company:
    """What a folder declares. `offer` is None where none is, `needs` where nothing was named yet.

    `questions` are those that the guide may ask, `names` what components and modules are called,
    `programmes` what may be given to whom.
    """

    folder: Path
    settings: Settings
    touchpoints: Touchpoints
    purposes: Purposes
    sources: Sources
    needs: tuple[NamedNeed, ...] | None
    offer: Offer | None = None
    questions: tuple[PlainQuestion, ...] = ()
    names: Names = NO_NAMES
    programmes: Programmes = NO_PROGRAMMES


@dataclass(frozen=True, slots=True)
class Examined:
    """A folder as far as it could be read, with every fault; `lines` has the declared root of each file."""

    company: Company
    faults: tuple[Fault, ...]
    roots: dict[str, Declared]

    @property
    def sound(self) -> bool:
        """Whether nothing grave is wrong."""
        return not any(fault.grave for fault in self.faults)


def read_company(folder: Path) -> Company:
    """The company that a folder declares. Raises BadDeclaration with every complaint, each at its line."""
    found = examine(folder)
    grave = [fault for fault in found.faults if fault.grave]
    if grave:
        raise refusal(grave)
    return found.company


def refusal(faults: Iterable[Fault]) -> BadDeclaration:
    """The faults as one error."""
    told = list(faults)
    if len(told) == 1:
        return BadDeclaration(told[0].message, hint=told[0].hint, where=told[0].where)
    more = len(told) - SHOWN
    lines = [str(fault) for fault in told[:SHOWN]] + ([f"… and {more:,} more"] if more > 0 else [])
    return BadDeclaration(f"{len(told):,} things cannot be meant\n" + "\n".join(lines), where=told[0].where)


def examine(folder: Path) -> Examined:
    """Read a company folder and check its files against each other. Raises FileNotReadable for no folder."""
    if not folder.is_dir():
        raise FileNotReadable(
            "there is no such folder" if not folder.exists() else "this is a file, not a company folder",
            hint="make one: trato init DIR",
            where=str(folder),
        )
    faults: list[Fault] = []
    roots: dict[str, Declared] = {}

    def section(file: str, usual: Read, read: Callable[[Reader, Declared], Read]) -> Read:
        page = _page(folder, file, faults)
        if page is None:
            return usual
        roots[file] = page.root
        wrong = Reader(list(page.complaints))
        # First by its published shape, so that the schema and the reading can never differ.
        shapes.read(wrong, page.root, SECTIONS[file].shape)
        found = read(wrong, page.root)
        faults.extend(_as_faults(page.path, wrong.complaints))
        return found

    settings = section("company.yaml", USUAL, settings_in)
    purposes = section("purposes.yaml", Purposes({}), _purposes)
    touchpoints = section("touchpoints.yaml", NO_TOUCHPOINTS, touchpoints_in)
    setting = Setting(settings.currency, settings.minor_units, settings.rounding, settings.zone, touchpoints)
    sources = section("sources.yaml", Sources({}, {}), lambda wrong, root: sources_in(wrong, root, setting))
    needs = section("needs.yaml", None, needs_in)
    names = section("names.yaml", NO_NAMES, names_in)
    programmes = section(
        "treatments.yaml", NO_PROGRAMMES, lambda wrong, root: programmes_in(wrong, root, setting)
    )
    offer = section("offer.yaml", None, lambda wrong, _: offer_in(folder / "offer.yaml", wrong))
    page = roots.get("company.yaml")
    written = page.members.get("offer") if page is not None and page.kind == "mapping" else None
    offer, questions = read_offering(
        folder,
        settings.guiding,
        offer,
        purposes.by_key,
        written,
        lambda file, line, message, hint: faults.append(Fault(file, line, message, hint)),
    )
    company = Company(
        folder, settings, touchpoints, purposes, sources, needs, offer, questions, names, programmes
    )
    faults += _across(company, roots)
    files = list(SECTIONS)
    order = {str(folder / file): place for place, file in enumerate(files)}
    ranked = sorted(dict.fromkeys(faults), key=lambda one: (order.get(one.file, -1), one.line or 0))
    return Examined(company, tuple(ranked), roots)


def _purposes(wrong: Reader, root: Declared) -> Purposes:
    return purposes_in(wrong.mapping(root, required=("purposes",))["purposes"], wrong)


def _page(folder: Path, file: str, faults: list[Fault]) -> Page | None:
    path = folder / file
    if not path.exists():
        if SECTIONS[file].required:
            others = [one.name for one in folder.glob("*.y*ml") if one.name not in SECTIONS]
            close = nearest(file, others)
            faults.append(
                Fault(
                    str(path),
                    None,
                    "this file is missing",
                    f"is it {close}? Rename it" if close else f"it says: {SECTIONS[file].purpose}",
                )
            )
        return None
    try:
        return declared.read(path)
    except BadInput as error:
        line = (error.where or "").removeprefix(f"{path}:")
        faults.append(Fault(str(path), int(line) if line.isdecimal() else None, error.message, error.hint))
        return None


def _as_faults(path: Path, complaints: Iterable[Complaint]) -> Iterator[Fault]:
    for one in complaints:
        yield Fault(str(path), one.line, one.message, one.hint)


def _across(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    yield from _unknown_purposes(company, roots)
    yield from _values_for_nothing(company, roots)
    yield from _without_profiling(company, roots)
    yield from _without_account(company, roots)
    yield from _named_twice(company, roots)
    yield from _programmes(company, roots)
    for file in SECTIONS:
        if file in roots and file not in {"sources.yaml", "offer.yaml"}:
            yield from _untranslated(company, file, roots[file])


def _written_sources(roots: dict[str, Declared]) -> Iterator[tuple[str, str, Declared]]:
    """The part (`tables` or `events`), the name and the place of each source."""
    root = roots.get("sources.yaml")
    for part in ("tables", "events"):
        written = root.members.get(part) if root is not None else None
        for name, one in (written.members if written is not None else {}).items():
            yield part, name, one


def _unknown_purposes(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    if "purposes.yaml" not in roots:
        return
    wrong = Reader([])
    for _, _, one in _written_sources(roots):
        written = one.members.get("purposes")
        for purpose in written.elements if written is not None else ():
            if purpose.kind == "scalar" and purpose.text.strip():
                shapes.known(wrong, purpose, purpose.text.strip(), company.purposes.by_key, "purpose")
        _must_be_asked(wrong, one.members.get("purpose"), company.purposes)
    yield from _as_faults(company.folder / "sources.yaml", wrong.complaints)


def _must_be_asked(wrong: Reader, role: Declared | None, purposes: Purposes) -> None:
    """Whether the purposes of a permission, as far as they are written here, leave customers a choice."""
    members = role.members if role is not None else {}
    translated = members["values"].members.values() if "values" in members else ()
    for one in (*translated, *([members["always"]] if "always" in members else [])):
        word = one.text.strip() if one.kind == "scalar" else ""
        if not word or not shapes.known(wrong, one, word, purposes.by_key, "purpose"):
            continue
        if not leaves_a_choice(purposes.named(word)):
            wrong.complain(
                one,
                f"the purpose {word!r} rests on {purposes.named(word).legal_basis}, "
                "which no yes or no changes",
                "only consent can be given and withdrawn, and legitimate interests objected to",
            )


def _values_for_nothing(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    for _, _, one in _written_sources(roots):
        named = one.members.get("purposes")
        keys = [each.text.strip() for each in (named.elements if named is not None else ())]
        purposes = [company.purposes.by_key[key] for key in keys if key in company.purposes.by_key]
        kept = {field for purpose in purposes for field in purpose.fields}
        values = one.members.get("values")
        for field, at in (values.members if values is not None else {}).items():
            if len(purposes) == len(keys) and field not in kept:
                yield Fault(
                    str(company.folder / "sources.yaml"),
                    at.line,
                    f"{field!r} is never kept: none of the source's purposes has it among its fields",
                    "list it in purposes.yaml, or remove it here",
                    grave=False,
                )


def _without_profiling(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    profiling = {purpose.key for purpose in company.purposes if purpose.profiling}
    mapped = {("tables", name): one.mapping for name, one in company.sources.tables.items()}
    mapped |= {("events", one.name): one for one in company.sources.events.values()}
    for part, name, one in _written_sources(roots):
        source = mapped.get((part, name))
        known = source is not None and set(source.purposes) <= set(company.purposes.by_key)
        if source and known and source.learns and not profiling & set(source.purposes):
            yield Fault(
                str(company.folder / "sources.yaml"),
                one.line,
                f"{name!r} is to move beliefs, and none of its purposes allows profiling",
                "add a purpose with profiling: true, or say learns: false",
                grave=False,
            )


def _without_account(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    if company.settings.unit != "account" or "sources.yaml" not in roots:
        return
    sources = [table.mapping for table in company.sources.tables.values()]
    if not any("account" in one.fields for one in [*sources, *company.sources.events.values()]):
        at = roots["company.yaml"].members["unit"]
        yield Fault(
            str(company.folder / "company.yaml"),
            at.line,
            "the unit is the account, and no source says whose account a customer acts for",
            "map account in sources.yaml, or say unit: person",
        )


def _named_twice(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    for language in LANGUAGES:
        names = Counter(need.name[language] for need in company.needs or ())
        for name, often in names.items():
            if often > 1 and name:
                yield Fault(
                    str(company.folder / "needs.yaml"),
                    roots["needs.yaml"].line,
                    f"{often} needs are called {name!r}",
                    "give each a name of its own",
                )


def _programmes(company: Company, roots: dict[str, Declared]) -> Iterator[Fault]:
    if "treatments.yaml" in roots:
        path = company.folder / "treatments.yaml"
        wrong, remarks = check_programmes(company, roots["treatments.yaml"])
        yield from _as_faults(path, wrong)
        yield from (replace(one, grave=False) for one in _as_faults(path, remarks))


def _untranslated(company: Company, file: str, at: Declared) -> Iterator[Fault]:
    if at.kind == "mapping" and at.members and set(at.members) <= set(LANGUAGES):
        missing = [one for one in company.settings.languages if one not in at.members]
        if missing and all(one.kind == "scalar" for one in at.members.values()):
            shown = next(iter(at.members))
            yield Fault(
                str(company.folder / file),
                at.line,
                f"this has no words in {' and '.join(missing)}",
                f"customers who speak it would read it in {shown}",
                grave=False,
            )
        return
    for member in (*at.members.values(), *at.elements):
        if member.kind in {"mapping", "list"}:
            yield from _untranslated(company, file, member)


def told_relative(fault: Fault, folder: Path) -> Fault:
    """The same fault with its file named from within the folder."""
    path = Path(fault.file)
    return replace(fault, file=str(path.relative_to(folder))) if path.is_relative_to(folder) else fault
