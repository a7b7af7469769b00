"""Holds a node's stock feed when it cannot be true: all zero, or changed beyond reason for many items at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import numpy as np

from evenstock.rebalancing.arrays import Ints
from evenstock.rebalancing.problem import Problem, whole

LEAST_ITEMS: Final = 5
"""Fewer items may change as they like: it is bulk that breaks a plan."""
SHARE: Final = 0.20
"""Of the items a node carries, beyond reason: a feed is held."""
_LEAST_UNITS: Final = 5
_LEAST_SHARE: Final = 0.5
_DEVIATIONS: Final = 4.0


class Fault(StrEnum):
    ALL_ZERO = "all zero"
    BULK_CHANGE = "bulk change"


@dataclass(frozen=True, slots=True)
class HeldFeed:
    """A node to leave out of tonight's plan until a person has looked."""

    node: str
    fault: Fault
    items: int
    """Items concerned."""
    because: str


def held_feeds(
    nodes: Sequence[str],
    today: Ints,
    yesterday: Ints,
    sold: Ints,
    received: Ints | None = None,
    *,
    share: float = SHARE,
    least_items: int = LEAST_ITEMS,
) -> tuple[HeldFeed, ...]:
    """Nodes whose stock of today does not follow from yesterday's, in their order.

    An item is beyond reason where today's units differ from yesterday's less sales plus receipts by more than 5 units, more
    than half of the larger of yesterday's and what was to be expected, and more than four standard deviations of a Poisson
    count of the day's movements. A feed is held when at least `least_items` items and a `share` of those carried are so.

    Parameters
    ----------
    today, yesterday, sold, received
        Units, ``(K, W)``; `sold` and `received` are those of the time between the two, transfers out counted as sold.
    """
    shape = (np.shape(today)[0], len(nodes))
    today, yesterday = whole("today", today, shape), whole("yesterday", yesterday, shape)
    sold = whole("sold", sold, shape, low=None)
    received = np.zeros(shape, np.int64) if received is None else whole("received", received, shape)
    expected = np.maximum(yesterday - sold + received, 0)
    off = np.abs(today - expected)
    noise = _DEVIATIONS * np.sqrt(np.abs(sold) + received)
    reason = np.maximum(np.maximum(_LEAST_UNITS, _LEAST_SHARE * np.maximum(yesterday, expected)), noise)
    beyond = off > reason
    carried = (today > 0) | (yesterday > 0) | (expected > 0)
    held = []
    for w, node in enumerate(nodes):
        stocked, strange = int((expected[:, w] > 0).sum()), int(beyond[:, w].sum())
        if stocked >= least_items and not today[:, w].any():
            because = (
                f"{node}: the feed says zero for all items, but {stocked} should have {int(expected[:, w].sum())} units "
                "after yesterday's stock, sales and receipts; ask for the feed again or release it by hand"
            )
            held.append(HeldFeed(str(node), Fault.ALL_ZERO, stocked, because))
        elif strange >= max(least_items, share * int(carried[:, w].sum())):
            because = (
                f"{node}: {strange} of {int(carried[:, w].sum())} items changed by more than sales and receipts explain, "
                f"{int(off[beyond[:, w], w].sum())} units in all; ask for the feed again or release it by hand"
            )
            held.append(HeldFeed(str(node), Fault.BULK_CHANGE, strange, because))
    return tuple(held)


def without(problem: Problem, held: Sequence[HeldFeed]) -> Problem:
    """The same evening with no lane to or from these nodes: nothing is decided on stock that nobody believes."""
    names = {feed.node for feed in held}
    out = np.array([node in names for node in problem.nodes], np.bool_)
    lanes = problem.lanes
    return replace(problem, lanes=replace(lanes, leaves=lanes.leaves & ~out[lanes.origin] & ~out[lanes.destination]))
