"""`trato offer`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from trato.errors import BadOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trato.offer.check import Checked
    from trato.offer.diagram import Diagram
    from trato.offer.explain import Explanation
    from trato.offer.offer import Rule

SHOWN = 50

File = Annotated[
    Path, typer.Argument(help="The offer: offer.yaml, modules.csv, .uvl, .dimacs, or XCSP 2.1 (.xml).")
]
Choose = Annotated[
    list[str] | None, typer.Option(metavar="COMPONENT=MODULE", help="A choice; repeat it for each.")
]
KnownFact = Annotated[
    list[str] | None, typer.Option("--fact", metavar="FACT=VALUE", help="What is known of the customer.")
]
Without = Annotated[
    list[str] | None, typer.Option(metavar="COMPONENT=MODULE", help="What is not to be had; repeatable.")
]
Seconds = Annotated[float, typer.Option(min=0, help="How long compiling may take.")]
Megabytes = Annotated[float, typer.Option(min=1, help="How much memory compiling may take.")]
Kept = Annotated[
    Path | None, typer.Option(help="Folder that keeps what was compiled (that of the user's caches).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def _count_without_end() -> None:
    """Let counts of any length be written out; Python stops at 4,300 digits, against hostile texts."""
    sys.set_int_max_str_digits(0)


def register(app: typer.Typer) -> None:
    """Add `trato offer`."""
    group = typer.Typer(
        name="offer", help="What can be offered, and what not.", no_args_is_help=True, add_completion=False
    )
    group.command("check")(check)
    group.command("count")(count)
    group.command("domains")(domains)
    group.command("best")(best)
    app.add_typer(group)


def check(
    file: File,
    seconds: Seconds = 30.0,
    megabytes: Megabytes = 1000.0,
    cache: Kept = None,
    as_json: AsJson = False,
) -> None:
    """Whether an offer makes sense: unknown names, rules that contradict each other, modules nobody can take.

    Each finding has file and line, and names the fewest rules that make it so. Ends with exit code 3 when
    something must be put right; remarks alone leave it at 0.

    Example: `trato offer check offer.yaml`
    """
    from trato.cli.output import emit, progress
    from trato.offer.check import check as check_offer

    with progress("checking"):
        found = check_offer(file, seconds=seconds, megabytes=megabytes, store=_cache(cache))
    _count_without_end()
    emit(_checked(file, found), _lines(found), as_json=as_json)
    if not found.sound:
        raise typer.Exit(3)


def count(
    file: File,
    choose: Choose = None,
    known: KnownFact = None,
    without: Without = None,
    seconds: Seconds = 30.0,
    megabytes: Megabytes = 1000.0,
    cache: Kept = None,
    as_json: AsJson = False,
) -> None:
    """How many configurations there are, exactly.

    Example: `trato offer count offer.yaml --choose phone=senior`
    """
    from trato.cli.output import emit

    diagram = _compiled(file, seconds, megabytes, cache)
    choices, facts, gone = _said(diagram, choose, known, without)
    _count_without_end()
    found = diagram.count(choices, facts=facts, without=gone)
    emit({"count": str(found)}, [str(found)], as_json=as_json)


def domains(
    file: File,
    choose: Choose = None,
    known: KnownFact = None,
    without: Without = None,
    seconds: Seconds = 30.0,
    megabytes: Megabytes = 1000.0,
    cache: Kept = None,
    as_json: AsJson = False,
) -> None:
    """What can still be chosen: every module that leads to a valid configuration, by component.

    Where the choices contradict the rules, it tells the smallest conflict and the cheapest repair instead.

    Example: `trato offer domains offer.yaml --choose phone=senior --fact age_band=adult`
    """
    from trato.cli.output import emit

    diagram = _compiled(file, seconds, megabytes, cache)
    choices, facts, gone = _said(diagram, choose, known, without)
    found = diagram.domains(choices, facts=facts, without=gone)
    order = {one.name: [name for name in one.names if name in found[one.name]] for one in diagram.components}
    conflict = None
    if not all(found.values()):
        conflict = diagram.explain(choices, facts=facts, without=gone, seconds=5.0)
    summary: dict[str, object] = {
        "valid": conflict is None,
        "domains": order,
        "conflict": None if conflict is None else _conflict(conflict),
        "message": diagram.message or None,
    }
    lines = _domain_lines(order) if conflict is None else _conflict_lines(conflict)
    emit(summary, lines, as_json=as_json)


def best(
    file: File,
    choose: Choose = None,
    known: KnownFact = None,
    without: Without = None,
    maximize: Annotated[
        str | None, typer.Option(help="What to have most of: price, cost, margin or an attribute.")
    ] = None,
    minimize: Annotated[
        str | None, typer.Option(help="What to have least of (price, if nothing is said).")
    ] = None,
    scores: Annotated[
        Path | None, typer.Option(help="CSV with the columns component, module, score, to add up instead.")
    ] = None,
    seconds: Seconds = 30.0,
    megabytes: Megabytes = 1000.0,
    cache: Kept = None,
    as_json: AsJson = False,
) -> None:
    """The best valid configuration that keeps to the choices.

    Example: `trato offer best offer.yaml --choose phone=senior --minimize price`
    """
    from trato.cli.output import emit

    if (maximize is not None) + (minimize is not None) + (scores is not None) > 1:
        raise BadOption(
            "one configuration is best by one measure", hint="say one of --maximize, --minimize, --scores"
        )
    diagram = _compiled(file, seconds, megabytes, cache)
    choices, facts, gone = _said(diagram, choose, known, without)
    if scores is not None:
        score = _scores(diagram, scores)
    else:
        score = _measure(diagram, maximize or minimize or "price", -1.0 if maximize is None else 1.0)
    found = diagram.best(score, choices, facts=facts, without=gone)
    total = sum(score.get(pair, 0.0) for pair in found.items())
    price = diagram.price(found)
    summary = {
        "configuration": found,
        "price": price,
        "score": total,
        "message": diagram.message or None,
    }
    width = max(map(len, found))
    lines = [f"{component:<{width}}  {module}" for component, module in found.items()]
    emit(summary, [*lines, f"price: {price} minor units"], as_json=as_json)


def _cache(given: Path | None) -> Path:
    if given is not None:
        return given
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "trato" / "offers"


def _compiled(file: Path, seconds: float, megabytes: float, cache: Path | None) -> Diagram:
    from trato.cli.output import progress
    from trato.offer.reading import read

    offer = read(file)
    with progress("compiling"):
        diagram = offer.compile(seconds=seconds, megabytes=megabytes, store=_cache(cache))
    if diagram.message:
        sys.stderr.write(f"{diagram.message}\n")
    return diagram


def _said(
    diagram: Diagram, choose: list[str] | None, known: list[str] | None, without: list[str] | None
) -> tuple[dict[str, str], dict[str, str], list[tuple[str, str]]]:
    """Choices, facts and what is not to be had, each of which the offer knows."""
    names = {name for name, _ in (*diagram.table.pairs, *diagram.offer.aliases)}
    facts = {fact.name for fact in diagram.offer.facts}
    choices: dict[str, str] = {}
    for name, module in (_split(one, names | facts) for one in choose or ()):
        if choices.get(name, module) != module:
            raise BadOption(f"{name!r} is chosen twice: {choices[name]!r} and {module!r}")
        choices[name] = module
    told = dict(_split(one, facts) for one in known or ())
    gone = [_split(one, names) for one in without or ()]
    diagram.said(choices, told, gone)
    return choices, told, gone


def _split(said: str, names: set[str]) -> tuple[str, str]:
    """Name and module, divided by the first `=` before which a known name stands."""
    if "=" not in said:
        raise BadOption(f"{said!r} says no module", hint="write component=module")
    places = [place for place, sign in enumerate(said) if sign == "="]
    place = next((place for place in places if said[:place].strip() in names), places[0])
    return said[:place].strip(), said[place + 1 :].strip()


def _measure(diagram: Diagram, what: str, sign: float) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    attributes: set[str] = set()
    for component in diagram.components:
        for module in component.modules:
            numbers = {"price": module.price, "cost": module.cost, "margin": module.price - module.cost}
            attributes |= set(module.attributes)
            value = numbers.get(what, module.attributes.get(what, 0.0))
            if isinstance(value, str):
                raise BadOption(
                    f"{what!r} is a word, not a number: {value!r} of {component.name}={module.name}"
                )
            found[component.name, module.name] = sign * value
    if what not in {"price", "cost", "margin"} | attributes:
        from trato.offer.offer import did_you_mean

        known = ["price", "cost", "margin", *sorted(attributes)]
        raise BadOption(f"there is no attribute {what!r}", hint=did_you_mean(what, known))
    return found


def _scores(diagram: Diagram, file: Path) -> dict[tuple[str, str], float]:
    from trato.offer.csv_tables import read_scores
    from trato.offer.faults import Faults

    faults = Faults()
    found = read_scores(file, diagram.table.place, faults)
    faults.stop()
    return found


def _rules(rules: tuple[Rule, ...]) -> list[dict[str, object]]:
    return [
        {"name": rule.name, "file": rule.place.file, "line": rule.place.line, "why": dict(rule.why)}
        for rule in rules
    ]


def _conflict(found: Explanation) -> dict[str, object]:
    repair = found.repair
    return {
        "choices": dict(found.choices),
        "facts": dict(found.facts),
        "without": [list(pair) for pair in found.without],
        "rules": _rules(found.rules),
        "minimal": found.minimal,
        "repair": None
        if repair is None
        else {
            "cost": repair.cost,
            "changes": {name: {"before": old, "after": new} for name, (old, new) in repair.changes.items()},
        },
    }


def _conflict_lines(found: Explanation) -> Iterator[str]:
    yield "these cannot all be:" if found.minimal else "these cannot all be (perhaps fewer than these):"
    for name, module in found.choices.items():
        yield f"  chosen  {name} = {module}"
    for name, value in found.facts.items():
        yield f"  fact    {name} = {value}"
    for name, module in found.without:
        yield f"  not to be had  {name} = {module}"
    for rule in found.rules:
        yield f"  rule    {rule.name}" + (f"  ({rule.place})" if rule.place.line else "")
    if found.repair is None:
        yield "no change of choices helps: facts and rules alone leave nothing"
        return
    yield "the cheapest repair:"
    for name, (old, new) in found.repair.changes.items():
        yield f"  {name}: {old} → {new}"


def _domain_lines(domains: dict[str, list[str]]) -> Iterator[str]:
    width = max(map(len, domains))
    for component, modules in domains.items():
        yield f"{component:<{width}}  {', '.join(modules)}"


def _checked(file: Path, found: Checked) -> dict[str, object]:
    diagram = found.diagram
    return {
        "file": str(file),
        "sound": found.sound,
        "components": None if found.offer is None else len(found.offer.components),
        "rules": None if diagram is None else diagram.code.rules,
        "count": str(diagram.count()) if diagram is not None and diagram.exact else None,
        "message": (diagram.message or None) if diagram is not None else None,
        "findings": [
            {
                "kind": finding.kind,
                "grave": finding.grave,
                "file": finding.place.file,
                "line": finding.place.line or None,
                "column": finding.place.column or None,
                "message": finding.message,
                "hint": finding.hint or None,
                "rules": _rules(finding.rules),
                "minimal": finding.minimal,
            }
            for finding in found.findings
        ],
    }


def _lines(found: Checked) -> Iterator[str]:
    for title, wanted in (("to put right", True), ("remarks", False)):
        some = [finding for finding in found.findings if finding.grave is wanted]
        if some:
            yield f"{title}: {len(some):,}"
        for finding in some[:SHOWN]:
            yield f"  {finding.place}: {finding.message}"
            if finding.hint:
                yield f"      {finding.hint}"
        if len(some) > SHOWN:
            yield f"  … and {len(some) - SHOWN:,} more"
    diagram = found.diagram
    if found.offer is None or diagram is None:
        return
    yield f"{len(found.offer.components):,} components, {diagram.code.rules:,} rules"
    if not diagram.exact:
        yield diagram.message
    elif found.sound:
        facts = " where no fact is known" if found.offer.facts else ""
        yield f"{diagram.count():,} configurations{facts}"
