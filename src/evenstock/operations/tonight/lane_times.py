"""How long lanes really take, from the transfers received over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import numpy as np

from evenstock.domain import Lane, TransferOrder
from evenstock.rebalancing.explain import LaneDays

_FEWEST: Final = 10
"""Received transfers that a statement about nine in ten needs; below it all lanes speak together, below it again nobody."""


def lane_days(lanes: Sequence[Lane], leaves_on: Sequence[date], transfers: Sequence[TransferOrder]) -> LaneDays:
    """What the plan's document says of each lane: when goods leave, when they are there by plan, and with nine chances in ten.

    The nine in ten are the days of transfers received over the lane beyond its stated lead days; of a lane with fewer than
    ten, those of all lanes; None with fewer than ten in all.
    """
    stated = {(lane.origin, lane.destination, lane.mode): lane.lead_days for lane in lanes}
    beyond: dict[tuple[str, str, str], list[int]] = {}
    for transfer in transfers:
        key = (transfer.origin, transfer.destination, transfer.mode)
        if transfer.dispatched_on is not None and transfer.received_on is not None and key in stated:
            took = (transfer.received_on - transfer.dispatched_on).days
            beyond.setdefault(key, []).append(took - stated[key])
    together = [days for each in beyond.values() for days in each]
    p50, p90 = [], []
    for lane, leaves in zip(lanes, leaves_on, strict=True):
        arrives = leaves + timedelta(days=lane.lead_days)
        own = beyond.get((lane.origin, lane.destination, lane.mode), [])
        known = own if len(own) >= _FEWEST else together
        late = int(np.quantile(known, 0.9, method="higher")) if len(known) >= _FEWEST else None
        p50.append(arrives)
        p90.append(None if late is None else arrives + timedelta(days=max(late, 0)))
    return LaneDays([lane.mode for lane in lanes], list(leaves_on), p50, p90)
