"""Scans that should be there and are not: parcels silent for longer than usual, and steps that were never scanned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from evenstock.freight.tracking.journeys import Journeys

QUIET_SHARE: Final = 0.99
"""A parcel is silent once so many of its service's and lane's parcels had their next scan earlier."""
LEAST_PARCELS: Final = 100
"""Finished parcels that a lane needs to say what is usual; below, its service does, then all."""
PICKUP_HOURS: Final = 48.0
"""A label without a scan of movement after so long was not handed over, or not scanned."""
MISSING: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "parcel": pl.String,
    "service": pl.String,
    "kind": pl.String,
    "since": pl.Datetime("us", "UTC"),
    "hours": pl.Float64,
    "usual_hours": pl.Float64,
    "usual_of": pl.String,
}


def missing_scans(
    found: Journeys, lanes: pl.DataFrame | None = None, parcels: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What is missing, the longest silence first; columns of `MISSING`.

    Kinds:

    - never scanned: in `parcels`, handed over more than `PICKUP_HOURS` ago, and no scan at all;
    - not picked up: a label is known, and nothing shows it on its way after `PICKUP_HOURS`;
    - silent: on its way, and without a scan for longer than `QUIET_SHARE` of finished parcels ever were (usual_hours);
    - no pick-up scan: seen on its way but never at pick-up: its days cannot be counted from the hand-over;
    - no out-for-delivery scan: delivered without one;
    - moved after its end: scanned on its way after it was delivered, returned, lost or cancelled.

    The last three are only told where the service usually scans the step (for most of its parcels).

    Parameters
    ----------
    lanes
        Columns parcel and lane: what to compare a parcel with beside its service.
    parcels
        Columns parcel, service, shipped_at: what left, to find what was never scanned.
    """
    of = found.frame.with_columns(lane=pl.lit(""))
    if lanes is not None:
        named = lanes.select("parcel", "lane").unique("parcel")
        of = found.frame.join(named, on="parcel", how="left", maintain_order="left").with_columns(
            pl.col("lane").fill_null("")
        )
    since = pl.lit(found.as_of)
    parts = [
        _silent(of, found),
        _told(
            of.filter(pl.col("moving_at").is_null() & pl.col("state").is_in(["pending", "unknown"])),
            "not picked up",
            pl.col("first_scan_at"),
            since,
        ).filter(pl.col("hours") > PICKUP_HOURS),
        *_unscanned(of),
    ]
    if parcels is not None:
        never = parcels.select("parcel", "service", "shipped_at").join(of, on="parcel", how="anti")
        parts.append(_told(never, "never scanned", pl.col("shipped_at"), since).filter(pl.col("hours") > PICKUP_HOURS))
    return pl.concat(parts).sort("hours", "parcel", "kind", descending=[True, False, False])


def usual_silence(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Hours of silence that `QUIET_SHARE` of finished parcels never exceeded, by these columns, with their number."""
    done = frame.filter(pl.col("delivered_at").is_not_null() & pl.col("longest_gap_h").is_not_null())
    return done.group_by(keys).agg(
        pl.col("longest_gap_h").quantile(QUIET_SHARE, "higher").alias("usual_hours"), pl.len().alias("parcels")
    )


def _silent(frame: pl.DataFrame, found: Journeys) -> pl.DataFrame:
    ended = ["delivered", "lost", "return_to_sender", "cancelled"]
    open_ = frame.filter(pl.col("moving_at").is_not_null() & ~pl.col("state").is_in(ended))
    enough = pl.col("parcels") >= LEAST_PARCELS
    lane = usual_silence(frame.filter(pl.col("lane") != ""), ["service", "lane"]).filter(enough)
    service = usual_silence(frame, ["service"]).filter(enough)
    everyone = usual_silence(frame.with_columns(one=pl.lit(1)), ["one"])
    overall = float(everyone["usual_hours"][0]) if everyone.height else None
    joined = (
        open_.join(lane.select("service", "lane", on_lane="usual_hours"), on=["service", "lane"], how="left")
        .join(service.select("service", of_service="usual_hours"), on="service", how="left")
        .with_columns(
            usual_hours=pl.coalesce("on_lane", "of_service", pl.lit(overall, pl.Float64)),
            usual_of=pl.when(pl.col("on_lane").is_not_null())
            .then(pl.lit("service and lane"))
            .when(pl.col("of_service").is_not_null())
            .then(pl.lit("service"))
            .otherwise(pl.lit("all")),
        )
    )
    told = _told(
        joined, "silent", pl.col("last_scan_at"), pl.lit(found.as_of), pl.col("usual_hours"), pl.col("usual_of")
    )
    return told.filter(pl.col("hours") > pl.col("usual_hours"))


def _unscanned(frame: pl.DataFrame) -> list[pl.DataFrame]:
    delivered = frame.filter(pl.col("delivered_at").is_not_null())
    usually = delivered.group_by("service").agg(
        (pl.col("picked_up_at").is_not_null().mean() > 0.5).alias("scans_pickup"),
        (pl.col("out_for_delivery_at").is_not_null().mean() > 0.5).alias("scans_round"),
    )
    known = frame.join(usually, on="service", how="left", maintain_order="left")
    moved, came = pl.col("moving_at").is_not_null(), pl.col("delivered_at").is_not_null()
    nothing = pl.lit(None, pl.Datetime("us", "UTC"))
    return [
        _told(
            known.filter(pl.col("scans_pickup") & pl.col("picked_up_at").is_null() & (moved | came)),
            "no pick-up scan",
            pl.col("first_scan_at"),
            nothing,
        ),
        _told(
            known.filter(pl.col("scans_round") & pl.col("out_for_delivery_at").is_null() & came),
            "no out-for-delivery scan",
            pl.col("delivered_at"),
            nothing,
        ),
        _told(known.filter(pl.col("after_end") > 0), "moved after its end", pl.col("last_scan_at"), nothing),
    ]


def _told(
    rows: pl.DataFrame,
    kind: str,
    since: pl.Expr,
    until: pl.Expr,
    usual: pl.Expr | None = None,
    usual_of: pl.Expr | None = None,
) -> pl.DataFrame:
    return rows.select(
        "parcel",
        "service",
        kind=pl.lit(kind),
        since=since.cast(pl.Datetime("us", "UTC")),
        hours=((until - since).dt.total_seconds() / 3600.0).fill_null(0.0),
        usual_hours=pl.lit(None, pl.Float64) if usual is None else usual,
        usual_of=pl.lit("") if usual_of is None else usual_of,
    )


def scan_discipline(found: Journeys) -> pl.DataFrame:
    """How fully each service scans what it delivered: parcels, scans a parcel, shares with pick-up and out-for-delivery."""
    return (
        found.frame.filter(pl.col("delivered_at").is_not_null())
        .group_by("service")
        .agg(
            pl.len().alias("parcels"),
            pl.col("scans").mean().alias("scans_a_parcel"),
            pl.col("picked_up_at").is_not_null().mean().alias("with_pickup"),
            pl.col("out_for_delivery_at").is_not_null().mean().alias("with_out_for_delivery"),
        )
        .sort("service")
    )
