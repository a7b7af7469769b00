"""The made-up brand with everything that scores carriers: parcels, scans, claims, invoices, scores; one lane fails lately."""

from datetime import timedelta

import numpy as np
import polars as pl

from evenstock.simulation.enrichment import enrich
from evenstock.simulation.world import World, make_world

FAILING_DAYS = 20
LATE_DAYS = 4


def carriers_world(parcels: int = 5_000, seed: int = 4) -> World:
    """A brand of four nodes with so many parcels of the last ninety days."""
    return enrich(
        make_world(seed=seed, nodes=4, skus=30, days=120, orders_per_day=40), faults=0.0, parcels=parcels
    ).world


def busiest(deliveries: pl.DataFrame) -> tuple[str, str]:
    """Service and origin with most parcels: the ones that fail."""
    found = (
        deliveries.group_by("service", "origin").len().sort("len", "service", "origin", descending=[True, False, False])
    )
    return found["service"][0], found["origin"][0]


def carrier_tables(world: World, seed: int = 1) -> dict[str, pl.DataFrame]:
    """Tables by name: deliveries (a lane of them slower lately), parcels, shipments, order_history, tracking_events, ..."""
    rng = np.random.default_rng(seed)
    service, origin = busiest(world.frames["deliveries"])
    since = world.opens_at - timedelta(days=FAILING_DAYS)
    fails = (pl.col("service") == service) & (pl.col("origin") == origin) & (pl.col("shipped_at") >= since)
    whole = world.frames["deliveries"].with_columns(
        done=pl.when(fails).then(pl.col("delivered_at").dt.offset_by(f"{LATE_DAYS}d")).otherwise("delivered_at")
    )
    known = whole.with_columns(delivered_at=pl.when(pl.col("done") < world.opens_at).then("done")).drop("done")
    n = known.height
    shipped = known["shipped_at"].dt.date()
    side = rng.integers(80, 500, (n, 3))
    parcels = known.select("parcel", "service", "origin", "origin_postal_code", "destination_postal_code").with_columns(
        shipment=pl.format("S-{}", "parcel"),
        residential=pl.lit(value=True),
        shipped_on=shipped,
        weight_g=pl.Series(rng.integers(200, 8_000, n)),
        length_mm=pl.Series(np.sort(side, axis=1)[:, 2]),
        width_mm=pl.Series(np.sort(side, axis=1)[:, 1]),
        height_mm=pl.Series(np.sort(side, axis=1)[:, 0]),
        value_cents=pl.Series(rng.integers(1_500, 20_000, n)),
    )
    cents = 700 + (side.prod(axis=1) / 60_000).astype(np.int64) + rng.gamma(2.0, 60.0, n).astype(np.int64)
    return {
        "deliveries": known,
        "parcels": parcels,
        "shipments": parcels.select(
            "shipment",
            order=pl.format("O-{}", "parcel"),
            node="origin",
            service="service",
            shipped_on="shipped_on",
        ),
        "tracking_events": scans(known, rng),
        "claims": claims(known, rng),
        "invoices": parcels.select(
            invoice=pl.format("I-{}", pl.col("shipped_on").dt.strftime("%G-%V")),
            line=pl.int_range(1, n + 1, dtype=pl.Int64),
            parcel="parcel",
            service="service",
            charge=pl.lit("base"),
            invoiced_on=pl.col("shipped_on").dt.offset_by("5d"),
            shipped_on="shipped_on",
            cents=pl.Series(cents),
        ),
        "customer_scores": known.filter(pl.col("delivered_at").is_not_null())
        .head(n // 3)
        .select(
            "parcel",
            scored_on=pl.col("delivered_at").dt.date(),
            score=pl.when(pl.col("delivered_at").dt.date() > pl.col("promised_on")).then(2).otherwise(5).cast(pl.Int64),
        ),
    }


def scans(known: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Pick-up, a depot on the second day, out for delivery and delivery; a few pick-ups are never scanned."""
    picked = pl.Series(rng.random(known.height) < 0.97)
    depot = pl.col("delivered_at").is_null() | (pl.col("delivered_at") > pl.col("shipped_at").dt.offset_by("30h"))
    steps = [
        ("picked_up", pl.col("shipped_at"), picked),
        ("in_transit", pl.col("shipped_at").dt.offset_by("20h"), depot),
        ("out_for_delivery", pl.col("delivered_at").dt.offset_by("-4h"), pl.col("delivered_at").is_not_null()),
        ("delivered", pl.col("delivered_at"), pl.col("delivered_at").is_not_null()),
    ]
    parts = [
        known.filter(where).select("parcel", "service", scanned_at=at, code=pl.lit(name), status=pl.lit(name))
        for name, at, where in steps
    ]
    return (
        pl.concat(parts)
        .with_columns(location=pl.lit(""))
        .select("parcel", "scanned_at", "code", "service", "status", "location")
    )


def claims(known: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """One delivered parcel in a hundred came damaged, told two days after."""
    hurt = known.filter(pl.Series(rng.random(known.height) < 0.01) & pl.col("delivered_at").is_not_null())
    return hurt.select(
        claim=pl.format("C-{}", "parcel"),
        order=pl.format("O-{}", "parcel"),
        opened_on=pl.col("delivered_at").dt.date().dt.offset_by("2d"),
        kind=pl.lit("damaged"),
        cents=pl.lit(4_200, pl.Int64),
    )
