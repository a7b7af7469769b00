"""What carriage costs and how long it takes in the made-up brand's country: rate cards, transit times, pallet lanes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock.freight.distance import haversine_miles
from evenstock.simulation.sites import MCF_SERVICE, Site
from evenstock.tables import Surcharges

LB_G: Final = 453.59237
BREAKS_LB: Final = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 25, 30, 40, 50, 70, 100, 150)
"""Weight breaks; the last is the heaviest parcel."""
ZONES: Final = tuple(range(1, 9))


@dataclass(frozen=True, slots=True)
class Service:
    """A parcel service. A pound to zone z costs base + step (z - 2) + pounds (pound + pound_step (z - 2)), in cents."""

    name: str
    zones: tuple[int, ...]
    base: float
    step: float
    pound: float
    pound_step: float
    dim_divisor: int
    minimum_cents: int
    fuel_bp: int
    residential_cents: int
    heavy_cents: int
    """Additional handling above 50 lb."""
    long_cents: int
    """Additional handling above 48 inches."""
    transit: dict[int, tuple[int, tuple[float, ...]]]
    """By zone: the fewest days, and the probabilities of these and the following days."""
    expired_days: int | None = None
    """Days since the card ran out; None while it is open."""


_DIM: Final = 5022
"""139 cubic inches a pound in cubic millimetres a gram."""
_ON_TIME: Final = (0.82, 0.12, 0.04, 0.02)
_GROUND_DAYS: Final = {1: 1, 2: 1, 3: 2, 4: 3, 5: 3, 6: 4, 7: 5, 8: 5}

SERVICES: Final = (
    Service(
        "northline:ground", ZONES, 690, 38, 22, 7.5, _DIM, 790, 1550, 320, 1450, 1650,
        {z: (days, _ON_TIME) for z, days in _GROUND_DAYS.items()},
    ),
    Service(
        "northline:two_day", ZONES, 1290, 150, 85, 31, _DIM, 1490, 1800, 320, 1450, 1650,
        {z: (1 if z <= 2 else 2, (0.93, 0.05, 0.02)) for z in ZONES},
    ),
    Service(
        "regional:ground", (1, 2, 3, 4), 560, 35, 19, 7, _DIM, 610, 1100, 190, 1200, 1400,
        {z: (1 if z <= 3 else 2, (0.78, 0.15, 0.05, 0.02)) for z in (1, 2, 3, 4)},
        expired_days=40,
    ),
    Service(
        MCF_SERVICE, ZONES, 735, 0, 58, 0, _DIM, 735, 0, 0, 0, 0,
        dict.fromkeys(ZONES, (2, (0.35, 0.42, 0.16, 0.05, 0.02))),
    ),
)  # fmt: skip
"""Two of a national carrier, one of a regional carrier whose card ran out, and Amazon's, whose fee does not know distance."""


def freight_frames(services: tuple[str, ...], as_of: date) -> dict[str, pl.DataFrame]:
    """`rate_cards`, `rates`, `surcharges` and `transit` of the services named."""
    offered = [s for s in SERVICES if s.name in services]
    opened = date(as_of.year, 1, 1) - timedelta(days=7)
    last_year = opened - timedelta(days=364)
    cards, rates, surcharges, transit = [], [], [], []
    for s in offered:
        valid_to = None if s.expired_days is None else as_of - timedelta(days=s.expired_days)
        # The card of last year stays: what was priced by it is explained by it.
        begun = min(opened, valid_to - timedelta(days=180)) if valid_to else opened
        for valid_from, until, level in ((last_year, begun - timedelta(days=1), 0.945), (begun, valid_to, 1.0)):
            cards.append(
                {
                    "service": s.name,
                    "valid_from": valid_from,
                    "valid_to": until,
                    "dim_divisor_mm3_per_g": s.dim_divisor,
                    "minimum_cents": round(s.minimum_cents * level),
                    "fuel_bp": s.fuel_bp,
                    "max_weight_g": int(BREAKS_LB[-1] * LB_G),
                }
            )
            rates += _rates(s, valid_from, level)
            surcharges += _surcharges(s, valid_from)
        transit += _transit(s)
    return {
        "rate_cards": pl.DataFrame(cards, schema_overrides={"valid_to": pl.Date}, infer_schema_length=None),
        "rates": pl.DataFrame(rates),
        "surcharges": pl.DataFrame(surcharges, schema=_SURCHARGES),
        "transit": pl.DataFrame(transit),
    }


_SURCHARGES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "service": pl.String,
    "valid_from": pl.Date,
    "surcharge": pl.String,
    "applies": Surcharges.columns()["applies"].dtype,
    "above": pl.Int64,
    "cents": pl.Int64,
}


def _rates(s: Service, valid_from: date, level: float) -> list[dict[str, object]]:
    return [
        {
            "service": s.name,
            "valid_from": valid_from,
            "zone": zone,
            "max_weight_g": int(pounds * LB_G),
            "cents": round(level * (s.base + s.step * far + pounds * (s.pound + s.pound_step * far))),
        }
        for zone in s.zones
        for far in (max(zone - 2, 0),)
        for pounds in BREAKS_LB
    ]


def _surcharges(s: Service, valid_from: date) -> list[dict[str, object]]:
    named = (
        ("residential", "residential", 0, s.residential_cents),
        ("additional handling: weight", "weight_over", int(50 * LB_G), s.heavy_cents),
        ("additional handling: length", "longest_over", 1219, s.long_cents),
    )
    return [
        {
            "service": s.name,
            "valid_from": valid_from,
            "surcharge": name,
            "applies": applies,
            "above": above,
            "cents": cents,
        }
        for name, applies, above, cents in named
        if cents
    ]


def _transit(s: Service) -> list[dict[str, object]]:
    return [
        {"service": s.name, "zone": zone, "days": fewest + k, "probability": share}
        for zone, (fewest, shares) in s.transit.items()
        for k, share in enumerate(shares)
    ]


@dataclass(frozen=True, slots=True)
class Trucking:
    """What a pallet on a shared truck costs, in cents, and how long it takes."""

    departure: float = 7_500
    departure_mile: float = 4.0
    pallet: float = 4_200
    pallet_mile: float = 5.0
    miles_per_day: float = 500.0
    dock_days: int = 1
    """Unloading and putting away, until it can be sold."""
    amazon_unit_cents: int = 18
    """Labelling and preparing a unit for Amazon."""
    amazon_days: int = 4
    """Amazon's receiving takes longer."""
    removal_unit_cents: int = 75
    """What Amazon asks for giving a unit back."""
    removal_days: int = 7


def lanes_frame(sites: tuple[Site, ...], trucking: Trucking) -> pl.DataFrame:
    """`tables.Lanes`: less than truckload between every two nodes, on weekdays of the origin."""
    rows = []
    for a in sites:
        for b in sites:
            if a.node == b.node:
                continue
            miles = float(haversine_miles(a.latitude, a.longitude, b.latitude, b.longitude))
            to_amazon, from_amazon = b.kind == "mcf", a.kind == "mcf"
            rows.append(
                {
                    "origin": a.node,
                    "destination": b.node,
                    "mode": "ltl",
                    "fixed_cents": round(trucking.departure + trucking.departure_mile * miles),
                    "pallet_cents": round(trucking.pallet + trucking.pallet_mile * miles),
                    "unit_cents": trucking.amazon_unit_cents * to_amazon + trucking.removal_unit_cents * from_amazon,
                    "lead_days": int(np.ceil(miles / trucking.miles_per_day))
                    + trucking.dock_days
                    + trucking.amazon_days * to_amazon
                    + trucking.removal_days * from_amazon,
                    "dispatch_days": "12345",
                }
            )
    return pl.DataFrame(rows, schema_overrides={"mode": pl.Enum(["parcel", "ltl", "ftl"])})
