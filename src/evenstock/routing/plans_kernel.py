"""The loops that put the pieces of an order into shipments and shipments at nodes, best plans first.

`evenstock.routing.choose` is the readable face and says the search in words.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import (
    INFEASIBLE,
    Tables,
    Truth,
    carton_cents,
    pieces_of,
    set_costs,
    set_sums,
    stocked_pieces,
    stocked_sets,
)

Scratch = tuple[Whole, Whole, Whole, Whole, Whole, Whole]
DEEPEST_BOUND = 3
"""Up to so many shipments still to come have a bound of their own; more share one."""
SEEN = 1 << 10
"""Sets of nodes, as bits, whose best plan so far is remembered at once; in a larger network none are."""
HASH = 0x1E3779B97F4A7C15
"""Spreads sets of nodes over the places of that memory: odd, from the golden ratio."""
FOUND, WORST, WORST_COUNT, STEPS, NARROW = 0, 1, 2, 3, 4
"""Places in the state of a search: plans kept, cents and shipments of the worst, steps taken, only the least sought."""


@njit(cache=True)
def least_of_rest(cheapest: Whole, shipments: int) -> Whole:
    """Least cents of the sets without the first piece in exactly 1, 2, … shipments; nodes may share their stock.

    Shape ``(row, set)``, without what extra shipments cost; the row after `DEEPEST_BOUND` is for that many or more.
    """
    sets = cheapest.size
    rows = min(shipments - 1, DEEPEST_BOUND + 1)
    least = np.full((max(rows, 1) + 1, sets), INFEASIBLE, np.int64)
    least[1] = cheapest
    for m in range(2, rows + 1):
        before = m if m > DEEPEST_BOUND else m - 1  # the last row extends itself
        if m > DEEPEST_BOUND:
            least[m] = cheapest
            least[m, 0] = 0
        for s in range(2, sets, 2):
            low = s & -s
            others = s ^ low
            best = least[m, s]
            t = np.int64(0)
            while t != others:
                best = min(best, cheapest[t | low] + least[before, others ^ t])
                t = (t - others) & others
            least[m, s] = best
    return least


@njit(cache=True)
def before(cents: int, count: int, nodes: Whole, cents2: int, count2: int, nodes2: Whole) -> bool:
    """The order of plans: least cents, then fewest shipments, then nodes in their order."""
    if cents != cents2:
        return cents < cents2
    if count != count2:
        return count < count2
    for d in range(nodes.size):
        if nodes[d] != nodes2[d]:
            return bool(nodes[d] < nodes2[d])
    return False


@njit(cache=True)
def sorted_plan(blocks: Whole, where: Whole, m: int, shipped: Whole, at: Whole, nodes: Whole) -> None:
    """Write a plan's shipments in the order of nodes, then of their first pieces, and its nodes, each once."""
    for d in range(m):
        place = d  # blocks come in the order of their first pieces
        while place > 0 and at[place - 1] > where[d]:
            shipped[place], at[place] = shipped[place - 1], at[place - 1]
            place -= 1
        shipped[place], at[place] = blocks[d], where[d]
    nodes[:] = -1
    n = 0
    for d in range(m):
        if d == 0 or at[d] != at[d - 1]:
            nodes[n] = at[d]
            n += 1


@njit(cache=True)
def row_of(nodes: Whole, which: Whole, found: int) -> int:
    """The row that keeps a plan of these nodes, `found` if none does."""
    for row in range(found):
        same = True
        for d in range(nodes.size):
            if which[row, d] != nodes[d]:
                same = False
                break
        if same:
            return row
    return found


@njit(cache=True)
def betters(cents: int, m: int, shipped: Whole, cents2: int, m2: int, shipped2: Whole) -> bool:
    """The order of plans of the same nodes: cents, then shipments, then the last of them have the first pieces."""
    if cents != cents2 or m != m2:
        return cents < cents2 or (cents == cents2 and m < m2)
    for d in range(m - 1, -1, -1):
        if shipped[d] != shipped2[d]:
            return bool(shipped[d] < shipped2[d])
    return False


@njit(cache=True)
def keep_plan(cents: int, m: int, shipped: Whole, at: Whole, nodes: Whole, kept: Tables, state: Whole) -> None:
    """Take a plan among the best, one for each set of nodes."""
    all_cents, count, which, all_shipped, all_at = kept[0][:, 0], kept[1][:, 0], kept[2], kept[3], kept[4]
    found, size = state[FOUND], all_cents.size
    row = row_of(nodes, which, found)
    if row < found:
        if not betters(cents, m, shipped, all_cents[row], count[row], all_shipped[row]):
            return
    elif found < size:
        state[FOUND] = found + 1
    else:
        row = size - 1
        if not before(cents, m, nodes, all_cents[row], count[row], which[row]):
            return
    while row > 0 and before(cents, m, nodes, all_cents[row - 1], count[row - 1], which[row - 1]):
        all_cents[row], count[row] = all_cents[row - 1], count[row - 1]
        for d in range(nodes.size):
            which[row, d], all_at[row, d] = which[row - 1, d], all_at[row - 1, d]
            all_shipped[row, d] = all_shipped[row - 1, d]
        row -= 1
    all_cents[row], count[row] = cents, m
    for d in range(nodes.size):
        which[row, d] = nodes[d]
        all_shipped[row, d] = shipped[d] if d < m else 0
        all_at[row, d] = at[d] if d < m else -1
    if state[NARROW]:
        state[WORST], state[WORST_COUNT] = all_cents[0] - 1, nodes.size
    elif state[FOUND] == size:
        state[WORST], state[WORST_COUNT] = all_cents[size - 1], count[size - 1]


@njit(cache=True)
def hopeless(cents: int, m: int, state: Whole) -> bool:
    """Whether no plan of `m` shipments that costs at least `cents` can be among the best."""
    return bool(cents > state[WORST] or (cents == state[WORST] and m > state[WORST_COUNT]))


@njit(cache=True)
def cheapest_first(s: int, cost: Whole, by_cost: tuple[Whole, Whole, Whole]) -> None:
    """Sort the nodes that can ship set `s` by what it costs there, if that was not yet done."""
    count, order, cents = by_cost
    n = 0
    for k in range(cost.shape[1]):
        if cost[s, k] >= INFEASIBLE:
            continue
        place = n
        while place > 0 and cents[s, place - 1] > cost[s, k]:
            order[s, place], cents[s, place] = order[s, place - 1], cents[s, place - 1]
            place -= 1
        order[s, place], cents[s, place] = k, cost[s, k]
        n += 1
    count[s] = n


@njit(cache=True)
def as_bits(where: Whole, blocks: int) -> int:
    """The nodes of the first blocks as one number, a bit each."""
    used = np.int64(0)
    for d in range(blocks):
        used |= np.int64(1) << where[d]
    return int(used)


@njit(cache=True)
def sent_by(k: int, where: Whole, blocks: Whole, d: int) -> int:
    """What node `k` sends already, of the first `d` blocks."""
    together = np.int64(0)
    for earlier in range(d):
        if where[earlier] == k:
            together |= blocks[earlier]
    return int(together)


@njit(cache=True)
def known_dearer(used: int, cents: int, seen: Whole) -> bool:
    """Whether a cheaper plan of the nodes `used` is remembered; if not, this one is from now on."""
    slot = ((used * HASH) >> 50) & (SEEN - 1)
    if seen[slot, 0] == used and cents > seen[slot, 1]:
        return True
    seen[slot, 0], seen[slot, 1] = used, cents
    return False


@njit(cache=True)
def place_blocks(
    cost: Whole,
    by_cost: tuple[Whole, Whole, Whole],
    tail: Whole,
    stocked: Truth,
    blocks: Whole,
    m: int,
    scratch: Scratch,
    kept: Tables,
    state: Whole,
) -> None:
    """Try every node for each block of goods; ``tail[d]`` bounds the blocks from ``d`` on, extra shipments included."""
    turn, where, sofar, shipped, at, nodes = scratch
    count, order, by_node = by_cost
    seen, small, competing = kept[5], kept[5].shape[0] > 0, stocked.shape[1] > 0
    for d in range(m):
        if count[blocks[d]] < 0:
            cheapest_first(blocks[d], cost, by_cost)
    steps = 0
    d = 0
    turn[0], sofar[0] = 0, 0
    while d >= 0:
        s, ways = blocks[d], count[blocks[d]]
        used = as_bits(where, d) if small else 0
        deeper = False
        worst, worst_count = state[WORST], state[WORST_COUNT]
        for i in range(turn[d], ways):
            steps += 1
            cents = sofar[d] + by_node[s, i]
            least = cents + tail[d + 1]
            if least > worst or (least == worst and m > worst_count):
                break  # the other nodes are dearer still
            k = order[s, i]
            if competing and not stocked[k, s | sent_by(k, where, blocks, d)]:
                continue
            if d + 1 < m:
                where[d], turn[d] = k, i + 1
                turn[d + 1], sofar[d + 1] = 0, cents
                deeper = True
                break
            if small and known_dearer(used | 1 << k, least, seen):
                continue  # as most plans are
            where[d] = k
            sorted_plan(blocks, where, m, shipped, at, nodes)
            keep_plan(least, m, shipped, at, nodes, kept, state)
            worst, worst_count = state[WORST], state[WORST_COUNT]
        d = d + 1 if deeper else d - 1
    state[STEPS] += steps


@njit(cache=True)
def split_into(
    m: int,
    arrays: tuple[Whole, Whole, Whole],
    by_cost: tuple[Whole, Whole, Whole],
    stocked: Truth,
    extra_cents: int,
    work: int,
    most_work: int,
    kept: Tables,
    state: Whole,
) -> bool:
    """Every way to put the order into exactly `m` shipments that may be among the best; False if given up."""
    cost, cheapest, least = arrays
    full = cheapest.size - 1
    width = kept[2].shape[1]
    scratch = scratch_of(width)
    blocks, left, part = np.zeros(width, np.int64), np.zeros(width, np.int64), np.zeros(width, np.int64)
    sofar, tail = np.zeros(width + 1, np.int64), np.zeros(width + 1, np.int64)
    extra = (m - 1) * extra_cents
    d = 0
    left[0], part[0] = full, 0
    while d >= 0:
        low = left[d] & -left[d]
        others = left[d] ^ low
        if d < m - 1:
            if part[d] == others:  # the last block needs something
                d -= 1
                continue
            block = part[d] | low
            part[d] = (part[d] - others) & others
            after = left[d] ^ block
            state[STEPS] += 1
            cents = sofar[d] + cheapest[block]
            if hopeless(cents + least[min(m - 1 - d, least.shape[0] - 1), after] + extra, m, state):
                continue
            blocks[d] = block
            if d + 1 < m - 1:
                d += 1
                left[d], part[d], sofar[d] = after, 0, cents
                continue
            blocks[d + 1] = after
        else:  # one shipment carries all
            blocks[0] = full
            d = -1
        tail[m] = extra
        for b in range(m - 1, -1, -1):
            tail[b] = tail[b + 1] + cheapest[blocks[b]]
        place_blocks(cost, by_cost, tail, stocked, blocks, m, scratch, kept, state)
        if state[STEPS] > work and not state[NARROW]:
            state[NARROW] = 1
            if state[FOUND]:
                state[WORST], state[WORST_COUNT] = kept[0][0, 0] - 1, width
        if state[STEPS] > most_work:
            return False
    return True


@njit(cache=True)
def scratch_of(width: int) -> Scratch:
    """Room for a plan under way: turn, node and cents of each block; sets, nodes and distinct nodes in their order."""
    return (
        np.zeros(width, np.int64),
        np.zeros(width, np.int64),
        np.zeros(width, np.int64),
        np.zeros(width, np.int64),
        np.zeros(width, np.int64),
        np.zeros(width, np.int64),
    )


@njit(cache=True)
def ranking(keep: int, width: int, nodes: int) -> Tables:
    """Room for the best plans: cents, number of shipments, nodes; set and node of each shipment; a memory of node sets."""
    return (
        np.full((keep, 1), INFEASIBLE, np.int64),
        np.zeros((keep, 1), np.int64),
        np.full((keep, width), -1, np.int64),
        np.zeros((keep, width), np.int64),
        np.full((keep, width), -1, np.int64),
        np.zeros((SEEN if nodes < 63 and keep > 1 else 0, 2), np.int64),
    )


@njit(cache=True)
def first_plans(
    arrays: tuple[Whole, Whole, Whole],
    by_cost: tuple[Whole, Whole, Whole],
    stocked: Truth,
    extra_cents: int,
    work: int,
    kept: Tables,
    state: Whole,
) -> None:
    """Good plans to begin with: for each number of shipments the best way to make them, from every node."""
    cost, cheapest, _ = arrays
    width = kept[2].shape[1]
    blocks, tail = np.zeros(width, np.int64), np.zeros(width + 1, np.int64)
    for m in range(1, width + 1):
        one, alone = ranking(1, width, cost.shape[1]), np.array([0, INFEASIBLE - 1, width, 0, 0])
        split_into(m, arrays, by_cost, stocked, extra_cents, work, work, one, alone)
        if not alone[FOUND]:
            continue
        for b in range(m):  # blocks stand in the order of their first pieces
            block, place = one[3][0, b], b
            while place > 0 and blocks[place - 1] & -blocks[place - 1] > block & -block:
                blocks[place] = blocks[place - 1]
                place -= 1
            blocks[place] = block
        tail[m] = (m - 1) * extra_cents
        for b in range(m - 1, -1, -1):
            tail[b] = tail[b + 1] + cheapest[blocks[b]]
        place_blocks(cost, by_cost, tail, stocked, blocks, m, scratch_of(width), kept, state)


@njit(cache=True)
def best_plans(
    node: Whole,
    ladder: Whole,
    permitted: Truth,
    atp: Whole,
    item: Whole,
    units: Whole,
    kit: Whole,
    weight_g: Whole,
    volume_mm3: Whole,
    longest_mm: Whole,
    value_cents: Whole,
    shipment_cents: Whole,
    unit_cents: Whole,
    ladders: tuple[Whole, ...],
    extra_cents: int,
    most_shipments: int,
    min_split_value_cents: int,
    keep: int,
    work: int,
    most_work: int,
) -> tuple[Whole, Whole, Whole, bool, bool]:
    """Cents, candidates and units of the best plans; whether the first is the least, and whether the others are exact.

    Each plan is the best of its set of nodes. Beyond `work` steps only the least is sought, beyond `most_work` nothing.
    """
    lines = units.size
    count, piece = pieces_of(kit, lines)
    shipments = min(most_shipments, count)
    sums = set_sums(count, piece, (weight_g, volume_mm3, longest_mm, value_cents))
    held, contended = stocked_pieces(count, piece, atp, item, units)
    stocked = np.zeros((atp.shape[0], 0), np.bool_)
    if contended:
        stocked = stocked_sets(1 << count, sums[4], piece, held, atp, item, units)
    able = np.zeros(node.size, np.int64)
    piece_cents = np.zeros((node.size, count), np.int64)
    for c in range(node.size):
        able[c] = held[node[c]]
        for i in range(lines):
            if not permitted[c, i]:
                able[c] &= ~(1 << piece[i])
            piece_cents[c, piece[i]] += unit_cents[c, i] * units[i]
    cost, cheapest = set_costs(
        node, ladder, able, shipment_cents, piece_cents, ladders, sums, atp.shape[0], stocked, min_split_value_cents
    )
    least = least_of_rest(cheapest, shipments)
    kept, state = ranking(keep, shipments, atp.shape[0]), np.array([0, INFEASIBLE - 1, shipments, 0, 0])
    arrays = (cost, cheapest, least)
    by_cost = (np.full(cheapest.size, -1, np.int64), np.empty(cost.shape, np.int64), np.empty(cost.shape, np.int64))
    if keep > 1:
        first_plans(arrays, by_cost, stocked, extra_cents, work, kept, state)
    proven = True
    for m in range(1, shipments + 1):
        proven = proven and split_into(m, arrays, by_cost, stocked, extra_cents, work, most_work, kept, state)
    found = state[FOUND]
    candidate = np.full((found, shipments), -1, np.int64)
    carried = np.zeros((found, shipments, lines), np.int64)
    for p in range(found):
        for d in range(kept[1][p, 0]):
            s = kept[3][p, d]
            candidate[p, d] = carrier(kept[4][p, d], s, node, ladder, able, shipment_cents, piece_cents, ladders, sums)
            for i in range(lines):
                if s >> piece[i] & 1:
                    carried[p, d, i] = units[i]
    return kept[0][:found, 0].copy(), candidate, carried, proven, state[NARROW] == 0


@njit(cache=True)
def carrier(
    k: int,
    s: int,
    node: Whole,
    ladder: Whole,
    able: Whole,
    shipment_cents: Whole,
    piece_cents: Whole,
    ladders: Tables,
    sums: Tables,
) -> int:
    """The first of the cheapest candidates by which set `s` leaves node `k`."""
    best, chosen = INFEASIBLE, -1
    for c in range(node.size):
        if node[c] != k or able[c] & s != s:
            continue
        cents = shipment_cents[c] + carton_cents(ladders, ladder[c], sums[0][s], sums[1][s], sums[2][s])
        for p in range(piece_cents.shape[1]):
            if s >> p & 1:
                cents += piece_cents[c, p]
        if cents < best:
            best, chosen = cents, c
    return chosen
