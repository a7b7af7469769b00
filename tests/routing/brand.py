"""A made-up brand of eight nodes that tests and benchmarks route orders for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl

from evenstock import policy
from evenstock.domain import (
    Cents,
    Costs,
    Grams,
    Item,
    LineId,
    Millimetres,
    Node,
    NodeId,
    NodeKind,
    Order,
    OrderId,
    OrderLine,
    Policy,
    Promise,
    ShipTo,
    Sku,
    Units,
)
from evenstock.freight.rates import RateBook
from evenstock.policy import CompiledPolicy
from evenstock.routing.network import ShippingNetwork

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
"""A Friday, before the cut-off of every node."""
NODES = {
    "CA": ("90001", "America/Los_Angeles", 34.0, -118.2),
    "GA": ("30301", "America/New_York", 33.7, -84.4),
    "IL": ("60601", "America/Chicago", 41.9, -87.6),
    "NJ": ("07001", "America/New_York", 40.6, -74.3),
    "NV": ("89101", "America/Los_Angeles", 36.2, -115.1),
    "PA": ("17101", "America/New_York", 40.3, -76.9),
    "TX": ("75201", "America/Chicago", 32.8, -96.8),
    "WA": ("98101", "America/Los_Angeles", 47.6, -122.3),
}
PLACES = {
    "021": (42.4, -71.1),
    "100": (40.7, -74.0),
    "331": (25.8, -80.2),
    "402": (38.2, -85.7),
    "554": (45.0, -93.3),
    "641": (39.1, -94.6),
    "787": (30.3, -97.7),
    "802": (39.7, -105.0),
    "852": (33.4, -112.0),
    "941": (37.8, -122.4),
}
SERVICES = {
    # service: cents at the lightest break in zone 2, per zone, per break, fuel, divisor, heaviest, first day, spread
    "ups:ground": (780, 55, 42, 1_825, 5_022, 68_000, 1),
    "ups:two_day": (1_450, 160, 130, 1_825, 5_022, 68_000, 0),
    "usps:advantage": (560, 48, 58, 0, 6_000, 31_500, 2),
}


def nodes(count: int = 8, **changes: Any) -> list[Node]:
    return [
        Node(
            NodeId(name),
            NodeKind.OWN,
            postal,
            zone,
            latitude=lat,
            longitude=lon,
            cutoff=time(14, 0),
            pick_order_cents=Cents(180 + 10 * k),
            pick_unit_cents=Cents(25 + 5 * k),
            **changes,
        )
        for k, (name, (postal, zone, lat, lon)) in enumerate(list(NODES.items())[:count])
    ]


def items(count: int = 60, seed: int = 1) -> dict[Sku, Item]:
    rng = np.random.default_rng(seed)
    return {
        Sku(f"SKU-{n:03d}"): Item(
            Sku(f"SKU-{n:03d}"),
            Grams(int(rng.lognormal(6.3, 0.9))),
            *(Millimetres(int(side)) for side in np.sort(rng.integers(40, 420, 3))[::-1]),
            unit_cost_cents=Cents(int(rng.integers(300, 3_000))),
            price_cents=Cents(int(rng.integers(900, 9_000))),
        )
        for n in range(count)
    }


def frames(on: date = date(2026, 1, 5)) -> dict[str, pl.DataFrame]:
    """Rate cards with thirty breaks, minimum, fuel, dimensional weight and every kind of surcharge."""
    ends = [450 * n for n in range(1, 21)] + [9_000 + 3_000 * n for n in range(1, 8)]
    cards, rates, surcharges, transit = [], [], [], []
    for name, (low, per_zone, per_break, fuel, divisor, heaviest, first) in SERVICES.items():
        cards.append(
            {"service": name, "valid_from": on, "dim_divisor_mm3_per_g": divisor, "minimum_cents": low + 40, "fuel_bp": fuel,
             "max_weight_g": heaviest}
        )  # fmt: skip
        for zone in range(1, 9):
            rates += [
                {"service": name, "valid_from": on, "zone": zone, "max_weight_g": g, "cents": low + per_zone * zone + per_break * n}
                for n, g in enumerate([*ends, heaviest])
                if g <= heaviest
            ]  # fmt: skip
            late = 0.02 * zone
            days = first + (zone if first else 0) // 2
            transit += [
                {"service": name, "zone": zone, "days": days + d, "probability": p}
                for d, p in ((1, 0.8 - late), (2, 0.15), (4, 0.05 + late))
            ]
        surcharges += [
            {"service": name, "valid_from": on, "surcharge": kind, "applies": kind, "above": above, "cents": cents}
            for kind, above, cents in (
                ("residential", 0, 310),
                ("weight_over", 22_000, 2_450),
                ("longest_over", 400, 1_650),
            )
        ]
    where = PLACES | {postal[:3]: (lat, lon) for postal, _, lat, lon in NODES.values()}
    places = [{"zip3": zip3, "latitude": lat, "longitude": lon} for zip3, (lat, lon) in where.items()]
    return {
        "rate_cards": pl.DataFrame(cards),
        "rates": pl.DataFrame(rates),
        "surcharges": pl.DataFrame(surcharges),
        "places": pl.DataFrame(places),
        "transit": pl.DataFrame(transit),
    }


def network(count: int = 8, **changes: Any) -> ShippingNetwork:
    return ShippingNetwork(nodes(count, **changes), items(), RateBook.from_frames(**frames()), Costs(), "sha256:test")


def capped(ceilings: Mapping[str, int], count: int = 8, **changes: Any) -> ShippingNetwork:
    """The network with so many shipments a day by each of these services."""
    given = frames()
    most = pl.Series("shipments_per_day", [ceilings.get(s) for s in given["rate_cards"]["service"]], pl.Int64)
    book = RateBook.from_frames(**(given | {"rate_cards": given["rate_cards"].with_columns(most)}))
    return ShippingNetwork(nodes(count, **changes), items(), book, Costs(), "sha256:test")


def compiled(shipping: ShippingNetwork, rules: Policy | None = None) -> CompiledPolicy:
    return policy.compile(
        rules or policy.default_policy(),
        {node.id: node for node in shipping.nodes},
        shipping.items,
        shipping.book.services,
    )


def order(*wanted: tuple[str, int], name: str = "A-1", zip3: str = "787", promised_days: int | None = None) -> Order:
    """An order of (sku, units) lines."""
    return Order(
        OrderId(name),
        tuple(OrderLine(LineId(str(n)), Sku(sku), Units(q), Cents(2_500)) for n, (sku, q) in enumerate(wanted, 1)),
        ShipTo(f"{zip3}01"),
        NOW,
        None if promised_days is None else Promise(NOW.date() + timedelta(days=promised_days)),
    )


def random_order(rng: np.random.Generator, lines: int = 4, name: str = "A-1") -> Order:
    skus = rng.choice(60, lines, replace=False)
    return order(
        *((f"SKU-{n:03d}", int(rng.integers(1, 4))) for n in skus),
        name=name,
        zip3=str(rng.choice(list(PLACES))),
        promised_days=int(rng.integers(3, 8)) if rng.random() < 0.7 else None,
    )


def random_stock(rng: np.random.Generator, shipping: ShippingNetwork, of: Order) -> dict[tuple[Sku, NodeId], int]:
    """Every node has each item with three chances in four."""
    return {
        (line.sku, node.id): int(rng.integers(1, 9))
        for line in of.lines
        for node in shipping.nodes
        if rng.random() < 0.75
    }
