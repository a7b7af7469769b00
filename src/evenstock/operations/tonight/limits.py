"""Docks, room and money that tonight's transfers share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Costs, Node
from evenstock.rebalancing.limits import NO_LIMIT, Limits

Ints = NDArray[np.int64]


def limits(
    nodes: Sequence[Node],
    costs: Costs,
    *,
    on_hand: Ints,
    inbound: Ints,
    transfers_in: Ints,
    daily: NDArray[np.float64],
    pallet_units: Ints,
) -> Limits | None:
    """What nodes and budget allow; None where nothing limits.

    Parameters
    ----------
    on_hand, daily : units there and mean units wanted a day, ``(K, W)``.
    inbound : everything on its way, ``(K, W, T)``; it takes room.
    transfers_in : of it the transfers, which take dock, ``(K, W, T)``.
    pallet_units : ``(K,)``; an item without takes no room.
    """
    days = inbound.shape[2]
    if not costs.transfer_budget_cents and not any(
        node.transfer_units_out is not None or node.transfer_units_in is not None or node.pallet_places is not None
        for node in nodes
    ):
        return None
    out_units = np.array([NO_LIMIT if n.transfer_units_out is None else n.transfer_units_out for n in nodes], np.int64)
    a_day = np.array([NO_LIMIT if n.transfer_units_in is None else n.transfer_units_in for n in nodes], np.int64)
    in_units = np.maximum(a_day[:, None] - transfers_in.sum(axis=0), 0)
    share = np.divide(1.0, pallet_units, out=np.zeros(len(pallet_units)), where=pallet_units > 0)
    there = on_hand[:, :, None] + np.cumsum(inbound, axis=2) - daily[:, :, None] * np.arange(days)
    filled = (np.maximum(there, 0.0) * share[:, None, None]).sum(axis=0)
    places = np.array([np.inf if n.pallet_places is None else float(n.pallet_places) for n in nodes])
    return Limits(
        out_units=out_units,
        in_units=in_units,
        room_pallets=np.maximum(places[:, None] - filled, 0.0),
        budget_cents=costs.transfer_budget_cents or NO_LIMIT,
    )
