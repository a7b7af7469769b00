"""What is told apart: units of an item that expire on the same day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.horizon.question import Horizon, Lots

NEVER: Final = 2**40
"""Last day of goods that keep for ever."""


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """One entry for each item and last day, G of them, by item, then what expires first."""

    item: Ints
    """``(G,)``."""
    last_day: Ints
    """Last day on which it can be sold, ``(G,)``; `NEVER` where it keeps."""
    least_shelf: Ints
    """Days it must still keep when a transfer arrives, at least the day of arrival, ``(G,)``."""
    on_hand: Ints
    """``(G, W)``."""
    inbound: Ints
    """Counted as fresh from a supplier on the day it arrives, ``(G, W, T)``."""
    received_as: Ints
    """Entry of what a supplier delivers on day t, ``(K, T)``."""

    def __len__(self) -> int:
        return len(self.item)


def goods(horizon: Horizon) -> Goods:
    """Every item's units by the day they expire.

    Raises
    ------
    ValueError
        If lots are more than is on hand, or a lot has expired.
    """
    problem = horizon.problem
    items, nodes, days = len(problem.skus), len(problem.nodes), problem.days
    lots = _no_lots(items) if horizon.lots is None else horizon.lots
    named = _named(horizon, lots)
    item: list[int] = []
    last: list[int] = []
    received_as = np.zeros((items, days), np.int64)
    place: dict[tuple[int, int], int] = {}
    for k in range(items):
        shelf = int(lots.shelf_days[k])
        fresh = [t + shelf - 1 if shelf else NEVER for t in range(days)]
        ends = {int(e) for e in lots.last_day[lots.item == k]} | set(fresh)
        if (problem.on_hand[k] > named[k]).any():
            ends.add(NEVER)
        for end in sorted(ends):
            place[k, end] = len(item)
            item.append(k)
            last.append(end)
        received_as[k] = [place[k, end] for end in fresh]
    on_hand = np.zeros((len(item), nodes), np.int64)
    for b in range(len(lots.item)):
        on_hand[place[int(lots.item[b]), int(lots.last_day[b])], lots.node[b]] += lots.units[b]
    for k in range(items):
        if (k, NEVER) in place:
            on_hand[place[k, NEVER]] += problem.on_hand[k] - named[k]
    inbound = np.zeros((len(item), nodes, days), np.int64)
    for k in range(items):
        for t in range(days):
            inbound[received_as[k, t], :, t] += problem.arrivals[k, :, t]
    of_item = np.array(item, np.int64)
    return Goods(
        item=of_item,
        last_day=np.array(last, np.int64),
        least_shelf=np.maximum(lots.minimum_shelf_days[of_item], 1),
        on_hand=on_hand,
        inbound=inbound,
        received_as=received_as,
    )


def _named(horizon: Horizon, lots: Lots) -> Ints:
    """Units of all lots, ``(K, W)``."""
    problem = horizon.problem
    named = np.zeros_like(problem.on_hand)
    np.add.at(named, (lots.item, lots.node), lots.units)
    over = named > problem.on_hand
    if over.any():
        k, w = (int(i) for i in np.argwhere(over)[0])
        raise ValueError(
            f"{problem.skus[k]} at {problem.nodes[w]}: lots of {int(named[k, w])} units, but only "
            f"{int(problem.on_hand[k, w])} are on hand; correct the lots or the stock"
        )
    gone = (lots.last_day < 0) & (lots.units > 0)
    if gone.any():
        b = int(np.flatnonzero(gone)[0])
        raise ValueError(
            f"{problem.skus[int(lots.item[b])]} at {problem.nodes[int(lots.node[b])]}: a lot expired "
            f"{-int(lots.last_day[b])} days ago; write it off before planning"
        )
    return named


def _no_lots(items: int) -> Lots:
    none, zero = np.zeros(0, np.int64), np.zeros(items, np.int64)
    return Lots(
        item=none,
        node=none,
        units=none,
        last_day=none,
        shelf_days=zero,
        minimum_shelf_days=zero,
        write_off_cents=zero,
    )


def untouched(horizon: Horizon, stocked: Goods) -> Ints:
    """Units of each item in the whole network at the end of each day if nothing is moved or bought, ``(K, S, T)``.

    Nodes sell what expires first; what has expired is gone. Where unmet demand waits, later goods serve it.
    """
    problem = horizon.problem
    items, nodes, paths, days = problem.paths.shape
    left = np.zeros((items, paths, days), np.int64)
    waits = horizon.backorder_millicents is not None
    for k in range(items):
        mine = np.flatnonzero(stocked.item == k)
        for w in range(nodes):
            stock = np.repeat(stocked.on_hand[mine, w][:, None], paths, axis=1)
            waiting = np.zeros(paths, np.int64)
            for t in range(days):
                stock = stock + stocked.inbound[mine, w, t][:, None]
                wanted = problem.paths[k, w, :, t].astype(np.int64) + waiting
                for n in range(len(mine)):
                    served = np.minimum(stock[n], wanted)
                    stock[n] -= served
                    wanted -= served
                waiting = wanted if waits else waiting
                stock[stocked.last_day[mine] <= t] = 0
                left[k, :, t] += stock.sum(axis=0)
    return left
