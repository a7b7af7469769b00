"""Shadow decisions against what was done meanwhile, on two orders reckoned by hand.

One service costs 4.00 and 1.00 a zone. Austin is in zone 3 of Dallas and in zone 7 of New Jersey: 7.00 and 11.00.
"""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from tests.operations.test_route_order import put
from tests.routing.brand import NOW, PLACES, compiled, items, nodes, order

from evenstock.domain import Cents, Costs, DecisionRecord, Order, OrderId, Sku
from evenstock.freight.rates import RateBook
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.route_order import route_order
from evenstock.routing.network import ShippingNetwork
from evenstock.simulation.shadow import compare_shadow
from evenstock.storage.memory import MemoryStore

ONE = Sku("SKU-001")
DAY = dt.date(2026, 1, 5)
HERE = {**PLACES, "752": (32.8, -96.8), "070": (40.6, -74.3)}


def shipping() -> ShippingNetwork:
    """Two nodes without costs of their own, and a service without fuel, surcharges or lateness."""
    two = [
        replace(node, pick_order_cents=Cents(0), pick_unit_cents=Cents(0))
        for node in nodes()
        if node.id in ("TX", "NJ")
    ]
    book = RateBook.from_frames(
        rate_cards=pl.DataFrame(
            {"service": ["ups:ground"], "valid_from": [DAY], "dim_divisor_mm3_per_g": [5_000], "minimum_cents": [0],
             "fuel_bp": [0], "max_weight_g": [60_000]}
        ),
        rates=pl.DataFrame(
            [("ups:ground", DAY, zone, 60_000, 400 + 100 * zone) for zone in range(1, 9)],
            orient="row", schema=["service", "valid_from", "zone", "max_weight_g", "cents"],
        ),
        surcharges=None,
        places=pl.DataFrame([(z, *at) for z, at in HERE.items()], orient="row", schema=["zip3", "latitude", "longitude"]),
        transit=pl.DataFrame({"service": "ups:ground", "zone": list(range(1, 9)), "days": 3, "probability": 1.0}),
    )  # fmt: skip
    return ShippingNetwork(two, items(), book, Costs(), "sha256:by hand")


NETWORK = shipping()
POLICY = compiled(NETWORK)


def in_shadow(*bought: Order, stock: int = 9) -> list[DecisionRecord]:
    store = MemoryStore()
    put(store, {(ONE, "TX"): stock, (ONE, "NJ"): 9})
    return [route_order(store, NETWORK, POLICY, RouteOrder(one, one.placed_at, shadow=True)).record for one in bought]


def as_table(*bought: Order) -> pl.DataFrame:
    rows = [
        (o.id, line.id, line.sku, line.units, line.price_cents, o.placed_at, o.ship_to.postal_code)
        for o in bought
        for line in o.lines
    ]
    names = ["order", "line", "sku", "units", "price_cents", "placed_at", "postal_code"]
    return pl.DataFrame(rows, orient="row", schema=names).with_columns(
        country=pl.lit("US"), residential=pl.lit(True), deliver_by=pl.lit(None, pl.Date), order_class=pl.lit("standard"),
        channel=pl.lit(""), kit=pl.lit(""), tags=pl.lit(""), service_level=pl.lit(""),
        shipping_paid_cents=pl.lit(0),
    )  # fmt: skip


def sent(*rows: tuple[str, str, bool]) -> dict[str, pl.DataFrame]:
    """Order, node, and whether it replaced a parcel that failed."""
    names = [f"S-{n}" for n in range(len(rows))]
    shipments = pl.DataFrame(
        [(name, o, node, "ups:ground", NOW.date(), None, 1, None, again)
         for name, (o, node, again) in zip(names, rows, strict=True)],
        orient="row",
        schema={"shipment": pl.String, "order": pl.String, "node": pl.String, "service": pl.String, "shipped_on": pl.Date,
                "delivered_on": pl.Date, "parcels": pl.Int64, "cents": pl.Int64, "reship": pl.Boolean},
    )  # fmt: skip
    goods = pl.DataFrame({"shipment": names, "line": "1", "sku": ONE, "units": 1})
    return {"shipments": shipments, "shipped_units": goods}


A, B = (order((ONE, 1), name=name) for name in ("A-1", "A-2"))


def test_one_order_agreed_and_one_was_sent_dearer_than_the_shadow_would_have() -> None:
    records = in_shadow(A, B)
    assert [record.choice.cents for record in records if record.choice] == [700, 700]
    tables = {"orders": as_table(A, B)} | sent(("A-1", "TX", False), ("A-2", "NJ", False))

    said = compare_shadow(records, tables, NETWORK, POLICY)

    theirs, ours = said.scores
    assert (said.decided, said.agreed, said.not_priced) == (2, 1, ())
    assert (ours.cents, theirs.cents) == (700 + 700, 700 + 1_100)
    assert said.comparison.difference_cents == 1_400 - 1_800
    assert said.comparison.ratio.ratio == pytest.approx(1_400 / 1_800)
    best = said.comparison.best[0]
    assert (best.order, best.first_cents, best.second_cents) == ("A-2", 700, 1_100)


def test_a_parcel_sent_again_is_not_held_against_what_was_done() -> None:
    tables = {"orders": as_table(A)} | sent(("A-1", "TX", False), ("A-1", "NJ", True))

    said = compare_shadow(in_shadow(A), tables, NETWORK, POLICY)

    assert (said.agreed, said.comparison.difference_cents) == (1, 0)


def test_the_latest_shadow_decision_about_an_order_counts() -> None:
    """Texas had nothing the day before; then it had."""
    before = in_shadow(replace(A, placed_at=NOW - dt.timedelta(days=1)), stock=0)
    assert before[0].choice is not None
    assert before[0].choice.nodes == ("NJ",)
    tables = {"orders": as_table(A)} | sent(("A-1", "TX", False))

    said = compare_shadow([*before, *in_shadow(A)], tables, NETWORK, POLICY)

    assert (said.decided, said.agreed) == (1, 1)


def test_both_are_priced_from_the_moment_of_the_decision() -> None:
    """Placed on Friday before the cut-off and decided ten hours later, it leaves too late for Monday by either."""
    store = MemoryStore()
    put(store, {(ONE, "TX"): 1})
    hurried = order((ONE, 1), name="A-1", promised_days=3)
    decided = NOW + dt.timedelta(hours=10)
    record = route_order(store, NETWORK, POLICY, RouteOrder(hurried, decided, shadow=True)).record
    assert record.choice is not None
    assert record.choice.cents == 700 + Costs().late_order_cents
    table = as_table(hurried).with_columns(deliver_by=pl.lit(NOW.date() + dt.timedelta(days=3)))

    said = compare_shadow([record], {"orders": table} | sent(("A-1", "TX", False)), NETWORK, POLICY)

    assert (said.comparison.orders, said.comparison.difference_cents) == (1, 0)


def test_what_was_not_shipped_or_not_decided_is_left_out_with_its_reason() -> None:
    big = order((ONE, 99), name="A-3")
    tables = {"orders": as_table(A, B, big)} | sent(("A-1", "TX", False), ("A-3", "TX", False))

    said = compare_shadow(in_shadow(A, B, big), tables, NETWORK, POLICY)

    # The third could not be served at all, and such a decision is none in shadow.
    assert (said.decided, said.comparison.orders) == (2, 1)
    assert dict(said.not_priced) == {"no shipment is recorded": 1}


def test_it_says_what_is_missing() -> None:
    records = in_shadow(A)
    with pytest.raises(ValueError, match="no shadow decisions"):
        compare_shadow([], {}, NETWORK, POLICY)
    with pytest.raises(ValueError, match="no table orders"):
        compare_shadow(records, {}, NETWORK, POLICY)
    with pytest.raises(ValueError, match="nothing says what was done"):
        compare_shadow(records, {"orders": as_table(A)}, NETWORK, POLICY)
    assert OrderId("A-1") == records[0].order
