"""Compiled: how many cases of an item could ever go by a lane."""

from __future__ import annotations

import numpy as np
from numba import njit

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.flow.kernel import FAR


@njit(cache=True, nogil=True)
def most_cases(
    gain_at: Ints, gains: Ints, loss_at: Ints, losses: Ints, lane_origin: Ints, lane_sink: Ints, own_cost: Ints
) -> Ints:
    """Cases by item and lane, of which the last still gains more than it loses and costs by itself.

    That is all a lane can be worth to an item whose nodes either give or get: other arrivals only lower a case's gain,
    other departures raise its loss, and no begun pallet, truck or departure becomes dearer without the last case.
    """
    items, lanes = own_cost.shape
    sinks = (len(gain_at) - 1) // items if items else 0
    nodes = (len(loss_at) - 1) // items if items else 0
    most = np.zeros((items, lanes), np.int64)
    for k in range(items):
        for a in range(lanes):
            if own_cost[k, a] >= FAR:
                continue
            get, give = gain_at[k * sinks + lane_sink[a]], loss_at[k * nodes + lane_origin[a]]
            gets = gain_at[k * sinks + lane_sink[a] + 1] - get
            gives = loss_at[k * nodes + lane_origin[a] + 1] - give
            for n in range(min(gets, gives)):
                if gains[get + n] - losses[give + n] > own_cost[k, a]:
                    most[k, a] = n + 1
    return most
