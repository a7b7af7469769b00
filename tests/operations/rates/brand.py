"""A company with two services of one carrier, and the tables it may bring."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from evenstock.operations.import_network import import_network
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
OLD, NEW = date(2026, 1, 5), date(2026, 7, 6)
ZONES = (2, 3, 4, 5)
BREAKS = (1_000, 5_000, 30_000)


def cents(zone: int, weight_g: int) -> int:
    """9.00 for the lightest and nearest; a dollar a zone, and 30 cents a kilogram."""
    return 900 + 100 * (zone - 2) + 30 * weight_g // 1000


def rates(service: str = "ups:ground", day: date = OLD, times: float = 1.0) -> pl.DataFrame:
    cells = [(z, g) for z in ZONES for g in BREAKS]
    return pl.DataFrame(
        {
            "service": service,
            "valid_from": day,
            "zone": [z for z, _ in cells],
            "max_weight_g": [g for _, g in cells],
            "cents": [round(times * cents(z, g)) for z, g in cells],
        }
    )


def card(service: str = "ups:ground", day: date = OLD, **terms: object) -> pl.DataFrame:
    return pl.DataFrame(
        {"service": [service], "valid_from": [day], "max_weight_g": [30_000]} | {k: [v] for k, v in terms.items()}
    )


def residential(day: date = OLD, charge: int = 400) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "service": ["ups:ground"],
            "valid_from": [day],
            "surcharge": ["residential"],
            "applies": ["residential"],
            "cents": [charge],
        }
    )


def network() -> dict[str, pl.DataFrame]:
    return {
        "nodes": pl.DataFrame(
            {"node": ["TX"], "kind": ["own"], "postal_code": ["75201"], "timezone": ["America/Chicago"]}
        ),
        "items": pl.DataFrame({"sku": ["MUG"], "weight_g": [400], "unit_cost_cents": [400], "price_cents": [1200]}),
        "stock": pl.DataFrame(
            {
                "sku": ["MUG"],
                "node": ["TX"],
                "lot": [""],
                "on_hand": [5],
                "held": [0],
                "buffer": [0],
                "observed_at": [NOW],
            }
        ),
        "rate_cards": card(),
        "rates": rates(),
        "surcharges": residential(),
        "zones": pl.DataFrame(
            {"origin_zip3": ["752"] * 4, "destination_zip3": ["752", "770", "900", "100"], "zone": list(ZONES)}
        ),
    }


def company(folder: Path, more: Mapping[str, pl.DataFrame] | None = None) -> tuple[MemoryStore, SnapshotFolder]:
    store, snapshots = MemoryStore(), SnapshotFolder(folder)
    import_network(store, snapshots, network() | dict(more or {}), NOW)
    return store, snapshots


def sent_and_billed(
    days: int = 140,
    shift: int = 70,
    rise: float = 1.05,
    seed: int = 3,
    *,
    base: float = 1.0,
    fuel: tuple[int, int] = (0, 0),
) -> dict[str, pl.DataFrame]:
    """Thirty parcels a working day from `OLD` on, 0.9 kg each; from day `shift` the residential charge is billed dearer,
    and if asked the base, and fuel by other basis points.

    Each week is invoiced on its Saturday. One parcel of the invoices is nobody's.
    """
    rng = np.random.default_rng(seed)
    parcels, lines = [], []
    for d in range(days):
        if d % 7 > 4:
            continue
        left, week = OLD + timedelta(days=d), d // 7
        for n in range(30):
            name, zone, home = f"P{d}-{n}", int(rng.choice(ZONES)), bool(rng.random() < 0.6)
            parcels.append((name, {2: "75201", 3: "77001", 4: "90001", 5: "10001"}[zone], home, left))
            rate = round(cents(zone, 1_000) * (base if d >= shift else 1))
            burnt = (rate * fuel[d >= shift] + 5_000) // 10_000
            charges = (
                {"base": rate}
                | ({"Fuel": burnt} if burnt else {})
                | ({"Residential": round(400 * (rise if d >= shift else 1))} if home else {})
            )
            for charge, amount in charges.items():
                lines.append((f"I{week}", len(lines), name, charge, OLD + timedelta(days=7 * week + 5), left, amount))
    lines.append(("I1", len(lines), "nobody's", "base", OLD + timedelta(days=12), OLD, 990))
    bills = pl.DataFrame(
        lines, schema=["invoice", "line", "parcel", "charge", "invoiced_on", "shipped_on", "cents"], orient="row"
    )
    sent = pl.DataFrame(
        parcels, schema=["parcel", "destination_postal_code", "residential", "shipped_on"], orient="row"
    )
    return {
        "invoices": bills.with_columns(
            service=pl.lit("ups:ground"), zone=pl.lit(None, pl.Int64), billed_g=pl.lit(None, pl.Int64)
        ),
        "parcels": sent.with_columns(
            service=pl.lit("ups:ground"), origin_postal_code=pl.lit("75201"), weight_g=pl.lit(900), origin=pl.lit("TX")
        ),
    }
