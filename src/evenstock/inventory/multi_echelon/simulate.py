"""What a base-stock policy costs on given demand, for any network of stages without circles: chains, trees, assemblies.

A day runs thus: what was sent arrives; customers order, and each order is passed up the network the same day, so that every
stage's position returns to its base stock; stages ship what they have, the rest is owed; costs are counted. A stage that is
short serves its successors in proportion to what it owes them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evenstock.inventory.multi_echelon.simulate_kernel import walk

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
OUTSIDE = -1
"""Stands for the source that never runs out."""


@dataclass(frozen=True, slots=True)
class StockNetwork:
    """Stages and the arcs between them, laid out for the simulator; made by `stock_network`.

    Attributes
    ----------
    holding, penalty
        Cost of a unit on hand and of a unit owed (to a customer or a successor) at the end of a day, shape ``(stage,)``.
    up, down, lead_days
        Stage that sends, stage that receives and days between, shape ``(arc,)``, arcs grouped by receiver; `OUTSIDE` sends
        whatever is asked for.
    order
        Stages, senders before receivers.
    first_in
        Where each stage's inbound arcs begin, shape ``(stage + 1,)``.
    out_start, out_arcs
        Outbound arcs by stage, in the same compressed form.
    sells
        Stages at which customers order, in the order of the columns of demand.
    """

    holding: Floats
    penalty: Floats
    up: Ints
    down: Ints
    lead_days: Ints
    order: Ints
    first_in: Ints
    out_start: Ints
    out_arcs: Ints
    sells: Ints


def stock_network(
    holding: Sequence[float],
    penalty: Sequence[float],
    arcs: Sequence[tuple[int, int, int]],
    sells: Sequence[int],
) -> StockNetwork:
    """Lay out a network.

    Parameters
    ----------
    holding, penalty
        By stage; units in transit and parts that wait for other parts are charged as at the stage that sent them.
    arcs
        (from, to, lead days); ``OUTSIDE`` as `from` is the source, whose units in transit cost nothing. A stage with several
        inbound arcs assembles one unit of each.
    sells
        Stages at which customers order.

    Raises
    ------
    ValueError
        If arcs name no stage, run in a circle, or leave a stage without supply or demand.
    """
    n = len(holding)
    h, p = np.asarray(holding, np.float64), np.asarray(penalty, np.float64)
    if h.shape != p.shape or not (np.isfinite(h).all() and np.isfinite(p).all() and (h >= 0).all() and (p >= 0).all()):
        raise ValueError("holding and penalty want one finite number at or above zero a stage")
    for a, b, days in arcs:
        if not (OUTSIDE <= a < n and 0 <= b < n and a != b and days >= 0 and days == int(days)):
            raise ValueError(f"arc ({a}, {b}, {days}) wants two of the stages 0 to {n - 1} and whole days from zero up")
    if any(not 0 <= s < n for s in sells) or len(set(sells)) != len(sells):
        raise ValueError(f"sells wants different stages of 0 to {n - 1}")
    kept = sorted(arcs, key=lambda arc: (arc[1], arc[0]))
    up, down, days_of = (np.array([arc[k] for arc in kept], np.int64).reshape(-1) for k in range(3))
    unfed = sorted(set(range(n)) - set(down.tolist()))
    unused = sorted(set(range(n)) - set(up.tolist()) - set(sells))
    if unfed or unused:
        raise ValueError(f"stages {unfed} have no supply and stages {unused} no demand: add arcs or leave them out")
    out = [np.flatnonzero(up == i) for i in range(n)]
    return StockNetwork(
        h,
        p,
        up,
        down,
        days_of,
        _senders_first(n, kept),
        np.searchsorted(down, np.arange(n + 1)),
        np.cumsum([0, *(len(o) for o in out)]),
        np.concatenate(out).astype(np.int64),
        np.asarray(sells, np.int64),
    )


def _senders_first(n: int, arcs: Sequence[tuple[int, int, int]]) -> Ints:
    waiting = {i: {a for a, b, _ in arcs if b == i and a != OUTSIDE} for i in range(n)}
    done: list[int] = []
    while waiting:
        ready = [i for i, before in waiting.items() if before <= set(done)]
        if not ready:
            raise ValueError(f"stages {sorted(waiting)} supply each other in a circle")
        done += ready
        for i in ready:
            del waiting[i]
    return np.array(done, np.int64)


@dataclass(frozen=True, slots=True)
class Simulated:
    """What a policy cost.

    Attributes
    ----------
    by_path
        Cost a day on each path of demand.
    fill_rate
        Share of units sold from the shelf on the day they were wanted, by selling stage.
    """

    by_path: Floats
    fill_rate: Floats

    @property
    def cost(self) -> float:
        return float(self.by_path.mean())

    @property
    def standard_error(self) -> float:
        """Of `cost`; infinite for a single path."""
        paths = self.by_path.size
        return float(self.by_path.std(ddof=1) / math.sqrt(paths)) if paths > 1 else math.inf


def simulate(network: StockNetwork, levels: Sequence[float] | Floats, demand: Floats, *, skip: int = 0) -> Simulated:
    """Cost of local base-stock levels on paths of demand.

    Parameters
    ----------
    levels
        Base stock of each stage: on hand, under way to it and owed to it, less what it owes. The walk starts with all of it
        on hand.
    demand
        Units, shape ``(path, day, selling stage)``.
    skip
        Days left out of the averages.

    Examples
    --------
    One stage, one day's lead, two wanted a day, a base stock of three: one unit is left every evening.

    >>> shop = stock_network([1.0], [9.0], [(OUTSIDE, 0, 1)], sells=[0])
    >>> simulate(shop, [3.0], np.full((1, 50, 1), 2.0), skip=5).cost
    1.0
    """
    base = np.asarray(levels, np.float64)
    if base.shape != network.holding.shape or not np.isfinite(base).all():
        raise ValueError(f"levels want one finite number for each of {network.holding.size} stages")
    if demand.ndim != 3 or demand.shape[2] != network.sells.size or not 0 <= skip < demand.shape[1]:
        raise ValueError(f"demand wants the shape (path, more than {skip} days, {network.sells.size} selling stages)")
    by_path, missed = walk(
        base,
        np.ascontiguousarray(demand, np.float64),
        skip,
        network.holding,
        network.penalty,
        network.up,
        network.down,
        network.lead_days,
        network.order,
        network.first_in,
        network.out_start,
        network.out_arcs,
        network.sells,
    )
    wanted = demand[:, skip:].sum(axis=(0, 1))
    return Simulated(by_path, 1.0 - missed / np.where(wanted > 0, wanted, 1.0))
