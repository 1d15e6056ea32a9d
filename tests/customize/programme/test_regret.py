"""The policy learns in the product's way: models are published now and then, outcomes come late."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.regret import regrets


@pytest.mark.parametrize("delay", [0, 300, 1500])
def test_late_outcomes_cost_less_than_treating_all_alike(delay: int) -> None:
    runs = [regrets(seed, 6000, delay, 200) for seed in range(4)]
    mean = {policy: np.mean([run[policy].mean() for run in runs]) for policy in runs[0]}
    assert mean["Trato"] < 0.75 * mean["best single"] < mean["uniform"]
    if delay == 1500:
        assert mean["Trato"] < 0.5 * mean["LinUCB"]


def test_once_it_has_learnt_little_more_than_exploration_is_lost() -> None:
    runs = [regrets(seed, 6000, 300, 200) for seed in range(4)]
    late = np.mean([run["Trato"][-1000:].sum() / run["uniform"][-1000:].sum() for run in runs])
    assert 0.05 < late < 0.15
