"""A shop in Texas with two carriers, one of which fails to Dallas since some days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl

from evenstock.domain import NodeId, Sku, StockObservation, Units
from evenstock.operations.company import Company
from evenstock.operations.count_stock import count_stock
from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
TODAY = NOW.date()
BEGAN = dt.date(2026, 1, 1)
NODES = pl.DataFrame(
    {
        "node": ["TX"],
        "kind": ["own"],
        "postal_code": ["75001"],
        "timezone": ["America/Chicago"],
        "working_days": ["1234567"],
    }
)
ITEMS = pl.DataFrame({"sku": ["MUG"], "weight_g": [400], "unit_cost_cents": [400], "price_cents": [1200]})
SERVICES = ("road:ground", "sky:ground")
CENTS = (500, 620)


def tables(failing_days: int, *, slower: int = 3, promise_days: tuple[int, ...] = (3,)) -> dict[str, pl.DataFrame]:
    """Rates of road (5.00) and sky (6.20), 150 days of scans, and the orders of the last four weeks.

    Both take two days, one in ten three; road is slower to Dallas since `failing_days` days. Orders are promised within
    each of `promise_days` in turn.
    """
    rng, rows = np.random.default_rng(5), []
    for ago in range(150, 0, -1):
        for n, (service, place) in enumerate(
            [("road:ground", "75201")] * 6 + [("road:ground", "10001")] * 4 + [("sky:ground", "75201")] * 2
        ):
            shipped = dt.datetime.combine(TODAY - dt.timedelta(days=ago), dt.time(18), dt.UTC)
            took = 2 + int(rng.random() < 0.1)
            if service == "road:ground" and place == "75201" and ago <= failing_days:
                took += slower
            came = shipped + dt.timedelta(days=took, hours=2)
            rows.append(
                (
                    f"{ago}-{n}",
                    service,
                    "TX",
                    "75001",
                    place,
                    shipped,
                    came if came < NOW else None,
                    shipped.date() + dt.timedelta(days=3),
                )
            )
    moment = pl.Datetime("us", "UTC")
    scans = pl.DataFrame(
        rows, orient="row",
        schema={"parcel": pl.String, "service": pl.String, "origin": pl.String, "origin_postal_code": pl.String,
                "destination_postal_code": pl.String, "shipped_at": moment, "delivered_at": moment, "promised_on": pl.Date},
    )  # fmt: skip
    placed = [NOW - dt.timedelta(days=ago, hours=n) for ago in range(1, 29) for n in range(3)]
    orders = pl.DataFrame(
        {"order": [f"O{k}" for k in range(len(placed))], "line": "1", "sku": "MUG", "units": 1, "price_cents": 1200,
         "placed_at": placed, "postal_code": "75204", "country": "US", "residential": False,
         "deliver_by": [day.date() + dt.timedelta(days=promise_days[k % len(promise_days)]) for k, day in enumerate(placed)]},
        schema_overrides={"placed_at": moment, "units": pl.Int64, "price_cents": pl.Int64},
    )  # fmt: skip
    return {
        "nodes": NODES,
        "items": ITEMS,
        "rate_cards": pl.DataFrame({"service": SERVICES, "valid_from": [BEGAN] * 2, "max_weight_g": [5000] * 2}),
        "rates": pl.DataFrame(
            {"service": SERVICES * 2, "valid_from": [BEGAN] * 4, "zone": [2, 2, 5, 5], "max_weight_g": [5000] * 4, "cents": [*CENTS, 900, 950]}
        ),
        "zones": pl.DataFrame({"origin_zip3": ["750", "750"], "destination_zip3": ["752", "100"], "zone": [2, 5]}),
        "transit": pl.DataFrame(
            {"service": [s for s in SERVICES for _ in range(4)], "zone": [2, 2, 5, 5] * 2, "days": [2, 3] * 4, "probability": [0.9, 0.1] * 4}
        ),
        "deliveries": scans,
        "orders": orders,
    }  # fmt: skip


def opened(folder: Path, **kinds) -> tuple[MemoryStore, SnapshotFolder, Company]:
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(store, snapshots, tables(**kinds), NOW - dt.timedelta(hours=1))
    count_stock(
        store,
        [StockObservation("count", Sku("MUG"), NodeId("TX"), Units(10_000), NOW - dt.timedelta(hours=2), 1)],
        NOW - dt.timedelta(hours=1),
    )
    return store, snapshots, Company.load(store, snapshots, TODAY)
