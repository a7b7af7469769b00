"""The company that the service is measured with: 10 nodes, 10,000 items, 100,000 rows of stock, the freight of the example brand."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from evenstock.connectors.files import read_folder
from evenstock.operations.import_network import import_network
from evenstock.operations.ports import Snapshots, Store

EXAMPLE = Path(__file__).parents[1] / "examples" / "dtc-3-node"
PLACES = (
    ("TX-DC", "own", "75236", 32.7, -96.9, "America/Chicago"),
    ("PA-3PL", "3pl", "18031", 40.5, -75.6, "America/New_York"),
    ("CA-3PL", "3pl", "91761", 34.0, -117.6, "America/Los_Angeles"),
    ("GA-3PL", "3pl", "30336", 33.7, -84.5, "America/New_York"),
    ("IL-DC", "own", "60440", 41.7, -88.1, "America/Chicago"),
    ("NV-3PL", "3pl", "89506", 39.6, -119.9, "America/Los_Angeles"),
    ("WA-3PL", "3pl", "98032", 47.4, -122.3, "America/Los_Angeles"),
    ("OH-3PL", "3pl", "43217", 39.8, -82.9, "America/New_York"),
    ("NJ-STORE", "store", "07094", 40.8, -74.1, "America/New_York"),
    ("FL-3PL", "3pl", "32824", 28.4, -81.3, "America/New_York"),
)
ITEMS = 10_000
CAPPED = {"PA-3PL": 500_000, "CA-3PL": 500_000}
DESTINATIONS = (
    "94105",
    "10001",
    "60601",
    "77002",
    "33101",
    "98101",
    "30301",
    "80202",
    "02108",
    "85001",
    "43204",
    "19103",
)


def frames(*, units: int = 100_000, hot: dict[str, int] | None = None, seed: int = 7) -> dict[str, pl.DataFrame]:
    """Tables to import: `units` of every item at every node, but for `hot`, which has so many at the first node and none elsewhere."""
    rng = np.random.default_rng(seed)
    found = read_folder(EXAMPLE).frames
    nodes = found["nodes"]
    rows = []
    for name, kind, code, latitude, longitude, zone in PLACES:
        row = nodes.row(0, named=True)
        row |= {
            "node": name, "kind": kind, "postal_code": code, "latitude": latitude, "longitude": longitude,
            "timezone": zone, "orders_per_day": CAPPED.get(name), "working_days": "1234567", "holidays": "",
        }  # fmt: skip
        rows.append(row)
    items = found["items"]
    skus = [f"S{n:05}" for n in range(ITEMS)]
    plain = items.filter(pl.col("requires") == "")
    drawn = plain[rng.integers(0, plain.height, ITEMS)].with_columns(
        sku=pl.Series(skus), weight_g=pl.Series(rng.integers(100, 3_000, ITEMS))
    )
    stock = pl.DataFrame(
        {"sku": np.repeat(skus, len(PLACES)), "node": [place[0] for place in PLACES] * ITEMS}
    ).with_columns(on_hand=pl.lit(units, pl.Int64))
    for sku, count in (hot or {}).items():
        here = (pl.col("sku") == sku) & (pl.col("node") == PLACES[0][0])
        stock = stock.with_columns(
            on_hand=pl.when(here).then(count).when(pl.col("sku") == sku).then(0).otherwise(pl.col("on_hand"))
        )
    template = found["stock"].row(0, named=True)
    extra = {k: v for k, v in template.items() if k not in {"sku", "node", "on_hand"}}
    stock = stock.with_columns(**{k: pl.lit(_quiet(v), found["stock"].schema[k]) for k, v in extra.items()})
    kept = ("rate_cards", "rates", "surcharges", "transit", "places", "costs", "rules")
    return {
        "nodes": pl.DataFrame(rows, schema=nodes.schema),
        "items": drawn.select(items.columns),
        "stock": stock.select(found["stock"].columns),
        **{name: found[name] for name in kept if name in found},
    }


def _quiet(value: object) -> object:
    """No buffers, lots or reserves: every unit may be sold."""
    return 0 if isinstance(value, int) and not isinstance(value, bool) else "" if isinstance(value, str) else value


def imported(store: Store, snapshots: Snapshots, **options: object) -> None:
    import_network(store, snapshots, frames(**options), datetime.now(UTC))  # type: ignore[arg-type]


def orders(count: int, *, prefix: str, seed: int = 1, lines: int = 2, zipf: float = 1.1) -> list[dict[str, object]]:
    """Bodies of orders: SKUs by Zipf, so that some rows are hot, as in real shops."""
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, ITEMS + 1) ** zipf
    drawn = rng.choice(ITEMS, size=(count, lines + 2), p=weight / weight.sum())
    to = rng.integers(0, len(DESTINATIONS), count)
    now = datetime.now(UTC).isoformat()
    made: list[dict[str, object]] = []
    for n in range(count):
        chosen = list(dict.fromkeys(int(k) for k in drawn[n]))[:lines]
        made.append(
            {
                "id": f"{prefix}-{n}",
                "lines": [
                    {"id": str(i + 1), "sku": f"S{k:05}", "units": 1, "price_cents": 2_500}
                    for i, k in enumerate(chosen)
                ],
                "ship_to": {"postal_code": DESTINATIONS[int(to[n])]},
                "placed_at": now,
            }
        )
    return made
