"""Compiled: tables that never understate what arrivals of several days bring to one node.

A case moved adds units to what a node would have had, and these are sold when the node would have lost a sale. The days
are cut at each day of arrival. Moved units carried past a cut are sold and bought at a price of their own on every path,
so that each window has one decision only: the cases that arrive as it begins. All money is in millicents summed over the
paths.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Demand, Floats, Ints
from evenstock.rebalancing.flow.kernel import FAR, ship_item
from evenstock.rebalancing.unit_values.kernel import grown, simulate
from evenstock.rebalancing.unit_values.standing import room, standing

_STEP = 0.3
"""Cases by which the plan the prices are taken from leans to what the tables ask for: prices beside a kink are mixed."""
_PATIENCE = 30
"""The plan itself follows slowly."""


@njit(cache=True, nogil=True)
def _lent(left: Ints, lost: Ints, day: int, units: int, shortage: int, holding: int, terminal: int) -> int:
    """What a case brings its node by being away until `day`: storage saved less sales missed, over all paths."""
    scenarios, days = left.shape
    value = 0
    for s in range(scenarios):
        missing = units
        for t in range(day):
            if left[s, t] < missing:
                value -= shortage * (missing - left[s, t])
                missing = left[s, t]
                if missing == 0:
                    break
            value += holding * missing
        extra = units - missing
        for t in range(day, days):
            if extra == 0:
                break
            sold = min(extra, lost[s, t])
            extra -= sold
            value += shortage * sold - holding * extra
        value += terminal * extra
    return value


@njit(cache=True, nogil=True)
def _mix_prices(
    lost: Ints,
    arriving: Floats,
    shortage: int,
    holding: int,
    terminal: int,
    sink_lead: Ints,
    chosen: Ints,
    weight: float,
    price: Floats,
) -> None:
    """Mix into ``price[r, s]`` what one more moved unit on the morning of sink r would be worth beside `arriving`."""
    scenarios, days = lost.shape
    short = np.zeros(days, np.bool_)
    for s in range(scenarios):
        stock = 0.0
        for t in range(days):
            stock += arriving[t] - lost[s, t]
            short[t] = stock < -1e-9
            stock = max(stock, 0.0)
        worth, n = terminal, len(chosen) - 1
        for t in range(days, -1, -1):
            if t < days:
                worth = shortage if short[t] else worth - holding
            while n > 0 and sink_lead[chosen[n]] == t:
                price[chosen[n], s] += weight * (worth - price[chosen[n], s])
                n -= 1
            if n == 0:
                break


@njit(cache=True, nogil=True)
def _add_window(
    lost: Ints,
    begin: int,
    end: int,
    case: int,
    most: int,
    shortage: int,
    holding: int,
    carried: int,
    kept: int,
    gains: Ints,
) -> None:
    """Beyond `kept`, the n-th unit arriving on day `begin` brings its sale, but no more than a carried one costs."""
    n, space = 0, case
    for t in range(begin, end):
        units = lost[t]
        more = min(shortage - holding * (t - begin), carried) - kept
        if more <= 0:
            return
        while units > 0 and n < most:
            take = min(units, space)
            gains[n] += take * more
            units -= take
            space -= take
            if space == 0:
                n += 1
                space = case
        if n >= most:
            return


@njit(cache=True, nogil=True)
def _fill_windows(
    lost: Ints,
    case: int,
    shortage: int,
    holding: int,
    terminal: int,
    sink_lead: Ints,
    chosen: Ints,
    most: int,
    price: Floats,
    gains: Ints,
) -> int:
    """Gains of the `chosen` sinks of a node, each on its own; returns what they claim for moving nothing.

    The first window has nothing to buy: what the node has of its own is reckoned with already.
    """
    scenarios, days = lost.shape
    claim = 0
    base = np.zeros(len(chosen), np.int64)
    for r in chosen:
        gains[r, :most] = 0
    for s in range(scenarios):
        end, after = days, terminal
        for n in range(len(chosen) - 1, -1, -1):
            r = chosen[n]
            begin = sink_lead[r]
            kept = after - holding * (end - begin)
            carried = shortage
            if n > 0:
                # No lower than keeping it for the next window, no higher than a sale: else stages would trade without end.
                carried = min(max(np.int64(np.rint(price[r, s])), kept), shortage)
                for t in range(begin, end):
                    claim += lost[s, t] * max(shortage - holding * (t - begin) - carried, 0)
            if carried > kept:
                _add_window(lost[s], begin, end, case, most, shortage, holding, carried, kept, gains[r])
            base[n] += kept
            end, after = begin, carried
    for n in range(len(chosen)):
        gains[chosen[n], :most] += case * base[n]
    return claim


@njit(cache=True, nogil=True)
def _add_standing(stand: Ints, case: int, scenarios: int, chosen: Ints, most: int, plan: float, gains: Ints) -> int:
    """Count the cost of a node's band: exactly for one sink, by its slope at the plan for several; returns the claim."""
    limit = min(most, room(stand, case))
    for r in chosen:
        gains[r, limit:most] = -FAR
    if len(chosen) == 1:
        for n in range(limit):
            gains[chosen[0], n] += scenarios * (standing(stand, (n + 1) * case) - standing(stand, n * case))
        return 0
    at = min(int(plan), max(limit - 1, 0))
    slope = scenarios * (standing(stand, (at + 1) * case) - standing(stand, at * case))
    for r in chosen:
        gains[r, :limit] += slope
    highest = 0
    for n in range(limit + 1):
        highest = max(highest, scenarios * (standing(stand, n * case) - standing(stand, 0)) - slope * n)
    return highest


@njit(cache=True, nogil=True)
def _legs(
    cost: Ints, lane_origin: Ints, lane_sink: Ints, sink_node: Ints, movable: Ints, lends: Ints, reach: Ints
) -> None:
    """The least a case costs to be had at a node that sends one of its own, from node to node over any others."""
    nodes, lanes = len(movable), len(cost)
    reach[:] = FAR
    for i in range(nodes):
        reach[i, i] = 0
    for a in range(lanes):
        i, m = lane_origin[a], sink_node[lane_sink[a]]
        if cost[a] < FAR and movable[i] > 0 and movable[m] > 0:
            reach[i, m] = min(reach[i, m], max(cost[a] - lends[lane_sink[a]], 0))
    for m in range(nodes):
        for i in range(nodes):
            if reach[i, m] < FAR and i != m:
                for j in range(nodes):
                    reach[i, j] = min(reach[i, j], reach[i, m] + reach[m, j])


@njit(cache=True, nogil=True)
def _pairs(
    cost: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    sink_node: Ints,
    movable: Ints,
    lends: Ints,
    least_loss: Ints,
    best_gain: Ints,
    reach: Ints,
    direct: Ints,
    pair_origin: Ints,
    pair_sink: Ints,
    pair_cost: Ints,
) -> int:
    """Pairs of giver and sink that may pay, with the least a case can cost between them over any nodes; how many.

    A node on the way sends a case of its own at once and is refilled: the leg to it costs the freight less what it
    `lends` (by sink), not below zero. `least_loss` is FAR where a node gives nothing, `best_gain` -FAR where none is wanted.
    """
    nodes, sinks, lanes = len(movable), len(sink_node), len(cost)
    _legs(cost, lane_origin, lane_sink, sink_node, movable, lends, reach)
    direct[:] = FAR
    for a in range(lanes):
        m, r = lane_origin[a], lane_sink[a]
        if cost[a] < FAR and movable[m] > 0 and best_gain[r] > -FAR:
            for i in range(nodes):
                if reach[i, m] < FAR and least_loss[i] < FAR:
                    direct[i, r] = min(direct[i, r], reach[i, m] + cost[a])
    count = 0
    for i in range(nodes):
        for r in range(sinks):
            if direct[i, r] < FAR and best_gain[r] - least_loss[i] > direct[i, r]:
                pair_origin[count], pair_sink[count], pair_cost[count] = i, r, direct[i, r]
                count += 1
    return count


@njit(cache=True, nogil=True)
def _cut_off(
    gains: Ints,
    most: int,
    active: Bools,
    count: int,
    pair_origin: Ints,
    pair_sink: Ints,
    pair_cost: Ints,
    least_loss: Ints,
    at: Ints,
    kept: Ints,
) -> None:
    """Lay the gains out one after another as far as a case can cost less than it brings."""
    end = 0
    for r in range(len(active)):
        least = FAR
        for n in range(count):
            if pair_sink[n] == r:
                least = min(least, pair_cost[n] + least_loss[pair_origin[n]])
        n = 0
        while active[r] and n < most and gains[r, n] > least:
            kept[end + n] = gains[r, n]
            n += 1
        end += n
        at[r + 1] = end


@njit(cache=True, nogil=True)
def _begin(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    movable: Ints,
    case: int,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    sink_lead: Ints,
    sink_at: Ints,
    active: Bools,
    left: Ints,
    lost: Ints,
    lends: Ints,
) -> None:
    """One item's nodes as they are, day by day on every path, and what each can lend."""
    nodes, scenarios, days = paths.shape
    for i in range(nodes):
        if movable[i] == 0 and not active[sink_at[i] : sink_at[i + 1]].any():
            continue
        for s in range(scenarios):
            simulate(paths[i, s], inbound[i], on_hand[i], days, left[i, s], lost[i, s])
        for r in range(sink_at[i], sink_at[i + 1]):
            lends[r] = _lent(left[i], lost[i], sink_lead[r], case, shortage[i], holding[i], terminal[i])


@njit(cache=True, nogil=True)
def _reprice(
    lost: Ints,
    case: int,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    stands: Ints,
    sink_lead: Ints,
    sink_at: Ints,
    active: Bools,
    most: int,
    plan: Floats,
    turn: int,
    price: Floats,
    gains: Ints,
    best_gain: Ints,
    claims: Ints,
) -> bool:
    """Fill every node's gains at the mean of this turn's prices and those before; whether any node has several sinks."""
    nodes, scenarios, days = lost.shape
    arriving, several = np.zeros(days + 1), False
    for i in range(nodes):
        first, last = sink_at[i], sink_at[i + 1]
        chosen = first + np.flatnonzero(active[first:last])
        if len(chosen) == 0 or (turn > 0 and len(chosen) == 1):
            continue
        if len(chosen) > 1:
            several = True
            arriving[:] = 0
            for r in range(first, last):
                arriving[sink_lead[r]] += plan[r] * case
            _mix_prices(
                lost[i], arriving, shortage[i], holding[i], terminal[i], sink_lead, chosen, 1 / (turn + 1), price
            )
        claims[i] = _fill_windows(
            lost[i], case, shortage[i], holding[i], terminal[i], sink_lead, chosen, most, price, gains
        )
        claims[i] += _add_standing(stands[i], case, scenarios, chosen, most, plan[first:last].sum(), gains)
        for r in chosen:
            best_gain[r] = gains[r, 0]
    return several


@njit(cache=True, nogil=True)
def _ceiling_item(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    movable: Ints,
    case: int,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    stands: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    sink_at: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    cost: Ints,
    active: Bools,
    give_at: Ints,
    give: Ints,
    plan: Floats,
    rounds: int,
    lends: Ints,
) -> tuple[Ints, Ints, int]:
    """Where each sink's gains begin, the gains, and what they claim; of the rounds, those whose bound is lowest.

    Each round takes prices from a plan that leans to what the last tables asked for, and mixes them into those before.
    """
    nodes, scenarios, days = paths.shape
    sinks, most, pairs = len(sink_node), len(give), nodes * len(sink_node)
    left, lost = np.zeros((nodes, scenarios, days), np.int64), np.zeros((nodes, scenarios, days), np.int64)
    gains, price = np.zeros((sinks, most), np.int64), np.zeros((sinks, scenarios))
    at, kept, best_gain = np.zeros(sinks + 1, np.int64), np.zeros(sinks * most, np.int64), np.full(sinks, -FAR)
    given, got, least_loss = np.zeros(nodes, np.int64), np.zeros(sinks, np.int64), np.full(nodes, FAR)
    reach, direct = np.zeros((nodes, nodes), np.int64), np.zeros((nodes, sinks), np.int64)
    pair_origin, pair_sink = np.zeros(pairs, np.int64), np.zeros(pairs, np.int64)
    pair_cost, moved = np.zeros(pairs, np.int64), np.zeros(pairs, np.int64)
    every, none, claims = np.arange(sinks + 1), np.zeros(sinks, np.int64), np.zeros(nodes, np.int64)
    for i in range(nodes):
        if give_at[i + 1] > give_at[i]:
            least_loss[i] = give[give_at[i]]
    _begin(
        paths,
        on_hand,
        inbound,
        movable,
        case,
        shortage,
        holding,
        terminal,
        sink_lead,
        sink_at,
        active,
        left,
        lost,
        lends,
    )
    base, lowest, claim, best_at, best = plan.copy(), FAR, 0, at.copy(), kept[:0]
    for turn in range(rounds):
        several = _reprice(
            lost, case, shortage, holding, terminal, stands, sink_lead, sink_at, active, most, plan, turn, price, gains,
            best_gain, claims,
        )  # fmt: skip
        count = _pairs(
            cost, lane_origin, lane_sink, sink_node, movable, lends, least_loss, best_gain, reach, direct, pair_origin,
            pair_sink, pair_cost,
        )  # fmt: skip
        _cut_off(gains, most, active, count, pair_origin, pair_sink, pair_cost, least_loss, at, kept)
        bound = claims.sum() + ship_item(
            0, at, kept, give_at, give, none, every[:-1], every, pair_origin[:count], pair_sink[:count],
            pair_cost[:count], given, got, moved[:count],
        )  # fmt: skip
        if bound < lowest:
            lowest, claim, best_at, best = bound, claims.sum(), at.copy(), kept[: at[-1]].copy()
        if not several:
            break
        for r in range(sinks):
            base[r] += (got[r] - base[r]) / (turn + 1 + _PATIENCE)
            plan[r] = base[r] + _STEP * max(-1.0, min(1.0, got[r] - base[r]))
    return best_at, best, claim


@njit(cache=True, nogil=True)
def ceiling_tables(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    movable: Ints,
    case_units: Ints,
    shortage: Ints,
    holding: Ints,
    terminal: Ints,
    stands: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    sink_at: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    case_cost: Ints,
    gain_at: Ints,
    loss_at: Ints,
    losses: Ints,
    wanted: Bools,
    cases: Ints,
    rounds: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Gains by (item, sink) as a ragged table, what they claim for moving nothing by item, and what each sink lends.

    `cases` (K, A) is the plan the first prices are taken from.
    """
    items, nodes = on_hand.shape
    sinks = len(sink_node)
    out_at, out_values = np.zeros(items * sinks + 1, np.int64), np.empty(1 << 16, np.int64)
    claims, lends = np.zeros(items, np.int64), np.zeros((items, sinks), np.int64)
    active, plan = np.zeros(sinks, np.bool_), np.zeros(sinks)
    for k in range(items):
        here = out_at[k * sinks]
        out_at[k * sinks + 1 : (k + 1) * sinks + 1] = here
        if not wanted[k] or loss_at[(k + 1) * nodes] == loss_at[k * nodes]:
            continue
        plan[:] = 0
        for a in range(len(lane_sink)):
            plan[lane_sink[a]] += cases[k, a]
        for r in range(sinks):
            active[r] = gain_at[k * sinks + r + 1] > gain_at[k * sinks + r]
        begin, end = loss_at[k * nodes], loss_at[(k + 1) * nodes]
        at, gains, claims[k] = _ceiling_item(
            paths[k], on_hand[k], inbound[k], movable[k], case_units[k], shortage[k], holding[k], terminal[k], stands[k],
            sink_node, sink_lead, sink_at, lane_origin, lane_sink, case_cost[k], active,
            loss_at[k * nodes : (k + 1) * nodes + 1] - begin, losses[begin:end], plan, rounds, lends[k],
        )  # fmt: skip
        out_at[k * sinks + 1 : (k + 1) * sinks + 1] = here + at[1:]
        out_values = grown(out_values, here + at[-1])
        out_values[here : here + at[-1]] = gains
    return out_at, out_values[: out_at[-1]].copy(), claims, lends


@njit(cache=True, nogil=True)
def ceiling_net(
    gain_at: Ints,
    gains: Ints,
    claims: Ints,
    lends: Ints,
    loss_at: Ints,
    losses: Ints,
    movable: Ints,
    sink_node: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    case_cost: Ints,
    wanted: Bools,
) -> Ints:
    """The bound by item of the `wanted` items at other lane costs, from the tables built once."""
    items, nodes = movable.shape
    sinks, pairs = len(sink_node), nodes * len(sink_node)
    net = np.zeros(items, np.int64)
    given, got, least_loss = np.zeros(nodes, np.int64), np.zeros(sinks, np.int64), np.zeros(nodes, np.int64)
    best_gain, every, none = np.zeros(sinks, np.int64), np.arange(sinks + 1), np.zeros(sinks, np.int64)
    reach, direct = np.zeros((nodes, nodes), np.int64), np.zeros((nodes, sinks), np.int64)
    pair_origin, pair_sink = np.zeros(pairs, np.int64), np.zeros(pairs, np.int64)
    pair_cost, moved = np.zeros(pairs, np.int64), np.zeros(pairs, np.int64)
    for k in range(items):
        if not wanted[k]:
            continue
        for i in range(nodes):
            at = k * nodes + i
            least_loss[i] = losses[loss_at[at]] if loss_at[at + 1] > loss_at[at] else FAR
        for r in range(sinks):
            at = k * sinks + r
            best_gain[r] = gains[gain_at[at]] if gain_at[at + 1] > gain_at[at] else -FAR
        count = _pairs(
            case_cost[k], lane_origin, lane_sink, sink_node, movable[k], lends[k], least_loss, best_gain, reach,
            direct, pair_origin, pair_sink, pair_cost,
        )  # fmt: skip
        net[k] = claims[k] + ship_item(
            k, gain_at, gains, loss_at, losses, none, every[:-1], every, pair_origin[:count], pair_sink[:count],
            pair_cost[:count], given, got, moved[:count],
        )  # fmt: skip
    return net
