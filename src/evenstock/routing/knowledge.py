"""What a decision knows beyond network and stock: doubt about shelves, possible prices, lost and damaged parcels, and how much regret a machine may risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from evenstock.domain import NodeId, Sku
from evenstock.routing.confidence import Scenarios
from evenstock.routing.overridden import Overridden


@dataclass(frozen=True, slots=True)
class Feed:
    """When a node was last heard of, and how often it usually is."""

    heard_at: datetime
    pace: timedelta


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """Held in memory between decisions beside the network, and swapped with it."""

    phantom_millionths: Mapping[tuple[Sku, NodeId], int] = field(default_factory=lambda: MappingProxyType({}))
    """P(a unit of the record is not there), in millionths, where it is above zero."""
    scenarios: Scenarios | None = None
    """None where nothing was priced lately: then no regret is reckoned."""
    threshold_millicents: int | None = None
    """Expected regret above which a person decides; None where no gate was calibrated: then every lawful plan passes."""
    digest: str = ""
    """Of the snapshots it came from; it belongs among the inputs of a decision."""
    damage_millionths: Mapping[tuple[str, str, str], int] = field(default_factory=lambda: MappingProxyType({}))
    """P(a parcel is lost or damaged), in millionths, by service and postal areas of origin and destination, empty for any."""
    overridden: Mapping[str, tuple[Overridden, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """By service, what people put in place of usual days and losses on some of its lanes; part of what a decision is warned of."""
    feeds: Mapping[NodeId, Feed] = field(default_factory=lambda: MappingProxyType({}))
    """Nodes of which a source speaks at a known pace; what its silence holds back shows in the balances a decision read."""


NOTHING: Final = Knowledge()


def share_of_lane(amount: Mapping[tuple[str, str, str], int], service: str, here: str, to: str) -> int:
    """What is known of a service between two postal areas, either of them empty for any; 0 where nothing is.

    What is said of the lane counts before what is said of its origin, that before its destination, and that before the
    service.

    Examples
    --------
    >>> known = {("ups:ground", "", ""): 9, ("ups:ground", "", "100"): 5}
    >>> [share_of_lane(known, "ups:ground", "752", to) for to in ("100", "900")]
    [5, 9]
    """
    lanes = ((service, here, to), (service, here, ""), (service, "", to), (service, "", ""))
    return next((amount[lane] for lane in lanes if lane in amount), 0)
