"""The value of the k-th unit: what each next case would gain where it arrives, and lose where it leaves.

Identity 1: with one path of demand and lost sales, the k-th extra unit arriving on day L is sold on the first day by
which the units lost since L reach k. Seen from the origin, the k-th unit taken away is missed on the first evening that
would have had fewer than k units left. So one simulation of the night as it is prices every next case at every node, for
any number of cases and days of arrival, and no scenario program is needed.

References
----------
Caro and Gallien (2010), Operations Research 58(2), for expected sales as a concave function in a transfer program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.unit_values.kernel import unit_value_tables
from evenstock.rebalancing.unit_values.standing import stands

Map = Callable[..., Iterable[Any]]
"""`map`, or one that runs elsewhere: a function and an iterable in, results in order out."""

BLOCK: Final = 500
"""Items in one task."""


@dataclass(frozen=True, slots=True, eq=False)
class Sinks:
    """Arrival classes: a node and the day on which goods can be sold there, sorted by node, then day."""

    node: Ints
    lead: Ints
    """Day of arrival, at most the number of days planned."""
    first: Ints
    """Where each node's sinks begin, ``(W + 1,)``."""
    of_lane: Ints
    """``(A,)``."""

    def __len__(self) -> int:
        return len(self.node)


def sinks(problem: Problem) -> Sinks:
    lanes = problem.lanes
    lead = np.minimum(lanes.lead_days, problem.days)
    key = lanes.destination * (problem.days + 1) + lead
    kinds, of_lane = np.unique(key, return_inverse=True)
    node, day = np.divmod(kinds, problem.days + 1)
    first = np.searchsorted(node, np.arange(len(problem.nodes) + 1)).astype(np.int64)
    return Sinks(node.astype(np.int64), day.astype(np.int64), first, of_lane.ravel().astype(np.int64))


@dataclass(frozen=True, slots=True, eq=False)
class UnitValues:
    """Millicents summed over all paths, for each next case; only as far as a gainful move can reach."""

    sinks: Sinks
    gain_at: Ints
    """Gains of item k at sink r lie from ``gain_at[k R + r]`` on, falling."""
    gains: Ints
    loss_at: Ints
    """Losses of item k at node i lie from ``loss_at[k W + i]`` on, rising."""
    losses: Ints
    concave: Bools
    """``(K,)``; checked value by value, and true by the way demand is served."""

    def gains_of(self, item: int, sink: int) -> Ints:
        at = item * len(self.sinks) + sink
        return self.gains[self.gain_at[at] : self.gain_at[at + 1]]

    def losses_of(self, item: int, node: int) -> Ints:
        nodes = len(self.sinks.first) - 1
        return self.losses[self.loss_at[item * nodes + node] : self.loss_at[item * nodes + node + 1]]


def unit_values(problem: Problem, case_cost: Ints, map: Map = map) -> UnitValues:  # noqa: A002
    """Tables of every next case's value.

    Parameters
    ----------
    case_cost
        The least a case can cost on each lane, ``(K, A)``, in millicents times the number of paths; with a hugely
        negative cost nothing is cut off.
    map
        Runs blocks of items; the answer does not depend on how.
    """
    kinds = sinks(problem)
    starts = range(0, max(len(problem.skus), 1), BLOCK)
    parts = list(map(_block, [arguments(problem, kinds, case_cost, slice(at, at + BLOCK)) for at in starts]))
    gain_at, gains, loss_at, losses, concave = (list(part) for part in zip(*parts, strict=True))
    return UnitValues(
        kinds,
        _joined(gain_at),
        np.concatenate(gains),
        _joined(loss_at),
        np.concatenate(losses),
        np.concatenate(concave),
    )


def renewed(before: UnitValues, problem: Problem, case_cost: Ints, changed: Ints, map: Map = map) -> UnitValues:  # noqa: A002
    """The tables when only the `changed` items' stock, demand or prices differ; `changed` is sorted, each once."""
    if len(changed) == 0:
        return before
    tasks = [
        arguments(problem, before.sinks, case_cost, changed[at : at + BLOCK]) for at in range(0, len(changed), BLOCK)
    ]
    gain_at, gains, loss_at, losses, concave = (list(part) for part in zip(*map(_block, tasks), strict=True))
    some = UnitValues(
        before.sinks,
        _joined(gain_at),
        np.concatenate(gains),
        _joined(loss_at),
        np.concatenate(losses),
        np.concatenate(concave),
    )
    return spliced(before, some, changed)


def spliced(whole: UnitValues, some: UnitValues, items: Ints) -> UnitValues:
    """The `whole` tables with those of some items, sorted, in their places; the runs between them are copied as they are."""
    concave = whole.concave.copy()
    concave[items] = some.concave
    nodes = len(whole.sinks.first) - 1
    return UnitValues(
        whole.sinks,
        *_replaced(whole.gain_at, whole.gains, some.gain_at, some.gains, items, len(whole.sinks)),
        *_replaced(whole.loss_at, whole.losses, some.loss_at, some.losses, items, nodes),
        concave,
    )


def _replaced(at: Ints, values: Ints, new_at: Ints, new_values: Ints, items: Ints, width: int) -> tuple[Ints, Ints]:
    """A ragged table of `width` lists an item with those of some items replaced."""
    sizes = np.diff(at).reshape(-1, width)
    parts, begin = [], 0
    for n, k in enumerate(items.tolist()):
        parts += [values[begin : at[k * width]], new_values[new_at[n * width] : new_at[(n + 1) * width]]]
        begin = at[(k + 1) * width]
    sizes[items] = np.diff(new_at).reshape(len(items), width)
    return _offsets(sizes), np.concatenate([*parts, values[begin:]])


def _offsets(sizes: Ints) -> Ints:
    at = np.zeros(sizes.size + 1, np.int64)
    np.cumsum(sizes, out=at[1:])
    return at


def _joined(offsets: list[Ints]) -> Ints:
    return _offsets(np.concatenate([np.diff(part) for part in offsets]))


def arguments(problem: Problem, kinds: Sinks, case_cost: Ints, items: slice | Ints) -> tuple[Any, ...]:
    """The kernels' arguments for some items: no more than they need, so that they travel light."""
    return (
        problem.paths[items],
        problem.on_hand[items],
        problem.arrivals[items],
        problem.movable_cases[items],
        problem.case_units[items],
        1000 * problem.shortage_cents[items],
        problem.holding_millicents[items],
        1000 * problem.terminal[items],
        stands(problem, items),
        kinds.node,
        kinds.lead,
        kinds.first,
        problem.lanes.origin,
        kinds.of_lane,
        case_cost[items],
        ~problem.usable[items],
    )


def _block(task: tuple[Any, ...]) -> tuple[Ints, Ints, Ints, Ints, Bools]:
    return unit_value_tables(*task)
