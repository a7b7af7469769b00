"""The loops that split quantities over the nodes of one set; `evenstock.routing.split` explains them."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.freight.parcel_kernel import beside
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE, carton_cents

Truth = NDArray[np.bool_]
Tables = tuple[Whole, ...]
Offers = tuple[Whole, Truth, Whole, Whole, Whole, Whole, Whole]
"""First candidate of each node, permitted, ladder, shipment cents and unit cents of each candidate; then units of the
items that several of the goods draw on, ``(goods, item)``, and the stock of them, ``(node, item)``."""
MOST_PASSES = 20


@njit(cache=True)
def options(units: int, most: Whole) -> Whole:
    """Every way to take `units` from up to three nodes that have `most` each, shape ``(option, node)``."""
    found = np.zeros((0, most.size), np.int64)
    for fill in range(2):  # count, then fill
        row = 0
        for a in range(min(units, most[0]), -1, -1):
            if most.size == 1:
                if a == units:
                    if fill:
                        found[row, 0] = a
                    row += 1
                continue
            for b in range(min(units - a, most[1]), -1, -1):
                rest = units - a - b
                if (most.size == 2 and rest) or (most.size == 3 and rest > most[2]):
                    continue
                if fill:
                    found[row, 0], found[row, 1] = a, b
                    if most.size == 3:
                        found[row, 2] = rest
                row += 1
        if not fill:
            found = np.zeros((row, most.size), np.int64)
    return found


@njit(cache=True)
def in_stock(need: Whole, stock: Whole, taken: Whole) -> bool:
    """Whether a node has of the items that several goods draw on what it is to send."""
    for j in range(stock.size):
        wanted = 0
        for i in range(taken.size):
            wanted += taken[i] * need[i, j]
        if wanted > stock[j]:
            return False
    return True


@njit(cache=True)
def room(need: Whole, stock: Whole, taken: Whole, i: int, most: int) -> int:
    """Units of goods `i`, at most `most`, that a node can send beside what it sends already."""
    for j in range(stock.size):
        if need[i, j] > 0:
            left = stock[j]
            for other in range(taken.size):
                left -= taken[other] * need[other, j]
            most = min(most, left // need[i, j])
    return most


@njit(cache=True)
def split_cents(items: Tables, offers: Offers, ladders: Tables, limits: Whole, nodes: Whole, taken: Whole) -> int:
    """Cents of taking ``taken[node, item]`` units, each node one shipment by its cheapest candidate."""
    weight_g, volume_mm3, longest_mm, value_cents = items
    first, permitted, ladder, shipment_cents, unit_cents, need, stock = offers
    total, shipments, least_value = 0, 0, INFEASIBLE
    for n in range(nodes.size):
        if not in_stock(need, stock[nodes[n]], taken[n]):
            return INFEASIBLE
        weight, volume, longest, value, some = 0, 0, 0, 0, 0
        for i in range(taken.shape[1]):
            if taken[n, i]:
                some += taken[n, i]
                weight += taken[n, i] * weight_g[i]
                volume += taken[n, i] * volume_mm3[i]
                longest = beside(longest, longest_mm[i])
                value += taken[n, i] * value_cents[i]
        if not some:
            continue
        shipments += 1
        least_value = min(least_value, value)
        best = INFEASIBLE
        for c in range(first[nodes[n]], first[nodes[n] + 1]):
            cents = shipment_cents[c]
            for i in range(taken.shape[1]):
                if taken[n, i]:
                    cents += taken[n, i] * unit_cents[c, i]
                    if not permitted[c, i]:
                        cents = INFEASIBLE
                        break
            if cents < best:
                best = min(best, cents + carton_cents(ladders, ladder[c], weight, volume, longest))
        if best >= INFEASIBLE:
            return INFEASIBLE
        total += best
    if shipments > 1 and least_value < limits[1]:
        return INFEASIBLE
    return int(total + (shipments - 1) * limits[0])


@njit(cache=True)
def every_split(
    items: Tables, offers: Offers, ladders: Tables, limits: Whole, nodes: Whole, units: Whole, most: Whole
) -> tuple[int, Whole]:
    """The cheapest of all splits over these nodes, by trying each; `most` units of each item, ``(node, item)``."""
    choices = [options(units[i], most[:, i].copy()) for i in range(units.size)]
    turn = np.zeros(units.size, np.int64)
    taken = np.zeros(most.shape, np.int64)
    best, kept = INFEASIBLE, np.zeros(most.shape, np.int64)
    while True:
        for i in range(units.size):
            for n in range(nodes.size):
                taken[n, i] = choices[i][turn[i], n]
        cents = split_cents(items, offers, ladders, limits, nodes, taken)
        if cents < best:
            best = cents
            kept = taken.copy()
        i = 0
        while i < units.size:
            turn[i] += 1
            if turn[i] < choices[i].shape[0]:
                break
            turn[i] = 0
            i += 1
        if i == units.size:
            return best, kept


@njit(cache=True)
def fill(units: Whole, most: Whole, start: int, need: Whole, stock: Whole) -> Whole:
    """Each node takes all it can, beginning with `start`, shape ``(node, item)``; may fall short where goods compete."""
    taken = np.zeros(most.shape, np.int64)
    for i in range(units.size):
        left = units[i]
        for turn in range(most.shape[0]):
            n = (start + turn) % most.shape[0]
            taken[n, i] = room(need, stock[n], taken[n], i, min(left, most[n, i]))
            left -= taken[n, i]
    return taken


@njit(cache=True)
def move_units(
    items: Tables, offers: Offers, ladders: Tables, limits: Whole, nodes: Whole, most: Whole, taken: Whole, cents: int
) -> int:
    """One pass over all items and pairs of nodes; `taken` is changed where that saves. Returns the new cents."""
    for i in range(most.shape[1]):
        for pair in range(nodes.size * nodes.size):
            a, b = pair // nodes.size, pair % nodes.size
            for share in range(3):
                movable = min(taken[a, i], most[b, i] - taken[b, i])
                moved = movable if share == 0 else (movable // 2 if share == 1 else min(movable, 1))
                if a == b or moved == 0:
                    continue
                taken[a, i] -= moved
                taken[b, i] += moved
                other = split_cents(items, offers, ladders, limits, nodes, taken)
                if other < cents:
                    cents = other
                else:
                    taken[a, i] += moved
                    taken[b, i] -= moved
    return cents


@njit(cache=True)
def good_split(
    items: Tables, offers: Offers, ladders: Tables, limits: Whole, nodes: Whole, units: Whole, most: Whole
) -> tuple[int, Whole]:
    """A good split: each node in turn takes all it can, then units of one item at a time move while that saves.

    Between two nodes as many units move as possible, half of them, or one.
    """
    best, kept = INFEASIBLE, np.zeros(most.shape, np.int64)
    for start in range(nodes.size):
        taken = fill(units, most, start, offers[5], offers[6][nodes])
        if (taken.sum(axis=0) < units).any():
            continue
        cents = split_cents(items, offers, ladders, limits, nodes, taken)
        for _ in range(MOST_PASSES):
            before = cents
            cents = move_units(items, offers, ladders, limits, nodes, most, taken, cents)
            if cents == before:
                break
        if cents < best:
            best = cents
            kept = taken.copy()
    return best, kept
