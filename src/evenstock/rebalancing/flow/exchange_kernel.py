"""Compiled: improves an item's moves one case at a time, every change simulated exactly on all paths."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Bools, Demand, Ints
from evenstock.rebalancing.flow.kernel import FAR
from evenstock.rebalancing.unit_values.standing import accepts, standing


@njit(cache=True, nogil=True)
def _put(left: Ints, lost: Ints, day: int, units: int, shortage: int, holding: int, terminal: int, keep: bool) -> int:
    """Worth of `units` more from the morning of `day` on, over all paths; `keep` also writes the change."""
    scenarios, days = left.shape
    value = 0
    for s in range(scenarios):
        extra = units
        for t in range(day, days):
            if lost[s, t] > 0:
                sold = min(extra, lost[s, t])
                extra -= sold
                value += shortage * sold
                if keep:
                    lost[s, t] -= sold
                if extra == 0:
                    break
            value -= holding * extra
            if keep:
                left[s, t] += extra
        value += terminal * extra
    return value


@njit(cache=True, nogil=True)
def _take(left: Ints, lost: Ints, day: int, units: int, shortage: int, holding: int, terminal: int, keep: bool) -> int:
    """Change of worth from `units` fewer from the morning of `day` on, over all paths (below zero as a rule)."""
    scenarios, days = left.shape
    value = 0
    for s in range(scenarios):
        missing = units
        for t in range(day, days):
            if left[s, t] < missing:
                short = missing - left[s, t]
                value -= shortage * short
                missing = left[s, t]
                if keep:
                    lost[s, t] += short
                if missing == 0:
                    break
            value += holding * missing
            if keep:
                left[s, t] -= missing
        value -= terminal * missing
    return value


@njit(cache=True, nogil=True)
def _lend(left: Ints, lost: Ints, start: int, day: int, units: int, shortage: int, holding: int, terminal: int) -> int:
    """Change of worth from `units` that are missing from the morning of `start` and back on the morning of `day`."""
    scenarios, days = left.shape
    value = 0
    for s in range(scenarios):
        missing = units
        for t in range(start, min(day, days)):
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
def _rush(left: Ints, lost: Ints, day: int, sooner: int, units: int, shortage: int, holding: int, terminal: int) -> int:
    """Change of worth when `units` that were to arrive on `day` arrive on the morning of `sooner` instead."""
    scenarios, days = left.shape
    value = 0
    for s in range(scenarios):
        extra = units
        for t in range(sooner, min(day, days)):
            sold = min(extra, lost[s, t])
            extra -= sold
            value += shortage * sold - holding * extra
        missing = units - extra
        for t in range(day, days):
            if missing == 0:
                break
            if left[s, t] < missing:
                value -= shortage * (missing - left[s, t])
                missing = left[s, t]
            value += holding * missing
        value -= terminal * missing
    return value


@njit(cache=True, nogil=True)
def _other_days(
    sink_node: Ints,
    sink_lead: Ints,
    got: Ints,
    units: int,
    left: Ints,
    lost: Ints,
    p: Ints,
    h: Ints,
    v: Ints,
    again: Ints,
) -> None:
    """Fill ``again[r, q]``: change of worth if one case that arrives at sink r came at sink q of the same node."""
    for r in range(len(sink_node)):
        if got[r] == 0:
            continue
        w = sink_node[r]
        for q in range(len(sink_node)):
            if sink_node[q] != w or q == r:
                again[r, q] = 0
            elif sink_lead[q] < sink_lead[r]:
                again[r, q] = _rush(left[w], lost[w], sink_lead[r], sink_lead[q], units, p[w], h[w], v[w])
            else:
                again[r, q] = _lend(left[w], lost[w], sink_lead[r], sink_lead[q], units, p[w], h[w], v[w])


@njit(cache=True, nogil=True)
def _refresh(
    w: int,
    left: Ints,
    lost: Ints,
    units: int,
    p: Ints,
    h: Ints,
    v: Ints,
    stand: Ints,
    sink_lead: Ints,
    sink_at: Ints,
    active: Bools,
    got: Ints,
    given: Ints,
    room: Ints,
    add: Ints,
    drop: Ints,
    take: Ints,
    back: Ints,
) -> None:
    """Worth of the next case at one node: one more or fewer at each of its sinks, one fewer or more given."""
    receives = got[sink_at[w] : sink_at[w + 1]].sum()
    change, scenarios = units * (receives - given[w]), left.shape[1]
    here = standing(stand, change)
    higher, lower = (
        scenarios * (standing(stand, change + units) - here),
        scenarios * (here - standing(stand, change - units)),
    )
    takes = accepts(stand, change + units)
    take[w] = -_take(left[w], lost[w], 0, units, p[w], h[w], v[w], False) + lower if room[w] > 0 else FAR
    returns = given[w] > 0 and (takes or receives == 0)
    back[w] = _put(left[w], lost[w], 0, units, p[w], h[w], v[w], False) + higher if returns else -FAR
    for r in range(sink_at[w], sink_at[w + 1]):
        lead = sink_lead[r]
        wanted = takes and (active[r] or given[w] > 0)
        add[r] = _put(left[w], lost[w], lead, units, p[w], h[w], v[w], False) + higher if wanted else -FAR
        drop[r] = -_take(left[w], lost[w], lead, units, p[w], h[w], v[w], False) + lower if got[r] > 0 else FAR


@njit(cache=True, nogil=True)
def _best_more(cost: Ints, origin: Ints, sink: Ints, add: Ints, take: Ints, best: int, step: Ints) -> int:
    """One case more."""
    for b in range(len(cost)):
        if cost[b] < FAR and add[sink[b]] > -FAR and take[origin[b]] < FAR:
            value = add[sink[b]] - take[origin[b]] - cost[b]
            if value > best:
                best = value
                step[0], step[1], step[2], step[3] = b, -1, -1, -1
    return best


@njit(cache=True, nogil=True)
def _best_other_end(
    cost: Ints,
    origin: Ints,
    sink: Ints,
    sink_node: Ints,
    flow: Ints,
    add: Ints,
    drop: Ints,
    take: Ints,
    back: Ints,
    best: int,
    step: Ints,
) -> int:
    """One case fewer, or one case from elsewhere on the same day, or to elsewhere."""
    for a in range(len(cost)):
        if flow[a] == 0:
            continue
        value = back[origin[a]] - drop[sink[a]] + cost[a]
        if value > best:
            best = value
            step[0], step[1], step[2], step[3] = -1, -1, a, -1
        for b in range(len(cost)):
            same_start, same_end = origin[a] == origin[b], sink[a] == sink[b]
            elsewhere = same_start and sink_node[sink[a]] != sink_node[sink[b]] and add[sink[b]] > -FAR
            from_elsewhere = same_end and not same_start and take[origin[b]] < FAR
            if cost[b] >= FAR or not (elsewhere or from_elsewhere):
                continue
            value = cost[a] - cost[b]
            value += add[sink[b]] - drop[sink[a]] if elsewhere else back[origin[a]] - take[origin[b]]
            if value > best:
                best = value
                step[0], step[1], step[2], step[3] = b, -1, a, -1
    return best


@njit(cache=True, nogil=True)
def _best_day(
    cost: Ints,
    origin: Ints,
    sink: Ints,
    sink_node: Ints,
    flow: Ints,
    again: Ints,
    take: Ints,
    back: Ints,
    best: int,
    step: Ints,
) -> int:
    """One case by another mode or from another node, so that it arrives on another day."""
    for a in range(len(cost)):
        for b in range(len(cost) if flow[a] > 0 else 0):
            if cost[b] >= FAR or sink_node[sink[b]] != sink_node[sink[a]] or sink[a] == sink[b]:
                continue
            value = again[sink[a], sink[b]] + cost[a] - cost[b]
            if origin[b] != origin[a]:
                if take[origin[b]] >= FAR:
                    continue
                value += back[origin[a]] - take[origin[b]]
            if value > best:
                best = value
                step[0], step[1], step[2], step[3] = b, -1, a, -1
    return best


@njit(cache=True, nogil=True)
def _best_cross(
    cost: Ints, origin: Ints, sink: Ints, sink_node: Ints, flow: Ints, again: Ints, best: int, step: Ints
) -> int:
    """Two cases change destinations."""
    lanes = len(cost)
    for a in range(lanes):
        for b in range(a + 1, lanes if flow[a] > 0 else 0):
            i, j = sink_node[sink[a]], sink_node[sink[b]]
            if flow[b] == 0 or origin[a] == origin[b] or i == j:
                continue
            for c in range(lanes):
                if origin[c] != origin[a] or sink_node[sink[c]] != j or cost[c] >= FAR:
                    continue
                for d in range(lanes):
                    if origin[d] != origin[b] or sink_node[sink[d]] != i or cost[d] >= FAR:
                        continue
                    value = again[sink[a], sink[d]] + again[sink[b], sink[c]]
                    value += cost[a] + cost[b] - cost[c] - cost[d]
                    if value > best:
                        best = value
                        step[0], step[1], step[2], step[3] = c, d, a, b
    return best


@njit(cache=True, nogil=True)
def _best_relay(
    cost: Ints,
    origin: Ints,
    sink: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    flow: Ints,
    room: Ints,
    full: Bools,
    units: int,
    left: Ints,
    lost: Ints,
    p: Ints,
    h: Ints,
    v: Ints,
    add: Ints,
    take: Ints,
    again: Ints,
    best: int,
    step: Ints,
) -> int:
    """A near node sends at once and a far one refills it: as a new case, or in place of one on the direct lane."""
    lanes, scenarios = len(cost), left.shape[1]
    for b in range(lanes):
        m, j = origin[b], sink_node[sink[b]]
        if cost[b] >= FAR or room[m] == 0 or full[m]:
            continue
        for c in range(lanes):
            if cost[c] >= FAR or sink_node[sink[c]] != m or origin[c] == j:
                continue
            lent = h[m] * sink_lead[sink[c]] * units * scenarios
            known = False
            for a in range(-1, lanes):
                if a < 0:
                    if add[sink[b]] <= -FAR or take[origin[c]] >= FAR:
                        continue
                    value = add[sink[b]] - take[origin[c]] - cost[b] - cost[c]
                elif flow[a] > 0 and origin[a] == origin[c] and sink_node[sink[a]] == j:
                    value = again[sink[a], sink[b]] + cost[a] - cost[b] - cost[c]
                else:
                    continue
                if not known and value + lent > best:
                    lent = _lend(left[m], lost[m], 0, sink_lead[sink[c]], units, p[m], h[m], v[m])
                    known = True
                if known and value + lent > best:
                    best = value + lent
                    step[0], step[1], step[2], step[3] = b, c, a, -1
    return best


@njit(cache=True, nogil=True)
def _change(
    a: int,
    sign: int,
    origin: Ints,
    sink: Ints,
    sink_node: Ints,
    flow: Ints,
    got: Ints,
    given: Ints,
    room: Ints,
    touched: Bools,
) -> None:
    flow[a] += sign
    got[sink[a]] += sign
    given[origin[a]] += sign
    room[origin[a]] -= sign
    touched[origin[a]] = True
    touched[sink_node[sink[a]]] = True


@njit(cache=True, nogil=True)
def _apply(
    step: Ints,
    units: int,
    origin: Ints,
    sink: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    left: Ints,
    lost: Ints,
    p: Ints,
    h: Ints,
    v: Ints,
    flow: Ints,
    got: Ints,
    given: Ints,
    room: Ints,
    touched: Bools,
) -> None:
    """Take the cases of ``step[2:]`` off their lanes and put those of ``step[:2]`` on theirs."""
    for n in (2, 3, 0, 1):
        a = step[n]
        if a < 0:
            continue
        i, r = origin[a], sink[a]
        j = sink_node[r]
        if n >= 2:
            _take(left[j], lost[j], sink_lead[r], units, p[j], h[j], v[j], True)
            _put(left[i], lost[i], 0, units, p[i], h[i], v[i], True)
            _change(a, -1, origin, sink, sink_node, flow, got, given, room, touched)
        else:
            _take(left[i], lost[i], 0, units, p[i], h[i], v[i], True)
            _put(left[j], lost[j], sink_lead[r], units, p[j], h[j], v[j], True)
            _change(a, 1, origin, sink, sink_node, flow, got, given, room, touched)


@njit(cache=True, nogil=True)
def _begin(
    paths: Demand,
    on_hand: Ints,
    inbound: Demand,
    movable: Ints,
    units: int,
    origin: Ints,
    sink: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    flow: Ints,
    left: Ints,
    lost: Ints,
    got: Ints,
    given: Ints,
    room: Ints,
) -> None:
    """Set up one item's nodes as `flow` leaves them."""
    nodes, scenarios, days = paths.shape
    got[:] = 0
    given[:] = 0
    arriving = np.zeros((nodes, days + 1), np.int64)
    for a in range(len(origin)):
        got[sink[a]] += flow[a]
        given[origin[a]] += flow[a]
        arriving[sink_node[sink[a]], sink_lead[sink[a]]] += flow[a] * units
    room[:] = movable - given
    for w in range(nodes):
        for s in range(scenarios):
            stock = on_hand[w] - given[w] * units
            for t in range(days):
                stock += inbound[w, t] + arriving[w, t] - paths[w, s, t]
                lost[w, s, t] = max(-stock, 0)
                stock = max(stock, 0)
                left[w, s, t] = stock


@njit(cache=True, nogil=True)
def exchange(
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
    wanted: Bools,
    flow: Ints,
    most_steps: int,
) -> Ints:
    """Improve `flow` (K, A) in place for the `wanted` items until no change of one case helps; returns steps taken."""
    items, nodes, scenarios, days = paths.shape
    sinks = len(sink_node)
    left, lost = np.zeros((nodes, scenarios, days), np.int64), np.zeros((nodes, scenarios, days), np.int64)
    add, drop = np.zeros(sinks, np.int64), np.zeros(sinks, np.int64)
    take, back = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    got, given, room = np.zeros(sinks, np.int64), np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    active, touched, full = np.zeros(sinks, np.bool_), np.zeros(nodes, np.bool_), np.zeros(nodes, np.bool_)
    again, step = np.zeros((sinks, sinks), np.int64), np.zeros(4, np.int64)
    steps = np.zeros(items, np.int64)
    for k in range(items):
        if not wanted[k]:
            continue
        units, h, p, v, cost = case_units[k], holding[k], shortage[k], terminal[k], case_cost[k]
        _begin(
            paths[k], on_hand[k], inbound[k], movable[k], units, lane_origin, lane_sink, sink_node, sink_lead,
            flow[k], left, lost, got, given, room,
        )  # fmt: skip
        touched[:] = True
        for r in range(sinks):
            active[r] = gain_at[k * sinks + r + 1] > gain_at[k * sinks + r]
        while steps[k] < most_steps:
            for w in range(nodes):
                if touched[w]:
                    _refresh(
                        w, left, lost, units, p, h, v, stands[k, w], sink_lead, sink_at, active, got, given, room,
                        add, drop, take, back,
                    )  # fmt: skip
                    change = units * (got[sink_at[w] : sink_at[w + 1]].sum() - given[w])
                    full[w] = not accepts(stands[k, w], change)
                touched[w] = False
            best = _best_more(cost, lane_origin, lane_sink, add, take, 0, step)
            best = _best_other_end(cost, lane_origin, lane_sink, sink_node, flow[k], add, drop, take, back, best, step)
            if best <= 0:
                _other_days(sink_node, sink_lead, got, units, left, lost, p, h, v, again)
                best = _best_day(cost, lane_origin, lane_sink, sink_node, flow[k], again, take, back, best, step)
                best = _best_cross(cost, lane_origin, lane_sink, sink_node, flow[k], again, best, step)
                best = _best_relay(
                    cost, lane_origin, lane_sink, sink_node, sink_lead, flow[k], room, full, units, left, lost, p, h,
                    v, add, take, again, best, step,
                )  # fmt: skip
            if best <= 0:
                break
            steps[k] += 1
            _apply(
                step, units, lane_origin, lane_sink, sink_node, sink_lead, left, lost, p, h, v, flow[k], got,
                given, room, touched,
            )  # fmt: skip
    return steps
