"""A day without stock is a day on which every system that spoke said so, all day long."""

from datetime import UTC, date, datetime, timedelta

import polars as pl

from evenstock.forecasting.stock_outs import most_on_hand, stock_outs

DAY = date(2026, 7, 1)
MIDNIGHT = datetime(2026, 7, 1, 5, tzinfo=UTC)  # in Chicago
NODES = pl.DataFrame({"node": ["TX", "PA"], "timezone": ["America/Chicago", "America/Chicago"]})
COLUMNS = {
    "source": pl.String, "sku": pl.String, "node": pl.String, "lot": pl.String, "observed_at": pl.Datetime("us", "UTC"),
    "units": pl.Int64,
}  # fmt: skip


def said(*statements: tuple[float, int], node: str = "TX", source: str = "wms", lot: str = "") -> pl.DataFrame:
    """Statements (days after the first midnight, units)."""
    rows = [(source, "MUG", node, lot, MIDNIGHT + timedelta(days=at), units) for at, units in statements]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def out(*frames: pl.DataFrame, last: int = 9, carry: int | None = 3, pool: bool = False) -> list[tuple[str, int]]:
    """Node and day number of each stock-out."""
    most = most_on_hand(pl.concat(frames), NODES, last=DAY + timedelta(days=last), carry_days=carry)
    together = NODES.select("node", pool=pl.lit("own")) if pool else None
    found = stock_outs(most, together)
    return sorted((node, (day - DAY).days) for day, node in found.select("date", "node").iter_rows())


def test_a_day_counts_only_where_nothing_was_there_all_day():
    # Sold out at noon of day 1, filled up at noon of day 4: days 2 and 3 were empty from end to end.
    assert out(said((0.5, 4), (1.5, 0), (2.5, 0), (3.5, 0), (4.5, 6))) == [("TX", 2), ("TX", 3)]


def test_stock_that_comes_at_midnight_ends_no_day_before_it():
    assert out(said((0.0, 0), (1.0, 5))) == [("TX", 0)]


def test_a_statement_speaks_for_three_days_and_no_longer():
    assert out(said((0.5, 3), (1.5, 0))) == [("TX", 2), ("TX", 3), ("TX", 4)]
    assert out(said((0.5, 3), (1.5, 0)), carry=None, last=6) == [("TX", 2), ("TX", 3), ("TX", 4), ("TX", 5), ("TX", 6)]


def test_one_system_that_says_there_was_some_is_a_doubt():
    empty, full = said((0.5, 0), (1.5, 0)), said((0.5, 2), source="oms")

    assert out(empty) == [("TX", day) for day in range(5)]
    assert out(empty, full) == [("TX", 4)]  # the other's statement is older than three days by then


def test_lots_add_up():
    assert out(said((0.5, 0), lot="A"), said((0.5, 1), lot="B")) == []
    assert out(said((0.0, 0), lot="A"), said((0.0, 0), lot="B"), last=0) == [("TX", 0)]


def test_where_orders_can_be_re_routed_the_whole_pool_must_be_empty():
    texas = said((0.0, 0), (1.0, 0), (2.0, 0), (3.0, 9))
    pennsylvania = said((0.0, 5), (1.0, 0), (2.0, 0), (3.0, 9), node="PA")

    assert out(texas, pennsylvania) == [("PA", 1), ("PA", 2), ("TX", 0), ("TX", 1), ("TX", 2)]
    assert out(texas, pennsylvania, pool=True) == [("PA", 1), ("PA", 2), ("TX", 1), ("TX", 2)]


def test_a_node_not_heard_of_that_day_may_have_had_some_and_one_that_was_never_empty_had():
    texas = said(*((float(k), 0) for k in range(6)))

    assert out(texas, said((0.0, 5), node="PA"), pool=True, last=5) == []
    assert [day for node, day in out(texas, said((4.0, 5), node="PA"), pool=True, last=5)] == [0, 1, 2, 3]


def test_without_statements_there_are_no_stock_outs():
    assert out(said()) == []
