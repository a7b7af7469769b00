"""Two systems held against each other: how many lines agree, what the rest is worth, and what it probably is."""

import numpy as np
import polars as pl
import pytest

from evenstock.inventory import reconcile
from evenstock.inventory.reconcile import COLUMNS, bootstrap_sums, wilson


def pairs(*rows: dict) -> pl.DataFrame:
    usual = {
        "node": "TX", "source": "wms", "ours": 10, "theirs": 10, "unit_cost_cents": 200, "velocity": 0.0,
        "dispersion": 0.0, "apart_days": 0.0, "unposted": 0, "p_phantom": None,
    }  # fmt: skip
    schema = {"ours": pl.Int64, "theirs": pl.Int64, "p_phantom": pl.Float64, "unit_cost_cents": pl.Int64}
    return pl.DataFrame([{"sku": f"S{k}"} | usual | row for k, row in enumerate(rows)], schema_overrides=schema)


def cause(**row) -> tuple[str, str]:
    return reconcile(pairs(row)).lines.select("cause", "because").row(0)


def test_totals_add_up_to_the_unit_and_the_cent() -> None:
    told = reconcile(pairs({}, {"ours": 13}, {"theirs": 12}, {"theirs": None}, {"ours": None, "theirs": 4}))
    total = told.totals.row(0, named=True)

    assert (total["lines"], total["agree"], total["only_ours"], total["only_theirs"]) == (3, 1, 1, 1)
    assert (total["net_units"], total["gross_units"]) == (1, 5)
    assert (total["net_cents"], total["gross_cents"]) == (200, 1000)
    assert total["share"] == pytest.approx(1 / 3)
    assert total["net_cents_low"] <= 200 <= total["net_cents_high"]
    assert "TX against wms: 1 of 3 lines agree" in told.text
    assert "1 line only in our books; 1 line only in wms" in told.text


def test_lines_that_differ_come_dearest_first_and_the_rest_not_at_all() -> None:
    lines = reconcile(pairs({}, {"ours": 13}, {"theirs": 70}, {"theirs": None})).lines

    # 60 x 200, 10 on one side alone x 200, 3 x 200
    assert lines["sku"].to_list() == ["S2", "S3", "S1"]


def test_each_difference_has_its_likely_cause() -> None:
    assert cause(theirs=None)[0] == "not in their system"
    assert cause(ours=None)[0] == "not in our books"
    assert cause(theirs=2, p_phantom=0.8) == ("phantom", "the shelf is empty with probability 80%: count it")
    assert cause(theirs=7, unposted=3)[0] == "unposted shipment"
    kind, words = cause(theirs=7, velocity=4.0, apart_days=0.5)
    assert kind == "age of the statement"
    assert words == "the statements lie 12 h apart, in which 2.0 are expected to sell"
    assert cause(theirs=2, velocity=4.0, apart_days=0.5)[0] == "unexplained"
    assert cause(theirs=17)[1] == "7 fewer in the books than wms says: count it"


def test_each_node_and_source_stands_alone_and_slow_lines_apart_from_fast() -> None:
    told = reconcile(pairs({}, {"source": "fba", "ours": 11}, {"node": "NJ", "velocity": 5.0}))

    assert told.totals.select("node", "source", "agree").rows() == [
        ("NJ", "wms", 1), ("TX", "fba", 0), ("TX", "wms", 1),
    ]  # fmt: skip
    assert told.classes.select("node", "velocity").rows()[0] == ("NJ", "2 to 12 a day")


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe (1998), table I: 81 of 263 lies between 0.2553 and 0.3662.
    low, high = wilson([81], [263])

    assert (round(float(low[0]), 4), round(float(high[0]), 4)) == (0.2553, 0.3662)
    low, high = wilson([0], [0])
    assert (low[0], high[0]) == (0.0, 1.0)


def test_the_bootstrap_covers_the_total_as_often_as_it_says() -> None:
    rng = np.random.default_rng(4)
    inside = 0
    for trial in range(100):
        lines = np.where(rng.random((200, 1)) < 0.2, rng.integers(-4, 6, (200, 1)), 0).astype(float)
        low, high = bootstrap_sums(lines, seed=trial)
        inside += low[0] <= 200 * 0.2 * 0.5 <= high[0]
    assert 0.88 <= inside / 100 <= 0.99
    low, high = bootstrap_sums(np.zeros((5, 2)), seed=0)
    assert low.tolist() == high.tolist() == [0.0, 0.0]
    assert bootstrap_sums(np.ones((5, 1)), seed=7)[0].tolist() == [5.0]


def test_a_week_without_any_statement_says_so() -> None:
    told = reconcile(pairs({}).clear())

    assert told.totals.height == told.lines.height == 0
    assert "no other system has stated any stock" in told.text


def test_pairs_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(ValueError, match="stands twice"):
        reconcile(pairs({"sku": "A"}, {"sku": "A"}))
    with pytest.raises(ValueError, match="lack apart_days"):
        reconcile(pairs({}).drop("apart_days"))
    assert set(COLUMNS) <= set(pairs({}).columns)
