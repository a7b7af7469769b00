"""From rows to a matrix: what a missing row means, what is hidden, what is refused; the rules for bad rows are the contract's."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import fit, prepare

DAY = date(2026, 3, 2)


def demand(rows, **columns):
    frame = pl.DataFrame(
        rows, schema={"date": pl.Date, "sku": pl.String, "node": pl.String, "units": pl.Int64}, orient="row"
    )
    return frame.with_columns(**{k: pl.Series(v) for k, v in columns.items()})


def on(k):
    return DAY + timedelta(days=k)


def busy_node(days, node="TX", skus=30):
    return [(on(k), f"S{i:02}", node, 1 + i % 3) for k in days for i in range(skus)]


def test_missing_days_are_zero_and_zeros_before_the_first_sale_are_trimmed():
    history = prepare(demand([(on(0), "A", "TX", 2), (on(3), "A", "TX", 1), (on(2), "B", "TX", 5)]), on(5))

    assert history.keys.rows() == [("A", "TX", ""), ("B", "TX", "")]
    assert history.units.tolist() == [[2, 0, 0, 1, 0], [0, 0, 5, 0, 0]]
    assert history.start.tolist() == [0, 2]
    assert history.seen(5)[1].tolist() == [False, False, True, True, True]
    assert history.as_of == on(5)


def test_a_stock_out_day_is_hidden():
    frame = demand([(on(k), "A", "TX", 4) for k in range(3)], in_stock=[True, False, True])

    history = prepare(frame, on(3))

    assert history.seen(3).tolist() == [[True, False, True]]
    assert any("1 days of stock-out" in n for n in history.notes)


def test_rows_from_the_future_are_left_out_and_counted():
    history = prepare(demand([(on(0), "A", "TX", 2), (on(1), "A", "TX", 99)]), on(1))

    assert history.units.tolist() == [[2]]
    assert "1 rows on or after" in history.notes[0]


def test_a_series_older_than_the_window_counts_from_its_first_day():
    old = on(0) - timedelta(days=2000)
    history = prepare(demand([(old, "A", "TX", 2), (on(0), "A", "TX", 0), (on(0), "B", "TX", 1)]), on(1))

    assert history.start[0] == 0
    assert history.n_days == 1092
    assert any("older than 1092 days" in n for n in history.notes)


def test_the_order_of_rows_does_not_matter():
    frame = demand(busy_node(range(20)))

    a, b = prepare(frame, on(20)), prepare(frame.sample(fraction=1.0, shuffle=True, seed=1), on(20))

    assert a.keys.equals(b.keys)
    assert (a.units == b.units).all()


@pytest.mark.parametrize(
    ("units", "said"),
    [
        ([1.0, float("nan")], "1 rows whose units are no number \\(nan for A at TX on 2026-03-03\\)"),
        ([1.0, float("inf")], "inf for A"),
        ([1, -3], "below zero; keep returns apart \\(-3 for A at TX on 2026-03-03\\)"),
        ([1, 3_000_000_000], "more than 10,000,000 units \\(3e\\+09 for A"),
        ([1, None], "nothing for A at TX on 2026-03-03"),
    ],
)
def test_units_that_are_no_count_are_refused_with_their_place_where_that_is_asked(units, said):
    frame = demand([(on(0), "A", "TX", 1), (on(1), "A", "TX", 1)]).with_columns(units=pl.Series(units, strict=False))

    with pytest.raises(ValueError, match=said):
        prepare(frame, on(2), on_bad="refuse")
    assert prepare(frame, on(2)).units[0, 0] == 1


@pytest.mark.parametrize("second", [1, 2])
def test_a_day_that_stands_twice_is_refused_by_name_where_that_is_asked(second):
    frame = demand([(on(0), "A", "TX", 1), (on(0), "A", "TX", second), (on(1), "A", "TX", 2)])

    with pytest.raises(ValueError, match=r"1 days stand more than once; .* \(1 for A at TX on 2026-03-02\)"):
        prepare(frame, on(2), on_bad="refuse")


def test_halves_of_a_unit_are_refused_however_bad_rows_are_met():
    frame = demand([(on(0), "A", "TX", 1), (on(1), "A", "TX", 1)]).with_columns(units=pl.Series([1.0, 0.5]))

    for on_bad in ("repair", "refuse"):
        with pytest.raises(ValueError, match=r"0\.5 for A at TX on 2026-03-03"):
            prepare(frame, on(2), on_bad=on_bad)


def test_a_frame_without_the_past_or_without_its_columns_is_refused():
    frame = demand([(on(0), "A", "TX", 1)])

    with pytest.raises(ValueError, match="no demand before 2026-03-02"):
        prepare(frame, on(0))
    with pytest.raises(ValueError, match="lacks the columns units"):
        prepare(frame.drop("units"), on(2))
    with pytest.raises(ValueError, match="calendar day, not Datetime"):
        prepare(frame.with_columns(pl.col("date").cast(pl.Datetime)), on(2))


def test_a_silent_feed_of_a_busy_node_is_not_taken_for_no_demand():
    talking = [k for k in range(30) if not 10 <= k < 15]
    history = prepare(demand(busy_node(talking) + busy_node(range(30), node="PA")), on(30))
    texas = history.keys["node"].to_numpy() == "TX"

    assert not history.seen(30)[texas, 10:15].any()
    assert history.seen(30)[~texas].all()
    assert any("TX: no demand from 2026-03-12 to 2026-03-16, 5 days; taken as not heard" in n for n in history.notes)


def test_a_closed_weekend_with_a_holiday_is_no_silence():
    history = prepare(demand(busy_node([k for k in range(30) if not 10 <= k < 13])), on(30))

    assert history.hidden is None


def test_a_small_node_may_well_sell_nothing_for_a_week():
    history = prepare(demand([(on(0), "A", "TX", 1), (on(9), "A", "TX", 1)]), on(12))

    assert history.hidden is None


def test_data_that_ends_days_ago_is_not_a_slump():
    history = prepare(demand(busy_node(range(28))), on(30))

    assert not history.seen(30)[:, 28:].any()
    assert fit(history).mu.mean() == pytest.approx(2.0, rel=0.1)


def test_a_quiet_node_is_not_heard_once_chance_cannot_explain_its_silence():
    # Ten items, one row a day in turn, from Monday to Friday for thirty weeks: a weekday is silent with a chance of 0.018.
    weekdays = [k for k in range(210) if (DAY + timedelta(days=k)).weekday() < 5]
    rows = [(on(k), f"S{k % 10}", "TX", 2) for k in weekdays]
    end = weekdays[-1] + 1

    # Three weekdays, 6e-6, may be; four, 1e-7, are no chance.
    assert prepare(demand(rows), on(end + 2 + 3)).hidden is None
    silent = prepare(demand(rows), on(end + 2 + 4))
    assert silent.hidden is not None
    assert silent.hidden.sum(axis=0).tolist() == [0] * end + [10] * 6
    assert any("taken as not heard" in note for note in silent.notes)


def test_a_node_that_orders_once_a_fortnight_is_heard_in_between():
    fortnights = demand(busy_node(range(0, 280, 14)))

    assert prepare(pl.concat([fortnights, demand(busy_node(range(280), node="PA"))]), on(280)).hidden is None


def test_a_node_of_few_items_may_have_stopped_selling_them():
    assert prepare(demand([(on(k), f"S{k % 3}", "TX", 2) for k in range(100)]), on(160)).hidden is None


def test_a_day_seen_in_one_part_and_hidden_in_another_is_hidden_and_promoted_where_any_part_is():
    rows = [(on(0), "A", "TX", 1), (on(0), "A", "TX", 2), (on(1), "A", "TX", 2)]
    history = prepare(demand(rows, in_stock=[True, False, True], promotion=[False, True, False]), on(2))

    assert history.units.tolist() == [[3, 2]]
    assert history.hidden.tolist() == [[True, False]]
    assert history.promoted.tolist() == [[True, False]]


def test_names_keep_their_zeros():
    frame = demand([(on(0), "A", "TX", 1)]).with_columns(sku=pl.lit(7))

    with pytest.raises(ValueError, match="sku is text, not Int32: leading zeros count"):
        prepare(frame, on(1))


def test_categories_come_from_the_item_table_and_gaps_in_it_are_told():
    items = pl.DataFrame({"sku": ["A"], "category": ["mugs"]})
    history = prepare(demand([(on(0), "A", "TX", 1), (on(0), "B", "TX", 1)]), on(1), items=items)

    assert history.keys["category"].to_list() == ["mugs", ""]
    assert "1 items with demand are not in the item table" in history.notes[0]


def test_promoted_days_do_not_lift_the_level():
    rng = np.random.default_rng(3)
    promoted = rng.random((60, 120)) < 0.2
    units = rng.poisson(np.where(promoted, 9.0, 3.0))
    rows = [(on(k), f"S{i:02}", "TX", int(units[i, k])) for i in range(60) for k in range(120)]

    known = fit(prepare(demand(rows, promotion=promoted.ravel().tolist()), on(120)))
    unknown = fit(prepare(demand(rows), on(120)))

    assert known.mu.mean() == pytest.approx(3.0, rel=0.05)
    assert unknown.mu.mean() == pytest.approx(3 * 0.8 + 9 * 0.2, rel=0.05)
