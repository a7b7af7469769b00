"""The whole night as one whole-number program, for as few items as HiGHS can hold: exact where each node's value is concave.

Cases by item and lane, the next case's gain and loss by columns that fall and rise, pallets, trucks and departures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.optimisation.program import Answer, Program
from evenstock.rebalancing.arrays import Bools, Floats, Ints
from evenstock.rebalancing.departures.night import Night, own_cents
from evenstock.rebalancing.departures.scarcity import Amounts
from evenstock.rebalancing.terms.trucks import cents_and_size

_NEARLY: Final = 1e-5
"""Of a case: HiGHS keeps whole numbers to a millionth."""


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the program found."""

    cases: Ints
    """``(K, A)``; nothing moves where it found nothing."""
    answer: Answer


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Pallets of each departure that the program may choose between, ``(A,)`` each."""

    least: Ints
    most: Ints

    @classmethod
    def of(cls, pallets: Ints, ceiling: Ints, *, reach: int, opened: Bools) -> Near:
        """Within `reach` of these; departures that stay at home may only be opened where said so."""
        most = np.where((pallets > 0) | opened, np.minimum(pallets + reach, ceiling), 0)
        return cls(np.maximum(pallets - reach, 0), most)


def best_departures(
    night: Night,
    near: Near | None = None,
    *,
    whole: bool = True,
    gap: float = 1e-4,
    most_nodes: int | None = None,
    time_limit_s: float | None = None,
) -> Found:
    """The best cases on the best departures, in the tables' count of what cases are worth.

    Parameters
    ----------
    near
        Departures to choose between; without, all.
    whole
        Cases as whole numbers. Without, pallets, trucks and departures only, and cases are rounded down: a concave value
        leaves few of them broken, and the program is solved many times faster.
    """
    problem, values, lanes = night.problem, night.values, night.problem.lanes
    scale = 1000.0 * problem.path_count
    ceiling = np.ceil(night.room.pallets - 1e-9)
    least = np.zeros(len(lanes)) if near is None else near.least.astype(float)
    most = ceiling if near is None else np.minimum(near.most, ceiling)
    program = Program()
    n = program.columns(len(lanes), cost=lanes.pallet_cents, lower=least, upper=most, whole=True)
    leaves = program.columns(len(lanes), cost=lanes.fixed_cents, lower=least > 0, upper=1.0, whole=True)
    truck, size = cents_and_size(lanes)
    trucks = program.columns(len(lanes), cost=truck, upper=np.where(size > 0, np.inf, 0.0), whole=True)
    counted = np.flatnonzero(size > 0)
    row = program.rows("on trucks", len(counted), upper=0.0)
    program.put(row, n[counted])
    program.put(row, trucks[counted], -size[counted])
    row = program.rows("a departure carries its pallets", len(lanes), upper=0.0)
    program.put(row, n)
    program.put(row, leaves, -np.maximum(most, 1.0))

    loose = problem.pallet_units == 0
    item, lane = np.nonzero((night.most > 0) & (loose[:, None] | (most > 0)[None, :]))
    top = night.most[item, lane]
    own = night.own[item, lane] * problem.case_units[item]
    x = program.columns(len(item), cost=own, upper=top, whole=whole)
    share = (problem.pallet_share * problem.case_units)[item]
    row = program.rows("on pallets", len(lanes), upper=0.0)
    program.put(row[lane], x, share)
    program.put(row, n, -1.0)
    row = program.rows("with a departure", len(item), upper=0.0)
    program.put(row, x)
    program.put(row, leaves[lane], -top)

    nodes, width = len(problem.nodes), len(values.sinks)
    _pieces(program, "out of stock", item * nodes + lanes.origin[lane], x, values.loss_at, values.losses / scale)
    sink = values.sinks.of_lane[lane]
    _pieces(program, "into stock", item * width + sink, x, values.gain_at, -values.gains / scale)
    _limits(program, night, (item, lane, x), (n, leaves, trucks))
    answer = program.solve(gap=gap, most_nodes=most_nodes, time_limit_s=time_limit_s)
    cases = np.zeros(night.most.shape, np.int64)
    if answer.found:
        cases[item, lane] = np.floor(answer.values[x] + _NEARLY).astype(np.int64)
    return Found(cases, answer)


def _pieces(program: Program, name: str, cell: Ints, x: Ints, at: Ints, cost: Floats) -> None:
    """What cases at each item and node are worth, one column a case."""
    used = np.unique(cell)
    sizes = np.diff(at)[used]
    entries = np.concatenate([np.arange(at[c], at[c + 1]) for c in used]) if len(used) else np.zeros(0, np.int64)
    pieces = program.columns(len(entries), cost=cost[entries], upper=1.0)
    row = program.rows(name, len(used), lower=0.0, upper=0.0)
    program.put(row[np.searchsorted(used, cell)], x)
    program.put(np.repeat(row, sizes), pieces, -1.0)


def _limits(
    program: Program, night: Night, moved: tuple[Ints, Ints, Ints], departures: tuple[Ints, Ints, Ints]
) -> None:
    """Docks, room and budget, where they limit."""
    problem, lanes = night.problem, night.problem.lanes
    there, (item, lane, x) = Amounts.there(problem), moved
    units, share = problem.case_units[item], (problem.pallet_share * problem.case_units)[item]
    for i in np.flatnonzero(np.isfinite(there.out)):
        here = lanes.origin[lane] == i
        program.put(program.rows("dock out", 1, upper=there.out[i]), x[here], units[here])
    for j, t in np.argwhere(np.isfinite(there.arriving)):
        here = (lanes.destination[lane] == j) & (lanes.lead_days[lane] == t)
        program.put(program.rows("dock in", 1, upper=there.arriving[j, t]), x[here], units[here])
    for j, t in np.argwhere(np.isfinite(there.stored)):
        here = (lanes.destination[lane] == j) & (lanes.lead_days[lane] <= t)
        program.put(program.rows("room", 1, upper=there.stored[j, t]), x[here], share[here])
    if np.isfinite(there.budget[0]):
        row = program.rows("budget", 1, upper=there.budget[0])
        money = own_cents(problem, money_only=True)[item, lane] * units
        program.put(row, x, money)
        for columns, cents in zip(
            departures, (lanes.pallet_cents, lanes.fixed_cents, cents_and_size(lanes)[0]), strict=True
        ):
            program.put(row, columns, cents)
