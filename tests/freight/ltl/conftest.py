from datetime import date

import polars as pl
import pytest

from evenstock.freight.ltl.synthetic import synthetic_tariff

JANUARY, JULY = date(2026, 1, 5), date(2026, 7, 6)
PLACES = {"070": (40.79, -74.06), "606": (41.88, -87.63), "902": (34.09, -118.40)}
"""Secaucus, Chicago, Beverly Hills."""


def flat_tariff(*, classes=("50", "100"), breaks=((0, 10_000), (500, 8_000), (1_000, 6_000)), name="flat"):
    """One lane, 070 to 606: class 100 at 100.00, 80.00 and 60.00 a hundredweight, class 50 at half of it."""
    rows = [
        (name, JANUARY, "070", "606", freight_class, least, int(cents * float(freight_class) / 100))
        for freight_class in classes
        for least, cents in breaks
    ]
    return pl.DataFrame(
        rows,
        schema=["tariff", "valid_from", "origin_zip3", "destination_zip3", "freight_class", "at_least_lb", "cents_cwt"],
        orient="row",
    )


def contract(**terms):
    row = {"service": "saia:ltl", "valid_from": JANUARY, "tariff": "flat"} | terms
    return pl.DataFrame([row])


@pytest.fixture
def places():
    return PLACES


@pytest.fixture(scope="session")
def synthetic():
    return synthetic_tariff(PLACES, tariff="synthetic", valid_from=JANUARY, seed=7)
