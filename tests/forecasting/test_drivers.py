"""What was known on a morning, and what it says of each day of each series."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock.forecasting import Drivers
from evenstock.forecasting.drivers import daily_prices, daily_signals, node_rows, promoted_days

DAY = date(2026, 7, 1)
KEYS = pl.DataFrame({"sku": ["MUG", "MUG", "TEA"], "node": ["PA", "TX", "TX"]})


def on(k: int) -> date:
    return DAY + timedelta(days=k)


def promotions(*rows: tuple) -> Drivers:
    """(sku, node, first, last, announced)."""
    columns = ("sku", "node", "first_day", "last_day", "announced_on")
    kinds = {"sku": pl.String, "node": pl.String, "first_day": pl.Date, "last_day": pl.Date, "announced_on": pl.Date}
    frame = pl.DataFrame(list(rows), schema={name: kinds[name] for name in columns}, orient="row")
    return Drivers.from_frames({"promotions": frame.with_columns(promotion=pl.lit("P"))})


def prices(*rows: tuple) -> Drivers:
    """(sku, node, from, cents, announced)."""
    kinds = {"sku": pl.String, "node": pl.String, "valid_from": pl.Date, "cents": pl.Int64, "announced_on": pl.Date}
    return Drivers.from_frames({"sale_prices": pl.DataFrame(list(rows), schema=kinds, orient="row")})


def signals(*rows: tuple) -> Drivers:
    """(signal, day, node, value, known)."""
    kinds = {"signal": pl.String, "date": pl.Date, "node": pl.String, "value": pl.Float64, "known_on": pl.Date}
    return Drivers.from_frames({"signals": pl.DataFrame(list(rows), schema=kinds, orient="row")})


def test_promotions_that_overlap_or_touch_are_one_stretch_of_promoted_days():
    drivers = promotions(
        ("MUG", "TX", on(1), on(3), None), ("MUG", "TX", on(2), on(4), None), ("MUG", "TX", on(5), on(5), None)
    )

    assert promoted_days(drivers, KEYS, DAY, 8).astype(int).tolist() == [[0] * 8, [0, 1, 1, 1, 1, 1, 0, 0], [0] * 8]


def test_a_promotion_without_a_node_runs_at_every_node_and_one_of_an_unknown_item_nowhere():
    drivers = promotions(
        ("MUG", "", on(0), on(0), None), ("GHOST", "", on(0), on(9), None), ("TEA", "PA", on(0), on(9), None)
    )

    assert promoted_days(drivers, KEYS, DAY, 2).astype(int).tolist() == [[1, 0], [1, 0], [0, 0]]


def test_promotions_that_began_before_or_end_after_the_days_asked_for_are_cut():
    drivers = promotions(
        ("TEA", "TX", on(-9), on(0), None), ("TEA", "TX", on(3), on(99), None), ("TEA", "TX", on(-5), on(-4), None)
    )

    assert promoted_days(drivers, KEYS, DAY, 4).astype(int)[2].tolist() == [1, 0, 0, 1]
    assert promoted_days(drivers, KEYS, DAY, 0).shape == (3, 0)


SPANS = st.tuples(
    st.sampled_from(["MUG", "TEA", "GHOST"]), st.sampled_from(["", "PA", "TX"]), st.integers(-9, 15), st.integers(0, 9)
)


@given(st.lists(SPANS, max_size=12))
def test_promoted_days_are_those_that_a_plain_loop_finds(spans):
    drivers = promotions(*((sku, node, on(first), on(first + more), None) for sku, node, first, more in spans))
    slow = np.zeros((3, 10), dtype=bool)
    for row, (sku, node) in enumerate(KEYS.rows()):
        for its, where, first, more in spans:
            if its == sku and where in ("", node):
                slow[row, [d for d in range(10) if first <= d <= first + more]] = True

    assert (promoted_days(drivers, KEYS, DAY, 10) == slow).all()


def test_a_price_holds_until_the_next_and_is_unknown_before_the_first():
    found = daily_prices(
        prices(("MUG", "TX", on(-9), 700, None), ("MUG", "TX", on(2), 900, None), ("TEA", "TX", on(1), 50, None)),
        KEYS,
        DAY,
        4,
    )

    assert np.isnan(found[0]).all()
    assert found[1].tolist() == [700, 700, 900, 900]
    assert np.isnan(found[2, 0])
    assert found[2, 1:].tolist() == [50, 50, 50]


def test_of_two_prices_of_one_day_the_one_announced_later_holds_in_whatever_order_they_stand():
    rows = [("MUG", "TX", on(1), 900, on(0)), ("MUG", "TX", on(1), 800, on(-5)), ("MUG", "TX", on(-3), 700, None)]

    for order in (rows, rows[::-1]):
        assert daily_prices(prices(*order), KEYS, DAY, 3)[1].tolist() == [700, 900, 900]


def test_a_nodes_own_price_beats_the_one_for_every_node_from_its_first_day_on():
    found = daily_prices(
        prices(("MUG", "", on(0), 900, None), ("MUG", "TX", on(1), 800, None), ("MUG", "", on(2), 950, None)),
        KEYS,
        DAY,
        4,
    )

    assert found[0].tolist() == [900, 900, 950, 950]
    assert found[1].tolist() == [900, 800, 800, 800]


CHANGES = st.tuples(
    st.sampled_from(["MUG", "TEA"]), st.sampled_from(["", "PA", "TX"]), st.integers(-9, 12), st.integers(0, 999)
)


@given(st.lists(CHANGES, max_size=15, unique_by=lambda c: c[:3]))
def test_prices_are_those_that_a_plain_loop_finds(changes):
    found = daily_prices(prices(*((sku, node, on(k), cents, None) for sku, node, k, cents in changes)), KEYS, DAY, 8)
    for row, (sku, node) in enumerate(KEYS.rows()):
        for day in range(8):
            own = [(k, cents) for s, n, k, cents in changes if (s, n) == (sku, node) and k <= day]
            every = [(k, cents) for s, n, k, cents in changes if (s, n) == (sku, "") and k <= day]
            wanted = max(own or every, default=(0, None))[1]
            assert np.isnan(found[row, day]) if wanted is None else found[row, day] == wanted


def test_signals_are_told_by_node_and_the_nodes_own_value_beats_the_common_one():
    drivers = signals(
        ("temperature_c", on(0), "", 20.0, None), ("temperature_c", on(0), "TX", 31.5, None), ("temperature_c", on(1), "", 21.0, None),
        ("spend", on(1), "PA", 7.0, None), ("spend", on(9), "PA", 7.0, None), ("spend", on(1), "NOWHERE", 7.0, None),
    )  # fmt: skip
    found = daily_signals(drivers, KEYS, DAY, 3)

    assert node_rows(KEYS)[0] == ["PA", "TX"]
    assert node_rows(KEYS)[1].tolist() == [0, 1, 1]
    assert list(found) == ["spend", "temperature_c"]
    np.testing.assert_equal(found["temperature_c"], [[20, 21, np.nan], [31.5, 21, np.nan]])
    np.testing.assert_equal(found["spend"], [[np.nan, 7, np.nan], [np.nan] * 3])


def test_of_two_values_for_one_day_the_one_known_later_holds():
    rows = [("t", on(0), "TX", 3.0, on(-1)), ("t", on(0), "TX", 1.0, on(-4)), ("t", on(0), "TX", 2.0, on(-2))]

    for order in (rows, rows[::-1]):
        assert daily_signals(signals(*order), KEYS, DAY, 1)["t"][1, 0] == 3.0


def test_on_a_morning_only_what_was_said_by_then_is_known():
    drivers = Drivers(
        promotions=promotions(("MUG", "", on(5), on(9), on(1)), ("TEA", "", on(5), on(9), None)).promotions,
        sale_prices=prices(
            ("MUG", "", on(3), 1, on(0)), ("MUG", "", on(2), 2, None), ("TEA", "", on(-3), 3, on(4))
        ).sale_prices,
        signals=signals(
            ("t", on(0), "", 1.0, None), ("t", on(9), "", 2.0, on(-2)), ("t", on(-1), "", 3.0, None)
        ).signals,
    )
    known = drivers.known(DAY)

    assert known.promotions["sku"].to_list() == ["TEA"]
    assert known.sale_prices["cents"].to_list() == [
        1
    ]  # announced today; the second begins later, the third was told later
    assert known.signals["value"].to_list() == [2.0, 3.0]  # today's is known tomorrow
    assert drivers.known(on(1)).promotions.height == 2
    assert drivers.known(on(4)).sale_prices.height == 3
    assert drivers.known(on(1)).signals.height == 3


def test_without_drivers_no_day_is_promoted_and_no_price_known():
    nothing = Drivers()

    assert not promoted_days(nothing, KEYS, DAY, 5).any()
    assert np.isnan(daily_prices(nothing, KEYS, DAY, 5)).all()
    assert daily_signals(nothing, KEYS, DAY, 5) == {}
    assert daily_prices(nothing, KEYS.clear(), DAY, 5).shape == (0, 5)


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("promotions", "last_day", date(2026, 6, 1), "promotions: P of MUG ends before it begins"),
        ("promotions", "node", None, 'promotions: 1 rows have no node; write "" for every node'),
        ("promotions", "sku", 7, "promotions: sku is text, not Int32"),
        ("sale_prices", "cents", -1, "sale_prices: cents are 0 or more"),
        ("sale_prices", "cents", 9.5, "sale_prices: cents is a whole number, not Float64"),
        ("sale_prices", "valid_from", "2026-07-01", "sale_prices: valid_from is a calendar day, not String"),
        ("signals", "value", float("nan"), "signals: value is a finite number"),
        ("signals", "value", None, "signals: 1 rows have no value"),
    ],
)
def test_drivers_that_no_forecaster_could_read_are_refused_by_column(table, column, value, said):
    good = {
        "promotions": promotions(("MUG", "TX", on(0), on(1), None)).promotions,
        "sale_prices": prices(("MUG", "TX", on(0), 5, None)).sale_prices,
        "signals": signals(("t", on(0), "", 1.0, None)).signals,
    }[table]
    bad = good.with_columns(pl.lit(value, dtype=good.schema[column] if value is None else None).alias(column))

    Drivers(**{table: good})
    with pytest.raises(ValueError, match=said):
        Drivers(**{table: bad})


def test_a_table_without_its_columns_is_refused_and_one_without_its_optional_ones_is_not():
    with pytest.raises(ValueError, match="events lacks the columns event"):
        Drivers.from_frames({"events": pl.DataFrame({"date": [DAY]})})
    filled = Drivers.from_frames({"sale_prices": pl.DataFrame({"sku": ["MUG"], "valid_from": [DAY], "cents": [5]})})
    assert filled.sale_prices.row(0) == ("MUG", "", DAY, 5, None)
