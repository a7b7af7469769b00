from datetime import date

import polars as pl
import pytest

JAN, JUL = date(2026, 1, 1), date(2026, 7, 6)


def frames():
    """UPS Ground from Secaucus (070) to zones 2 and 4, one card in January and one in July."""
    return {
        "rate_cards": pl.DataFrame(
            {
                "service": ["ups:ground", "ups:ground"],
                "valid_from": [JAN, JUL],
                "valid_to": [date(2026, 7, 5), date(2026, 12, 31)],
                "dim_divisor_mm3_per_g": [5022, 5022],
                "minimum_cents": [950, 1000],
                "fuel_bp": [1850, 2000],
                "max_weight_g": [9_000, 9_000],
            }
        ),
        "rates": pl.DataFrame(
            [
                ("ups:ground", JAN, 2, 500, 900),
                ("ups:ground", JAN, 2, 1000, 1_000),
                ("ups:ground", JAN, 2, 10_000, 1_600),
                ("ups:ground", JAN, 3, 10_000, 1_800),
                ("ups:ground", JAN, 4, 500, 1_000),
                ("ups:ground", JAN, 4, 1000, 1_100),
                ("ups:ground", JAN, 4, 10_000, 2_000),
                ("ups:ground", JUL, 2, 10_000, 1_700),
                ("ups:ground", JUL, 3, 10_000, 1_900),
                ("ups:ground", JUL, 4, 10_000, 2_100),
            ],
            schema=["service", "valid_from", "zone", "max_weight_g", "cents"],
            orient="row",
        ),
        "surcharges": pl.DataFrame(
            [
                ("ups:ground", JAN, "residential", "residential", 0, 595),
                ("ups:ground", JAN, "delivery_area", "always", 0, 25),
                ("ups:ground", JAN, "additional_handling", "longest_over", 1219, 1_700),
                ("ups:ground", JAN, "heavy", "weight_over", 5_000, 800),
            ],
            schema=["service", "valid_from", "surcharge", "applies", "above", "cents"],
            orient="row",
        ),
        "zones": pl.DataFrame({"origin_zip3": ["070", "070"], "destination_zip3": ["100", "606"], "zone": [2, 4]}),
        "places": pl.DataFrame(
            {"zip3": ["070", "191", "902"], "latitude": [40.8, 39.95, 34.0], "longitude": [-74.1, -75.15, -118.2]}
        ),
        "transit": pl.DataFrame(
            {"service": ["ups:ground"] * 3, "zone": [4] * 3, "days": [2, 3, 5], "probability": [0.7, 0.2, 0.1]}
        ),
    }


@pytest.fixture
def rate_frames():
    return frames()
