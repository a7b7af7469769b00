"""In a stream every row is accepted or refused with a reason, and none is lost."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock import tables
from evenstock.connectors.files import sift

COLUMNS = ["order", "line", "sku", "units", "placed_at", "postal_code", "country"]
GOOD = ["1", "1", "MUG", "2", "2026-11-20T14:00:00Z", "10001", "US"]


def stream(*rows: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def test_good_rows_go_on_and_the_others_say_why() -> None:
    frame = stream(GOOD, ["1", "2", *GOOD[2:3], "-2", *GOOD[4:]], ["1", "1", *GOOD[2:]], [None] * 7, ["2", *GOOD[1:]])

    sifted = sift("orders", frame, "feed")

    assert sifted.accepted["at"].to_list() == [0, 4]
    assert sifted.refused.select("at", "column", "value", "kind").rows() == [
        (1, "units", "-2", "below range"),
        (2, "order, line", "1 / 1", "duplicate"),
        (3, "", "", "empty row"),
    ]
    assert tables.Orders.is_valid(sifted.accepted.drop("at"))


def test_a_row_with_several_troubles_is_counted_once() -> None:
    sifted = sift("orders", stream(["1", "1", None, "x", "yesterday", "10001", "US"]), "feed")

    assert sifted.refused.select("at", "column", "troubles").rows() == [(0, "sku", 3)]


def test_a_stream_without_a_required_column_cannot_be_read_at_all() -> None:
    with pytest.raises(ValueError, match="column placed_at is missing"):
        sift("orders", stream(GOOD).drop("placed_at"), "feed")


cell = st.sampled_from(["1", "2", "", "MUG", "-1", "x", "2026-11-20T14:00:00Z", "US", " ", "10001", None])


@settings(max_examples=80)
@given(st.lists(st.lists(cell, min_size=7, max_size=7), max_size=12))
def test_no_row_is_lost_or_doubled(rows) -> None:
    sifted = sift("orders", stream(*rows), "feed")

    assert sorted([*sifted.accepted["at"], *sifted.refused["at"]]) == list(range(len(rows)))
    assert sifted.refused["what"].null_count() == 0
    assert tables.Orders.is_valid(sifted.accepted.drop("at"))
