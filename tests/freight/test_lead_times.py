"""Suppliers' lead times and how well they keep their word."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.freight import lead_times

START = date(2025, 1, 1)


def bought(rows: list[tuple[str, str, int, int | None]], **columns) -> pl.DataFrame:
    """Supplier, item, day of order from START, days taken (None: outstanding)."""
    frame = pl.DataFrame(
        {
            "purchase": [f"PO{k}" for k in range(len(rows))],
            "line": "1",
            "supplier": [row[0] for row in rows],
            "sku": [row[1] for row in rows],
            "ordered_on": [START + timedelta(days=row[2]) for row in rows],
            "promised_on": [START + timedelta(days=row[2] + 20) for row in rows],
            "received_on": [None if row[3] is None else START + timedelta(days=row[2] + row[3]) for row in rows],
            "units_ordered": 10,
            "units_received": [0 if row[3] is None else 10 for row in rows],
        },
        schema_overrides={"received_on": pl.Date},
    )
    return frame.with_columns(**columns)


def on(day: int) -> date:
    return START + timedelta(days=day)


def test_an_item_falls_back_to_its_supplier_and_a_new_supplier_to_all() -> None:
    rows = [("slow", f"S{k % 5}", k, 40 + k % 3) for k in range(100)] + [
        ("fast", f"F{k % 5}", k, 10) for k in range(100)
    ]
    model = lead_times.learn(lead_times.read(bought(rows), on(200)))

    share = model.shares(["slow", "slow", "fast", "new"], ["S0", "NEW", "NEW", "NEW"], [""] * 4, [""] * 4)
    mean = share @ np.arange(share.shape[1])

    assert mean[0] == pytest.approx(41, abs=3)
    assert mean[1] == pytest.approx(41, abs=3)
    assert mean[2] == pytest.approx(10, abs=2)
    assert mean[2] < mean[3] < mean[1]
    assert model.basis("slow", "NEW", "", "") == ("supplier",)
    assert "supplier and item" in model.basis("slow", "S0", "", "")


def test_purchases_outstanding_for_long_lengthen_the_lead_time() -> None:
    came = [("s", "A", k, 10 + k % 5) for k in range(60)]
    waits = [("s", "A", 60 + k, None) for k in range(10)]

    quick, honest = (
        lead_times.learn(lead_times.read(bought(rows), on(100)), residual_half_life_days=60.0)
        .frame()
        .row(0, named=True)
        for rows in (came, came + waits)
    )

    assert honest["mean_days"] > quick["mean_days"] + 1
    assert honest["q90"] >= quick["q90"]
    assert (honest["received"], honest["outstanding"]) == (60, 10)


def test_a_line_received_in_part_is_partly_outstanding() -> None:
    frame = bought([("s", "A", 0, 10), ("s", "A", 1, 10)], units_received=pl.Series([4, 10]))

    read = lead_times.read(frame, on(30))

    assert read.received.tolist() == [False, True, True]
    assert read.share.tolist() == pytest.approx([0.6, 0.4, 1.0])
    assert read.days.tolist() == [29, 10, 10]
    assert "1 received, 1 in part, 0 outstanding" in read.notes[0]


def test_what_is_missing_four_weeks_after_a_part_came_was_closed_short() -> None:
    frame = bought([("s", "A", 0, 10), ("s", "A", 1, 10)], units_received=pl.Series([4, 10]))

    # The part came on day 10: on day 38 the rest may still come, a day later it will not.
    assert lead_times.read(frame, on(38)).received.tolist() == [False, True, True]
    closed = lead_times.read(frame, on(39))
    assert closed.share.tolist() == pytest.approx([0.4, 1.0])
    assert closed.notes[1] == "1 lines lack units 28 days after a part came: taken as closed short"


def test_rows_that_cannot_be_are_left_out_each_with_its_reason() -> None:
    rows = [("s", "A", 5, 3), ("s", "A", 5, -2), ("s", "A", 5, 800), ("s", "A", 5, 3)]
    frame = bought(rows).with_columns(units_ordered=pl.Series([10, 10, 10, 0]))

    read = lead_times.read(frame, on(900))

    assert read.refused["reason"].to_list() == [
        "received before it was ordered",
        "took more than 730 days",
        "units make no sense",
    ]
    assert len(read.supplier) == 1


def test_where_nothing_was_received_nothing_can_be_learned() -> None:
    with pytest.raises(ValueError, match="none of 2 purchase lines was received"):
        lead_times.learn(lead_times.read(bought([("s", "A", 0, None), ("s", "A", 3, 90)]), on(20)))


def test_identical_lead_times_leave_little_doubt() -> None:
    row = (
        lead_times.learn(lead_times.read(bought([("s", "A", k, 7) for k in range(200)]), on(300)))
        .frame()
        .row(0, named=True)
    )

    assert (row["q50"], row["q90"]) == (7, 7)
    assert row["mean_days"] == pytest.approx(7, abs=0.3)


def test_a_supplier_is_on_time_by_its_promise_and_outstanding_past_it_is_late() -> None:
    # Promise 20 days: 6 after 18, 3 after 26, 1 outstanding since day 0, 1 ordered yesterday.
    rows = [("s", "A", 0, 18)] * 6 + [("s", "B", 0, 26)] * 3 + [("s", "B", 0, None), ("s", "A", 59, None)]
    read = lead_times.read(bought(rows), on(60))

    (found,) = lead_times.supplier_reliability(read)
    a, b = lead_times.supplier_reliability(read, by_item=True)

    assert (found.lines, found.on_time, found.on_time_share) == (10, 6, 0.6)
    # (6 x -2 + 3 x 6) / 9
    assert found.bias_days == pytest.approx(6 / 9)
    assert found.low < 0.6 < found.high
    assert (a.sku, a.on_time_share, b.sku, b.on_time_share) == ("A", 1.0, "B", 0.0)


def test_demand_over_a_lead_time_of_no_doubt_is_that_of_its_days() -> None:
    sure = lead_times.demand_over_lead_time(10, 3, 4, 0)
    assert (sure.mean, sure.standard_deviation) == (40, 6)
    assert lead_times.demand_over_lead_time(10, 3, 4, 0, review_days=5).mean == 90
    with pytest.raises(ValueError, match="figures from 0 up"):
        lead_times.demand_over_lead_time(10, float("nan"), 4, 0)


def test_sixty_lines_on_one_truck_count_as_one_delivery() -> None:
    # One purchase of 60 lines came after 90 days; 60 purchases of one line each came after 10.
    truck = bought([("s", "A", 100, 90)] * 60, purchase=pl.lit("TRUCK"), line=pl.int_range(60).cast(pl.String))
    singles = bought([("s", "A", 60 + k, 10) for k in range(60)])

    read = lead_times.read(pl.concat([truck, singles]), on(250))
    (row,) = lead_times.learn(read, residual_half_life_days=1000.0).frame().iter_rows(named=True)

    assert read.deliveries.sum() == pytest.approx(61)
    assert row["q90"] <= 20
    # What was bought and what a supplier promised is still told in lines.
    assert row["received"] == 120
