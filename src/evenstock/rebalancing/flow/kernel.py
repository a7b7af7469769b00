"""Compiled: integer min-cost flow of cases, item by item, by successive shortest paths."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Floats, Ints

FAR = 2**61


@njit(cache=True, nogil=True)
def _entry(values: Ints, at: int, end: int, n: int, beyond: int) -> int:
    return values[at + n] if at + n < end else beyond


@njit(cache=True, nogil=True)
def _gain(k: int, r: int, got: Ints, sink_node: Ints, sink_at: Ints, gain_at: Ints, gains: Ints, unsold: Ints) -> int:
    """Gain of one more case at sink r: cases of one node are counted in the order they arrive.

    A case that arrives before others pushes those one place on. Counting so never overstates: a later case has lost
    nothing to earlier ones sold before it came.
    """
    node, width = sink_node[r], len(sink_node)
    before = 0
    for q in range(sink_at[node], r + 1):
        before += got[q]
    at, end = gain_at[k * width + r], gain_at[k * width + r + 1]
    value = _entry(gains, at, end, before, -FAR)
    if value == -FAR:
        return -FAR
    place = before
    for q in range(r + 1, sink_at[node + 1]):
        if got[q] > 0:
            at, end = gain_at[k * width + q], gain_at[k * width + q + 1]
            value += _entry(gains, at, end, place + got[q], unsold[q]) - _entry(gains, at, end, place, unsold[q])
            place += got[q]
    return value


@njit(cache=True, nogil=True)
def _relax(
    cost: Ints,
    origin: Ints,
    sink: Ints,
    useful: Ints,
    count: int,
    flow: Ints,
    reach: Ints,
    over_lane: Ints,
    back_lane: Ints,
    best: Ints,
) -> None:
    """Bellman-Ford over the useful lanes and, where something already moves, their reverses.

    Another round is needed only when a reverse made some node cheaper to take from.
    """
    for _ in range(len(reach) + len(best)):
        cheaper = False
        for n in range(count):
            a = useful[n]
            i, r = origin[a], sink[a]
            if reach[i] < FAR and reach[i] + cost[a] < best[r]:
                best[r] = reach[i] + cost[a]
                over_lane[r] = a
        for n in range(count):
            a = useful[n]
            if flow[a] > 0 and best[sink[a]] - cost[a] < reach[origin[a]]:
                reach[origin[a]] = best[sink[a]] - cost[a]
                back_lane[origin[a]] = a
                cheaper = True
        if not cheaper:
            return


@njit(cache=True, nogil=True)
def _useful_lanes(
    k: int, nodes: int, sinks: int, gain_at: Ints, loss_at: Ints, origin: Ints, sink: Ints, cost: Ints, useful: Ints
) -> int:
    """Open lanes from a node with something to give to a sink with something to gain; how many."""
    count = 0
    for a in range(len(origin)):
        give, get = k * nodes + origin[a], k * sinks + sink[a]
        if cost[a] < FAR and loss_at[give + 1] > loss_at[give] and gain_at[get + 1] > gain_at[get]:
            useful[count] = a
            count += 1
    return count


@njit(cache=True, nogil=True)
def _augment(end: int, origin: Ints, sink: Ints, flow: Ints, over_lane: Ints, back_lane: Ints) -> int:
    """Send one case along the path that ends at sink `end`; returns the node that gives it."""
    r = end
    while True:
        a = over_lane[r]
        flow[a] += 1
        giver: int = origin[a]
        b = back_lane[giver]
        if b < 0:
            return giver
        flow[b] -= 1
        r = sink[b]


@njit(cache=True, nogil=True)
def ship_item(
    k: int,
    gain_at: Ints,
    gains: Ints,
    loss_at: Ints,
    losses: Ints,
    unsold: Ints,
    sink_node: Ints,
    sink_at: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    cost: Ints,
    given: Ints,
    got: Ints,
    flow: Ints,
) -> int:
    """Successive shortest paths for the item whose tables stand at place k; fills `flow` and returns gain less cost."""
    sinks, nodes, lanes = len(got), len(given), len(cost)
    flow[:] = 0
    given[:] = 0
    got[:] = 0
    net = 0
    reach, best = np.empty(nodes, np.int64), np.empty(sinks, np.int64)
    over_lane, back_lane = np.empty(sinks, np.int64), np.empty(nodes, np.int64)
    useful = np.empty(lanes, np.int64)
    count = _useful_lanes(k, nodes, sinks, gain_at, loss_at, lane_origin, lane_sink, cost, useful)
    while count > 0:
        for i in range(nodes):
            at = k * nodes + i
            reach[i] = _entry(losses, loss_at[at], loss_at[at + 1], given[i], FAR)
            back_lane[i] = -1
        best[:] = FAR
        _relax(cost, lane_origin, lane_sink, useful, count, flow, reach, over_lane, back_lane, best)
        end, least = -1, 0
        for r in range(sinks):
            if best[r] < FAR:
                gain = _gain(k, r, got, sink_node, sink_at, gain_at, gains, unsold)
                if gain > -FAR and best[r] - gain < least:
                    end, least = r, best[r] - gain
        if end < 0:
            break
        giver = _augment(end, lane_origin, lane_sink, flow, over_lane, back_lane)
        given[giver] += 1
        got[end] += 1
        net -= least
    return net


@njit(cache=True, nogil=True)
def ship(
    gain_at: Ints,
    gains: Ints,
    loss_at: Ints,
    losses: Ints,
    unsold: Ints,
    sink_node: Ints,
    sink_at: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    case_cost: Ints,
    nodes: int,
) -> tuple[Ints, Ints]:
    """Cases by item and lane, and each item's gain less cost.

    Sinks that follow one another in `sink_at` share a node's demand; each on its own they do not compete. `unsold`
    (K, R) is the value of a case that nobody buys; `case_cost` is FAR where a lane is closed.
    """
    items, lanes = case_cost.shape
    sinks = len(sink_node)
    flow = np.zeros((items, lanes), np.int64)
    net = np.zeros(items, np.int64)
    given, got = np.zeros(nodes, np.int64), np.zeros(sinks, np.int64)
    for k in range(items):
        if gain_at[k * sinks] < gain_at[(k + 1) * sinks]:
            net[k] = ship_item(
                k, gain_at, gains, loss_at, losses, unsold[k], sink_node, sink_at, lane_origin, lane_sink,
                case_cost[k], given, got, flow[k],
            )  # fmt: skip
    return flow, net


@njit(cache=True, nogil=True)
def table_worth(
    gain_at: Ints,
    gains: Ints,
    loss_at: Ints,
    losses: Ints,
    unsold: Ints,
    sink_node: Ints,
    sink_at: Ints,
    lane_origin: Ints,
    lane_sink: Ints,
    cases: Ints,
) -> Floats:
    """Worth of cases by item and lane as the flow counts it: a node's lines share by cases what it loses and gains."""
    items, lanes = cases.shape
    sinks, nodes = len(sink_node), len(sink_at) - 1
    worth = np.zeros((items, lanes))
    given, got = np.zeros(nodes, np.int64), np.zeros(sinks, np.int64)
    lost, gained = np.zeros(nodes), np.zeros(sinks)
    for k in range(items):
        given[:] = 0
        got[:] = 0
        for a in range(lanes):
            given[lane_origin[a]] += cases[k, a]
            got[lane_sink[a]] += cases[k, a]
        for i in range(nodes):
            at = loss_at[k * nodes + i]
            lost[i] = losses[at : min(at + given[i], loss_at[k * nodes + i + 1])].sum()
            place = 0
            for r in range(sink_at[i], sink_at[i + 1]):
                at, end = gain_at[k * sinks + r], gain_at[k * sinks + r + 1]
                gained[r] = 0.0
                for n in range(place, place + got[r]):
                    gained[r] += _entry(gains, at, end, n, unsold[k, r])
                place += got[r]
        for a in range(lanes):
            if cases[k, a] > 0:
                i, r = lane_origin[a], lane_sink[a]
                worth[k, a] = gained[r] * (cases[k, a] / got[r]) - lost[i] * (cases[k, a] / given[i])
    return worth
