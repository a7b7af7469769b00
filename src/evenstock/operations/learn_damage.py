"""Learns how often parcels are lost or damaged, by service and lane, so that the price of an order bears it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from evenstock.freight import scorecard
from evenstock.freight.zones import area
from evenstock.operations.company import Company
from evenstock.operations.know_damage import DAMAGE, MILLION, keep_damage
from evenstock.operations.ports import Snapshots, Store
from evenstock.operations.score_carriers.outcomes import carrier_outcomes

WEEKS: Final = 26
"""Losses are rare: half a year of parcels speaks."""
LEAST_SETTLED: Final = 100
"""Parcels whose fate is known below which a lane has no share of its own."""
SILENT: Final = timedelta(days=7)
"""Scans that ended so long ago have stopped: parcels would look lost that are only unseen."""


@dataclass(frozen=True, slots=True, eq=False)
class LearnedDamage:
    shares: pl.DataFrame
    """Columns of `know_damage.DAMAGE`: services first, both areas empty; then lanes with enough parcels of their own."""
    services: pl.DataFrame
    """service, settled, lost, looked_at, damaged, loss, damage (shares drawn to carrier and all)."""
    notes: tuple[str, ...]
    digest: str


def learn_damage(
    store: Store, snapshots: Snapshots, company: Company, *, as_of: date, now: datetime, weeks: int = WEEKS
) -> LearnedDamage:
    """Learn from parcels, scans and claims, as known on the morning of `as_of`, and let decisions price it.

    A lane with few parcels leans on its zone, service and carrier. Damage is seen only where claims or scans tell of it.

    Raises
    ------
    ValueError
        If no parcels left in these weeks, or their scans ended more than `SILENT` ago.
    """
    gathered = carrier_outcomes(company, as_of=as_of, weeks=weeks)
    found = gathered.outcomes
    last = max(found.frame["delivered_on"].drop_nulls().to_list(), default=None)
    if last is None:
        raise ValueError(f"no parcel of the last {weeks} weeks has arrived: import deliveries or tracking_events")
    if as_of - last > SILENT:
        raise ValueError(
            f"the last arrival known is of {last}: parcels since would look lost; import newer deliveries or tracking_events"
        )
    services = _shares(scorecard.scorecard(found, by="service", weekly=False))
    lanes = _shares(scorecard.scorecard(found, by="lane", weekly=False)).filter(pl.col("settled") >= LEAST_SETTLED)
    shares = pl.concat([_rows(services, company), _rows(lanes, company)])
    digest = keep_damage(store, snapshots, shares, on=as_of, now=now)
    kept = ["service", "settled", "lost", "looked_at", "damaged", "loss", "damage"]
    return LearnedDamage(shares, services.select(kept), gathered.notes, digest)


def _shares(card: pl.DataFrame) -> pl.DataFrame:
    """Rows whose fate is known; what nobody looked for counts for nothing."""
    seen = card.filter(pl.col("settled") > 0)
    return seen.with_columns(
        both=pl.col("loss") + pl.when(pl.col("damaged").sum() > 0).then(pl.col("damage")).otherwise(0.0)
    )


def _rows(card: pl.DataFrame, company: Company) -> pl.DataFrame:
    """The same as routing reads it: by postal areas, several nodes of one area by their parcels."""
    docks = {str(node.id): area(node.postal_code) for node in company.network.nodes.values()}
    empty = pl.lit("").alias
    placed = card.with_columns(
        pl.col("origin").replace(docks) if "origin" in card.columns else empty("origin"),
        pl.col("destination") if "destination" in card.columns else empty("destination"),
    )
    grouped = placed.group_by("service", "origin", "destination").agg(
        share=(pl.col("both") * pl.col("settled")).sum() / pl.col("settled").sum()
    )
    millionths = (pl.col("share") * MILLION).round().cast(pl.Int64).clip(0, MILLION)
    return grouped.with_columns(millionths=millionths).select(*DAMAGE).sort(*DAMAGE)
