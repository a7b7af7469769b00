"""A return is decided from the prices in the books, and nothing is written."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from evenstock.domain import Cents, LineId, NodeId, Price, Sku, Units
from evenstock.operations.company import Company
from evenstock.operations.import_network import import_network
from evenstock.operations.route_return import route_return
from evenstock.routing.returns import CustomerReturn, ReturnedLine, ReturnTerms
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NOW = dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
CUP = Sku("CUP")
ASKED = CustomerReturn("R-7", (ReturnedLine(LineId("1"), CUP, Units(2)),), "78701")
SURE = ReturnTerms(services=("ups:return",), resaleable_millionths=1_000_000)


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def company(store, tmp_path: Path):
    """TX and NJ; a label is 5.00 to TX and 8.00 to NJ, how long it takes is not known."""
    rates = [("ups:return", dt.date(2026, 1, 1), zone, 10_000, cents) for zone, cents in ((2, 500), (3, 650), (4, 800))]
    frames = {
        "nodes": pl.DataFrame(
            {"node": ["TX", "NJ"], "kind": "own", "postal_code": ["75201", "07030"], "timezone": "America/Chicago"}
        ),
        "items": pl.DataFrame({"sku": ["CUP"], "weight_g": 350, "unit_cost_cents": 400, "price_cents": 999}),
        "rate_cards": pl.DataFrame(
            {"service": ["ups:return"], "valid_from": dt.date(2026, 1, 1), "valid_to": dt.date(2026, 10, 31),
             "max_weight_g": 10_000}
        ),
        "rates": pl.DataFrame(
            rates, schema=["service", "valid_from", "zone", "max_weight_g", "cents"], orient="row"
        ),
        "zones": pl.DataFrame({"origin_zip3": "787", "destination_zip3": ["752", "070"], "zone": [2, 4]}),
    }  # fmt: skip
    snapshots = SnapshotFolder(tmp_path)
    import_network(store, snapshots, frames, NOW - dt.timedelta(days=150))
    return Company.load(store, snapshots)


def priced(store, hours, cents):
    with store.transaction() as books:
        books.put_prices([Price(CUP, NodeId("NJ"), NOW - dt.timedelta(hours=hours), "nightly", Cents(cents))])


def test_a_return_goes_by_the_price_in_the_books_and_says_how_old_it_is(store, company):
    # TX: 2 x 4.00 - 5.00 = 3.00. NJ: 8.00 + 2 x 2.00 - 8.00 = 4.00.
    priced(store, 5, 200)
    found = route_return(store, company, ASKED, SURE, now=NOW)

    assert found.decision.choice is not None
    assert found.decision.choice.words == "NJ by ups:return"
    assert found.decision.choice.cents == -400
    assert found.decision.alternatives[0].cents == -300
    assert found.price_rung == "nightly, 5 h"


def test_a_price_too_old_for_routing_counts_for_nothing_here_either(store, company):
    priced(store, 9 * 24, 200)
    found = route_return(store, company, ASKED, SURE, now=NOW)

    assert found.decision.choice is not None
    assert found.decision.choice.words == "TX by ups:return"
    assert found.price_rung == "none: cheapest now"


def test_stale_rates_and_unknown_days_are_told(store, company):
    found = route_return(store, company, ASKED, SURE, now=NOW)

    assert found.warnings == (
        "ups:return: its rate card ended on 2026-10-31; import the one that follows",
        "ups:return zone 2: its days under way are unknown; no capital was charged",
    )


def test_a_moment_without_a_zone_is_refused(store, company):
    with pytest.raises(ValueError, match="R-7"):
        route_return(store, company, ASKED, SURE, now=NOW.replace(tzinfo=None))
