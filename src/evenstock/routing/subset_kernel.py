"""The loops of the exact search: what every set of lines costs from every node, and the best plans over node subsets.

Sets of lines are bit masks. `evenstock.routing.choose` is the readable face and says the recursion in words.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.routing.priced import Whole

Truth = NDArray[np.bool_]
Tables = tuple[Whole, ...]
OrderArrays = tuple[Whole, Whole, Truth, Whole, Whole, Whole]
"""Node, ladder, permitted, units, shipment cents and unit cents, see `evenstock.routing.priced.Priced`."""
INFEASIBLE = 1 << 58
"""Cents of what cannot be; a few of them still add up within 64 bits."""


@njit(cache=True)
def carton_step(ladders: Tables, which: int, weight_g: int, volume_mm3: int) -> tuple[int, int]:
    """Number of full cartons of goods sent together on ladder `which`, and the step of the last carton."""
    first_step, max_weight_g, _, divisor = ladders[0], ladders[1], ladders[2], ladders[3]
    low, high = first_step[which], first_step[which + 1] - 1
    heaviest = max_weight_g[high]
    billable = weight_g
    if divisor[which] > 0:
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
    first_step, step_cents, first_long, long_above, long_cents = (
        ladders[0],
        ladders[2],
        ladders[4],
        ladders[5],
        ladders[6],
    )
    full, step = carton_step(ladders, which, weight_g, volume_mm3)
    cents = full * step_cents[first_step[which + 1] - 1] + step_cents[step]
    for charge in range(first_long[which], first_long[which + 1]):
        if longest_mm > long_above[charge]:
            cents += (full + 1) * long_cents[charge]
    return int(cents)


@njit(cache=True)
def set_sums(
    lines: int, weight_g: Whole, volume_mm3: Whole, longest_mm: Whole, value_cents: Whole
) -> tuple[Whole, Whole, Whole, Whole, Whole]:
    """Weight, volume, longest side, value and highest line of each set."""
    sets = 1 << lines
    weight, volume = np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    longest, worth = np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    highest = np.zeros(sets, np.int64)
    for s in range(1, sets):
        line = highest[s >> 1] + 1 if s > 1 else 0
        rest = s ^ (1 << line)
        highest[s] = line
        weight[s] = weight[rest] + weight_g[line]
        volume[s] = volume[rest] + volume_mm3[line]
        longest[s] = max(longest[rest], longest_mm[line])
        worth[s] = worth[rest] + value_cents[line]
    return weight, volume, longest, worth, highest


@njit(cache=True)
def stocked_sets(atp: Whole, item: Whole, units: Whole, highest: Whole) -> Truth:
    """Whether a node has every unit of a set, shape ``(node, set)``; lines of one item share its stock."""
    nodes, sets = atp.shape[0], highest.size
    stocked = np.zeros((nodes, sets), np.bool_)
    for k in range(nodes):
        stocked[k, 0] = True
        for s in range(1, sets):
            line = highest[s]
            if stocked[k, s ^ (1 << line)]:
                wanted = units[line]
                for other in range(line):
                    if s >> other & 1 and item[other] == item[line]:
                        wanted += units[other]
                stocked[k, s] = wanted <= atp[k, line]
    return stocked


@njit(cache=True)
def set_costs(
    order: OrderArrays, ladders: Tables, stocked: Truth, sums: Tables, min_split_value_cents: int
) -> tuple[Whole, Whole]:
    """Least cents of each set as one shipment of each node, and its candidate, shapes ``(node, set)``.

    Within a node the first of equally cheap candidates stands.
    """
    node, ladder, permitted, units, shipment_cents, unit_cents = order
    weight, volume, longest, worth, highest = sums
    nodes, sets = stocked.shape
    cost = np.full((nodes, sets), INFEASIBLE, np.int64)
    pick = np.full((nodes, sets), -1, np.int64)
    row_of = np.full(ladders[3].size, -1, np.int64)
    rows = 0
    for c in range(node.size):
        if row_of[ladder[c]] < 0:
            row_of[ladder[c]] = rows
            rows += 1
    freight = np.full((rows, sets), np.int64(-1), np.int64)
    by_unit = np.zeros(sets, np.int64)
    for c in range(node.size):
        k, row = node[c], row_of[ladder[c]]
        for s in range(1, sets):
            line = highest[s]
            before_line = by_unit[s ^ (1 << line)]
            if not permitted[c, line] or before_line >= INFEASIBLE:
                by_unit[s] = INFEASIBLE
                continue
            by_unit[s] = before_line + unit_cents[c, line] * units[line]
            if not stocked[k, s] or (s != sets - 1 and worth[s] < min_split_value_cents):
                continue
            if freight[row, s] < 0:
                freight[row, s] = carton_cents(ladders, ladder[c], weight[s], volume[s], longest[s])
            cents = by_unit[s] + shipment_cents[c] + freight[row, s]
            if cents < cost[k, s]:
                cost[k, s], pick[k, s] = cents, c
    return cost, pick


@njit(cache=True)
def partitions(first: Whole, allowed: Truth, shipments: int) -> tuple[Whole, Whole]:
    """Least cents of each set in exactly 1, 2, … shipments that cost `first` each, and the shipment of its lowest line.

    Shapes ``(shipments + 1, set)``. In the last row only the whole order is filled.
    """
    sets = first.size
    least = np.full((shipments + 1, sets), INFEASIBLE, np.int64)
    part = np.zeros((shipments + 1, sets), np.int64)
    for s in range(1, sets):
        least[1, s], part[1, s] = first[s], s
    for m in range(2, shipments + 1):
        for s in range(1, sets):
            if not allowed[s] or (m == shipments and s != sets - 1):
                continue
            low = s & -s
            others = s ^ low
            t = np.int64(0)
            while t != others:
                cents = first[t | low] + least[m - 1, others ^ t]
                if cents < least[m, s]:
                    least[m, s], part[m, s] = cents, t | low
                t = (t - others) & others
    return least, part


@njit(cache=True)
def before(cents: int, shipments: int, nodes: Whole, cents2: int, shipments2: int, nodes2: Whole) -> bool:
    """The order of plans: least cents, then fewest shipments, then nodes in their order."""
    if cents != cents2:
        return cents < cents2
    if shipments != shipments2:
        return shipments < shipments2
    for d in range(nodes.size):
        if nodes[d] != nodes2[d]:
            return bool(nodes[d] < nodes2[d])
    return False


@njit(cache=True)
def last_node(
    one: Whole, table: Whole, k: int, depth: int, shipments: int, extra_cents: int
) -> tuple[int, int, int, int]:
    """Cheapest way for node `k` to complete the order: cents, shipments in all, its own shipments, its set of lines."""
    full = one.shape[2] - 1
    best, best_m, best_j, best_t = INFEASIBLE, 0, 0, 0
    for m in range(depth + 1, shipments + 1):
        value, j, t = INFEASIBLE, 0, 0
        if depth == 0:
            value, j, t = one[m, k, full], m, full
        else:
            for more in range(1, m - depth + 1):
                for part in range(1, full):  # growing, so that of equals the earlier nodes keep the most
                    both = one[more, k, part] + table[depth - 1, m - more, full ^ part]
                    if both < value:
                        value, j, t = both, more, part
        value += (m - 1) * extra_cents
        if value < best:
            best, best_m, best_j, best_t = value, m, j, t
    return best, best_m, best_j, best_t


@njit(cache=True)
def extend(
    one: Whole, table: Whole, sent: Whole, taken: Whole, k: int, depth: int, shipments: int, slack: Whole, worst: int
) -> bool:
    """Fill the table of a path that ends in node `k`; says whether anything in it can still beat `worst`.

    `slack` is a lower bound on the rest of the order's cost, by shipments and set so far.
    """
    full = one.shape[2] - 1
    alive = False
    for m in range(depth + 1, shipments):
        for s in range(1, full):
            table[depth, m, s] = INFEASIBLE
            if slack[m, s] > worst:
                continue
            value, j, t = INFEASIBLE, 0, 0
            if depth == 0:
                value, j, t = one[m, k, s], m, s
            else:
                for more in range(1, m - depth + 1):
                    part = s & -s
                    while part != s:
                        both = one[more, k, part] + table[depth - 1, m - more, s ^ part]
                        if both < value:
                            value, j, t = both, more, part
                        part = (part - s) & s
            if value < INFEASIBLE:
                table[depth, m, s], sent[depth, m, s], taken[depth, m, s] = value, j, t
                alive = True
    return alive


@njit(cache=True)
def slack_of(bound: Whole, shipments: int, extra_cents: int) -> Whole:
    """Lower bound on a whole plan of which ``m`` shipments carry set ``s`` so far, shape ``(shipments + 1, set)``."""
    sets = bound.shape[1]
    full = sets - 1
    slack = np.full((shipments + 1, sets), INFEASIBLE, np.int64)
    for m in range(1, shipments):
        for s in range(1, full):
            for more in range(1, shipments - m + 1):
                if more < shipments:
                    whole = bound[m, s] + bound[more, full ^ s] + (m + more - 1) * extra_cents
                    slack[m, s] = min(slack[m, s], whole)
    return slack


@njit(cache=True)
def search(
    one: Whole, slack: Whole, extra_cents: int, shipments: int, deepest: int, keep: int
) -> tuple[int, Whole, Whole, Whole, Whole]:
    """The best plan of each node subset, the `keep` cheapest first.

    Parameters
    ----------
    one : least cents from one node by number of shipments, ``(shipments + 1, node, set)``.
    slack : see `slack_of`.
    deepest : most nodes of a plan, at most `shipments`.

    Returns
    -------
    How many were found; of each its cents, its nodes ``(keep, deepest)`` padded with -1, and by node how many
    shipments leave it and with which lines.
    """
    nodes, sets = one.shape[1], one.shape[2]
    cents, count = np.full(keep, INFEASIBLE, np.int64), np.zeros(keep, np.int64)
    which = np.full((keep, deepest), -1, np.int64)
    leaves, goods = np.zeros((keep, deepest), np.int64), np.zeros((keep, deepest), np.int64)
    # Of the nodes on the path: least cents of each set by number of shipments, with the last node's share of it.
    table = np.full((deepest, shipments + 1, sets), INFEASIBLE, np.int64)
    sent = np.zeros((deepest, shipments + 1, sets), np.int64)
    taken = np.zeros((deepest, shipments + 1, sets), np.int64)
    found = 0
    for target in range(1, deepest + 1):  # few nodes first: their plans bound the rest
        path = np.full(deepest, -1, np.int64)
        depth = 0
        while depth >= 0:
            path[depth] += 1
            k = path[depth]
            if k >= nodes:
                path[depth] = -1
                depth -= 1
                continue
            worst = cents[keep - 1] if found == keep else INFEASIBLE - 1
            if depth + 1 < target:
                if k + 1 < nodes and extend(one, table, sent, taken, k, depth, shipments, slack, worst):
                    depth += 1
                    path[depth] = k
                continue
            best, m, j, t = last_node(one, table, k, depth, shipments, extra_cents)
            if best > worst or (found == keep and not before(best, m, path, worst, count[-1], which[-1])):
                continue
            at = min(found, keep - 1)
            while at > 0 and before(best, m, path, cents[at - 1], count[at - 1], which[at - 1]):
                cents[at], count[at] = cents[at - 1], count[at - 1]
                for d in range(deepest):  # element by element: a third of the time to compile
                    which[at, d], leaves[at, d], goods[at, d] = which[at - 1, d], leaves[at - 1, d], goods[at - 1, d]
                at -= 1
            found = min(keep, found + 1)
            cents[at], count[at] = best, m
            for d in range(deepest):
                which[at, d], leaves[at, d], goods[at, d] = path[d], 0, 0
            left = sets - 1
            for d in range(depth, -1, -1):
                leaves[at, d], goods[at, d] = j, t
                left, m = left ^ t, m - j
                if d > 0:
                    j, t = sent[d - 1, m, left], taken[d - 1, m, left]
    return found, cents, which, leaves, goods


@njit(cache=True)
def unfold(
    found: int, which: Whole, leaves: Whole, goods: Whole, parts: Whole, pick: Whole, units: Whole, shipments: int
) -> tuple[Whole, Whole]:
    """Shipments of each plan: candidate ``(plan, shipment)`` padded with -1, and units ``(plan, shipment, line)``."""
    candidate = np.full((found, shipments), -1, np.int64)
    carried = np.zeros((found, shipments, units.size), np.int64)
    for p in range(found):
        row = 0
        for d in range(which.shape[1]):
            k, left = which[p, d], goods[p, d]
            if k < 0:
                continue
            for m in range(leaves[p, d], 0, -1):
                part = parts[m, k, left]
                candidate[p, row] = pick[k, part]
                for line in range(units.size):
                    if part >> line & 1:
                        carried[p, row, line] = units[line]
                left ^= part
                row += 1
    return candidate, carried


@njit(cache=True)
def best_plans(
    node: Whole,
    ladder: Whole,
    permitted: Truth,
    atp: Whole,
    item: Whole,
    units: Whole,
    weight_g: Whole,
    volume_mm3: Whole,
    longest_mm: Whole,
    value_cents: Whole,
    shipment_cents: Whole,
    unit_cents: Whole,
    ladders: tuple[Whole, ...],
    extra_cents: int,
    shipments: int,
    min_split_value_cents: int,
    deepest: int,
    keep: int,
) -> tuple[Whole, Whole, Whole, int, Whole, Whole]:
    """Cents, candidates and units of the best plans; and the relaxation's cents, candidates and sets of lines.

    With `deepest` below `shipments` plans of more nodes are not searched, nor two shipments of one node.
    """
    nodes, sets = atp.shape[0], 1 << units.size
    full = sets - 1
    sums = set_sums(units.size, weight_g, volume_mm3, longest_mm, value_cents)
    stocked = stocked_sets(atp, item, units, sums[4])
    order = (node, ladder, permitted, units, shipment_cents, unit_cents)
    cost, pick = set_costs(order, ladders, stocked, sums, min_split_value_cents)
    cheapest, of_node = np.full(sets, INFEASIBLE, np.int64), np.zeros(sets, np.int64)
    for k in range(nodes):
        for s in range(1, sets):
            if cost[k, s] < cheapest[s]:
                cheapest[s], of_node[s] = cost[k, s], k
    bound, bound_part = partitions(cheapest, np.ones(sets, np.bool_), shipments)
    one = np.full((shipments + 1, nodes, sets), INFEASIBLE, np.int64)
    parts = np.zeros((shipments + 1, nodes, sets), np.int64)
    for k in range(nodes):
        least, part = partitions(cost[k], stocked[k], shipments if deepest == shipments else 1)
        for m in range(least.shape[0]):
            for s in range(sets):
                one[m, k, s], parts[m, k, s] = least[m, s], part[m, s]
    found, cents, which, leaves, goods = search(
        one, slack_of(bound, shipments, extra_cents), extra_cents, shipments, deepest, keep
    )
    candidate, carried = unfold(found, which, leaves, goods, parts, pick, units, shipments)
    relaxed, fewest = INFEASIBLE, 0
    for m in range(1, shipments + 1):
        if bound[m, full] + (m - 1) * extra_cents < relaxed:
            relaxed, fewest = bound[m, full] + (m - 1) * extra_cents, m
    loose, loose_sets = np.full(shipments, -1, np.int64), np.zeros(shipments, np.int64)
    left = full
    for m in range(fewest, 0, -1):
        part = bound_part[m, left]
        loose[fewest - m], loose_sets[fewest - m] = pick[of_node[part], part], part
        left ^= part
    return cents[:found], candidate, carried, relaxed, loose, loose_sets
