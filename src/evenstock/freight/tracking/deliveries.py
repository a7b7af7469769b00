"""Journeys as the scans that delivery times are learned from."""

from __future__ import annotations

import polars as pl

from evenstock.freight.tracking.journeys import Journeys


def deliveries(found: Journeys, parcels: pl.DataFrame) -> pl.DataFrame:
    """`tables.Deliveries` of parcels that the carrier has taken over, by their number.

    A parcel is taken over at its pick-up scan, else at the first scan that shows it on its way. One that turned back or was
    cancelled tells nothing of days and is left out; one that was lost stays under way, as its customer waits.

    Parameters
    ----------
    parcels
        Columns parcel, origin, origin_postal_code, destination_postal_code, as `tables.Parcels`; scans of parcels that do
        not stand there have no lane and are left out. Column promised_on is taken over where it is there.
    """
    said = ["promised_on"] if "promised_on" in parcels.columns else []
    places = parcels.select("parcel", "origin", "origin_postal_code", "destination_postal_code", *said).unique("parcel")
    carried = found.frame.filter(pl.col("returned_at").is_null() & pl.col("cancelled_at").is_null()).select(
        "parcel",
        "service",
        # A scan of delivery alone says when it came, not when it left.
        shipped_at=pl.coalesce("picked_up_at", "moving_at"),
        delivered_at="delivered_at",
    )
    told = carried.drop_nulls("shipped_at").join(places, on="parcel")
    promised = pl.col("promised_on") if said else pl.lit(None, pl.Date).alias("promised_on")
    return told.select(
        "parcel",
        "service",
        "origin",
        "origin_postal_code",
        "destination_postal_code",
        "shipped_at",
        pl.when(pl.col("delivered_at") >= pl.col("shipped_at")).then("delivered_at").alias("delivered_at"),
        promised,
    ).sort("parcel")
