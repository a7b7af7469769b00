"""The cheapest way to ship an order of which some line is whole at no node: its quantity is split over nodes.

Only asked where no whole-line cover exists. Lines of one item draw on one quantity, but a kit leaves one node whole; a
node sends one shipment. For every set of nodes, up to three and up to the most shipments, that has all units, every
split is tried if there are at most `MOST_SPLITS` in all; else units are moved between nodes as long as that saves, and
the choice is not claimed to be the least. Where no set of three has all units, nodes that have the most of what is left
are added until all is there, and not claimed either; nor is it where more than three nodes might have been cheaper.
"""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import Final

import numpy as np

from evenstock.routing.choose import ALTERNATIVES, Choice
from evenstock.routing.goods import Goods, goods_of, shipment_cents
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.split_kernel import every_split, good_split
from evenstock.routing.subset_kernel import INFEASIBLE

MOST_SPLITS: Final = 100_000
MOST_NODES: Final = 3


def choose_split(priced: Priced, alternatives: int = ALTERNATIVES) -> Choice:
    """A plan that may take units of one line from several nodes; empty if the nodes together lack some.

    Weight, volume and value of a line are those of one unit times its units.
    """
    goods = goods_of(priced, whole=False)
    able = np.zeros((priced.nodes, len(goods.units)), np.bool_)
    np.logical_or.at(able, priced.node, goods.permitted)
    most = np.where(able, goods.most, 0)
    units = goods.units
    sets = _sets(most, units, priced.max_shipments)
    splits = sum(_splits(units, most[list(nodes)]) for nodes in sets)
    within = min(priced.max_shipments, int((most > 0).any(axis=1).sum())) <= MOST_NODES
    exact = splits <= MOST_SPLITS and within
    search = every_split if exact else good_split
    items = goods.each
    offers = (
        np.searchsorted(priced.node, np.arange(priced.nodes + 1)),
        goods.permitted,
        priced.ladder,
        priced.shipment_cents,
        goods.unit_cents,
        goods.need,
        goods.stock,
    )
    limits = np.array([priced.extra_shipment_cents, priced.min_split_value_cents])
    plans = []
    for nodes in sets:
        cents, taken = search(items, offers, priced.ladders.arrays, limits, np.array(nodes), units, most[list(nodes)])
        if cents < INFEASIBLE and (taken.sum(axis=1) > 0).all():  # a set with an idle node is a smaller set
            plans.append((cents, len(nodes), nodes, taken))
    plans = sorted(plans, key=lambda plan: plan[:3])[: alternatives + 1]
    return _choice(priced, plans, goods, proven=exact)


def _sets(most: Whole, units: Whole, shipments: int) -> list[tuple[int, ...]]:
    """Sets of nodes that have every unit, few nodes first."""
    useful = np.flatnonzero((most > 0).any(axis=1)).tolist()
    sizes = range(1, min(MOST_NODES, shipments, len(useful)) + 1)
    found = [n for size in sizes for n in combinations(useful, size) if (most[list(n)].sum(axis=0) >= units).all()]
    if found or shipments <= MOST_NODES:
        return found
    left, there = units.copy(), most.copy()
    greedy: list[int] = []
    while left.any() and len(greedy) < shipments:
        node = int(np.minimum(there, left).sum(axis=1).argmax())
        if not np.minimum(there[node], left).any():
            break
        greedy.append(node)
        left = left - np.minimum(there[node], left)
        there[node] = 0  # a node is asked once: what it has is taken
    return [] if left.any() else [tuple(sorted(greedy))]


def _splits(units: Whole, most: Whole) -> int:
    """How many ways there are to take the units from up to three nodes; an upper bound for three.

    Examples
    --------
    Five units of which one node has three and the other four: 1 + 4, 2 + 3 or 3 + 2.

    >>> _splits(np.array([5]), np.array([[3], [4]]))
    3
    """
    if len(most) == 1:
        return 1
    widths = [np.minimum(units, row) - np.maximum(0, units - (most.sum(axis=0) - row)) + 1 for row in most]
    if len(most) == 2:
        return prod(int(n) for n in widths[0])
    return prod(int(a) * int(b) for a, b in zip(*np.sort(widths, axis=0)[:2], strict=True))


def _choice(
    priced: Priced,
    plans: list[tuple[int, int, tuple[int, ...], Whole]],
    goods: Goods,
    *,
    proven: bool,
) -> Choice:
    """Units by line: a kit's are all at one node, lines of one item are filled one after the other, nodes in their order."""
    width = max((len(nodes) for _, _, nodes, _ in plans), default=1)
    candidate = np.full((len(plans), width), -1, np.int64)
    carried = np.zeros((len(plans), width, priced.lines), np.int64)
    for row, (_, _, nodes, taken) in enumerate(plans):
        candidate[row, : len(nodes)] = [_cheapest(priced, goods, *one) for one in zip(nodes, taken, strict=True)]
        carried[row, : len(nodes)] = goods.by_line(priced, list(taken))
    return Choice(np.array([p[0] for p in plans], np.int64), candidate, carried, proven_least=proven)


def _cheapest(priced: Priced, goods: Goods, node: int, taken: Whole) -> int:
    """The candidate of a node by which its units travel."""
    able = [c for c in np.flatnonzero(priced.node == node).tolist() if goods.permitted[c, taken > 0].all()]
    return min(able, key=lambda c: shipment_cents(priced, goods, c, taken))
