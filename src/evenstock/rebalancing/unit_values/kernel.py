"""Compiled: the value of every next case at every node, from one simulation of each path.

All money is in millicents summed over the paths, so that it stays whole and adds up in any order.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Demand, Ints
from evenstock.rebalancing.unit_values.standing import room, standing

_NEVER = 2**60


@njit(cache=True, nogil=True)
def simulate(demand: Demand, inbound: Demand, on_hand: int, days: int, left: Ints, lost: Ints) -> tuple[int, int]:
    """End-of-day stock and lost units of one path; the first day that loses (`days` if none) and the least stock."""
    stock, first, least = on_hand, days, on_hand
    for t in range(days):
        stock += inbound[t] - np.int64(demand[t])
        if stock < 0:
            lost[t] = -stock
            stock = 0
            first = min(first, t)
        else:
            lost[t] = 0
        left[t] = stock
        least = min(least, stock)
    return first, least


@njit(cache=True, nogil=True)
def add_gains(lost: Ints, lead: int, days: int, case: int, most: int, sold_saves: Ints, gains: Ints) -> None:
    """Identity 1: the n-th unit arriving on day `lead` is sold when the units lost since then first reach n."""
    n, room = 0, case
    for t in range(lead, days):
        units = lost[t]
        while units > 0 and n < most:
            take = min(units, room)
            gains[n] += take * sold_saves[t]
            units -= take
            room -= take
            if room == 0:
                n += 1
                room = case
        if n >= most:
            return


@njit(cache=True, nogil=True)
def _add_losses(left: Ints, days: int, case: int, most: int, sold_saves: Ints, losses: Ints) -> None:
    """The n-th unit taken away is missed on the first evening that would have had fewer than n left."""
    low = most * case
    for t in range(days):
        while left[t] < low:
            n = (low - 1) // case
            take = min(low - n * case, low - left[t])
            losses[n] += take * sold_saves[t]
            low -= take
        if low == 0:
            return


@njit(cache=True, nogil=True)
def _kept(values: Ints, most: int, bound: int, rising: bool) -> int:
    """How many leading entries can still take part in a gainful move."""
    n = 0
    while n < most and ((values[n] < bound) if rising else (values[n] > bound)):
        n += 1
    return n


@njit(cache=True, nogil=True)
def grown(values: Ints, wanted: int) -> Ints:
    if wanted <= len(values):
        return values
    longer = np.empty(max(wanted, 2 * len(values)), np.int64)
    longer[: len(values)] = values
    return longer


@njit(cache=True, nogil=True)
def mark_ends(
    closed: Bools,
    movable: Ints,
    case: int,
    stands: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    sink_node: Ints,
    sends: Bools,
    most_gain: Ints,
) -> None:
    """Which nodes can send, and how many cases each sink could at most receive."""
    sends[:] = False
    most_gain[:] = 0
    total = movable.sum()
    for a in range(len(lane_origin)):
        if not closed[a] and movable[lane_origin[a]] > 0:
            sends[lane_origin[a]] = True
            node = sink_node[lane_sink[a]]
            most_gain[lane_sink[a]] = min(total - movable[node], room(stands[node], case))


@njit(cache=True, nogil=True)
def _fill_node(
    paths: Demand,
    inbound: Demand,
    on_hand: int,
    case: int,
    held: int,
    terminal: int,
    stand: Ints,
    sold_saves: Ints,
    sends: bool,
    movable: int,
    sink_lead: Ints,
    first: int,
    last: int,
    most_gain: Ints,
    losses: Ints,
    gains: Ints,
) -> None:
    """Losses of one node and gains of its sinks `first` to `last`, summed over the paths."""
    scenarios, days = paths.shape
    left, lost = np.zeros(days, np.int64), np.zeros(days, np.int64)
    receives = False
    losses[:movable] = 0
    for r in range(first, last):
        gains[r, : most_gain[r]] = 0
        receives = receives or most_gain[r] > 0
    if not receives and not sends:
        return
    for s in range(scenarios):
        begins, least = simulate(paths[s], inbound, on_hand, days, left, lost)
        if sends and least < movable * case:
            _add_losses(left, days, case, movable, sold_saves, losses)
        if receives and begins < days:
            for r in range(first, last):
                if most_gain[r] > 0:
                    add_gains(lost, max(sink_lead[r], begins), days, case, most_gain[r], sold_saves, gains[r])
    for n in range(movable):
        losses[n] += scenarios * case * (terminal - held * days)
        losses[n] += scenarios * (standing(stand, -n * case) - standing(stand, -(n + 1) * case))
    for r in range(first, last):
        for n in range(most_gain[r]):
            gains[r, n] += scenarios * case * (terminal - held * (days - sink_lead[r]))
            gains[r, n] += scenarios * (standing(stand, (n + 1) * case) - standing(stand, n * case))


@njit(cache=True, nogil=True)
def _detours(
    closed: Bools,
    case_cost: Ints,
    storage: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    detour: Ints,
) -> None:
    """The least a case can cost from node to node over any others (Floyd and Warshall); a refilled node saves storage."""
    nodes = len(detour)
    detour[:] = _NEVER
    for i in range(nodes):
        detour[i, i] = 0
    for a in range(len(lane_origin)):
        if not closed[a]:
            i, r = lane_origin[a], lane_sink[a]
            leg = max(case_cost[a] - storage[sink_node[r]] * sink_lead[r], 0)
            detour[i, sink_node[r]] = min(detour[i, sink_node[r]], leg)
    for m in range(nodes):
        for i in range(nodes):
            for j in range(nodes):
                detour[i, j] = min(detour[i, j], detour[i, m] + detour[m, j])


@njit(cache=True, nogil=True)
def _keep_losses(
    closed: Bools,
    case_cost: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    movable: Ints,
    gains: Ints,
    most_gain: Ints,
    detour: Ints,
    node: int,
    losses: Ints,
    most: int,
) -> int:
    """Entries below the most a case from this node can gain, straight or over others."""
    bound = -_NEVER
    for a in range(len(lane_origin)):
        r = lane_sink[a]
        if not closed[a] and movable[lane_origin[a]] > 0 and most_gain[r] > 0 and detour[node, lane_origin[a]] < _NEVER:
            bound = max(bound, gains[r, 0] - case_cost[a] - detour[node, lane_origin[a]])
    return _kept(losses, most, bound, True)


@njit(cache=True, nogil=True)
def _keep_gains(
    closed: Bools,
    case_cost: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    movable: Ints,
    losses: Ints,
    sends: Bools,
    detour: Ints,
    sink: int,
    gains: Ints,
    most: int,
) -> int:
    """Entries above the least a case to this sink can cost its giver and the lanes."""
    bound = _NEVER
    for a in range(len(lane_origin)):
        if lane_sink[a] == sink and not closed[a] and movable[lane_origin[a]] > 0:
            for i in range(len(movable)):
                if sends[i] and movable[i] > 0 and detour[i, lane_origin[a]] < _NEVER:
                    bound = min(bound, losses[i, 0] + detour[i, lane_origin[a]] + case_cost[a])
    return _kept(gains, most, bound, False)


@njit(cache=True, nogil=True)
def _monotone(values: Ints, most: int, rising: bool) -> bool:
    falls, rises = False, False
    for n in range(1, most):
        falls = falls or values[n] < values[n - 1]
        rises = rises or values[n] > values[n - 1]
    return not falls if rising else not rises


@njit(cache=True, nogil=True)
def unit_value_tables(
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
    closed: Bools,
) -> tuple[Ints, Ints, Ints, Ints, Bools]:
    """Gains by (item, sink) and losses by (item, node) as ragged tables, and whether each falls (rises) as it must.

    `case_cost` (K, A) is the least a case can cost on a lane; `closed` marks lanes that cannot be used. Entries that no
    gainful move can reach are cut off: at an optimum every case gains more than it costs and its origin loses.
    """
    items, nodes, scenarios, days = paths.shape
    sinks = len(sink_node)
    detour, storage = np.zeros((nodes, nodes), np.int64), np.zeros(nodes, np.int64)
    gain_at, loss_at = np.zeros(items * sinks + 1, np.int64), np.zeros(items * nodes + 1, np.int64)
    gain_values, loss_values = np.empty(1 << 16, np.int64), np.empty(1 << 16, np.int64)
    concave = np.ones(items, np.bool_)
    sold_saves = np.zeros(days, np.int64)
    sends, most_gain = np.zeros(nodes, np.bool_), np.zeros(sinks, np.int64)
    widest = 1
    for k in range(items):
        widest = max(widest, movable[k].sum())
    gains, losses = np.zeros((sinks, widest), np.int64), np.zeros((nodes, widest), np.int64)
    for k in range(items):
        mark_ends(closed[k], movable[k], case_units[k], stands[k], lane_origin, lane_sink, sink_node, sends, most_gain)
        for i in range(nodes):
            for t in range(days):
                sold_saves[t] = shortage[k, i] - terminal[k, i] + holding[k, i] * (days - t)
            _fill_node(
                paths[k, i], inbound[k, i], on_hand[k, i], case_units[k], holding[k, i], terminal[k, i],
                stands[k, i], sold_saves, sends[i], movable[k, i], sink_lead, sink_at[i], sink_at[i + 1], most_gain,
                losses[i], gains,
            )  # fmt: skip
        for i in range(nodes):
            storage[i] = holding[k, i] * case_units[k] * scenarios
        _detours(closed[k], case_cost[k], storage, lane_origin, lane_sink, sink_node, sink_lead, detour)
        for i in range(nodes):
            most = movable[k, i] if sends[i] else 0
            concave[k] = concave[k] and _monotone(losses[i], most, True)
            kept = _keep_losses(
                closed[k], case_cost[k], lane_origin, lane_sink, movable[k], gains, most_gain, detour, i,
                losses[i], most,
            )  # fmt: skip
            at = loss_at[k * nodes + i]
            loss_at[k * nodes + i + 1] = at + kept
            loss_values = grown(loss_values, at + kept)
            loss_values[at : at + kept] = losses[i, :kept]
        for r in range(sinks):
            concave[k] = concave[k] and _monotone(gains[r], most_gain[r], False)
            kept = _keep_gains(
                closed[k], case_cost[k], lane_origin, lane_sink, movable[k], losses, sends, detour, r, gains[r],
                most_gain[r],
            )  # fmt: skip
            at = gain_at[k * sinks + r]
            gain_at[k * sinks + r + 1] = at + kept
            gain_values = grown(gain_values, at + kept)
            gain_values[at : at + kept] = gains[r, :kept]
    return gain_at, gain_values[: gain_at[-1]].copy(), loss_at, loss_values[: loss_at[-1]].copy(), concave
