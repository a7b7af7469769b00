"""An example network for the Online Retail orders: four nodes, synthetic rates, stock placed by the shop's own history.

What is real: the orders, their lines, quantities, prices, moments and countries. What is made up: the nodes, the rates,
the weights of goods (from their price) and where in Britain a customer lives. Pence stand where we write cents.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt

import numpy as np
import polars as pl

from evenstock.domain import Account, Bucket, Cause, Movement, MovementId, NodeId, Sku, Units

PLACES = {
    "BHM": (52.5, -1.9), "LON": (51.5, -0.1), "GLA": (55.9, -4.3), "MAN": (53.5, -2.2), "LDS": (53.8, -1.5),
    "BRS": (51.5, -2.6), "NCL": (55.0, -1.6), "CDF": (51.5, -3.2), "BFS": (54.6, -5.9), "NWC": (52.6, 1.3),
    "SOU": (50.9, -1.4), "ABD": (57.1, -2.1), "NL1": (51.4, 6.2), "DE1": (51.0, 9.0), "FR1": (46.6, 2.5),
    "IE1": (53.3, -6.3), "ES1": (40.4, -3.7), "BE1": (50.8, 4.4), "CH1": (46.9, 7.4), "PT1": (38.7, -9.1),
    "AU1": (-33.9, 151.2), "NO1": (59.9, 10.8), "IT1": (41.9, 12.5), "JE1": (49.2, -2.1), "FI1": (60.2, 24.9),
    "CY1": (35.2, 33.4), "SE1": (59.3, 18.1), "AT1": (48.2, 16.4), "DK1": (55.7, 12.6), "JP1": (35.7, 139.7),
    "PL1": (52.2, 21.0), "IL1": (32.1, 34.8), "US1": (40.7, -74.0), "HK1": (22.3, 114.2), "SG1": (1.4, 103.8),
    "IS1": (64.1, -21.9), "CA1": (43.7, -79.4), "GR1": (38.0, 23.7), "MT1": (35.9, 14.5), "AE1": (25.2, 55.3),
    "ZA1": (-33.9, 18.4), "LB1": (33.9, 35.5), "LT1": (54.7, 25.3), "BR1": (-23.6, -46.6), "CZ1": (50.1, 14.4),
    "BH1": (26.2, 50.6), "SA1": (24.7, 46.7),
}  # fmt: skip
"""A point for each postal area of the feed."""

NODES = {"BHM": "BHM", "GLA": "GLA", "LON": "LON", "VEN": "NL1"}
"""Node and the area it stands in: own house in Birmingham, third parties in Glasgow, London and Venlo."""
KM = (120, 300, 600, 1200, 2500, 6000)
"""Ends of zones 1 to 6; zone 7 is farther. Across the British border it is one zone more."""
BREAKS_G = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 30_000)
SERVICES = {"post:standard": (210, 70, 16, 7), "courier:express": (390, 120, 20, 9)}
"""Pence: for a parcel, for each zone, for each kg, for each kg and zone."""
WEEK = dt.timedelta(days=7)
OPENING_WEEKS = 4
SLOW_A_WEEK = 24
"""Units a week below which an item is kept in one place."""


def kilometres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance (haversine, radius 6371 km)."""
    (p, q), (r, s) = (map(radians, a), map(radians, b))
    return 12_742 * asin(sqrt(sin((r - p) / 2) ** 2 + cos(p) * cos(r) * sin((s - q) / 2) ** 2))


def zone(origin: str, destination: str) -> int:
    away = kilometres(PLACES[origin], PLACES[destination])
    abroad = ("1" in origin) != ("1" in destination)
    return 1 + sum(away > end for end in KM) + abroad


def nearest(area: str) -> list[str]:
    """Nodes from the nearest to the farthest of a customer, by zone and then by distance."""
    return sorted(NODES, key=lambda n: (zone(NODES[n], area), kilometres(PLACES[NODES[n]], PLACES[area])))


def network(lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Every table of the network except stock, in the shapes of the dictionary (defaults left out)."""
    day = dt.date(2010, 1, 1)
    price = lines.group_by("sku").agg(pl.col("price_cents").median().round().cast(pl.Int64)).sort("sku")
    weight = (60 + 0.9 * pl.col("price_cents")).round().cast(pl.Int64).clip(60, 6_000)
    zones = [(NODES[n], area, zone(NODES[n], area)) for n in NODES for area in PLACES]
    top = max(z for _, _, z in zones)
    rates = [
        (service, day, z, grams, base + per_zone * z + round((kg + kg_zone * z) * grams / 1000))
        for service, (base, per_zone, kg, kg_zone) in SERVICES.items()
        for z in range(1, top + 1)
        for grams in BREAKS_G
    ]
    return {
        "nodes": pl.DataFrame(
            {
                "node": list(NODES),
                "kind": ["own", "3pl", "3pl", "3pl"],
                "postal_code": list(NODES.values()),
                "country": ["GB", "GB", "GB", "NL"],
                "timezone": ["Europe/London", "Europe/London", "Europe/London", "Europe/Amsterdam"],
                "working_days": "123456",
                "cutoff": "16:00",
                "pick_order_cents": [90, 150, 160, 140],
                "pick_unit_cents": [6, 11, 12, 10],
            }
        ),
        "items": price.select(
            "sku",
            weight_g=weight,
            unit_cost_cents=pl.col("price_cents") // 2,
            price_cents="price_cents",
        ),
        "rate_cards": pl.DataFrame(
            {"service": list(SERVICES), "valid_from": day, "max_weight_g": BREAKS_G[-1], "fuel_bp": 850}
        ),
        "rates": pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        "surcharges": pl.DataFrame(
            {
                "service": list(SERVICES),
                "valid_from": day,
                "surcharge": "heavy",
                "applies": "weight_over",
                "above": 20_000,
                "cents": [250, 400],
            }
        ),
        "zones": pl.DataFrame(zones, schema=["origin_zip3", "destination_zip3", "zone"], orient="row").unique(
            ["origin_zip3", "destination_zip3"], maintain_order=True
        ),
    }


class Supply:
    """What each node gets. The file holds only what was sold, so the shop had it; where it lay is what history says.

    Opening: four weeks of an item's recent sales. Each Monday the network receives what the week will sell. Both are
    placed by the item's past sales by nearest node, items that sell slowly in Birmingham alone: so total supply is enough
    and only places are wrong. Without receipts there is the opening stock and no more.
    """

    def __init__(self, history: pl.DataFrame, replayed: pl.DataFrame, opens: dt.datetime) -> None:
        self.opens = opens
        near = {area: nearest(area)[0] for area in PLACES}
        sold = history.with_columns(node=pl.col("postal_code").replace_strict(near))
        self._share = {
            sku: units / units.sum()
            for sku, units in _by_sku(sold.group_by("sku", "node").agg(pl.col("units").sum())).items()
        }
        everything = sold.group_by("node").agg(pl.col("units").sum()).with_columns(sku=pl.lit("*"))
        units = _by_sku(everything)["*"]
        self._usual = units / units.sum()
        recent = history.filter(pl.col("placed_at") >= opens - 8 * WEEK)
        self._weekly = dict(recent.group_by("sku").agg(pl.col("units").sum() / 8).iter_rows())
        week = (pl.col("placed_at") - opens).dt.total_seconds() // int(WEEK.total_seconds())
        sums = replayed.group_by("sku", week=week).agg(pl.col("units").sum()).sort("week", "sku")
        self._sums: dict[int, list[tuple[str, int]]] = {}
        for sku, number, wanted in sums.iter_rows():
            self._sums.setdefault(int(number), []).append((sku, int(wanted)))

    def opening(self) -> pl.DataFrame:
        rows = [
            (sku, node, n)
            for sku, mean in sorted(self._weekly.items())
            for node, n in self._placed(sku, round(OPENING_WEEKS * mean))
        ]
        frame = pl.DataFrame(rows, schema={"sku": pl.String, "node": pl.String, "on_hand": pl.Int64}, orient="row")
        return frame.with_columns(observed_at=pl.lit(self.opens, dtype=pl.Datetime("us", "UTC")))

    def week_of(self, moment: dt.datetime) -> int:
        return (moment - self.opens) // WEEK

    def receipts(self, week: int) -> Iterator[tuple[str, str, int]]:
        """Item, node and units that arrive on the first morning of the week."""
        for sku, units in self._sums.get(week, []):
            yield from ((sku, node, n) for node, n in self._placed(sku, units))

    def movements(self, week: int) -> list[Movement]:
        at = self.opens + week * WEEK
        return [
            Movement(
                MovementId(f"receipt:{week}:{sku}:{node}"),
                Units(n),
                Account(Sku(sku), NodeId(node), Bucket.OUTSIDE, cause=Cause.SUPPLIER),
                Account(Sku(sku), NodeId(node), Bucket.AVAILABLE),
                at,
                f"receipt of week {week}",
            )
            for sku, node, n in self.receipts(week)
        ]

    def _placed(self, sku: str, units: int) -> Iterator[tuple[str, int]]:
        """Whole units by share; the cuts are rounded, so they add up to the units."""
        slow = self._weekly.get(sku, 0.0) < SLOW_A_WEEK
        share = np.eye(len(NODES))[0] if slow else self._share.get(sku, self._usual)
        ends = np.rint(np.concatenate([[0.0], np.cumsum(share)]) * units).astype(int)
        return ((node, int(b - a)) for node, (a, b) in zip(NODES, pairwise(ends), strict=True) if b > a)


def _by_sku(frame: pl.DataFrame) -> dict[str, np.ndarray]:
    """Units by node, in the order of `NODES`, by item."""
    place = {node: i for i, node in enumerate(NODES)}
    found: dict[str, np.ndarray] = {}
    for sku, node, units in frame.select("sku", "node", "units").iter_rows():
        found.setdefault(sku, np.zeros(len(NODES)))[place[node]] += units
    return found
