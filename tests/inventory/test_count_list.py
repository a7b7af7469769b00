"""Counting goes where knowing is worth most: by arithmetic, and against other orders in a seeded world."""

import numpy as np
import polars as pl
import pytest
from tests.inventory.shelves import Shelves, shelves

from evenstock.distributions import negative_binomial as nb
from evenstock.inventory import CountCosts, believe, count_list, learn_accuracy
from evenstock.inventory.count_list import error_cost, value_of_counting

FREE = CountCosts(count_cents=0, unit_cents=0.0)


def beliefs(**said) -> pl.DataFrame:
    row = {
        "sku": "MUG", "node": "TX", "record": 10, "p_phantom": 0.0, "velocity": 1.0, "dispersion": 0.0,
        "error_mean": 0.0, "error_sd": 0.0, "because": "last count 61 days ago",
    }  # fmt: skip
    return pl.DataFrame([row | said], schema_overrides={"record": pl.Int64})


def cents(value: float) -> np.ndarray:
    return np.array([value])


def test_a_certain_record_is_not_worth_a_count() -> None:
    value, _, _ = value_of_counting(beliefs(), cents(900.0), cents(300.0), FREE)

    assert value.tolist() == [0.0]
    assert count_list(beliefs(), cents(900.0), cents(300.0)).height == 0


def test_a_phantom_costs_the_sales_until_it_is_found_anyway() -> None:
    # Far more on record than 28 days can sell, 28 expected: with 25 % none of them can be served.
    value, phantom, _ = value_of_counting(
        beliefs(record=1000, p_phantom=0.25), cents(900.0), cents(0.0), CountCosts(found_anyway_days=28)
    )

    assert value == pytest.approx([0.25 * 28 * 900])
    assert phantom == pytest.approx(value)


def test_only_units_that_would_be_wanted_count() -> None:
    # Ten on record, 28 wanted: at most the ten can be missed, and a slow shelf misses almost none.
    quick, _, _ = value_of_counting(beliefs(p_phantom=1.0), cents(900.0), cents(0.0), FREE)
    slow, _, _ = value_of_counting(beliefs(p_phantom=1.0, velocity=0.01), cents(900.0), cents(0.0), FREE)

    assert quick == pytest.approx([900 * (28 - float(nb.expected_shortage(10, 28.0, 0.0)))])
    assert 8_900 < quick[0] <= 9_000
    assert slow == pytest.approx([900 * 0.28], rel=1e-6)


def test_goods_nobody_knows_of_bind_capital() -> None:
    # Five more than the record, never wanted: 5 x 3,650 cents x 10 % x 28 / 365 days = 140.
    value, _, hidden = value_of_counting(beliefs(error_mean=5.0, velocity=0.0), cents(900.0), cents(3650.0), FREE)

    assert value == pytest.approx([140.0])
    assert hidden == pytest.approx([140.0])


def test_the_list_is_walked_node_by_node_and_ends_with_its_budget() -> None:
    rows = [
        {"sku": f"S{k}", "node": node, "p_phantom": p}
        for k, (node, p) in enumerate([("TX", 0.1), ("NJ", 0.9), ("TX", 0.8), ("TX", 0.0), ("NJ", 0.2), ("TX", 0.5)])
    ]
    told = pl.concat([beliefs(**row) for row in rows])
    everything = count_list(told, np.full(6, 900.0), np.full(6, 300.0))
    today = count_list(told, np.full(6, 900.0), np.full(6, 300.0), per_node=2)

    assert everything.select("node", "rank", "sku").rows() == [
        ("NJ", 1, "S1"), ("NJ", 2, "S4"), ("TX", 1, "S2"), ("TX", 2, "S5"), ("TX", 3, "S0"),
    ]  # fmt: skip
    assert today.select("node", "sku").rows() == [("NJ", "S1"), ("NJ", "S4"), ("TX", "S2"), ("TX", "S5")]
    first = everything.row(0, named=True)
    assert first["net_cents"] == first["value_cents"] - first["cost_cents"]
    # The count itself: 150 cents and a cent for each of ten units.
    assert first["cost_cents"] == 160
    assert first["because"].startswith("worth 8,1")
    assert first["because"].endswith("of them for sales lost if the shelf is empty: last count 61 days ago")


def found(order: np.ndarray, error: np.ndarray, share: float = 0.2) -> float:
    return float(error[order[: int(share * order.size)]].sum() / error.sum())


def searched(world: Shelves) -> dict[str, float]:
    said, costs = believe(world.evidence, learn_accuracy(world.counts)), CountCosts()
    money = world.missing_cents, world.unit_cost_cents
    value, _, _ = value_of_counting(said, *money, costs)
    error = error_cost(said, world.truth, *money, costs)
    orders = {
        "ours": -(value - costs.count_cents - costs.unit_cents * world.evidence.record),
        "abc": -world.evidence.rate * world.unit_cost_cents,
        "random": np.random.default_rng(1).random(value.size),
        "hindsight": -error,
    }
    return {name: found(np.argsort(key, kind="stable"), error) for name, key in orders.items()}


def test_the_first_fifth_of_the_counts_finds_four_fifths_of_the_error_value() -> None:
    shares = searched(shelves(seed=11, n=6000))

    assert shares["ours"] > 0.8
    assert shares["ours"] > shares["abc"] + 0.1
    assert shares["random"] < 0.3


def test_where_empty_shelves_are_noticed_soon_the_list_still_comes_near_to_hindsight() -> None:
    shares = searched(shelves(seed=12, n=6000, noticed_after_units=12.0))

    assert shares["ours"] > 0.85 * shares["hindsight"]
    assert shares["ours"] > shares["abc"] + 0.06


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 a day"):
        count_list(beliefs(), cents(1.0), cents(1.0), per_node=0)
    with pytest.raises(ValueError, match="finite"):
        count_list(beliefs(), cents(float("nan")), cents(1.0))
    with pytest.raises(ValueError, match="as many costs"):
        count_list(beliefs(), np.ones(2), cents(1.0))
    with pytest.raises(ValueError, match="not below zero"):
        CountCosts(count_cents=-1)
    assert count_list(beliefs().clear(), np.zeros(0), np.zeros(0)).height == 0
