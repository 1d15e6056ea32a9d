"""What components and modules are called, in each language, as `names.yaml` says.

components:
  DOG FOODS: {en: dog food, es: comida para perros, pt: ração para cães}
modules:
  DOG FOODS:
    "DRY DOG FOOD PREM (5-50 LB)": {en: premium dry, es: seco de gama alta, pt: seco premium}

Names stand within a sentence, so they begin with a small letter. What has no name is shown as its table
writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from trato.differentiate.needs.wording import LANGUAGES

if TYPE_CHECKING:
    from trato.declared import Declared, Reader

InLanguages = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Names:
    """Names by language, of components and of (component, module)."""

    components: Mapping[str, InLanguages] = field(default_factory=dict)
    modules: Mapping[tuple[str, str], InLanguages] = field(default_factory=dict)

    def component(self, own: str, language: str) -> str:
        """What a component is called; in another language where there is no name in this one."""
        return _said(self.components.get(own), language) or own

    def module(self, component: str, own: str, language: str) -> str:
        """What a module is called; where it is a component too, as a category in a basket, by that name."""
        given = self.modules.get((component, own)) or self.components.get(own)
        return _said(given, language) or own

    def choice(self, component: str, module: str, language: str) -> str:
        """Both, as in a list: "dog food: premium dry"."""
        return f"{self.component(component, language)}: {self.module(component, module, language)}"


NO_NAMES = Names()


def names_in(wrong: Reader, root: Declared) -> Names:
    """The names that a page gives; complaints go to the reader."""
    said = wrong.mapping(root, optional=("components", "modules", "facts"))
    wrong.free_mapping(said.get("facts"))
    return Names(
        {own: _names(wrong, one) for own, one in wrong.free_mapping(said.get("components")).items()},
        {
            (component, own): _names(wrong, one)
            for component, modules in wrong.free_mapping(said.get("modules")).items()
            for own, one in wrong.free_mapping(modules).items()
        },
    )


def _names(wrong: Reader, at: Declared) -> InLanguages:
    return {
        language: name
        for language, one in wrong.mapping(at, optional=LANGUAGES).items()
        if (name := wrong.text(one).strip())
    }


def _said(names: InLanguages | None, language: str) -> str:
    """The name in a language, else in the first that there is; nothing where there is none."""
    if not names:
        return ""
    return names.get(language) or next(iter(names.values()))
