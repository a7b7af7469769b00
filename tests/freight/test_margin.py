"""What customers paid for shipping against what it cost: every cent is somewhere, once."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.freight.margin import free_shipping_thresholds, shipping_margin

ORDERS = pl.DataFrame(
    {"order": ["A", "B", "C", "D"], "value_cents": [2_499, 2_500, 9_000, 5_000], "paid_cents": [500, 0, 1_000, 700]}
)
SENT = pl.DataFrame(
    [("A", "ups:ground", 4, 800), ("B", "ups:ground", 2, 600), ("C", "usps:mail", 4, 300), ("C", "ups:ground", 8, 1_100)],
    schema=["order", "service", "zone", "freight_cents"],
    orient="row",
)  # fmt: skip


def test_margins_by_service_and_zone_add_up_to_the_whole():
    found = shipping_margin(ORDERS, SENT)

    # C paid 10.00 for parcels of 3.00 and 11.00: 10.00 x 3 / 14 = 2.14 and 7.86.
    assert found.by_service.select("service", "shipments", "paid_cents", "freight_cents", "margin_cents").rows() == [
        ("ups:ground", 3, 500 + 0 + 786, 800 + 600 + 1_100, 1_286 - 2_500),
        ("usps:mail", 1, 214, 300, -86),
    ]
    assert found.by_zone.select("zone", "orders", "paid_cents").rows() == [(2, 1, 0), (4, 2, 714), (8, 1, 786)]
    assert found.total.select("orders", "shipments", "paid_cents", "margin_cents").row(0) == (3, 4, 1_500, -1_300)
    assert found.total["free_share"].item() == pytest.approx(1 / 3)
    assert found.total["cover"].item() == pytest.approx(1_500 / 2_800)


def test_an_order_without_known_freight_is_told_and_not_counted():
    assert shipping_margin(ORDERS, SENT).without_freight["order"].to_list() == ["D"]


def test_bands_of_value_begin_at_their_lower_end():
    found = shipping_margin(ORDERS, SENT, bands_cents=[2_500]).by_value

    assert found.select("band", "orders", "margin_cents").rows() == [
        ("0.00 to 24.99", 1, -300), ("25.00 and more", 2, -1_000)
    ]  # fmt: skip


def test_a_threshold_frees_who_reaches_it_and_charges_the_fee_to_who_was_free_below():
    # Paid 5.00 and 10.00: the fee is their median, 7.50. Free from 50.00: A pays 5.00, B now 7.50, C nothing.
    row = free_shipping_thresholds(ORDERS, SENT, [5_000]).row(0, named=True)

    assert row == {
        "threshold_cents": 5_000, "orders": 3, "free_orders": 1, "paid_cents": 1_250, "freight_cents": 2_800,
        "margin_cents": -1_550, "past_paid_cents": 1_500, "change_cents": -250,
    }  # fmt: skip
    assert free_shipping_thresholds(ORDERS, SENT, [5_000], fee_cents=0)["paid_cents"].item() == 500


tables = st.lists(
    st.tuples(st.integers(0, 20_000), st.integers(0, 3_000), st.lists(st.integers(0, 2_000), min_size=1, max_size=4)),
    min_size=1,
    max_size=8,
)


@given(tables, st.integers(0, 1_000))
def test_every_cent_paid_and_spent_is_in_each_view_once_and_a_higher_threshold_never_brings_less(rows, fee):
    orders = pl.DataFrame(
        [(str(k), value, paid) for k, (value, paid, _) in enumerate(rows)],
        schema=["order", "value_cents", "paid_cents"], orient="row",
    )  # fmt: skip
    sent = pl.DataFrame(
        [(str(k), f"c:{n}", n, cents) for k, (*_, freight) in enumerate(rows) for n, cents in enumerate(freight)],
        schema=["order", "service", "zone", "freight_cents"], orient="row",
    )  # fmt: skip
    found = shipping_margin(orders, sent)
    for view in (found.total, found.by_service, found.by_zone, found.by_value):
        assert view["paid_cents"].sum() == orders["paid_cents"].sum()
        assert view["freight_cents"].sum() == sent["freight_cents"].sum()
        assert view["margin_cents"].sum() == orders["paid_cents"].sum() - sent["freight_cents"].sum()
        assert (view["paid_cents"] >= 0).all()
    paid = free_shipping_thresholds(orders, sent, [0, 2_000, 8_000, 30_000], fee_cents=fee)["paid_cents"].to_list()
    assert paid == sorted(paid)
    assert paid[0] == 0


@pytest.mark.parametrize(
    ("orders", "sent", "said"),
    [
        (ORDERS.drop("paid_cents"), SENT, "orders: column paid_cents is missing"),
        (pl.concat([ORDERS, ORDERS[:1]]), SENT, "orders: A stands twice"),
        (ORDERS[1:], SENT, "shipments: A is no order of the table"),
        (ORDERS, SENT.with_columns(freight_cents=pl.lit(None, pl.Int64)), "shipments row 1: freight_cents is empty"),
        (ORDERS, SENT.with_columns(freight_cents=-pl.col("freight_cents")), "freight of A is below zero"),
        (ORDERS.with_columns(paid_cents=pl.lit(-1)), SENT, "orders: A has money below zero"),
    ],
)
def test_tables_that_cannot_be_right_are_refused_by_name(orders, sent, said):
    with pytest.raises(ValueError, match=said):
        shipping_margin(orders, sent)


def test_bands_that_do_not_grow_and_a_fee_below_zero_are_refused():
    with pytest.raises(ValueError, match="do not grow"):
        shipping_margin(ORDERS, SENT, bands_cents=[5_000, 2_500])
    with pytest.raises(ValueError, match="fee of -1 cents"):
        free_shipping_thresholds(ORDERS, SENT, [0], fee_cents=-1)
