"""What a decision knows beyond network and stock: doubt about shelves, possible prices, lost and damaged parcels, and how much regret a machine may risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from evenstock.domain import NodeId, Sku
from evenstock.routing.confidence import Scenarios


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


NOTHING: Final = Knowledge()
