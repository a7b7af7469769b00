"""Which transit times decide: those learned from scans while they are fresh, in place of those imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

import polars as pl

from evenstock.operations.ports import Snapshots, Transaction

POINTER: Final = "transit"
"""Pointer of the learned tables; the imported ones stay in the network."""
FRESH_DAYS: Final = 14
"""Learned tables older than this are not used: a feed that stopped must not rule for ever."""
TRANSIT: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "zone": pl.Int64,
    "days": pl.Int64,
    "probability": pl.Float64,
}
WEEKDAYS: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "zone": pl.Int64,
    "weekday": pl.Int64,
    "days": pl.Int64,
    "probability": pl.Float64,
}
LANE_WEEKDAYS: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "weekday": pl.Int64,
    "days": pl.Int64,
    "probability": pl.Float64,
}


@dataclass(frozen=True, slots=True, eq=False)
class LearnedTransit:
    """Tables learned from scans, and the snapshot they are kept in."""

    fitted_on: date
    transit: pl.DataFrame
    """As `tables.Transit`: by service and zone, whatever the weekday of hand-over."""
    zones: pl.DataFrame
    """By service and zone: parcels, under_way, imported_share (weight of the imported table), mean_days, basis."""
    lanes: pl.DataFrame
    """By service, origin and destination area (three characters): parcels, days, probability."""
    reliability: pl.DataFrame
    """By service: parcels due, late, late_share, low, high, mean_days_late."""
    notes: tuple[str, ...]
    digest: str
    weekdays: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=WEEKDAYS))
    """By service, zone and weekday of hand-over (Monday 0): days, probability. Empty in tables learned long ago."""
    lane_weekdays: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=LANE_WEEKDAYS))
    """The same for the lanes with most parcels, by origin and destination area."""


def current_transit(
    books: Transaction, snapshots: Snapshots, on: date, *, fresh_days: int = FRESH_DAYS
) -> LearnedTransit | None:
    """What was learned last, if it was learned on `on` or at most `fresh_days` before; else None.

    A table learned after `on` is not used either: a decision replayed must not know what came later.
    """
    digest = books.pointer(POINTER)
    if digest is None:
        return None
    kept = snapshots.read(digest)
    about = kept["about"].row(0, named=True)
    if not on - timedelta(days=fresh_days) <= about["fitted_on"] <= on:
        return None
    notes = tuple(line for line in about["notes"].split("\n") if line)
    # Tables learned before weekdays were kept apart have none.
    return LearnedTransit(
        about["fitted_on"],
        kept["transit"],
        kept["zones"],
        kept["lanes"],
        kept["reliability"],
        notes,
        digest,
        kept.get("weekdays", pl.DataFrame(schema=WEEKDAYS)),
        kept.get("lane_weekdays", pl.DataFrame(schema=LANE_WEEKDAYS)),
    )


def with_learned(frames: Mapping[str, pl.DataFrame], learned: LearnedTransit | None) -> dict[str, pl.DataFrame]:
    """The network's tables with learned transit in place of imported, service and zone by service and zone.

    What was not learned keeps its imported table; a service whose rate cards are gone is left out. Lanes with enough
    parcels to speak for themselves come beside them as `transit_lanes`, and zones by the day of hand-over as
    `transit_weekdays`.
    """
    found = dict(frames)
    if learned is None or "rate_cards" not in frames:
        return found
    offered = frames["rate_cards"]["service"].unique()
    ours = learned.transit.filter(pl.col("service").is_in(offered.implode()))
    theirs = frames.get("transit", pl.DataFrame(schema=TRANSIT)).select(*TRANSIT)
    kept = theirs.join(ours.select("service", "zone").unique(), on=["service", "zone"], how="anti")
    found["transit"] = pl.concat(
        [kept.cast({"zone": pl.Int64, "days": pl.Int64, "probability": pl.Float64}), ours]
    ).sort("service", "zone", "days")
    # A mean over weekdays says less of a lane than its zone says of the day: it serves where days were not learned.
    lanes = learned.lane_weekdays if learned.weekdays.height else learned.lanes
    found["transit_lanes"] = lanes.filter(pl.col("service").is_in(offered.implode()))
    found["transit_weekdays"] = learned.weekdays.filter(pl.col("service").is_in(offered.implode()))
    return found
