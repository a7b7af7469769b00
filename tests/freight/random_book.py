"""Rate books with every kind of term that a carrier may think of, for tests that hold for any of them."""

from datetime import date

import numpy as np
import polars as pl

from evenstock.freight.bulk import Bulk
from evenstock.freight.rates import RateBook
from evenstock.freight.surcharge import BULKY

BEGAN, MIDDLE, ENDS = date(2026, 1, 1), date(2026, 7, 1), date(2026, 12, 31)
ORIGIN = "07001"
DESTINATIONS = ["10001", "10002", "19101", "60601", "60699"]
"""Zones 2, 2, 3, 4 and 4; the second and the last two are in lists of delivery areas."""
THRESHOLD = {"weight_over": 4_000, "longest_over": 900, "second_longest_over": 500, "girth_over": 2_000}
THRESHOLD |= {"volume_over": 40_000_000}


def random_book(rng, services=3, surcharges=6):
    """Cards of several currencies, with discounts, minimum, fuel by rule, surcharges of all kinds, corrections."""
    cards, rates, charges, tiers, taught = [], [], [], [], []
    for n in range(services):
        name, heaviest = f"c:{n}", int(rng.choice([6_000, 20_000]))
        for begins in (BEGAN, MIDDLE)[: int(rng.integers(1, 3))]:
            cards.append(
                {
                    "service": name,
                    "valid_from": begins,
                    "dim_divisor_mm3_per_g": int(rng.choice([0, 5_022, 5_998])),
                    "dim_above_mm3": int(rng.choice([0, 28_316_847])),
                    "minimum_cents": int(rng.choice([0, 700])),
                    "fuel_bp": int(rng.integers(0, 2_500)),
                    "fuel_rule": str(rng.choice(["", "ground"])),
                    "max_weight_g": heaviest,
                    "currency": str(rng.choice(["USD", "USD", "CAD"])),
                    "weekly_spend_cents": int(rng.choice([0, 500_000])),
                }
            )
            ends = sorted({*rng.integers(200, heaviest, 5).tolist(), heaviest + int(rng.integers(0, 900))})
            for zone in (2, 3, 4):
                cents = 500 + 90 * zone + np.cumsum(rng.integers(-20, 200, len(ends)))
                rates += [(name, begins, zone, end, int(max(c, 1))) for end, c in zip(ends, cents, strict=True)]
            several = range(int(rng.integers(0, surcharges + 1)))
            charges += [{"service": name, "valid_from": begins, "surcharge": f"s{k}"} | _terms(rng) for k in several]
            for zone, above, spend in ((0, 0, 0), (0, 3_000, 0), (4, 0, 0), (0, 1_000, 400_000)):
                if rng.random() < 0.4:
                    tiers.append((name, begins, zone, above, spend, int(rng.integers(0, 6_000))))
        for charge in ("base", "fuel", "s0", "s1"):
            if rng.random() < 0.3:
                last = date(2026, int(rng.integers(3, 13)), 15)
                taught.append((name, charge, BEGAN, last, int(rng.integers(-30, 60)), int(rng.integers(-400, 900))))
    return RateBook.from_frames(
        rate_cards=pl.DataFrame(cards),
        rates=pl.DataFrame(rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"),
        surcharges=pl.DataFrame(charges, schema_overrides={"first_day": pl.Date, "last_day": pl.Date})
        if charges
        else None,
        discounts=pl.DataFrame(
            tiers,
            schema=["service", "valid_from", "zone", "above_g", "spend_above_cents", "discount_bp"],
            orient="row",
        )
        if tiers
        else None,
        rate_corrections=pl.DataFrame(
            taught, schema=["service", "charge", "valid_from", "valid_to", "cents", "share_bp"], orient="row"
        )
        if taught
        else None,
        zones=pl.DataFrame(
            {
                "origin_zip3": ["070"] * 3 + ["900"] * 3,
                "destination_zip3": ["100", "191", "606"] * 2,
                "zone": [2, 3, 4, 4, 2, 3],
            }
        ),
        delivery_areas=pl.DataFrame(
            {"area_list": ["remote", "remote", "extended"], "postal_code": ["10002", "606", "60699"]}
        ),
        exchange_rates=pl.DataFrame({"currency": ["CAD"] * 2, "date": [BEGAN, MIDDLE], "micros": [730_500, 741_234]}),
        fuel_rules=pl.DataFrame(
            {"rule": ["ground"], "fuel_index": ["diesel"], "lag_days": [14], "fuel_table": ["ground"]}
        ),
        fuel_tables=pl.DataFrame(
            {
                "fuel_table": ["ground"] * 2,
                "valid_from": [BEGAN] * 2,
                "at_least_mills": [3_000, 3_500],
                "fuel_bp": [1_450, 1_825],
            }
        ),
        fuel_index=pl.DataFrame(
            {
                "fuel_index": ["diesel"] * 2,
                "region": ["US"] * 2,
                "date": [date(2025, 12, 15), MIDDLE],
                "mills": [3_499, 3_496],
            }
        ),
    )


def _terms(rng):
    """One surcharge of any kind."""
    kind = str(rng.choice(["always", "residential", "weight_over", "delivery_area", *BULKY]))
    window = (date(2026, 3, 1), date(2026, 10, 31)) if rng.random() < 0.2 else (None, None)
    return {
        "applies": kind,
        "above": int(THRESHOLD.get(kind, 0) * rng.choice([0.5, 1, 1])),
        "cents": int(rng.choice([0, 100, 100, 250, 1_700])),
        "share_bp": int(rng.choice([0, 0, 0, 1_234])),
        "area_list": str(rng.choice(["remote", "extended"])) if kind == "delivery_area" else "",
        "homes": "any" if kind == "residential" else str(rng.choice(["any", "any", "residential", "commercial"])),
        "first_day": window[0],
        "last_day": window[1],
        "fuel_applies": bool(rng.random() < 0.4),
        "dearest_of": str(rng.choice(["", "", "handling", "area"])),
    }


def random_parcel(rng):
    """Destination, weight, volume, whether a home, day, and sides of the largest unit; often just at a threshold."""
    goods = Bulk(
        int(rng.choice([100, 450, 900, 901, 1_500])),
        int(rng.choice([0, 250, 251, 500, 501])),
        int(rng.choice([0, 1_000, 1_001, 2_000, 2_001])),
        int(rng.choice([0, 20_000_001, 40_000_000, 40_000_001])),
        bool(rng.random() < 0.3),
    )
    weight = int(rng.choice([0, 1_000, 2_000, 2_001, 3_000, 3_001, 4_000, 4_001, rng.integers(0, 50_000)]))
    volume = int(rng.choice([0, 28_316_847, 28_316_848, rng.integers(0, 200_000_000)]))
    day = date(2026, int(rng.integers(1, 13)), int(rng.integers(1, 28)))
    return str(rng.choice(DESTINATIONS)), weight, volume, bool(rng.random() < 0.5), day, goods
