"""How much of a day's demand has usually come by each minute, by each node's own clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]

HOURS: Final = 24
FEWEST_LINES: Final = 200
"""Order lines of all nodes under which every hour counts the same."""
PRIOR_LINES: Final = 200.0
"""How many lines the profile of all nodes weighs against a node's own."""
EVEN_LINES: Final = 48.0
"""How many lines an even day weighs against those of all nodes: no hour is ever taken as impossible."""


@dataclass(frozen=True, slots=True, eq=False)
class DayProfile:
    """Share of a day's demand in each hour of a node's own clock."""

    nodes: tuple[str, ...]
    timezones: tuple[str, ...]
    hours: Floats
    """Shape ``(node, 24)``, each row adding up to 1."""
    notes: tuple[str, ...] = ()

    def elapsed(self, node: str, local: datetime) -> float:
        """Share of the day's demand that has usually come by `local`, straight between hours; 0 at midnight."""
        row = self.hours[self.nodes.index(node)]
        hour = local.hour
        within = (local.minute * 60 + local.second) / 3600.0
        return float(min(row[:hour].sum() + row[hour] * within, 1.0))

    def elapsed_at(self, now: datetime) -> dict[str, tuple[datetime, float]]:
        """For each node its own date and time at `now`, and the share of that day that has usually come."""
        found = {}
        for node, zone in zip(self.nodes, self.timezones, strict=True):
            local = now.astimezone(ZoneInfo(zone))
            found[node] = (local, self.elapsed(node, local))
        return found

    def frame(self) -> pl.DataFrame:
        """Columns node, hour, share."""
        return pl.DataFrame(
            {
                "node": np.repeat(np.asarray(self.nodes, dtype=object), HOURS).tolist(),
                "hour": list(range(HOURS)) * len(self.nodes),
                "share": self.hours.ravel(),
            },
            schema={"node": pl.String, "hour": pl.Int64, "share": pl.Float64},
        )


def day_profile(orders: pl.DataFrame, nodes: pl.DataFrame) -> DayProfile:
    """Learn the profile of each node's day from past order lines, each line counting once: no bulk order shapes a day.

    A node with n lines gets ``(n own + 200 all) / (n + 200)``; fewer than 200 lines of all nodes say nothing, and every
    hour then counts the same. On the days when clocks change an hour is missing or stands twice; that is not mended.

    Parameters
    ----------
    orders
        Columns `node` and `placed_at` (UTC), whole days; lines of a day that still runs would tilt the profile to the
        morning. Lines of nodes that are not among `nodes` are left out.
    nodes
        Columns `node` and `timezone`.

    Examples
    --------
    A thousand lines, all placed at noon in Texas: by half past twelve about half of the day's demand has come.

    >>> from datetime import UTC
    >>> noon = pl.DataFrame({"node": "TX", "placed_at": [datetime(2026, 1, 9, 18, tzinfo=UTC)] * 1000})
    >>> profile = day_profile(noon, pl.DataFrame({"node": ["TX"], "timezone": ["America/Chicago"]}))
    >>> half_past = datetime(2026, 1, 12, 12, 30)
    >>> round(profile.elapsed("TX", half_past), 2)
    0.5
    """
    names = tuple(str(name) for name in nodes["node"])
    zones = tuple(str(zone) for zone in nodes["timezone"])
    counts = _counts(orders, names, zones)
    total = counts.sum()
    even = np.full(HOURS, 1.0 / HOURS)
    if total < FEWEST_LINES:
        note = f"{int(total)} order lines do not tell how a day goes: every hour counts the same"
        return DayProfile(names, zones, np.tile(even, (len(names), 1)), (note,))
    of_all = (counts.sum(axis=0) + EVEN_LINES * even) / (total + EVEN_LINES)
    lines = counts.sum(axis=1, keepdims=True)
    return DayProfile(names, zones, (counts + PRIOR_LINES * of_all) / (lines + PRIOR_LINES))


def _counts(orders: pl.DataFrame, names: Sequence[str], zones: Sequence[str]) -> Floats:
    """Lines by node and local hour."""
    found = np.zeros((len(names), HOURS))
    for k, (name, zone) in enumerate(zip(names, zones, strict=True)):
        placed = orders.filter(pl.col("node") == name)["placed_at"].drop_nulls()
        hours = placed.dt.convert_time_zone(zone).dt.hour().to_numpy()
        found[k] = np.bincount(hours.astype(np.int64), minlength=HOURS)
    return found
