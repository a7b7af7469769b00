"""Compiled: looks for what could make the flow of an item less than optimal."""

from __future__ import annotations

from numba import njit

from evenstock.rebalancing.arrays import Bools, Ints
from evenstock.rebalancing.flow_kernel import FAR


@njit(cache=True, nogil=True)
def _better_direct(
    a: int, b: int, cost: Ints, origin: Ints, sink: Ints, sink_node: Ints, sink_lead: Ints, storage: int
) -> tuple[bool, bool]:
    """Whether a direct lane costs no more than lane a and then b, and one that does arrives no later than b."""
    cheap, fast = False, False
    for d in range(len(cost)):
        straight = origin[d] == origin[a] and sink_node[sink[d]] == sink_node[sink[b]] and cost[d] < FAR
        if straight and cost[d] <= cost[a] + cost[b] - storage:
            cheap = True
            fast = fast or sink_lead[sink[d]] <= sink_lead[sink[b]]
    return cheap, fast


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
    case_cost: Ints,
    cheaper: Ints,
    faster: Bools,
    mixed: Bools,
) -> None:
    """Mark items where goods could gain by a third node, by cost or by days, and where several days of arrival compete.

    `storage` (K,) is what not storing a case for a day saves: a refilled node saves it while it waits.
    """
    items, lanes = case_cost.shape
    sinks, nodes = len(sink_node), movable.shape[1]
    for k in range(items):
        if gain_at[k * sinks] == gain_at[(k + 1) * sinks]:
            continue
        for r in range(1, sinks):
            if sink_node[r] == sink_node[r - 1] and gain_at[k * sinks + r + 1] > gain_at[k * sinks + r]:
                for q in range(r):
                    if sink_node[q] == sink_node[r] and gain_at[k * sinks + q + 1] > gain_at[k * sinks + q]:
                        mixed[k] = True
        for b in range(lanes):
            m, at = origin[b], k * sinks + sink[b]
            if case_cost[k, b] >= FAR or movable[k, m] == 0 or gain_at[at + 1] == gain_at[at]:
                continue
            for a in range(lanes):
                i = origin[a]
                if sink_node[sink[a]] != m or case_cost[k, a] >= FAR or i == sink_node[sink[b]]:
                    continue
                if loss_at[k * nodes + i + 1] == loss_at[k * nodes + i]:
                    continue
                saved = storage[k] * sink_lead[sink[a]]
                profit = gains[gain_at[at]] - losses[loss_at[k * nodes + i]] - case_cost[k, a] - case_cost[k, b] + saved
                if profit <= 0:
                    continue
                cheap, fast = _better_direct(a, b, case_cost[k], origin, sink, sink_node, sink_lead, saved)
                cheaper[k] = max(cheaper[k], 0 if cheap else profit)
                faster[k] = faster[k] or (cheap and not fast)
