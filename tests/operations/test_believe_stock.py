"""From a company's tables to beliefs and buffers: what is heard, what is not, and that the same morning twice changes nothing."""

from datetime import timedelta

import polars as pl
import pytest
from tests.operations.stocked import (
    NODES,
    NOW,
    OPENED,
    TODAY,
    ago,
    counts,
    demand,
    observations,
    opened,
    short_picks,
    sources,
    stock,
)

from evenstock.domain import Account, Bucket, Cause, Movement, MovementId, NodeId, Sku, Units
from evenstock.operations.believe_stock import beliefs_of_today, believe_stock, current_beliefs, draw_up_beliefs

SHELVES = stock([("CUP", "TX", 60), ("MUG", "NJ", 60), ("MUG", "TX", 60)])
SALES = demand(MUG_TX=(4, 12), MUG_NJ=(4, 0), CUP_TX=(4, 0))


def believed(here, **more) -> dict[tuple[str, str], dict]:
    frame = draw_up_beliefs(*here, now=NOW, **more)[0].frame
    return {(row["sku"], row["node"]): row for row in frame.to_dicts()}


def buffers(store) -> dict[tuple[str, str, str], int]:
    with store.reading() as books:
        return {tuple(row[:3]): row[3] for row in books.balance_frame().select("sku", "node", "lot", "buffer").rows()}


def test_a_shelf_that_stopped_selling_is_not_believed(tmp_path) -> None:
    said = believed(opened(tmp_path, SHELVES, demand=SALES))

    assert said["MUG", "TX"]["p_phantom"] > 0.95
    assert said["MUG", "TX"]["because"].startswith("0 sold in 12 days where 4")
    assert said["MUG", "NJ"]["p_phantom"] < 0.01
    assert said["MUG", "NJ"]["because"].startswith("56 sold in 14 days where 5")
    assert said["MUG", "NJ"]["velocity"] == pytest.approx(4.0, rel=0.2)


def test_its_units_are_no_longer_promised_and_asking_again_changes_nothing(tmp_path) -> None:
    here = opened(tmp_path, SHELVES, demand=SALES)
    first = believe_stock(*here, now=NOW)

    assert buffers(here[0])["MUG", "TX", ""] == 60
    changed = first.buffers.filter(pl.col("node") == "TX", pl.col("sku") == "MUG").row(0, named=True)
    assert (changed["before"], changed["after"]) == (0, 60)
    assert "the shelf is empty with probability" in changed["because"]
    again = believe_stock(*here, now=NOW)
    assert again.buffers.height == 0
    assert again.digest == first.digest
    kept = current_beliefs(*here[:2])
    assert kept is not None
    assert kept.on == TODAY
    assert kept.frame.equals(first.beliefs.frame)
    assert beliefs_of_today(*here, NOW).notes == first.beliefs.notes


def test_a_feed_that_is_late_holds_units_back(tmp_path) -> None:
    tables = {"demand": SALES, "sources": sources(wms=("wms", 5), threepl=("3pl", 30))}
    told = [
        ("wms", "CUP", "TX", ago(0.001), 60),
        ("wms", "MUG", "TX", ago(0.001), 60),
        ("threepl", "MUG", "NJ", ago(2.0), 60),
    ]
    here = opened(tmp_path, SHELVES, **tables, observations=observations(*told), counts=counts(
        ("MUG", "NJ", ago(0.1), 60, 60), ("CUP", "TX", ago(0.1), 60, 60)))  # fmt: skip
    said = believed(here)
    held = believe_stock(*here, now=NOW)

    assert said["CUP", "TX"]["feed_days"] == pytest.approx(5 / 1440)
    assert said["MUG", "NJ"]["feed_days"] == pytest.approx(2.0)
    # Two days at about 4 are 8 expected; not exceeded with probability 0.9: some 12.
    assert buffers(here[0])["CUP", "TX", ""] == 0
    assert 10 <= buffers(here[0])["MUG", "NJ", ""] <= 16
    assert "perhaps sold since the feed spoke" in held.held.filter(pl.col("node") == "NJ")["because"][0]


def test_days_without_stock_promotions_and_a_silent_end_are_not_held_against_the_shelf(tmp_path) -> None:
    out = SALES.with_columns(in_stock=pl.when(pl.col("units") == 0).then(False).otherwise(True))
    promoted = SALES.with_columns(promotion=pl.col("units") == 0)
    late = SALES.filter(pl.col("date") < TODAY - timedelta(days=12))
    for number, sales in enumerate((out, promoted, late)):
        said = believed(opened(tmp_path / str(number), SHELVES, demand=sales))
        assert said["MUG", "TX"]["p_phantom"] < 0.3, number


def test_a_record_that_was_zero_on_those_days_explains_them(tmp_path) -> None:
    here = opened(tmp_path, SHELVES, demand=SALES)
    mug, texas = Sku("MUG"), NodeId("TX")
    shelf, customer = Account(mug, texas, Bucket.AVAILABLE), Account(mug, texas, Bucket.OUTSIDE, cause=Cause.CUSTOMER)
    supplier = Account(mug, texas, Bucket.OUTSIDE, cause=Cause.RETURN)
    with here[0].transaction() as books:
        books.post([Movement(MovementId("sold"), Units(60), shelf, customer, ago(13), "sold out")], NOW)
        books.post([Movement(MovementId("back"), Units(9), supplier, shelf, ago(0.5), "came back")], NOW)
    said = believed(here)["MUG", "TX"]

    assert said["record"] == 9
    assert said["p_phantom"] < 0.3


def test_books_that_opened_later_do_not_make_the_days_before_them_empty(tmp_path) -> None:
    young = pl.concat([stock([("CUP", "TX", 60), ("MUG", "NJ", 60)]), stock([("MUG", "TX", 60)], at=ago(3))])
    said = believed(opened(tmp_path, young, demand=SALES))["MUG", "TX"]

    assert said["p_phantom"] > 0.9
    assert "where 4" in said["because"]


def test_goods_that_came_in_end_the_doubt(tmp_path) -> None:
    receipts = pl.DataFrame(
        {"purchase": "PO", "line": "1", "supplier": "S", "sku": "MUG", "node": "TX", "mode": "", "ordered_on": OPENED.date(),
         "promised_on": OPENED.date(), "received_on": TODAY - timedelta(days=1), "units_ordered": 40, "units_received": 40}
    )  # fmt: skip

    assert believed(opened(tmp_path, SHELVES, demand=SALES, receipts=receipts))["MUG", "TX"]["p_phantom"] < 0.01


def test_a_count_ends_the_doubt_and_teaches_the_node(tmp_path) -> None:
    told = counts(("MUG", "TX", ago(0.5), 60, 60), ("CUP", "TX", ago(100), 60, 66), ("MUG", "NJ", ago(40), 60, 60))
    here = opened(tmp_path, SHELVES, demand=SALES, counts=told)
    beliefs = draw_up_beliefs(*here, now=NOW)[0]
    said = {(row["sku"], row["node"]): row for row in beliefs.frame.to_dicts()}

    assert said["MUG", "TX"]["p_phantom"] == pytest.approx(0.005)
    assert said["MUG", "TX"]["days_since_count"] == pytest.approx(0.5)
    assert "counted today" in said["MUG", "TX"]["because"]
    # Forty days at 4 a day and a tenth for each day: 164.
    assert said["MUG", "NJ"]["error_mean"] < 0
    assert beliefs.accuracy["counts"].sum() == 3


def test_short_picks_speak_at_once_even_of_a_shelf_without_sales(tmp_path) -> None:
    failed = short_picks(("MUG", "NJ", ago(0.1), 2, 0), ("MUG", "NJ", ago(0.2), 3, 1), ("CUP", "TX", ago(80), 1, 0))
    said = believed(opened(tmp_path, SHELVES, short_picks=failed))

    assert said["MUG", "NJ"]["p_phantom"] > 0.99
    assert said["MUG", "NJ"]["because"].startswith("2 picks came back short; ")
    assert said["CUP", "TX"]["p_phantom"] < 0.3, "an old pick of another season"


def test_lines_cancelled_where_the_goods_should_have_been_are_heard(tmp_path) -> None:
    orders = pl.DataFrame(
        [(f"O{k}", "1", "MUG" if k % 2 else "CUP", 2, 2 if k in {1, 3, 5, 7} else 0, ago(0.3 if k < 8 else k / 6), "75201",
          "US", "NJ" if k % 2 else "TX", "") for k in range(600)],
        schema=["order", "line", "sku", "units", "cancelled", "placed_at", "postal_code", "country", "served_by", "channel"],
        orient="row",
    )  # fmt: skip
    said = believed(opened(tmp_path, SHELVES, order_history=orders))

    # Six of 700 lines are usual; four cancelled in one day are not.
    assert said["MUG", "NJ"]["p_phantom"] > 0.9
    assert "4 order lines cancelled" in said["MUG", "NJ"]["because"]
    assert said["CUP", "TX"]["p_phantom"] < 0.3


def test_demand_of_a_warehouse_goes_on_without_its_shelf_and_tells_nothing_of_it(tmp_path) -> None:
    warehouses = NODES.with_columns(kind=pl.Series(["own", "3pl"]))
    beliefs = draw_up_beliefs(*opened(tmp_path, SHELVES, demand=SALES, nodes=warehouses), now=NOW)[0]
    mug = beliefs.frame.filter(sku="MUG", node="TX").row(0, named=True)

    assert mug["p_phantom"] < 0.2
    assert "no day of sales can be held against a forecast" in mug["because"]
    assert mug["velocity"] > 1.0
    assert any("demand of NJ, TX goes on while a shelf there is empty" in note for note in beliefs.notes)


def test_what_left_a_node_is_read_from_the_orders_it_shipped(tmp_path) -> None:
    # Demand of TX goes on; but for 14 days another node has shipped all of it.
    orders = pl.DataFrame(
        [(f"O{k}", str(n), "MUG", 4, 0, ago(k + 0.5), "75201", "US", "NJ" if k < 14 else "TX", "")
         for k in range(140) for n in range(1)]
        + [(f"C{k}", "1", "CUP", 1, 0, ago(k + 0.5), "75201", "US", "TX", "") for k in range(140)],
        schema=["order", "line", "sku", "units", "cancelled", "placed_at", "postal_code", "country", "served_by", "channel"],
        orient="row",
    )  # fmt: skip
    said = believed(opened(tmp_path, SHELVES, demand=demand(MUG_TX=(4, 0), CUP_TX=(1, 0)), order_history=orders))

    assert said["MUG", "TX"]["p_phantom"] > 0.95
    assert said["CUP", "TX"]["p_phantom"] < 0.05


def test_the_users_own_buffer_is_a_floor_lot_by_lot(tmp_path) -> None:
    lots = pl.concat([stock([("MUG", "TX", 20)], lot="A", buffer=3), stock([("MUG", "TX", 40)], lot="B", buffer=1)])
    here = opened(tmp_path, lots, demand=SALES)
    believe_stock(*here, now=NOW)

    assert buffers(here[0]) == {("MUG", "TX", "A"): 20, ("MUG", "TX", "B"): 40}
    told = opened(tmp_path / "counted", lots, demand=SALES, counts=counts(("MUG", "TX", ago(0.1), 60, 60)))
    believe_stock(*told, now=NOW)
    assert buffers(told[0]) == {("MUG", "TX", "A"): 3, ("MUG", "TX", "B"): 1}


def test_doubt_that_ends_gives_the_units_back(tmp_path) -> None:
    here = opened(tmp_path, SHELVES, demand=SALES)
    believe_stock(*here, now=NOW)
    counted = opened(tmp_path, SHELVES, demand=SALES, counts=counts(("MUG", "TX", ago(0.1), 60, 60)))[2]

    given_back = believe_stock(*here[:2], counted, now=NOW)

    assert given_back.buffers.filter(pl.col("sku") == "MUG", pl.col("node") == "TX")["after"].to_list() == [0]
    assert buffers(here[0])["MUG", "TX", ""] == 0


def test_books_alone_have_a_stated_rule_for_everything_that_is_missing(tmp_path) -> None:
    beliefs = draw_up_beliefs(*opened(tmp_path, SHELVES), now=NOW)[0]

    assert beliefs.frame["p_phantom"].is_between(0.05, 0.2).all()
    assert beliefs.frame.select(pl.col(pl.Float64).is_nan().any()).row(0) == (False,) * 9
    assert any("no demand and no order history" in note for note in beliefs.notes)
    assert any("no feed from NJ, TX" in note for note in beliefs.notes)
    assert any("never counted" in note for note in beliefs.notes)


def test_empty_books_hold_no_beliefs(tmp_path) -> None:
    here = opened(tmp_path, stock([("MUG", "TX", 0)]), demand=SALES)

    assert believe_stock(*here, now=NOW).beliefs.frame.height == 0
    assert current_beliefs(*here[:2]).frame.height == 0


def test_opening_the_books_after_a_statement_moves_no_goods(tmp_path) -> None:
    # The warehouse said 60 two days ago; the books were opened with 60 yesterday, and still say so.
    here = opened(
        tmp_path,
        stock([("MUG", "TX", 60)], at=ago(1)),
        sources=sources(wms=("wms", 5)),
        observations=observations(("wms", "MUG", "TX", ago(2), 60)),
    )
    assert believed(here)["MUG", "TX"]["stated"] == 60


def test_what_a_warehouse_shipped_tells_of_its_shelf_even_where_orders_go_back_only_weeks(tmp_path) -> None:
    # Half a year of demand, but only three weeks of orders that say who shipped: four mugs a day, then none for ten days.
    lines = [
        (f"{sku}-{back}", "1", sku, 4, 0, ago(back), "75201", "US", "TX", "web")
        for sku, empty in (("MUG", 10), ("CUP", 0))
        for back in range(21, empty, -1)
    ]
    columns = (
        "order",
        "line",
        "sku",
        "units",
        "cancelled",
        "placed_at",
        "postal_code",
        "country",
        "served_by",
        "channel",
    )
    orders = pl.DataFrame(lines, schema=columns, orient="row").cast({"units": pl.Int64, "cancelled": pl.Int64})
    wanted = demand(MUG_TX=(4, 0), CUP_TX=(4, 0))
    shelves = stock([("CUP", "TX", 60), ("MUG", "TX", 60)])

    said = believed(opened(tmp_path, shelves, demand=wanted, order_history=orders))

    assert said["MUG", "TX"]["p_phantom"] > 0.9
    assert said["CUP", "TX"]["p_phantom"] < 0.01
    assert said["MUG", "TX"]["because"].startswith("0 sold in 10 days where ")
