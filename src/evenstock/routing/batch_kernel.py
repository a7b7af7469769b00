"""The loops over many orders at once: what each set of an order's lines costs, packed once, and decided under any prices.

Sets of lines are bit masks, as in `evenstock.routing.subset_kernel`. `evenstock.routing.batch` is the readable face.
Money may be whole numbers of any unit or floats: the type of `price` decides what a decision reckons in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from evenstock.freight.parcel_kernel import beside
from evenstock.routing.priced import Whole
from evenstock.routing.subset_kernel import INFEASIBLE, carton_cents

Truth = NDArray[np.bool_]
Money = NDArray[Any]
"""Whole numbers or floats."""
Tables = tuple[Whole, ...]
Short = NDArray[np.int32]
Arrays = tuple[Whole, Whole, Whole, Whole, Whole, Whole, Whole, Whole, Short, Whole, Truth, Whole, Whole]
"""See `evenstock.routing.batch.Batch.arrays`."""


@njit(cache=True)
def fill(
    node: Whole,
    goods: Tables,
    costs: tuple[Whole, Whole, Whole],
    may: tuple[Truth, Whole],
    ladders: Tables,
    kit: Whole,
    rows: tuple[Whole, Short, Whole, Truth],
    min_split_value_cents: int,
) -> None:
    """Write what every set of lines costs as one shipment of each node, and of each way if there is room for it.

    Parameters
    ----------
    node : node of each way.
    goods : item, units, weight, volume, marks and value by line.
    costs : ladder ``(way,)``, charge of a shipment ``(way,)`` and of a unit ``(way, line)``.
    may : permitted ``(way, line)`` and stock ``(node, line)``.
    kit : number of each line's kit, -1 for a line alone.
    rows : of this order: cents and way by ``(node, set)``, cents by ``(way, set)`` or empty, and whether a set is worth
        too little for a split, all flat.
    """
    item, units = goods[0], goods[1]
    ladder, shipment_cents, unit_cents = costs
    permitted, atp = may
    cents, pick, way_cents, thin = rows
    lines = units.size
    sets = 1 << lines
    weight, volume, longest, torn = sums(goods, kit, min_split_value_cents, thin)
    stocked, by_unit = np.zeros(sets, np.bool_), np.zeros(sets, np.int64)
    at = -1
    for c in range(node.size):
        k = node[c]
        if k != at:
            at = k
            for s in range(1, sets):
                stocked[s] = not torn[s] and enough(item, units, atp[k], s)
        for i in range(lines):
            bit = 1 << i
            charge = unit_cents[c, i] * units[i] if permitted[c, i] else INFEASIBLE
            for s in range(bit, 2 * bit):
                by_unit[s] = min(by_unit[s ^ bit] + charge, INFEASIBLE)
        for s in range(1, sets):
            if by_unit[s] >= INFEASIBLE or not stocked[s]:
                continue
            whole = by_unit[s] + shipment_cents[c] + carton_cents(ladders, ladder[c], weight[s], volume[s], longest[s])
            if whole < cents[k * sets + s]:
                cents[k * sets + s], pick[k * sets + s] = whole, c
            if way_cents.size > 0:
                way_cents[c * sets + s] = whole


@njit(cache=True)
def sums(goods: Tables, kit: Whole, min_split_value_cents: int, thin: Truth) -> tuple[Whole, Whole, Whole, Truth]:
    """Weight, volume and marks of each set, and whether it tears a kit; and into `thin` whether it is worth too little."""
    lines = kit.size
    sets = 1 << lines
    weight, volume, longest = np.zeros(sets, np.int64), np.zeros(sets, np.int64), np.zeros(sets, np.int64)
    worth, torn = np.zeros(sets, np.int64), np.zeros(sets, np.bool_)
    for i in range(lines):
        bit = 1 << i
        for s in range(bit, 2 * bit):
            rest = s ^ bit
            weight[s] = weight[rest] + goods[2][i]
            volume[s] = volume[rest] + goods[3][i]
            longest[s] = beside(longest[rest], goods[4][i])
            worth[s] = worth[rest] + goods[5][i]
            thin[s] = worth[s] < min_split_value_cents
    for i in range(lines):
        for other in range(i):
            if kit[i] >= 0 and kit[i] == kit[other]:
                for s in range(1, sets):
                    torn[s] = torn[s] or (s >> i & 1) != (s >> other & 1)
    return weight, volume, longest, torn


@njit(cache=True)
def enough(item: Whole, units: Whole, there: Whole, goods: int) -> bool:
    """Whether stock by line covers a set of lines; lines of one item share it."""
    for i in range(units.size):
        if not goods >> i & 1:
            continue
        wanted = units[i]
        for other in range(i):
            if goods >> other & 1 and item[other] == item[i]:
                wanted += units[other]
        if wanted > there[i]:
            return False
    return True


@njit(cache=True)
def lines_of(arrays: Arrays, order: int) -> tuple[Whole, Whole]:
    """Item and units of an order's lines."""
    begin, end = arrays[0][order], arrays[0][order + 1]
    return arrays[1][begin:end], arrays[2][begin:end]


@njit(cache=True)
def row_costs(arrays: Arrays, order: int, wanted: int, price: Money, way_price: Money, stock: Whole) -> Money:
    """Cost, prices included, of each set as one shipment of each row: a node, or a way where ways have prices."""
    item, units = lines_of(arrays, order)
    way, ways = arrays[3][order], arrays[3][order + 1] - arrays[3][order]
    by_way, sets = way_price.size > 0, 1 << units.size
    table = arrays[9] if by_way else arrays[7]
    begin = arrays[6][order] if by_way else arrays[5][order] * price.shape[0]
    shared = arrays[11][order, 2] > 0 and stock.size > 0
    cost = np.full((ways if by_way else price.shape[0], sets), INFEASIBLE, price.dtype)
    by_unit, there = np.zeros(sets, price.dtype), np.zeros(units.size, np.int64)
    at = -1
    for r in range(cost.shape[0]):
        k = arrays[4][way + r] if by_way else r
        if k != at:
            at = k
            unit_costs(item, units, wanted, price[k], stock[k] if stock.size > 0 else stock[:0].ravel(), by_unit)
            for i in range(units.size):
                there[i] = stock[k, item[i]] if shared else 0
        base = begin + r * sets
        for s in range(1, sets):
            if table[base + s] >= INFEASIBLE or by_unit[s] >= INFEASIBLE or s & ~wanted:
                continue
            if not shared or enough(item, units, there, s):
                cost[r, s] = table[base + s] + by_unit[s]
                if by_way:
                    cost[r, s] += way_price[way + r]
    return cost


@njit(cache=True)
def unit_costs(item: Whole, units: Whole, wanted: int, price: Money, stock: Whole, by_unit: Money) -> None:
    """Prices of each set at a node, into `by_unit`; `INFEASIBLE` or more where a line is not wanted or not there.

    At most eleven times that much: it still adds up within 64 bits.
    """
    for i in range(units.size):
        bit = 1 << i
        charge = price[item[i]] * units[i]
        if not wanted & bit or (stock.size > 0 and stock[item[i]] < units[i]):
            charge += INFEASIBLE
        for s in range(bit, 2 * bit):
            by_unit[s] = by_unit[s ^ bit] + charge


@njit(cache=True)
def firsts(
    arrays: Arrays, order: int, wanted: int, price: Money, way_price: Money, stock: Whole
) -> tuple[Money, Short]:
    """Least cost of each set as one shipment of whatever row, and that row: the first of equals."""
    item, units = lines_of(arrays, order)
    sets = 1 << units.size
    least = np.full(sets, INFEASIBLE, price.dtype)
    row = np.full(sets, -1, np.int32)
    if way_price.size > 0 or (arrays[11][order, 2] > 0 and stock.size > 0):
        cost = row_costs(arrays, order, wanted, price, way_price, stock)
        for r in range(cost.shape[0]):
            for s in range(1, sets):
                if cost[r, s] < least[s]:
                    least[s], row[s] = cost[r, s], r
        return least, row
    table, base = arrays[7], arrays[5][order] * price.shape[0]
    by_unit = np.zeros(sets, price.dtype)
    for k in range(price.shape[0]):
        unit_costs(item, units, wanted, price[k], stock[k] if stock.size > 0 else stock[:0].ravel(), by_unit)
        for s in range(1, sets):
            whole = table[base + s] + by_unit[s]
            if whole < least[s]:
                least[s], row[s] = whole, k
        base += sets
    return least, row


@njit(cache=True)
def unfold(part: Whole, place: Whole, m: int, goods: Any, then: Any, sent: Whole, where: Whole) -> None:
    """The sets of lines, and their places, of `m` shipments of some goods and of one more that ships `then`."""
    sent[m], where[m] = then, place[then]
    for a in range(m - 1, -1, -1):
        sent[a] = part[a + 1, goods]
        where[a] = place[sent[a]]
        goods ^= sent[a]


@njit(cache=True)
def earlier(sent: Whole, place: Whole, sent2: Whole, place2: Whole, count: int) -> bool:
    """Whether the first of two equally dear plans comes first: by its nodes, then by how little the last of them ship."""
    for plan, where in ((sent, place), (sent2, place2)):
        for a in range(1, count):
            for b in range(a, 0, -1):
                if where[b - 1] > where[b] or (where[b - 1] == where[b] and plan[b - 1] > plan[b]):
                    plan[b - 1], plan[b] = plan[b], plan[b - 1]
                    where[b - 1], where[b] = where[b], where[b - 1]
    for a in range(count):
        if place[a] != place2[a]:
            return bool(place[a] < place2[a])
    for a in range(count - 1, -1, -1):
        if sent[a] != sent2[a]:
            return bool(sent[a] < sent2[a])
    return False


@njit(cache=True)
def partition(first: Money, place: Whole, thin: Truth, wanted: int, most: int, every: bool) -> tuple[Money, Whole]:
    """Least cost of each set in exactly 1, 2, … `most` shipments, and the shipment of its lowest line.

    Shapes ``(most + 1, set)``. Unless `every`, only the sets that `wanted` needs are filled. A set worth too little for
    a split is no part of more than one shipment.
    """
    least = np.full((most + 1, first.size), INFEASIBLE, first.dtype)
    part = np.zeros((most + 1, first.size), np.int64)
    sent, sent2 = np.zeros(most, np.int64), np.zeros(most, np.int64)
    for one in range(1, first.size):
        least[1, one], part[1, one] = first[one], one
    where, where2 = np.zeros(most, np.int64), np.zeros(most, np.int64)
    lowest = wanted & -wanted
    for m in range(2, most + 1):
        s: Any = np.int64(0)
        while s != wanted:
            s = (s - wanted) & wanted
            if not every and s != wanted and (m == most or s & lowest):
                continue
            low = s & -s
            others = s ^ low
            best, chosen, t = least[m, s], np.int64(0), np.int64(0)
            while t != others:
                mine, rest = t | low, others ^ t
                if not thin[mine] and not (m == 2 and thin[rest]):
                    both = first[mine] + least[m - 1, rest]
                    if both < best:
                        best, chosen = both, mine
                    elif both == best and both < INFEASIBLE:
                        unfold(part, place, m - 1, rest, mine, sent, where)
                        unfold(part, place, m - 1, s ^ chosen, chosen, sent2, where2)
                        if earlier(sent, where, sent2, where2, m):
                            chosen = mine
                t = (t - others) & others
            least[m, s], part[m, s] = best, chosen
    return least, part


@njit(cache=True)
def nodes_of(arrays: Arrays, order: int, row: Short, by_way: bool) -> Whole:
    """The node of each row number; -1 stays."""
    node = np.empty(row.size, np.int64)
    for s in range(row.size):
        node[s] = arrays[4][arrays[3][order] + row[s]] if by_way and row[s] >= 0 else row[s]
    return node


@njit(cache=True)
def overdrawn(arrays: Arrays, order: int, sent: Whole, place: Whole, count: int, stock: Whole) -> bool:
    """Whether shipments of one node together take more of an item than it has."""
    item, units = lines_of(arrays, order)
    there = np.zeros(units.size, np.int64)
    for a in range(count):
        together: Any = np.int64(0)
        for b in range(count):
            if place[b] == place[a]:
                together |= sent[b]
        for i in range(units.size):
            there[i] = arrays[12][arrays[0][order] + i, place[a]]
            if stock.size > 0:
                there[i] = min(there[i], stock[place[a], item[i]])
        if not enough(item, units, there, together):
            return True
    return False


@njit(cache=True)
def shared_search(
    arrays: Arrays, order: int, wanted: int, cost: Money, least: Money, thin: Truth, stock: Whole, by_way: bool
) -> tuple[Money, int, Whole, Whole]:
    """The cheapest plan in which lines of one item share each node's stock: its cost, and set and row of each shipment.

    Parameters
    ----------
    cost : see `row_costs`.
    least : see `partition`, filled for every set: the bound on what is left to ship.

    Returns
    -------
    The cost as an array of one, the number of shipments (0 if there is no plan), their sets, their rows.
    """
    most, extra, rows = least.shape[0] - 1, arrays[11][order, 0], cost.shape[0]
    best, found = np.full(1, INFEASIBLE, cost.dtype), 0
    kept, kept_row, kept_place = np.zeros(most, np.int64), np.zeros(most, np.int64), np.zeros(most, np.int64)
    sent, row, place = np.zeros(most, np.int64), np.full(most, -1, np.int64), np.zeros(most, np.int64)
    rest, so_far = np.zeros(most + 1, np.int64), np.zeros(most + 1, cost.dtype)
    rest[0] = wanted
    sent[0] = wanted & -wanted
    depth = 0
    while depth >= 0:
        low = rest[depth] & -rest[depth]
        row[depth] += 1
        if row[depth] == rows:
            row[depth] = -1
            others = rest[depth] ^ low
            if sent[depth] == rest[depth]:
                depth -= 1
            else:
                sent[depth] = (((sent[depth] ^ low) - others) & others) | low
            continue
        mine = sent[depth]
        left = rest[depth] ^ mine
        if cost[row[depth], mine] >= INFEASIBLE or (thin[mine] and mine != wanted):
            continue
        here = so_far[depth] + cost[row[depth], mine] + (extra if depth else 0)
        place[depth] = arrays[4][arrays[3][order] + row[depth]] if by_way else row[depth]
        if overdrawn(arrays, order, sent, place, depth + 1, stock):
            continue
        if left:
            bound = best[0] + 1
            for more in range(1, most - depth):
                bound = min(bound, here + least[more, left] + more * extra)
            if bound <= best[0]:
                depth += 1
                rest[depth], so_far[depth], row[depth] = left, here, -1
                sent[depth] = left & -left
            continue
        count = depth + 1
        if here < best[0] or (
            here == best[0]
            and here < INFEASIBLE
            and (
                count < found
                or (count == found and earlier(sent.copy(), place.copy(), kept.copy(), kept_place.copy(), count))
            )
        ):
            best[0], found = here, count
            for a in range(count):
                kept[a], kept_row[a], kept_place[a] = sent[a], row[a], place[a]
    return best, found, kept, kept_row


@njit(cache=True)
def mark(arrays: Arrays, order: int, goods: int, row: int, by_way: bool, way_of_line: Whole) -> None:
    """Write the way by which a row ships a set."""
    lines = arrays[0][order + 1] - arrays[0][order]
    way = np.int64(row)
    if not by_way:
        nodes, sets = arrays[12].shape[1], 1 << lines
        way = np.int64(arrays[8][arrays[5][order] * nodes + row * sets + goods])
    for i in range(lines):
        if goods >> i & 1:
            way_of_line[i] = way


@njit(cache=True)
def settle(
    arrays: Arrays,
    order: int,
    wanted: int,
    price: Money,
    way_price: Money,
    stock: Whole,
    found: tuple[Money, Short, Whole, Money, Whole],
    way_of_line: Whole,
) -> Money:
    """The cheapest number of shipments of the sets in `partition`'s tables; its cost as an array of one."""
    first, row, node, least, part = found
    by_way, extra, most = way_price.size > 0, arrays[11][order, 0], least.shape[0] - 1
    best, fewest = np.full(1, INFEASIBLE, price.dtype), 0
    for m in range(1, most + 1):
        whole = least[m, wanted] + (m - 1) * extra
        if whole < best[0]:
            best[0], fewest = whole, m
    if fewest == 0:
        return best
    sent, place, count = np.zeros(most, np.int64), np.zeros(most, np.int64), fewest
    rows = np.zeros(most, np.int64)
    last = part[fewest, wanted]
    unfold(part, node, fewest - 1, wanted ^ last, last, sent, place)
    for a in range(count):
        rows[a] = row[sent[a]]
    if arrays[11][order, 2] > 0 and overdrawn(arrays, order, sent, place, count, stock):
        cost = row_costs(arrays, order, wanted, price, way_price, stock)
        thin = arrays[10][arrays[5][order] : arrays[5][order + 1]]
        bound, _ = partition(first, node, thin, wanted, most, True)
        best, count, sent, rows = shared_search(arrays, order, wanted, cost, bound, thin, stock, by_way)
    for a in range(count):
        mark(arrays, order, sent[a], rows[a], by_way, way_of_line)
    return best


@njit(cache=True)
def cheapest(
    arrays: Arrays, order: int, wanted: int, price: Money, way_price: Money, stock: Whole, way_of_line: Whole
) -> int:
    """Least cost, prices included, of shipping the lines in the set `wanted` of an order, each line whole.

    Parameters
    ----------
    price : of a unit, shape ``(node, item)``, zero or more, all in the batch's money; its type is the cost's.
    way_price : added to each shipment, shape ``(way,)`` over the batch; empty for none.
    stock : units there, shape ``(node, item)``, or of no size; never more than the order's own.
    way_of_line : receives the way of each wanted line, numbered within the order, and -1 of the others.

    Returns
    -------
    The cost; `INFEASIBLE` where nothing covers the lines, and for an order too large for tables.
    """
    lines = arrays[0][order + 1] - arrays[0][order]
    for i in range(lines):
        way_of_line[i] = -1
    if arrays[5][order + 1] == arrays[5][order] or wanted == 0:
        return np.full(1, INFEASIBLE if wanted else 0, price.dtype)[0]  # type: ignore[no-any-return]
    first, row = firsts(arrays, order, wanted, price, way_price, stock)
    thin = arrays[10][arrays[5][order] : arrays[5][order + 1]]
    node = nodes_of(arrays, order, row, way_price.size > 0)
    most = min(lines, arrays[11][order, 1])
    least, part = partition(first, node, thin, wanted, most, False)
    found = (first, row, node, least, part)
    return settle(arrays, order, wanted, price, way_price, stock, found, way_of_line)[0]  # type: ignore[no-any-return]


@njit(cache=True)
def cheapest_or_lost(
    arrays: Arrays, order: int, lost: Money, price: Money, way_price: Money, stock: Whole, way_of_line: Whole
) -> int:
    """The same for a whole order of which any lines may be left out, each for what `lost` says, shape ``(line,)``.

    Where lines of one item share stock the cost may be below the least, never above it.
    """
    lines = arrays[0][order + 1] - arrays[0][order]
    for i in range(lines):
        way_of_line[i] = -1
    full = (1 << lines) - 1
    most = min(lines, arrays[11][order, 1])
    first, row = firsts(arrays, order, full, price, way_price, stock)
    thin = arrays[10][arrays[5][order] : arrays[5][order + 1]]
    node = nodes_of(arrays, order, row, way_price.size > 0)
    least, part = partition(first, node, thin, full, most, True)
    left_out = np.zeros(full + 1, price.dtype)
    for i in range(lines):
        for s in range(1 << i, 2 << i):
            left_out[s] = left_out[s ^ (1 << i)] + lost[i]
    best, served, fewest = left_out[full], 0, 0
    for m in range(1, most + 1):
        for s in range(1, full + 1):
            whole = least[m, s] + (m - 1) * arrays[11][order, 0] + left_out[full ^ s]
            if whole < best:
                best, served, fewest = whole, s, m
    while fewest > 0:
        goods = part[fewest, served]
        mark(arrays, order, goods, row[goods], way_price.size > 0, way_of_line)
        served ^= goods
        fewest -= 1
    return best  # type: ignore[no-any-return]


@njit(cache=True)
def decide_each(
    arrays: Arrays, orders: Whole, price: Money, way_price: Money, stock: Whole, cost: Money, way: Whole
) -> None:
    """Decide each of these orders by itself, whole; cost by order and way by line, numbered within the order."""
    for order in orders:
        begin, end = arrays[0][order], arrays[0][order + 1]
        wanted = (1 << (end - begin)) - 1
        cost[order] = cheapest(arrays, order, wanted, price, way_price, stock, way[begin:end])


@njit(cache=True)
def taken(arrays: Arrays, orders: Whole, way: Whole, weight: Money, use: Money, way_use: Money) -> None:
    """Add what these decisions take, each order `weight` times: units by ``(node, item)``, shipments by way.

    Lines of one order that go one way count as one shipment.
    """
    for order in orders:
        begin, end, first_way = arrays[0][order], arrays[0][order + 1], arrays[3][order]
        for line in range(begin, end):
            if way[line] < 0:
                continue
            use[arrays[4][first_way + way[line]], arrays[1][line]] += weight[order] * arrays[2][line]
            again = False
            for other in range(begin, line):
                again = again or way[other] == way[line]
            if not again and way_use.size > 0:
                way_use[first_way + way[line]] += weight[order]
