"""What a decision knows beyond network and stock: doubt about shelves, possible prices, lost and damaged parcels, and how much regret a machine may risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from evenstock.domain import NodeId, Sku
from evenstock.routing.confidence import Scenarios
from evenstock.routing.overridden import Overridden

LATE_AFTER: Final = 2
"""A source is late, and a node that nobody else speaks of silent, after so many times its usual pause."""


@dataclass(frozen=True, slots=True)
class Feed:
    """When a node was last heard of, and how often it usually is."""

    heard_at: datetime
    pace: timedelta

    def silent_at(self, now: datetime) -> bool:
        """Whether it should have spoken by now."""
        return now - self.heard_at > LATE_AFTER * self.pace


class Expected(NamedTuple):
    """What is known of the sales of an item at a node."""

    a_day: float
    """Units expected."""
    dispersion: float
    wrong: int
    """Units by which the record may be too high whatever was sold: a quantile of its errors."""
    spoken_for: int
    """Units that orders of our own books held there when it was said."""


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedSales:
    """What shelves that feeds speak of are expected to sell: from the beliefs last kept, however old those are."""

    made_at: datetime
    level: float
    """Of the quantiles that are held back."""
    row: Mapping[NodeId, Mapping[Sku, int]]
    """Where each shelf stands in the arrays below, shape ``(shelf,)``; they mean what `Expected` says."""
    a_day: npt.NDArray[np.float64]
    dispersion: npt.NDArray[np.float64]
    wrong: npt.NDArray[np.int64]
    spoken_for: npt.NDArray[np.int64]

    def of(self, sku: Sku, node: NodeId) -> Expected | None:
        """None where the beliefs know nothing of it."""
        at = self.row.get(node, {}).get(sku)
        if at is None:
            return None
        return Expected(self.a_day.item(at), self.dispersion.item(at), self.wrong.item(at), self.spoken_for.item(at))


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
    sales: ExpectedSales | None = None
    """Of those nodes; None where no beliefs were ever drawn up, or none of them knows what anything sells."""


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
