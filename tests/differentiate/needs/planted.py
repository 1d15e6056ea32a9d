"""Customers whose needs are known, because we planted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trato.differentiate.needs.choices import Choices, from_codes

if TYPE_CHECKING:
    from numpy.typing import NDArray


def planted_choices(
    rng: np.random.Generator,
    *,
    customers: int,
    profiles: NDArray[np.float64],
    shares: NDArray[np.float64],
    mean_choices: float = 6.0,
    concentration: float = np.inf,
    windows: int = 1,
) -> tuple[Choices, NDArray[np.intp]]:
    """Choices of customers of planted classes, and each customer's class.

    `profiles` has shape (classes, components, modules). Each customer chooses in a component and window a
    Poisson number of times; with a finite concentration their own shares scatter around their class's.
    """
    classes, components, modules = profiles.shape
    own_class = rng.choice(classes, size=customers, p=shares)
    rows: list[tuple[int, int, int, int, int]] = []
    for customer in range(customers):
        for component in range(components):
            shares_here = profiles[own_class[customer], component]
            if np.isfinite(concentration):
                shares_here = rng.dirichlet(np.maximum(concentration * shares_here, 1e-3))
            for window in range(windows):
                counts = rng.multinomial(rng.poisson(mean_choices), shares_here)
                chosen = counts.tolist()
                rows.extend((customer, component, m, window, chosen[m]) for m in range(modules) if chosen[m])
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    choices = from_codes(
        customer_labels=[f"c{customer:05d}" for customer in range(customers)],
        customer=table[:, 0],
        component_labels=[f"component {component}" for component in range(components)],
        component=table[:, 1],
        module_labels=[f"module {module:02d}" for module in range(modules)],
        module=table[:, 2],
        window=table[:, 3],
        count=table[:, 4],
    )
    return choices, own_class[[int(name[1:]) for name in choices.customers]]


def contrasting_profiles(
    classes: int, components: int, modules: int, favour: float = 0.7
) -> NDArray[np.float64]:
    """Each class favours another module in each component, and spreads the rest evenly."""
    profiles = np.full((classes, components, modules), (1 - favour) / (modules - 1))
    for k in range(classes):
        for component in range(components):
            profiles[k, component, (k + component) % modules] = favour
    return profiles
