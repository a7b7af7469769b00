"""Base-stock levels for any network, by coordinate descent on one and the same demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenstock.inventory.multi_echelon.simulate import StockNetwork, simulate

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LevelsFound:
    """Levels, their cost on the demand they were found on (which flatters a little), and how often it was asked."""

    levels: Floats
    cost: float
    evaluations: int


def search_levels(
    network: StockNetwork,
    demand: Floats,
    *,
    skip: int = 0,
    alike: Sequence[Sequence[int]] = (),
    steps: Sequence[float] = (8.0, 4.0, 2.0, 1.0),
) -> LevelsFound:
    """Local base-stock levels, no step of which up or down lowers the cost.

    Every trial sees the same demand, so the cost is one fixed function and small differences are real. The start is the
    mean demand of each stage's lead time and two standard deviations.

    Parameters
    ----------
    demand, skip
        As of `simulate`.
    alike
        Groups of stages that share one level; stages not named stand alone.
    steps
        Tried from first to last, each until nothing improves; levels are multiples of the last one.
    """
    n = network.holding.size
    named = [i for group in alike for i in group]
    if len(set(named)) != len(named) or any(not 0 <= i < n for i in named):
        raise ValueError(f"alike wants groups without overlap of the stages 0 to {n - 1}")
    if not steps or min(steps) <= 0:
        raise ValueError("steps want at least one number, all above zero")
    groups = [list(group) for group in alike] + [[i] for i in range(n) if i not in named]
    levels = _start(network, demand, steps[-1])
    for group in groups:
        levels[group] = levels[group].mean().round()
    best, asked = simulate(network, levels, demand, skip=skip).cost, 1
    for step in steps:
        moved = True
        while moved:
            moved = False
            for group in groups:
                for move in (step, -step):
                    trial = levels.copy()
                    trial[group] += move
                    cost = simulate(network, trial, demand, skip=skip).cost
                    asked += 1
                    while cost < best:
                        levels, best, moved = trial.copy(), cost, True
                        trial[group] += move
                        cost = simulate(network, trial, demand, skip=skip).cost
                        asked += 1
    return LevelsFound(levels, best, asked)


def _start(network: StockNetwork, demand: Floats, step: float) -> Floats:
    n = network.holding.size
    below = np.zeros((n, network.sells.size))
    below[network.sells, np.arange(network.sells.size)] = 1.0
    for i in network.order[::-1]:
        for a in np.flatnonzero(network.up == i):
            below[i] = np.maximum(below[i], below[network.down[a]])
    daily = demand.reshape(-1, demand.shape[2]) @ below.T
    wait = np.zeros(n)
    np.maximum.at(wait, network.down, network.lead_days)
    return np.asarray(np.round((daily.mean(axis=0) * wait + 2.0 * daily.std(axis=0) * np.sqrt(wait)) / step) * step)
