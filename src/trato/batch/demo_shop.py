"""What the demo's shop says about itself: grocer.yaml, and the names of its categories in names.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trato import declared
from trato.differentiate.needs.wording import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    InLanguages = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Ability:
    """Whether the shop says that it can, and why, per language."""

    enough: bool
    why: InLanguages


@dataclass(frozen=True, slots=True)
class Shop:
    """What grocer.yaml says."""

    company: InLanguages
    currency: str
    fewest_purchases: int
    fuel: str
    left_out: str
    horizon_days: int
    seed: int
    pictured: tuple[str, ...]
    interacts: Ability
    treats: Ability


@dataclass(frozen=True, slots=True)
class Labels:
    """What people call components, modules and facts, per language; by the tables' own words."""

    components: Mapping[str, InLanguages]
    modules: Mapping[tuple[str, str], InLanguages]
    facts: Mapping[str, InLanguages]


def read_shop(path: Path) -> Shop:
    """Read grocer.yaml. Raises BadDeclaration with every complaint at its line."""
    page = declared.read(path)
    with declared.complaints(page) as wrong:
        said = wrong.mapping(
            page.root,
            required=(
                *("company", "currency", "fewest_purchases", "fuel", "left_out"),
                *("horizon_days", "seed", "pictured", "experience"),
            ),
        )
        square = wrong.mapping(said["experience"], required=("interacts", "treats"))
        return Shop(
            company=_in_languages(wrong, said["company"]),
            currency=wrong.text(said["currency"]),
            fewest_purchases=wrong.whole(said["fewest_purchases"], least=1),
            fuel=wrong.text(said["fuel"]),
            left_out=wrong.text(said["left_out"]),
            horizon_days=wrong.whole(said["horizon_days"], least=1),
            seed=wrong.whole(said["seed"], least=0),
            pictured=tuple(wrong.text(one) for one in wrong.items(said["pictured"])),
            interacts=_ability(wrong, square["interacts"]),
            treats=_ability(wrong, square["treats"]),
        )


def read_labels(path: Path) -> Labels:
    """Read names.yaml. Raises BadDeclaration with every complaint at its line."""
    page = declared.read(path)
    with declared.complaints(page) as wrong:
        said = wrong.mapping(page.root, required=("components", "modules", "facts"))
        return Labels(
            components={
                name: _in_languages(wrong, one)
                for name, one in wrong.free_mapping(said["components"]).items()
            },
            modules={
                (component, module): _in_languages(wrong, one)
                for component, modules in wrong.free_mapping(said["modules"]).items()
                for module, one in wrong.free_mapping(modules).items()
            },
            facts={
                name: _in_languages(wrong, one) for name, one in wrong.free_mapping(said["facts"]).items()
            },
        )


def _ability(wrong: declared.Reader, at: declared.Declared) -> Ability:
    said = wrong.mapping(at, required=("enough", "why"))
    return Ability(wrong.truth(said["enough"]), _in_languages(wrong, said["why"]))


def _in_languages(wrong: declared.Reader, at: declared.Declared) -> dict[str, str]:
    said = wrong.mapping(at, required=LANGUAGES)
    return {language: wrong.text(said[language]) for language in LANGUAGES}
