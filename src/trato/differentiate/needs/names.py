"""Names that people give to needs, and how a retrained model finds them again.

`needs.yaml` holds a name in English, Spanish and Portuguese for each need, and its fingerprint: the lifts
that set it apart. After retraining, names and needs are matched by the likeness of their lifts (Kuhn, 1955):
the cosine of the log-lifts over the fingerprint's modules. On a grocer's year, models of other months or
other customers gave the same need .84 or more and different ones .66 or less, most of them far less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from trato import declared
from trato.differentiate.needs.wording import LANGUAGES, working_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from trato.declared import Declared, Reader
    from trato.differentiate.needs.learn import Needs
    from trato.differentiate.needs.wording import Language

FINGERPRINT_MODULES = 30
KEPT, DRIFTING = 0.8, 0.5

_HEADING = """\
# The names of needs. Change the names as you like, and leave the fingerprints alone:
# a retrained model finds by them which need a name belongs to.
"""


@dataclass(frozen=True, slots=True)
class NamedNeed:
    """A need as `needs.yaml` knows it: its name by language, its share of customers, its lifts by module."""

    name: Mapping[Language, str]
    share: float
    lifts: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Naming:
    """What a need is called now. `likeness` to the fingerprint that carried the name is between -1 and 1.

    *kept*: the name fits. *drifting*: it fits less well than it should; look again. *untitled*: no name fits,
    and the name is a working title.
    """

    name: Mapping[Language, str]
    state: Literal["kept", "drifting", "untitled"]
    likeness: float | None


@dataclass(frozen=True, slots=True)
class Matching:
    """The naming of each need, in the model's order, and the names that found no need."""

    namings: tuple[Naming, ...]
    lost: tuple[NamedNeed, ...]


def match_names(named: Sequence[NamedNeed], needs: Needs) -> Matching:
    """Give each need the name whose fingerprint it resembles most, one name a need, or a working title."""
    from scipy.optimize import linear_sum_assignment

    likeness = np.array(
        [[likeness_of(one.lifts, needs, k) for k in range(needs.model.needs)] for one in named]
    ).reshape(len(named), needs.model.needs)
    rows, columns = linear_sum_assignment(-np.where(likeness >= DRIFTING, likeness, 0.0))
    found = {
        int(k): (named[i], float(likeness[i, k]))
        for i, k in zip(rows, columns, strict=True)
        if likeness[i, k] >= DRIFTING
    }
    namings = []
    for k in range(needs.model.needs):
        if k in found:
            one, alike = found[k]
            namings.append(Naming(one.name, "kept" if alike >= KEPT else "drifting", alike))
        else:
            titles = {
                language: working_title(needs.portraits[k], language, needs=needs.model.needs)
                for language in LANGUAGES
            }
            namings.append(Naming(titles, "untitled", None))
    kept = {id(one) for one, _ in found.values()}
    return Matching(tuple(namings), tuple(one for one in named if id(one) not in kept))


def named_needs(needs: Needs, namings: Sequence[Naming]) -> tuple[NamedNeed, ...]:
    """The needs under their names with fresh fingerprints, as `needs.yaml` keeps them."""
    return tuple(
        NamedNeed(naming.name, needs.shares[k].mean, fingerprint(needs, k))
        for k, naming in enumerate(namings)
    )


def fingerprint(needs: Needs, need: int) -> dict[tuple[str, str], float]:
    """The lifts of the modules that set a need apart most: by choices moved, times the log of the lift.

    Of the components that tell needs alone.
    """
    log_lift = np.log(needs.choice_shares[need] / needs.population_shares)
    moved = needs.component_mass * (needs.choice_shares[need] - needs.population_shares) * log_lift
    moved = np.where(needs.model.tells_of(np.arange(len(moved))), moved, 0.0)
    labels = list(needs.model.item_of)
    top = np.argsort(-moved, kind="stable")[:FINGERPRINT_MODULES]
    return {labels[item]: float(f"{np.exp(log_lift[item]):.3g}") for item in top.tolist() if moved[item] > 0}


def likeness_of(lifts: Mapping[tuple[str, str], float], needs: Needs, need: int) -> float:
    """The cosine of log-lifts over the fingerprint's modules that the model knows.

    Where all customers have one need there is nothing to tell apart: 1 for an empty fingerprint.
    """
    known = [
        (needs.model.item_of[label], lift) for label, lift in lifts.items() if label in needs.model.item_of
    ]
    if not known:
        return 1.0 if needs.model.needs == 1 and not lifts else 0.0
    items = np.array([item for item, _ in known])
    theirs = np.log(np.maximum([lift for _, lift in known], 1e-3))
    ours = np.log(needs.choice_shares[need][items] / needs.population_shares[items])
    return _cosine(theirs, ours)


def read_names(path: Path) -> tuple[NamedNeed, ...]:
    """Read `needs.yaml`. Raises BadDeclaration with every complaint at its line."""
    page = declared.read(path)
    with declared.complaints(page) as wrong:
        return needs_in(wrong, page.root)


def needs_in(wrong: Reader, root: Declared) -> tuple[NamedNeed, ...]:
    """The needs that a page names; complaints go to the reader."""
    found: list[NamedNeed] = []
    for need in wrong.items(wrong.mapping(root, required=("needs",))["needs"]):
        parts = wrong.mapping(need, required=("name",), optional=("fingerprint",))
        names = wrong.mapping(parts["name"], optional=LANGUAGES)
        said = {language: wrong.text(names[language]) for language in LANGUAGES if language in names}
        spoken = [name for name in said.values() if name.strip()]
        if not spoken:
            wrong.complain(parts["name"], "a need must have a name in at least one language")
        written = parts.get("fingerprint", declared.Declared("nothing", need.line))
        print_ = {} if written.kind == "nothing" else wrong.mapping(written, optional=("share", "lifts"))
        lifts = {
            (component, module): wrong.number(lift, least=0)
            for component, modules in wrong.free_mapping(print_.get("lifts")).items()
            for module, lift in wrong.free_mapping(modules).items()
        }
        usual = spoken[0] if spoken else ""
        name = {language: said.get(language, "").strip() or usual for language in LANGUAGES}
        found.append(NamedNeed(name, wrong.number(print_.get("share"), least=0, most=1), lifts))
    return tuple(found)


def as_yaml(named: Sequence[NamedNeed]) -> str:
    """The text of `needs.yaml`."""
    import yaml

    page = []
    for one in named:
        lifts: dict[str, dict[str, float]] = {}
        for (component, module), lift in one.lifts.items():
            lifts.setdefault(component, {})[module] = lift
        page.append({"name": dict(one.name), "fingerprint": {"share": round(one.share, 3), "lifts": lifts}})
    return _HEADING + yaml.safe_dump({"needs": page}, sort_keys=False, allow_unicode=True, width=100)


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths > 0 else 0.0
