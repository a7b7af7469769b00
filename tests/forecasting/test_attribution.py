"""Demand from orders: at the home of the customer, net of cancellations, by the home's own clock, and nothing lost on the way."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock import tables
from evenstock.forecasting.attribution import attribute

NOON = datetime(2026, 7, 1, 18, tzinfo=UTC)
DAY = date(2026, 7, 1)
HOMES = pl.DataFrame({"country": ["US", "US"], "area": ["191", "752"], "node": ["PA", "TX"]})
NODES = pl.DataFrame({"node": ["PA", "TX"], "timezone": ["America/New_York", "America/Chicago"]})
COLUMNS = {
    "sku": pl.String,
    "units": pl.Int64,
    "cancelled": pl.Int64,
    "placed_at": pl.Datetime("us", "UTC"),
    "postal_code": pl.String,
    "country": pl.String,
    "served_by": pl.String,
}


def line(
    units: int = 1,
    to: str = "19103",
    by: str = "PA",
    sku: str = "MUG",
    cancelled: int = 0,
    at: datetime = NOON,
    country: str = "US",
):
    return (sku, units, cancelled, at, to, country, by)


def orders(*lines: tuple) -> pl.DataFrame:
    frame = pl.DataFrame(list(lines), schema=COLUMNS, orient="row")
    number = [f"o{k:05}" for k in range(frame.height)]
    return frame.with_columns(order=pl.Series(number, dtype=pl.String), line=pl.lit("1"), channel=pl.lit("web"))


def rows(found) -> list[tuple]:
    return found.demand.select("date", "sku", "node", "units").rows()


def test_demand_belongs_to_the_home_whoever_shipped():
    found = attribute(orders(line(2, by="TX"), line(3, by="PA"), line(5, "75201", by="")), HOMES, NODES)

    assert rows(found) == [(DAY, "MUG", "PA", 5), (DAY, "MUG", "TX", 5)]
    assert found.moved.rows() == [("", "TX", 5, 1), ("PA", "PA", 3, 1), ("TX", "PA", 2, 1)]
    assert found.moved_share == 2 / 5  # of the five units of which it is known who shipped them
    assert found.matrix().rows() == [("", 0, 5), ("PA", 3, 0), ("TX", 2, 0)]


def test_another_routing_is_the_same_demand():
    one = orders(*(line(k % 3 + 1, "19103" if k % 2 else "75201", by="PA") for k in range(50)))
    other = one.with_columns(served_by=pl.lit("TX"))

    assert attribute(one, HOMES, NODES).demand.equals(attribute(other, HOMES, NODES).demand)


def test_what_was_cancelled_was_not_wanted():
    found = attribute(orders(line(5, cancelled=2), line(4, cancelled=4), line(1, cancelled=9)), HOMES, NODES)

    assert rows(found) == [(DAY, "MUG", "PA", 3)]
    assert (found.ordered, found.cancelled) == (10, 2 + 4 + 1)
    assert found.notes == ("1 lines cancel more than they ordered: counted as cancelled whole",)


def test_a_day_is_the_home_nodes_own():
    # 04:30 UTC: half past midnight in Philadelphia, half an hour before it in Dallas.
    late = datetime(2026, 7, 2, 4, 30, tzinfo=UTC)
    found = attribute(orders(line(1, "19103", at=late), line(1, "75201", at=late)), HOMES, NODES)

    assert rows(found) == [(DAY, "MUG", "TX", 1), (DAY + timedelta(days=1), "MUG", "PA", 1)]


def test_both_hours_of_the_night_when_clocks_go_back_are_the_same_day():
    # 1 November 2026, 01:30 comes twice in New York: at 05:30 and at 06:30 UTC.
    twice = [datetime(2026, 11, 1, h, 30, tzinfo=UTC) for h in (5, 6)]

    assert rows(attribute(orders(*(line(at=at) for at in twice)), HOMES, NODES)) == [
        (date(2026, 11, 1), "MUG", "PA", 2)
    ]


def test_the_result_keeps_to_the_data_dictionary():
    demand = attribute(orders(line(), line(2, "75201")), HOMES, NODES).demand

    assert tables.Demand.validate(demand).equals(demand)


def test_postal_codes_are_read_as_people_type_them():
    homes = pl.DataFrame({"country": ["CA"], "area": ["M5V"], "node": ["PA"]})

    assert rows(attribute(orders(line(to=" m5v 2t6", country="CA")), homes, NODES)) == [(DAY, "MUG", "PA", 1)]


def test_lines_without_a_home_are_dealt_out_by_the_items_own_shares():
    known = [line(1, "19103")] * 30 + [line(1, "75201")] * 10
    astray = [line(1, "99999", at=NOON + timedelta(days=1))] * 400
    found = attribute(orders(*known, *astray), HOMES, NODES)
    dealt = dict(found.demand.filter(pl.col("date") > DAY).select("node", "units").iter_rows())

    assert dealt == {"PA": 300, "TX": 100}  # 30 : 10
    assert found.unplaced.rows() == [("no node is known for the region", 400, 400, True)]
    assert "400 lines (400 units) have no home" in found.notes[0]
    assert found.moved["units"].sum() == 40


def test_over_any_stretch_of_time_the_dealt_lines_keep_the_shares():
    known = [line(1, "19103")] * 30 + [line(1, "75201")] * 10
    astray = [line(1, "99999", at=NOON + timedelta(days=1 + k // 20)) for k in range(400)]
    by_day = attribute(orders(*known, *astray), HOMES, NODES).demand.filter(
        (pl.col("date") > DAY) & (pl.col("node") == "PA")
    )

    assert by_day.height == 20
    assert by_day["units"].is_between(14, 16).all()  # of 20 lines a day, three in four


def test_an_item_that_has_no_other_demand_is_dealt_out_by_all_items():
    found = attribute(orders(*[line(1, "75201")] * 3, *[line(1, "99999", sku="NEW")] * 5), HOMES, NODES)

    assert found.demand.filter(pl.col("sku") == "NEW").select("node", "units").rows() == [("TX", 5)]


def test_the_same_digits_in_another_country_are_another_place():
    homes = HOMES.with_columns(because=pl.lit(""))
    found = attribute(orders(line(2), line(7, country="FR")), homes, NODES)

    assert found.unplaced.rows() == [("no node is known for the region", 1, 7, True)]


def test_reasons_for_having_no_home_are_counted_apart():
    closed = pl.DataFrame({"country": ["US"], "area": ["100"], "node": [""], "because": ["closed for good"]})
    homes = pl.concat([HOMES.with_columns(because=pl.lit("")), closed])
    groups = pl.DataFrame({"sku": ["MUG"], "group": ["g"]})
    found = attribute(
        orders(line(), line(2, "10001"), line(4, "99999"), line(8, sku="GHOST")), homes, NODES, groups=groups
    )

    assert found.unplaced.rows() == [
        ("closed for good", 1, 2, True),
        ("no node is known for the region", 1, 4, True),
        ("no such item", 1, 8, False),
    ]
    assert found.demand["units"].sum() == 1 + 2 + 4


def test_homes_may_depend_on_the_channel_and_the_kind_of_goods():
    homes = pl.DataFrame(
        {
            "country": ["US"] * 3, "area": ["191"] * 3, "channel": ["web", "web", "shop"], "group": ["dry", "cold", "dry"],
            "node": ["PA", "TX", "TX"],
        }
    )  # fmt: skip
    groups = pl.DataFrame({"sku": ["MUG", "ICE"], "group": ["dry", "cold"]})
    both = orders(line(1), line(2, sku="ICE"), line(4)).with_columns(channel=pl.Series(["web", "web", "shop"]))

    assert attribute(both, homes, NODES, groups=groups).demand.select("sku", "node", "units").rows() == [
        ("ICE", "TX", 2), ("MUG", "PA", 1), ("MUG", "TX", 4),
    ]  # fmt: skip


def test_days_without_stock_are_marked_where_nobody_ordered_between_the_first_and_the_last_day():
    days = [DAY + timedelta(days=k) for k in range(-1, 6)]
    lines = [line(3), line(1, at=NOON + timedelta(days=2)), line(1, "75201", at=NOON + timedelta(days=4))]
    out = pl.DataFrame({"date": days, "sku": ["MUG"] * 7, "node": ["PA"] * 7})
    demand = attribute(orders(*lines), HOMES, NODES, stock_outs=out).demand

    hidden = demand.filter(~pl.col("in_stock"))
    # Not the day before the first order, not the days with an order, not the day after the last of all.
    assert hidden["date"].to_list() == [days[2], days[4], days[5]]
    assert hidden["units"].to_list() == [0, 0, 0]


def test_what_cannot_be_made_is_refused():
    with pytest.raises(ValueError, match="no order lines"):
        attribute(orders(), HOMES, NODES)
    with pytest.raises(ValueError, match="none of 1 order lines has a home node; no node is known for the region"):
        attribute(orders(line(to="99999")), HOMES, NODES)
    with pytest.raises(ValueError, match="stands twice"):
        attribute(orders(line()), pl.concat([HOMES, HOMES]), NODES)
    with pytest.raises(ValueError, match="nodes PA: no time zone"):
        attribute(orders(line()), HOMES, NODES.filter(pl.col("node") == "TX"))


LINES = st.tuples(
    st.sampled_from(["MUG", "TEA"]),
    st.integers(1, 9),
    st.integers(0, 9),
    st.integers(0, 200).map(lambda h: NOON + timedelta(hours=h)),
    st.sampled_from(["19103", "75201", "99999"]),
    st.sampled_from(["US", "FR"]),
    st.sampled_from(["", "PA", "TX"]),
)


@given(st.lists(LINES, max_size=40), st.randoms())
def test_every_unit_ordered_is_demanded_or_cancelled_once_whatever_order_lines_come_in(lines, random):
    ordered = orders(line(), *lines)
    shuffled = ordered[random.sample(range(ordered.height), ordered.height)]
    found = attribute(ordered, HOMES, NODES)

    assert found.demand["units"].sum() + found.cancelled == found.ordered == ordered["units"].sum()
    assert found.demand.equals(attribute(shuffled, HOMES, NODES).demand)
    assert not found.demand.select("date", "sku", "node").is_duplicated().any()
