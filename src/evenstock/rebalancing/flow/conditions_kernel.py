"""Compiled: looks for what could make the flow of an item less than optimal."""

from __future__ import annotations

from numba import njit

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.flow.kernel import FAR


@njit(cache=True, nogil=True)
def _better_direct(
    a: int, b: int, cost: Ints, sink: Ints, sink_lead: Ints, straight: Ints, storage: int
) -> tuple[bool, bool]:
    """Whether a `straight` lane costs no more than lane a and then b, and one that does arrives no later than b."""
    cheap, fast = False, False
    for d in straight:
        if cost[d] < FAR and cost[d] <= cost[a] + cost[b] - storage:
            cheap = True
            fast = fast or sink_lead[sink[d]] <= sink_lead[sink[b]]
    return cheap, fast


@njit(cache=True, nogil=True)
def _competes(k: int, sink_node: Ints, gain_at: Ints) -> bool:
    """Whether two sinks of one node both have something to gain."""
    sinks, last = len(sink_node), -1
    for r in range(sinks):
        if gain_at[k * sinks + r + 1] > gain_at[k * sinks + r]:
            if sink_node[r] == last:
                return True
            last = sink_node[r]
    return False


@njit(cache=True, nogil=True)
def find_detours(
    gain_at: Ints,
    gains: Ints,
    loss_at: Ints,
    losses: Ints,
    movable: Ints,
    storage: Ints,
    sink_node: Ints,
    sink_lead: Ints,
    origin: Ints,
    sink: Ints,
    into: Ints,
    into_at: Ints,
    between: Ints,
    between_at: Ints,
    case_cost: Ints,
    cheaper: Ints,
    faster: Bools,
    mixed: Bools,
) -> None:
    """Mark items where goods could gain by a third node, by cost or by days, and where several days of arrival compete.

    `storage` (K, W) is what not storing a case for a day saves: a refilled node saves it while it waits. `into` lists the
    lanes by destination, `between` by origin and destination.
    """
    items, lanes = case_cost.shape
    sinks, nodes = len(sink_node), movable.shape[1]
    for k in range(items):
        if gain_at[k * sinks] == gain_at[(k + 1) * sinks]:
            continue
        mixed[k] = _competes(k, sink_node, gain_at)
        for b in range(lanes):
            m, j, at = origin[b], sink_node[sink[b]], k * sinks + sink[b]
            if case_cost[k, b] >= FAR or movable[k, m] == 0 or gain_at[at + 1] == gain_at[at]:
                continue
            for a in into[into_at[m] : into_at[m + 1]]:
                i = origin[a]
                if case_cost[k, a] >= FAR or i == j or loss_at[k * nodes + i + 1] == loss_at[k * nodes + i]:
                    continue
                saved = storage[k, m] * sink_lead[sink[a]]
                profit = gains[gain_at[at]] - losses[loss_at[k * nodes + i]] - case_cost[k, a] - case_cost[k, b] + saved
                if profit <= 0:
                    continue
                straight = between[between_at[i * nodes + j] : between_at[i * nodes + j + 1]]
                cheap, fast = _better_direct(a, b, case_cost[k], sink, sink_lead, straight, saved)
                cheaper[k] = max(cheaper[k], 0 if cheap else profit)
                faster[k] = faster[k] or (cheap and not fast)
