"""The night in parts: some items each, with what every next case of them is worth, to be asked at any prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Floats, Ints
from evenstock.rebalancing.bands import Bands
from evenstock.rebalancing.departures.lane_costs import Room
from evenstock.rebalancing.departures.reach_kernel import most_cases
from evenstock.rebalancing.flow.bound import ceiling, upper_bound
from evenstock.rebalancing.flow.conditions import conditions
from evenstock.rebalancing.flow.flow import flow, scaled
from evenstock.rebalancing.limits import lanes_left, limits_left
from evenstock.rebalancing.moves import Moves
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.tables import Map, UnitValues, renewed, unit_values
from evenstock.rebalancing.worth.solution import cost_members

PART: Final = 500
"""Items asked in one task."""


def own_cents(problem: Problem, *, money_only: bool = False) -> Floats:
    """Cents per unit by item and lane that an item pays whatever else is on the departure, ``(K, A)``.

    `money_only` leaves out what no budget pays: interest on goods under way.
    """
    total = np.zeros((len(problem.skus), len(problem.lanes)))
    for member in cost_members().values():
        if not getattr(member, "JOINT", False) and not (money_only and member.COLUMN == "capital"):
            total = total + member.slope(problem)
    return total


@dataclass(frozen=True, slots=True, eq=False)
class Night:
    """A problem, its tables as far as free room on a departure could use them, and what the lanes can still take."""

    problem: Problem
    values: UnitValues
    own: Floats
    """Cents per unit by item and lane without pallets, trucks and departures, ``(K, A)``."""
    most: Ints
    """Cases by item and lane that the search looks at, ``(K, A)``."""
    room: Room
    parts: tuple[tuple[Problem, UnitValues], ...]

    @classmethod
    def of(cls, problem: Problem, map: Map) -> Night:  # noqa: A002
        own = own_cents(problem)
        return cls._with(problem, unit_values(problem, scaled(problem, own), map), own)

    @classmethod
    def _with(cls, problem: Problem, values: UnitValues, own: Floats) -> Night:
        most = _most(problem, values, own)
        return cls(problem, values, own, most, _room(problem), tuple(_parts(problem, values)))

    def after(self, moves: Moves, total: Moves, start: Problem, map: Map) -> Night:  # noqa: A002
        """The night once `moves` are added, which makes `total` since `start`."""
        problem = replace(start.after(total), limits=limits_left(start, total), lanes=lanes_left(start, total))
        changed = np.unique(moves.item)
        return Night._with(problem, renewed(self.values, problem, scaled(problem, self.own), changed, map), self.own)

    def asked(self, cents_per_unit: Floats, map: Map = map) -> tuple[Ints, Ints]:  # noqa: A002
        """Cases ``(K, A)`` at these lane costs, and each item's gain less cost in the tables' money, ``(K,)``."""
        cost = scaled(self.problem, cents_per_unit)
        if not self.parts:
            return np.zeros(cost.shape, np.int64), np.zeros(0, np.int64)
        found = list(map(_flow, self._tasks(cost)))
        return np.concatenate([cases for cases, _ in found]), np.concatenate([net for _, net in found])

    def bound(self, cents_per_unit: Floats, rounds: int, map: Map = map) -> float:  # noqa: A002
        """Cents: no moves gain more than this at these lane costs, after `rounds` corrections of items' own bounds."""
        tasks = [(*task, rounds) for task in self._tasks(scaled(self.problem, cents_per_unit))]
        found: list[int] = list(map(_bound, tasks))
        return sum(found) / (1000.0 * self.problem.path_count)

    def _tasks(self, cost: Ints) -> list[tuple[Problem, UnitValues, Ints]]:
        at = 0
        tasks = []
        for problem, values in self.parts:
            tasks.append((problem, values, cost[at : at + len(problem.skus)]))
            at += len(problem.skus)
        return tasks


def _flow(task: tuple[Problem, UnitValues, Ints]) -> tuple[Ints, Ints]:
    return flow(*task)


def _bound(task: tuple[Problem, UnitValues, Ints, int]) -> int:
    problem, values, cost, rounds = task
    wanted = ~conditions(problem, values, cost).exact
    around = ceiling(problem, values, cost, wanted=wanted, rounds=rounds) if wanted.any() else None
    return int(upper_bound(problem, values, cost, around).sum())


def _most(problem: Problem, values: UnitValues, own: Floats) -> Ints:
    cost = scaled(problem, own)
    return most_cases(
        values.gain_at,
        values.gains,
        values.loss_at,
        values.losses,
        problem.lanes.origin,
        values.sinks.of_lane,
        cost,
    )


def _room(problem: Problem) -> Room:
    """Every case that could leave: a node that lends may take in more than it could sell, so no table tells."""
    units = np.where(problem.usable, (problem.movable_cases * problem.case_units[:, None])[:, problem.lanes.origin], 0)
    loose = np.where(problem.pallet_units > 0, 0.0, problem.load)
    wanted = problem.pallet_share @ units
    return Room(np.minimum(wanted, problem.lanes.most_pallets), loose @ units, wanted)


def _parts(problem: Problem, values: UnitValues) -> Iterable[tuple[Problem, UnitValues]]:
    items = len(problem.skus)
    width, nodes = len(values.sinks), len(problem.nodes)
    for at in range(0, items, PART):
        chosen = slice(at, min(at + PART, items))
        gain_at = values.gain_at[at * width : chosen.stop * width + 1]
        loss_at = values.loss_at[at * nodes : chosen.stop * nodes + 1]
        tables = UnitValues(
            values.sinks,
            gain_at - gain_at[0],
            values.gains[gain_at[0] : gain_at[-1]],
            loss_at - loss_at[0],
            values.losses[loss_at[0] : loss_at[-1]],
            values.concave[chosen],
        )
        yield only(problem, chosen), tables


def only(problem: Problem, items: slice) -> Problem:
    """The night of some items, without what is shared beyond the lanes."""
    bands = problem.bands
    fewer = None if bands is None else Bands(**{name: getattr(bands, name)[items] for name in Bands.__slots__})
    names = (
        "skus", "on_hand", "paths", "shortage_cents", "unit_cost_cents", "holding_millicents", "case_units",
        "pallet_units", "source_floor", "inbound", "terminal_cents", "barred",
    )  # fmt: skip
    return replace(problem, **{name: getattr(problem, name)[items] for name in names}, bands=fewer, limits=None)
