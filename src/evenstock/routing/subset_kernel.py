"""The loops that say what every set of goods costs from every node, as one shipment.

Sets are bit masks of pieces: a piece is a line, or the lines of one kit. `evenstock.routing.choose` is the readable face.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.freight.parcel_kernel import beside, met
from evenstock.routing.priced import Whole

Truth = NDArray[np.bool_]
Tables = tuple[Whole, ...]
INFEASIBLE = 1 << 58
"""Cents of what cannot be; a few of them still add up within 64 bits."""
BUCKETS = 128
"""Parts into which a ladder's weights are cut, so that a step is found at once."""


@njit(cache=True)
def carton_step(ladders: Tables, which: int, weight_g: int, volume_mm3: int) -> tuple[int, int]:
    """Number of full cartons of goods sent together on ladder `which`, and the step of the last carton."""
    first_step, max_weight_g, divisor, dim_above = ladders[0], ladders[1], ladders[3], ladders[7]
    low, high = first_step[which], first_step[which + 1] - 1
    heaviest = max_weight_g[high]
    billable = weight_g
    if divisor[which] > 0 and volume_mm3 > dim_above[which]:
        billable = max(billable, -(-volume_mm3 // divisor[which]))
    full = max(0, -(-billable // heaviest) - 1)
    rest = billable - full * heaviest
    while low < high:
        middle = (low + high) // 2
        if max_weight_g[middle] < rest:
            low = middle + 1
        else:
            high = middle
    return full, low


@njit(cache=True)
def carton_cents(ladders: Tables, which: int, weight_g: int, volume_mm3: int, longest_mm: int) -> int:
    """Charge of goods sent together on ladder `which`, several cartons included; `ladders` as in `Ladders.arrays`."""
    first_step, step_cents, first_long, long_above, long_cents, long_last = (
        ladders[0],
        ladders[2],
        ladders[4],
        ladders[5],
        ladders[6],
        ladders[8],
    )
    full, step = carton_step(ladders, which, weight_g, volume_mm3)
    last = first_step[which + 1] - 1
    cents = full * step_cents[last] + step_cents[step]
    for charge in range(first_long[which], first_long[which + 1]):
        if met(longest_mm, long_above[charge]):
            cents += (full * (last <= long_last[charge]) + (step <= long_last[charge])) * long_cents[charge]
    return int(cents)


@njit(cache=True)
def pieces_of(kit: Whole, lines: int) -> tuple[int, Whole]:
    """How many pieces there are, and the piece of each line, in the order of their first lines; `kit` may be empty."""
    piece = np.zeros(lines, np.int64)
    count = 0
    for i in range(lines):
        piece[i] = -1
        if kit.size and kit[i] >= 0:
            for j in range(i):
                if kit[j] == kit[i]:
                    piece[i] = piece[j]
                    break
        if piece[i] < 0:
            piece[i] = count
            count += 1
    return count, piece


@njit(cache=True)
def set_sums(count: int, piece: Whole, lines: Tables) -> Tables:
    """Weight, volume, marks and value of each set, and its lowest piece; `lines` holds the first four by line."""
    sets = 1 << count
    weight, volume = np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    longest, worth, lowest = np.zeros(sets, np.int64), np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    for i in range(piece.size):
        alone = 1 << piece[i]
        weight[alone] += lines[0][i]
        volume[alone] += lines[1][i]
        longest[alone] = beside(longest[alone], lines[2][i])
        worth[alone] += lines[3][i]
    for p in range(count):
        alone = 1 << p
        lowest[alone] = p
        for rest in range(1, alone):
            s = rest | alone
            weight[s] = weight[rest] + weight[alone]
            volume[s] = volume[rest] + volume[alone]
            longest[s] = beside(longest[rest], longest[alone])
            worth[s] = worth[rest] + worth[alone]
            lowest[s] = lowest[rest]
    return weight, volume, longest, worth, lowest


@njit(cache=True)
def stocked_pieces(count: int, piece: Whole, atp: Whole, item: Whole, units: Whole) -> tuple[Whole, bool]:
    """The set of pieces that each node has, each for itself; and whether pieces compete for an item somewhere."""
    held = np.full(atp.shape[0], (1 << count) - 1, np.int64)
    contended = False
    for i in range(units.size):
        together, alone, first = units[i], units[i], True
        for j in range(units.size):
            if j != i and item[j] == item[i]:
                together += units[j]
                first = first and j > i
                if piece[j] == piece[i]:
                    alone += units[j]
        for k in range(atp.shape[0]):
            if atp[k, i] < alone:
                held[k] &= ~(1 << piece[i])
            elif first and atp[k, i] < together:
                contended = True
    return held, contended


@njit(cache=True)
def stocked_sets(sets: int, lowest: Whole, piece: Whole, held: Whole, atp: Whole, item: Whole, units: Whole) -> Truth:
    """Whether a node has every unit of a set at once, shape ``(node, set)``; asked only where pieces compete."""
    stocked = np.zeros((atp.shape[0], sets), np.bool_)
    wanted = np.zeros(sets, np.int64)
    of_piece = np.zeros(piece.max() + 1, np.int64)
    for k in range(atp.shape[0]):
        s = np.int64(0)
        while True:
            stocked[k, s] = True
            s = (s - held[k]) & held[k]
            if s == 0:
                break
        for i in range(units.size):
            of_piece[:] = 0
            for j in range(units.size):
                if item[j] == item[i]:
                    of_piece[piece[j]] += units[j]
            if of_piece.sum() <= atp[k, i]:
                continue
            s = (0 - held[k]) & held[k]
            while s != 0:
                wanted[s] = wanted[s & (s - 1)] + of_piece[lowest[s]]
                if wanted[s] > atp[k, i]:
                    stocked[k, s] = False
                s = (s - held[k]) & held[k]
    return stocked


@njit(cache=True)
def buckets(ladders: Tables, which: int, first: Whole) -> int:
    """Fill `first` with the first step that may hold each part of a ladder's weights; by how many bits to cut them."""
    low, end = ladders[0][which], ladders[0][which + 1]
    heaviest = ladders[1][end - 1]
    bits = 0
    while heaviest >> bits >= BUCKETS:
        bits += 1
    step = low
    for bucket in range((heaviest >> bits) + 1):
        while ladders[1][step] < bucket << bits:
            step += 1
        first[bucket] = step
    return bits


@njit(cache=True)
def billable_sets(ladder: Whole, divisor: Whole, dim_above: Whole, weight: Whole, volume: Whole) -> tuple[Whole, Whole]:
    """Billable weight of each set by divisor and the volume above which it counts, and the row of each candidate."""
    row, known = np.zeros(ladder.size, np.int64), np.zeros(ladder.size, np.int64)
    count = 0
    for c in range(ladder.size):
        own = ladder[c]
        while row[c] < count and (divisor[known[row[c]]] != divisor[own] or dim_above[known[row[c]]] != dim_above[own]):
            row[c] += 1
        if row[c] == count:
            known[count] = own
            count += 1
    billable = np.empty((count, weight.size), np.int64)
    for d in range(count):
        by, above = divisor[known[d]], dim_above[known[d]]
        for s in range(weight.size):
            billable[d, s] = weight[s] if by == 0 or volume[s] <= above else max(weight[s], -(-volume[s] // by))
    return row, billable


@njit(cache=True)
def add_candidate(
    ladders: Tables,
    which: int,
    fixed_cents: int,
    piece_cents: Whole,
    able: int,
    sums: Tables,
    billable: Whole,
    by_piece: Whole,
    cost: Whole,
) -> None:
    """Lower `cost` of each set within `able` to what it costs by one candidate, where that is less."""
    longest, lowest = sums[2], sums[4]
    ends, step_cents, first_long, above, long_cents = ladders[1], ladders[2], ladders[4], ladders[5], ladders[6]
    long_last = ladders[8]
    low, last = ladders[0][which], ladders[0][which + 1] - 1
    heaviest, last_cents = ends[last], step_cents[last]
    charge, charges = first_long[which], first_long[which + 1]
    first = np.full(BUCKETS, low, np.int64)
    two_fewer = able & (able - 1) & ((able & (able - 1)) - 1)
    bits = buckets(ladders, which, first) if two_fewer else 62  # for few sets the steps are walked
    s = (0 - able) & able
    while s != 0:
        handling = by_piece[s & (s - 1)] + piece_cents[lowest[s]]
        by_piece[s] = handling
        grams = billable[s]
        cents = handling + fixed_cents
        full = 0
        if grams > heaviest:
            full = -(-grams // heaviest) - 1
            grams -= full * heaviest
            cents += full * last_cents
        step = first[grams >> bits]
        while ends[step] < grams:
            step += 1
        cents += step_cents[step]
        for c in range(charge, charges):
            if met(longest[s], above[c]):
                cents += (full * (last <= long_last[c]) + (step <= long_last[c])) * long_cents[c]
        cost[s] = min(cost[s], cents)
        s = (s - able) & able


@njit(cache=True)
def set_costs(
    node: Whole,
    ladder: Whole,
    able: Whole,
    shipment_cents: Whole,
    piece_cents: Whole,
    ladders: Tables,
    sums: Tables,
    nodes: int,
    stocked: Truth,
    min_split_value_cents: int,
) -> tuple[Whole, Whole]:
    """Least cents of each set as one shipment of each node, shape ``(set, node)``, and over all nodes, ``(set,)``.

    Parameters
    ----------
    able : set of pieces that each candidate may carry and its node has, shape ``(candidate,)``.
    stocked : see `stocked_sets`; of no sets where no pieces compete.
    """
    weight, volume, worth = sums[0], sums[1], sums[3]
    sets = weight.size
    cost = np.full((sets, nodes), INFEASIBLE, np.int64)
    cheapest = np.full(sets, INFEASIBLE, np.int64)
    row, by_piece = np.empty(sets, np.int64), np.zeros(sets, np.int64)
    bills, billable = billable_sets(ladder, ladders[3], ladders[7], weight, volume)
    c = 0
    while c < node.size:
        k, end, any_able = node[c], c, np.int64(0)
        while end < node.size and node[end] == k:
            any_able |= able[end]
            end += 1
        if any_able:
            row[:] = INFEASIBLE
        for way in range(c, end):
            if not able[way]:
                continue
            add_candidate(
                ladders,
                ladder[way],
                shipment_cents[way],
                piece_cents[way],
                able[way],
                sums,
                billable[bills[way]],
                by_piece,
                row,
            )
        c = end
        s = (0 - any_able) & any_able
        while s != 0:
            if (
                row[s] < INFEASIBLE
                and (worth[s] >= min_split_value_cents or s == sets - 1)
                and (stocked.shape[1] == 0 or stocked[k, s])
            ):
                cost[s, k] = row[s]
                cheapest[s] = min(cheapest[s], row[s])
            s = (s - any_able) & any_able
    return cost, cheapest
