"""Every freight table of a network reaches its rate book, as files bring them."""

from datetime import date

import polars as pl

from evenstock import tables
from evenstock.operations.network import RATE_TABLES, rates_from_frames

JAN, MAY = date(2026, 1, 5), date(2026, 5, 4)
SERVICE = {"service": "purolator:ground", "valid_from": JAN}
ROWS = {
    "rate_cards": SERVICE
    | {"fuel_rule": "ground", "currency": "CAD", "weekly_spend_cents": 1, "dim_divisor_mm3_per_g": 5_000, "dim_above_mm3": 10**7},
    "rates": SERVICE | {"zone": 2, "max_weight_g": 30_000, "cents": 2_000},
    "surcharges": SERVICE | {"surcharge": "beyond", "applies": "delivery_area", "area_list": "beyond", "cents": 300, "fuel_applies": True},
    "zones": {"origin_zip3": "M5V", "destination_zip3": "V5K", "zone": 2},
    "places": {"zip3": "M5V", "latitude": 43.6, "longitude": -79.4},
    "transit": {"service": "purolator:ground", "zone": 2, "days": 3, "probability": 1.0},
    "discounts": SERVICE | {"discount_bp": 5_000, "zone": 0, "above_g": 0, "spend_above_cents": 0},
    "delivery_areas": {"area_list": "beyond", "postal_code": "V5K"},
    "fuel_rules": {"rule": "ground", "fuel_index": "diesel", "lag_days": 14, "fuel_table": "ground"},
    "fuel_tables": {"fuel_table": "ground", "valid_from": JAN, "at_least_mills": 3_000, "fuel_bp": 2_000},
    "fuel_index": {"fuel_index": "diesel", "region": "US", "date": date(2026, 4, 20), "mills": 3_500},
    "fuel_overrides": {"rule": "ground", "valid_from": MAY, "fuel_bp": 1_000},
    "exchange_rates": {"currency": "CAD", "date": date(2026, 5, 1), "micros": 800_000},
    "rate_corrections": SERVICE | {"charge": "beyond", "valid_to": MAY, "cents": 7, "share_bp": 0},
}  # fmt: skip


def test_a_row_of_each_table_shows_in_the_price() -> None:
    assert set(ROWS) >= set(RATE_TABLES) - {"carrier_limits"}
    frames = {name: pl.DataFrame([row]) for name, row in ROWS.items()}
    assert all(name in tables.INPUT for name in frames)
    book = rates_from_frames(frames)
    assert book is not None
    quote = book.quote("purolator:ground", "M5V 2T6", "v5k 0a1", 1_000, 10**7, 300, True, MAY)
    assert quote is not None
    # CA$ 20.00 less half are 8.00 of ours at 0.80, and 3.00 are 2.40. Posted fuel 10 %: 0.80 + 0.24. 0.07 taught: 0.06.
    assert {term.name: term.cents for term in quote.terms} == {
        "base": 800,
        "fuel": 80 + 24,
        "beyond": 240,
        "correction: beyond": 6,
    }
    assert (quote.billable_g, quote.stale) == (1_000, "")  # 10 dm3 do not bill yet
    larger = book.quote("purolator:ground", "M5V 2T6", "V5K", 1_000, 10**7 + 1, 300, True, date(2026, 5, 5))
    assert larger is not None
    assert larger.billable_g == 2_001
    assert "correction: beyond" not in {term.name for term in larger.terms}
