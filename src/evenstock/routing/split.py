"""The cheapest way to ship an order of which some line is whole at no node: its quantity is split over nodes.

Only asked where no whole-line cover exists. Lines of one item draw on one quantity, but a kit leaves one node whole; a
node sends one shipment. For every set of nodes, up to three
and up to the most shipments, that has all units, every split is tried if there are at most `MOST_SPLITS` in all; else
units are moved between nodes as long as that saves, and the choice is not claimed to be the least. Where no set of
three has all units, nodes that have the most of what is left are added until all is there, and not claimed either.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.choose import ALTERNATIVES, Choice
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.split_kernel import Offers, every_split, good_split
from evenstock.routing.subset_kernel import INFEASIBLE, carton_cents

MOST_SPLITS: Final = 100_000
MOST_NODES: Final = 3


def choose_split(priced: Priced, alternatives: int = ALTERNATIVES) -> Choice:
    """A plan that may take units of one line from several nodes; empty if the nodes together lack some.

    Weight, volume and value of a line are those of one unit times its units.
    """
    goods = _goods(priced)
    able = np.zeros((priced.nodes, len(goods.units)), np.bool_)
    np.logical_or.at(able, priced.node, goods.permitted)
    most = np.where(able, goods.most, 0)
    units = goods.units
    sets = _sets(most, units, priced.max_shipments)
    splits = sum(_splits(units, most[list(nodes)]) for nodes in sets)
    exact = splits <= MOST_SPLITS and all(len(nodes) <= MOST_NODES for nodes in sets)
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
    return _choice(priced, plans, goods, offers, proven=exact)


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """What may be split: each kit as one unit, then every item with the units of its lines in no kit."""

    line_of: Whole
    """Kit or item of each line, shape ``(line,)``, as are all below by kit or item."""
    kits: int
    units: Whole
    each: tuple[Whole, Whole, Whole, Whole]
    """Weight, volume, longest side and value of one unit."""
    permitted: NDArray[np.bool_]
    """Shape ``(candidate, kit or item)``."""
    unit_cents: Whole
    most: Whole
    """Units that a node has, were nothing else taken, ``(node, kit or item)``."""
    need: Whole
    """Units of each item of which more than one of these draws, ``(kit or item, such item)``."""
    stock: Whole
    """Of those items, ``(node, such item)``."""


def _goods(priced: Priced) -> Goods:
    _, first, item = np.unique(priced.item, return_index=True, return_inverse=True)
    kit = np.full(priced.lines, -1) if priced.kit is None else priced.kit
    _, number = np.unique(np.where(kit >= 0, kit, kit.max() + 1 + item), return_inverse=True)  # kits stand first
    member = number == np.arange(int(number.max()) + 1)[:, None]
    kits = len(set(kit[kit >= 0].tolist()))
    # What one unit of a row takes of each line: of a kit all its units, of an item one of its first line.
    per_unit = np.where(member, priced.units, 0)
    for row in range(kits, len(member)):
        per_unit[row] = np.arange(priced.lines) == np.flatnonzero(member[row])[0]
    need = np.zeros((len(member), len(first)), np.int64)
    np.add.at(need.T, item, per_unit.T)
    stock = priced.atp[:, first]
    most = np.stack([(stock[:, row > 0] // row[row > 0]).min(axis=1) for row in need], axis=1)
    units = np.ones(len(member), np.int64)
    units[kits:] = (member @ priced.units)[kits:]
    shared = (need > 0).sum(axis=0) > 1
    each_g, each_mm3, each_cents = (
        per_unit @ (of_line // priced.units) for of_line in (priced.weight_g, priced.volume_mm3, priced.value_cents)
    )
    return Goods(
        number,
        kits,
        units,
        (each_g, each_mm3, np.array([priced.longest_mm[row].max() for row in member]), each_cents),
        np.stack([priced.permitted[:, row].all(axis=1) for row in member], axis=1),
        priced.unit_cents @ per_unit.T,
        most,
        np.ascontiguousarray(need[:, shared]),
        np.ascontiguousarray(stock[:, shared]),
    )


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
    offers: Offers,
    *,
    proven: bool,
) -> Choice:
    """Units by line: a kit's are all at one node, lines of one item are filled one after the other, nodes in their order."""
    width = max((len(nodes) for _, _, nodes, _ in plans), default=1)
    candidate = np.full((len(plans), width), -1, np.int64)
    carried = np.zeros((len(plans), width, priced.lines), np.int64)
    for row, (_, _, nodes, taken) in enumerate(plans):
        left = priced.units.copy()
        for s, node in enumerate(nodes):
            candidate[row, s] = _cheapest(priced, goods.each, offers, node, taken[s])
            there = taken[s].copy()
            for line, number in enumerate(goods.line_of.tolist()):
                if number < goods.kits:
                    carried[row, s, line] = priced.units[line] * there[number]
                else:
                    carried[row, s, line] = min(there[number], left[line])
                    there[number] -= carried[row, s, line]
            left = left - carried[row, s]
    return Choice(np.array([p[0] for p in plans], np.int64), candidate, carried, proven_least=proven)


def _cheapest(priced: Priced, items: tuple[Whole, ...], offers: Offers, node: int, taken: NDArray[np.int64]) -> int:
    """The candidate of a node by which its units travel."""
    first, permitted, unit_cents = offers[0], offers[1], offers[4]
    weight_g, volume_mm3, longest_mm, _ = items
    some = taken > 0
    goods = int(taken @ weight_g), int(taken @ volume_mm3), int(longest_mm[some].max())
    able = [c for c in range(int(first[node]), int(first[node + 1])) if permitted[c, some].all()]
    return min(
        able,
        key=lambda c: (
            int(priced.shipment_cents[c] + unit_cents[c] @ taken)
            + carton_cents(priced.ladders.arrays, int(priced.ladder[c]), *goods)
        ),
    )
