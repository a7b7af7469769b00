"""Many orders, packed once and decided under any prices: bulk routing, the ascent to prices and scenarios of them.

What a set of an order's lines costs as one shipment of a node does not depend on the price of its units, so each order
keeps a table of it and a decision only adds prices and puts sets together. The decision is that of
`evenstock.routing.choose.least`, ties too: fewest shipments, then nodes in their order (a node that ships twice counts
twice), then the last of them ship the least. Lines of one item share stock exactly. Orders of more than `MOST_LINES`
lines have no table and are decided one by one by the same search as ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.batch_kernel import Arrays, Money, decide_each, fill, taken
from evenstock.routing.choose import EXACT_LINES, least
from evenstock.routing.large import choose_large
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import INFEASIBLE

MOST_LINES: Final = 10
"""Up to so many lines an order has a table: 2^10 sets by node."""
ANY_STOCK: Final = np.zeros((0, 0), np.int64)
"""No more limits on stock than each order's own."""
NO_WAY_PRICE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """What was decided for each order of a batch, each by itself."""

    cost: Money
    """Prices included, shape ``(order,)``; `INFEASIBLE` where nothing lawful covers the order."""
    way: Whole
    """Way of each line, numbered within its order, shape ``(line,)``; -1 where the order is not served."""
    use: Whole
    """Units taken by all orders, shape ``(node, item)``."""

    @property
    def served(self) -> NDArray[np.bool_]:
        """Whether each order is, shape ``(order,)``."""
        return self.cost < INFEASIBLE


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Orders over one network, end to end; see `pack`."""

    arrays: Arrays
    """For the compiled loops, in this order: where each order's lines begin; item and units of each line; where its ways
    begin, and the node of each; where its sets begin, and its sets by way; cents by ``(node, set)`` and the way of each;
    cents by ``(way, set)``, or nothing; whether a set is worth too little for a split; charge of a further shipment,
    most shipments and whether lines share an item, by order; its own stock by ``(line, node)``.
    """
    nodes: int
    items: int
    slow: Whole
    """Orders without a table."""
    priced: tuple[Priced, ...]
    """The orders in `slow`."""

    @classmethod
    def pack(cls, priced: Sequence[Priced], items: Sequence[Whole], *, by_way: bool = False) -> Batch:
        """Tables of every order, before prices.

        Parameters
        ----------
        priced
            Orders over the same nodes; money in any whole unit, the same for all.
        items
            Number of each line's item in one numbering for the network, by order.
        by_way
            Keep what each way costs, not only the best of each node: needed where ways have prices of their own.

        Raises
        ------
        ValueError
            If orders have different numbers of nodes, or `items` does not name every line.
        """
        nodes = priced[0].nodes if priced else 0
        if len(priced) != len(items) or any(len(i) != p.lines for p, i in zip(priced, items, strict=False)):
            raise ValueError(f"{len(priced)} orders need as many arrays of items, each with one number a line")
        if any(p.nodes != nodes for p in priced):
            raise ValueError(
                f"every order of a batch has the same nodes: {sorted({p.nodes for p in priced})} were given"
            )
        lines = np.array([p.lines for p in priced], np.int64)
        ways = np.array([p.node.size for p in priced], np.int64)
        sets = np.where(lines <= MOST_LINES, 1 << np.minimum(lines, MOST_LINES), 0)
        way_sets = sets * ways if by_way else np.zeros_like(sets)
        first_line, first_way, first_set, first_way_set = [_starts(n) for n in (lines, ways, sets, way_sets)]
        cents = np.full(nodes * first_set[-1], INFEASIBLE, np.int64)
        pick = np.full(cents.size, -1, np.int32)
        way_cents = np.full(first_way_set[-1], INFEASIBLE, np.int64)
        thin = np.zeros(first_set[-1], np.bool_)
        limits = np.array(
            [(p.extra_shipment_cents, p.max_shipments, len(set(p.item.tolist())) < p.lines) for p in priced], np.int64
        ).reshape(-1, 3)
        for o, one in enumerate(priced):
            if sets[o]:
                begin, end = int(first_set[o]), int(first_set[o + 1])
                own = slice(int(first_way_set[o]), int(first_way_set[o + 1]))
                here = slice(nodes * begin, nodes * end)
                _fill(one, (cents[here], pick[here], way_cents[own], thin[begin:end]))
        slow = np.flatnonzero(sets == 0)
        arrays = (
            first_line, _joined(list(items)), _joined([p.units for p in priced]), first_way,
            _joined([p.node for p in priced]), first_set, first_way_set, cents, pick, way_cents, thin, limits,
            # One layout in memory, or every loop is compiled twice: once for several orders, once for one.
            np.ascontiguousarray(np.concatenate([p.atp.T for p in priced]) if priced else np.zeros((0, nodes), np.int64)),
        )  # fmt: skip
        top = int(arrays[1].max()) + 1 if arrays[1].size else 0
        return cls(arrays, nodes, top, slow, tuple(priced[int(o)] for o in slow))

    def __len__(self) -> int:
        return int(self.arrays[0].size) - 1

    @property
    def first_line(self) -> Whole:
        """Where each order's lines begin, shape ``(order + 1,)``."""
        return self.arrays[0]

    @property
    def item(self) -> Whole:
        """Item of each line, shape ``(line,)``."""
        return self.arrays[1]

    @property
    def units(self) -> Whole:
        """Units of each line, shape ``(line,)``."""
        return self.arrays[2]

    @property
    def first_way(self) -> Whole:
        """Where each order's ways begin, shape ``(order + 1,)``."""
        return self.arrays[3]

    @property
    def node(self) -> Whole:
        """Node of each way, shape ``(way,)``."""
        return self.arrays[4]

    @property
    def fast(self) -> Whole:
        """Orders that have a table."""
        return np.flatnonzero(np.diff(self.arrays[5]) > 0)


def decide_many(
    batch: Batch, price: Money | None = None, way_price: Money | None = None, stock: Whole | None = None
) -> Chosen:
    """Decide every order of a batch by itself: none leaves less stock for the next.

    Parameters
    ----------
    price : of a unit, zero or more, shape ``(node, item)``; its type is that of the cost.
    way_price : added to each shipment, shape ``(way,)``; the batch must have been packed `by_way`.
    stock : units there, shape ``(node, item)``; without it only each order's own stock limits it.

    Raises
    ------
    ValueError
        If a price has the wrong shape, or ways have prices and the batch has no costs by way.
    """
    free: Money = np.zeros((batch.nodes, max(batch.items, 1)), np.int64)
    price = free if price is None else np.ascontiguousarray(price)
    ways, there = _given(batch, price, way_price, stock)
    cost = np.full(len(batch), INFEASIBLE, price.dtype)
    way = np.full(batch.item.size, -1, np.int64)
    decide_each(batch.arrays, batch.fast, price, ways, there, cost, way)
    for o, priced in zip(batch.slow.tolist(), batch.priced, strict=True):
        item = batch.item[batch.first_line[o] : batch.first_line[o + 1]]
        here = replace(priced, atp=np.minimum(priced.atp, there[:, item])) if there.size else priced
        cost[o], way[batch.first_line[o] : batch.first_line[o + 1]] = decide_one(batch, o, here, price, ways)
    use = np.zeros(price.shape, np.int64)
    taken(batch.arrays, np.arange(len(batch)), way, np.ones(len(batch), np.int64), use, NO_WAY_PRICE)
    return Chosen(cost, way, use)


def _given(batch: Batch, price: Money, way_price: Money | None, stock: Whole | None) -> tuple[Money, Whole]:
    """Way prices and stock as the loops want them."""
    if price.shape[0] != batch.nodes or price.shape[1] < batch.items:
        raise ValueError(f"prices {price.shape} do not cover {batch.nodes} nodes and {batch.items} items")
    if way_price is not None and way_price.shape != batch.node.shape:
        raise ValueError(f"{way_price.size} prices for {batch.node.size} ways")
    if way_price is not None and batch.arrays[6][-1] == 0 and batch.fast.size:
        raise ValueError("ways have prices, but the batch was packed without what each way costs: pack it by_way")
    if stock is not None and stock.shape != price.shape:
        raise ValueError(f"stock {stock.shape} and prices {price.shape} differ in shape")
    ways = np.zeros(0, price.dtype) if way_price is None else way_price.astype(price.dtype)
    return ways, ANY_STOCK if stock is None else np.ascontiguousarray(stock, np.int64)


def decide_one(batch: Batch, order: int, priced: Priced, price: Money, way_price: Money) -> tuple[float, Whole]:
    """Cost and ways of an order without a table, decided under prices rounded to whole money; they are then paid exactly."""
    item = batch.item[batch.first_line[order] : batch.first_line[order + 1]]
    added = np.rint(price[:, item][priced.node]).astype(np.int64)
    own = way_price[batch.first_way[order] : batch.first_way[order + 1]]
    fixed = np.rint(own).astype(np.int64) if own.size else np.zeros_like(priced.shipment_cents)
    dear = replace(priced, unit_cents=priced.unit_cents + added, shipment_cents=priced.shipment_cents + fixed)
    found = least(dear) if priced.pieces <= EXACT_LINES else choose_large(dear, 0)
    way = np.full(priced.lines, -1, np.int64)
    if not len(found):
        return INFEASIBLE, way
    cost = found.cents[0]
    for candidate, units in found.shipments():
        way[units > 0] = candidate
        cost = cost + (own[candidate] - fixed[candidate] if own.size else 0)
    exact = price[priced.node[way], item] - added[way, np.arange(priced.lines)]
    return cost + exact @ priced.units, way


def _fill(one: Priced, rows: tuple[Whole, NDArray[np.int32], Whole, NDArray[np.bool_]]) -> None:
    fill(
        one.node,
        (one.item, one.units, one.weight_g, one.volume_mm3, one.longest_mm, one.value_cents),
        (one.ladder, one.shipment_cents, np.ascontiguousarray(one.unit_cents)),
        (np.ascontiguousarray(one.permitted), np.ascontiguousarray(one.atp)),
        one.ladders.arrays,
        np.full(one.lines, -1, np.int64) if one.kit is None else one.kit,
        rows,
        one.min_split_value_cents,
    )


def _starts(lengths: Whole) -> Whole:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _joined(arrays: list[Whole]) -> Whole:
    return np.concatenate(arrays).astype(np.int64) if arrays else np.zeros(0, np.int64)
