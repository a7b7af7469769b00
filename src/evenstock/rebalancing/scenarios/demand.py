"""Scenarios of demand: more or less of it, a shock, a launch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Demand, Ints
from evenstock.rebalancing.scenarios.situation import Situation, chosen, said

_GOLDEN: Final = 0.6180339887498949
"""Multiples of the golden section spread most evenly over 0 to 1 (Weyl)."""


@dataclass(frozen=True, slots=True)
class DemandTimes:
    """Demand becomes so many times what it was: 1.2 is 20 % more. With a few days only, a shock."""

    times: float
    skus: tuple[str, ...] = ()
    """None named means all."""
    nodes: tuple[str, ...] = ()
    first_day: int = 0
    last_day: int | None = None
    """The last day of the change; None: to the end."""

    def __post_init__(self) -> None:
        if not 0 <= self.times < 1000:
            raise ValueError(f"demand times {self.times}: from 0 to below 1000 is wanted")

    @property
    def sentence(self) -> str:
        days = f" on days {self.first_day} to {'the last' if self.last_day is None else self.last_day}"
        every = self.first_day == 0 and self.last_day is None
        return (
            f"{said(self.skus, 'all items')} at {said(self.nodes, 'all nodes')}: demand times {self.times:g}"
            f"{'' if every else days}"
        )

    def apply(self, situation: Situation) -> Situation:
        """Whole units: a path's total is scaled and rounded up or down so that the mean over paths is kept."""
        problem = situation.problem
        items, nodes = chosen("item", problem.skus, self.skus), chosen("node", problem.nodes, self.nodes)
        end = problem.days if self.last_day is None else self.last_day + 1
        if not 0 <= self.first_day < end <= problem.days:
            raise ValueError(
                f"demand times: days {self.first_day} to {end - 1} of {problem.days} are no days of the plan"
            )

        def scaled(paths: Demand) -> Demand:
            changed = paths.copy()
            for k in items.tolist():
                units = paths[k].astype(np.int64)
                block = units[nodes, :, self.first_day : end]
                units[nodes, :, self.first_day : end] = _times(block, self.times, k)
                changed = _put(changed, k, units)
            return changed

        return replace(situation, problem=replace(problem, paths=scaled(problem.paths)), fresh=scaled(situation.fresh))


@dataclass(frozen=True, slots=True)
class Launch:
    """An item sells from a day on as another does, or so many times as much, on top of what it was to sell."""

    sku: str
    like: str
    times: float = 1.0
    first_day: int = 0
    nodes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        often = "" if self.times == 1 else f" {self.times:g} times"
        return (
            f"{self.sku} sells{often} like {self.like} at {said(self.nodes, 'all nodes')} from day {self.first_day} on"
        )

    def apply(self, situation: Situation) -> Situation:
        problem = situation.problem
        new, old = (int(chosen("item", problem.skus, (sku,))[0]) for sku in (self.sku, self.like))
        nodes = chosen("node", problem.nodes, self.nodes)

        def launched(paths: Demand) -> Demand:
            units = paths[new].astype(np.int64)
            like = paths[old].astype(np.int64)[nodes, :, self.first_day :]
            units[nodes, :, self.first_day :] += _times(like, self.times, new)
            return _put(paths.copy(), new, units)

        return replace(
            situation, problem=replace(problem, paths=launched(problem.paths)), fresh=launched(situation.fresh)
        )


def _times(units: Ints, times: float, item: int) -> Ints:
    """Whole units ``(node, path, day)``: totals so far times `times`, rounded by a share that differs from path to path."""
    nodes, paths, _ = units.shape
    share = (_GOLDEN * (1 + np.arange(paths)[None, :] + 31 * item + 7 * np.arange(nodes)[:, None])) % 1.0
    total = np.floor(np.cumsum(units, axis=2) * times + share[:, :, None] + 1e-9).astype(np.int64)
    return np.diff(total, axis=2, prepend=np.zeros((nodes, paths, 1), np.int64))


def _put(paths: Demand, item: int, units: Ints) -> Demand:
    """`paths`, in place, with this item's units; wider numbers where they do not fit."""
    if units.max(initial=0) > np.iinfo(paths.dtype).max:
        paths = paths.astype(np.int32)
    paths[item] = units
    return paths


def demand_to(paths: Demand, origin: int, destination: int, nodes: Sequence[str]) -> Demand:
    """Demand of one node asked of another."""
    if origin == destination:
        raise ValueError(f"scenario: demand of {nodes[origin]} cannot go to itself")
    both = paths[:, destination].astype(np.int64) + paths[:, origin]
    changed = paths.astype(np.int32) if both.max(initial=0) > np.iinfo(paths.dtype).max else paths.copy()
    changed[:, destination] = both
    changed[:, origin] = 0
    return changed
