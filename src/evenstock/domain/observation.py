"""What a system said about stock, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from evenstock.domain.moments import refuse_naive
from evenstock.domain.names import UNTRACKED, LotId, NodeId, Sku, Units


@dataclass(frozen=True, slots=True)
class StockObservation:
    """A count or feed: kept beside the ledger, never over it. Newer replaces older by the source's own version."""

    source: str
    """The system that said it, such as `wms` or `count`."""
    sku: Sku
    node: NodeId
    units: Units
    observed_at: datetime
    version: int
    """Grows with each statement of the source about this item and node."""
    lot: LotId = UNTRACKED

    def __post_init__(self) -> None:
        refuse_naive(self.observed_at, f"{self.source} {self.sku} at {self.node}")
        if self.units < 0:
            raise ValueError(f"{self.source}: {self.sku} at {self.node}: a count is zero or more, not {self.units}")
