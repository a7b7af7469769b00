"""The made-up brand's docks: its own DC, two third parties, Amazon's fulfilment, and two more to grow into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import polars as pl

MCF_SERVICE: Final = "mcf:standard"


@dataclass(frozen=True, slots=True)
class Site:
    """A node as the brand knows it. Money in cents, ceiling as a share of the brand's usual orders a day."""

    node: str
    kind: str
    postal_code: str
    latitude: float
    longitude: float
    timezone: str
    cutoff: str
    working_days: str
    ceiling_share: float | None
    pick_order_cents: int
    pick_unit_cents: int
    receive_unit_cents: int
    certifications: tuple[str, ...]
    pool: str
    services: tuple[str, ...]
    count_age_hours: float
    """Usual age of a count when the day begins: an own system reports at once, a third party once a day or later."""


_PARCEL: Final = ("northline:ground", "northline:two_day", "regional:ground")

SITES: Final = (
    Site(
        "TX-DC", "own", "75236", 32.7, -96.9, "America/Chicago", "15:00", "123456", 0.70, 95, 28, 12,
        ("cold", "hazmat"), "own", _PARCEL, 0.2,
    ),
    Site(
        "PA-3PL", "3pl", "18031", 40.5, -75.6, "America/New_York", "14:00", "12345", 0.60, 210, 45, 25,
        ("hazmat",), "own", _PARCEL, 4.0,
    ),
    Site(
        "CA-3PL", "3pl", "91761", 34.0, -117.6, "America/Los_Angeles", "13:00", "12345", 0.60, 230, 50, 28,
        ("cold",), "own", _PARCEL, 20.0,
    ),
    Site(
        "IN-MCF", "mcf", "46168", 39.7, -86.4, "America/Indiana/Indianapolis", "12:00", "1234567", None, 0, 0, 30,
        (), "mcf", (MCF_SERVICE,), 1.0,
    ),
    Site(
        "GA-3PL", "3pl", "30336", 33.7, -84.6, "America/New_York", "14:00", "12345", 0.50, 205, 44, 24,
        ("hazmat",), "own", _PARCEL, 6.0,
    ),
    Site(
        "NV-3PL", "3pl", "89506", 39.6, -119.9, "America/Los_Angeles", "14:00", "12345", 0.45, 215, 46, 24,
        (), "own", _PARCEL, 9.0,
    ),
)  # fmt: skip
"""In the order in which the brand opened them; a network of k nodes has the first k."""


def nodes_frame(sites: tuple[Site, ...], orders_per_day: int) -> pl.DataFrame:
    """`tables.Nodes` of these sites; ceilings scale with the brand's usual orders a day."""
    return pl.DataFrame(
        [
            {
                "node": s.node,
                "kind": s.kind,
                "postal_code": s.postal_code,
                "country": "US",
                "latitude": s.latitude,
                "longitude": s.longitude,
                "timezone": s.timezone,
                "cutoff": s.cutoff,
                "working_days": s.working_days,
                "holidays": "",
                "orders_per_day": None if s.ceiling_share is None else max(1, round(s.ceiling_share * orders_per_day)),
                "pick_order_cents": s.pick_order_cents,
                "pick_unit_cents": s.pick_unit_cents,
                "receive_unit_cents": s.receive_unit_cents,
                "certifications": ";".join(s.certifications),
                "pool": s.pool,
                "services": ";".join(s.services),
                "active": True,
            }
            for s in sites
        ]
    )
