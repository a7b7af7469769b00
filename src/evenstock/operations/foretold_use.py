"""What a repricing foretold about the stock of contested items, kept so that prices can follow what came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import NodeId, Sku
from evenstock.operations.ports import Snapshots
from evenstock.routing.priced import Whole

Real = NDArray[np.float64]

FORETOLD: Final = "foretold use"
"""Pointer of what the last repricing foretold; a repricing without contested items leaves an empty one."""
HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, eq=False)
class ForetoldUse:
    """One row for each contested item at each node."""

    made_at: datetime
    """From when the repricing's prices hold."""
    skus: tuple[Sku, ...]
    nodes: tuple[NodeId, ...]
    cents: Real
    """Price of a unit, not rounded, shape ``(row,)``."""
    use: Real
    """Units expected to be taken until stock comes again."""
    stock: Whole
    """Units that could be promised when it was computed."""
    pace: Real
    """Share of all units expected that are wanted by the end of each hour, from 0 at `made_at` to 1."""
    unit_cents: float
    """Mean cost of shipping a unit where every node has everything."""

    def gone(self, now: datetime) -> float:
        """Share of what was foretold that was to be taken by now.

        Examples
        --------
        A quarter of the day's units come in its first hour and the others in its second; half an hour later than the first:

        >>> from datetime import UTC
        >>> noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
        >>> none = np.zeros(0)
        >>> told = ForetoldUse(noon, (), (), none, none, np.zeros(0, np.int64), np.array([0.0, 0.25, 1.0]), 0.0)
        >>> told.gone(noon + 1.5 * HOUR), told.gone(noon + 9 * HOUR)
        (0.625, 1.0)
        """
        return float(np.interp((now - self.made_at) / HOUR, np.arange(self.pace.size), self.pace))

    def keep(self, snapshots: Snapshots) -> str:
        """Digest of the snapshot written."""
        use = pl.DataFrame(
            {"sku": self.skus, "node": self.nodes, "cents": self.cents, "use": self.use, "stock": self.stock},
            schema={"sku": pl.String, "node": pl.String, "cents": pl.Float64, "use": pl.Float64, "stock": pl.Int64},
        )
        pace = pl.DataFrame({"hour": np.arange(self.pace.size), "share": self.pace})
        about = pl.DataFrame({"made_at": [self.made_at], "unit_cents": [self.unit_cents]})
        return snapshots.take({"use": use, "pace": pace, "about": about})

    @classmethod
    def read(cls, snapshots: Snapshots, name: str) -> ForetoldUse:
        """What a snapshot says. Raises StoreError if it is missing or broken."""
        kept = snapshots.read(name)
        rows, about = kept["use"].sort("sku", "node"), kept["about"].row(0, named=True)
        return cls(
            about["made_at"],
            tuple(Sku(sku) for sku in rows["sku"].to_list()),
            tuple(NodeId(node) for node in rows["node"].to_list()),
            rows["cents"].to_numpy(),
            rows["use"].to_numpy(),
            rows["stock"].to_numpy(),
            kept["pace"].sort("hour")["share"].to_numpy(),
            about["unit_cents"],
        )


def pace_of(placed: Sequence[datetime], units: Real, now: datetime, days: int) -> Real:
    """Share of these units that is wanted by the end of each hour of the days ahead, shape ``(24 days + 1,)``."""
    hours = np.array([(at - now) / HOUR for at in placed], np.float64)
    came = np.histogram(hours, np.arange(24 * days + 1), weights=units)[0]
    whole = float(came.sum())
    if whole <= 0:
        return np.linspace(0.0, 1.0, 24 * days + 1)
    share = np.concatenate([[0.0], np.cumsum(came) / whole])
    return np.asarray(np.minimum(share, 1.0))
