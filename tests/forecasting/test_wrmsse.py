"""WRMSSE is the M5 guide's: scaled by the naive error since the first sale, weighed by money, each level alike."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory
from evenstock.forecasting.wrmsse import M5_LEVELS, group_codes, level_errors, wrmsse


def history(units, **columns):
    n = len(units)
    keys = pl.DataFrame({"sku": [f"S{i}" for i in range(n)], "node": "TX"})
    return DemandHistory.from_matrix(np.asarray(units), keys, date(2026, 1, 1)), keys.with_columns(
        pl.Series(name, values) for name, values in columns.items()
    )


def naively(actual, mean, units, weight, groups):
    """The guide's formulas, one series at a time."""
    shares = {}
    for group in sorted(set(groups)):
        rows = [i for i, g in enumerate(groups) if g == group]
        sold = units[rows].sum(axis=0)
        sold = sold[np.flatnonzero(sold)[0] :]
        scale = np.mean([(sold[t] - sold[t - 1]) ** 2 for t in range(1, len(sold))])
        error = np.mean((actual[rows].sum(axis=0) - mean[rows].sum(axis=0)) ** 2)
        shares[group] = weight[rows].sum(), np.sqrt(error / scale)
    return sum(w * e for w, e in shares.values()) / sum(w for w, _ in shares.values())


def test_every_level_agrees_with_the_formulas_taken_one_series_at_a_time():
    rng = np.random.default_rng(1)
    units = rng.poisson(rng.uniform(0.3, 6, (60, 1)), (60, 90)) * (np.arange(90) >= rng.integers(0, 40, (60, 1)))
    past, keys = history(units, state=rng.choice(list("ABC"), 60), item=rng.choice(list("uvwxyz"), 60))
    actual, mean, weight = rng.poisson(2, (60, 28)), rng.uniform(0, 4, (60, 28)), rng.uniform(0, 9, 60)

    found = level_errors(actual, mean, past, weight, [(), ("state",), ("item", "state"), ("sku",)], keys=keys)

    both = [f"{i}/{s}" for i, s in zip(keys["item"], keys["state"], strict=True)]
    for value, groups in zip(found, [[""] * 60, keys["state"].to_list(), both, keys["sku"].to_list()], strict=True):
        assert value == pytest.approx(naively(actual, mean, units, weight, groups))
    assert wrmsse(actual, mean, past, weight, [(), ("state",)], keys=keys) == pytest.approx(np.mean(found[:2]))


def test_errors_that_cancel_between_series_cost_nothing_at_the_total():
    past, _ = history([[1, 2, 1, 2], [2, 1, 2, 2]])
    actual, mean = np.array([[3], [1]]), np.array([[1.0], [3.0]])

    total, single = level_errors(actual, mean, past, np.ones(2), [(), ("sku",)])

    assert total == 0
    assert single > 1


def test_more_groups_than_a_block_are_numbered_through():
    rng = np.random.default_rng(2)
    units = rng.poisson(3, (5000, 12))
    past, _ = history(units)
    actual, mean, weight = rng.poisson(3, (5000, 2)), np.full((5000, 2), 3.0), rng.uniform(1, 2, 5000)

    found = level_errors(actual, mean, past, weight, [("sku",)])[0]

    step = np.diff(units, axis=1).astype(float)
    active = np.arange(11)[None, :] >= past.start[:, None]
    scale = (step**2 * active).sum(axis=1) / np.maximum(active.sum(axis=1), 1)
    ok = scale > 0
    error = np.sqrt(((actual - mean) ** 2).mean(axis=1)[ok] / scale[ok])
    assert found == pytest.approx((weight[ok] * error).sum() / weight[ok].sum())


def test_what_never_changed_or_has_no_weight_stays_out():
    past, _ = history([[0, 0, 0, 0], [5, 5, 5, 5], [1, 2, 3, 4], [1, 0, 1, 0]])
    actual, mean = np.full((4, 1), 9), np.array([[0.0], [0.0], [8.0], [0.0]])

    assert wrmsse(actual, mean, past, np.array([1.0, 1.0, 1.0, 0.0]), [("sku",)]) == pytest.approx(1.0)
    assert np.isnan(wrmsse(actual, mean, past, np.zeros(4), [("sku",)]))


def test_the_competition_has_twelve_levels():
    assert len(M5_LEVELS) == len(set(M5_LEVELS)) == 12
    assert M5_LEVELS[0] == ()


def test_a_column_that_is_not_there_is_named():
    past, keys = history([[1, 2]])
    with pytest.raises(ValueError, match="the keys lack region"):
        wrmsse(np.ones((1, 1)), np.ones((1, 1)), past, np.ones(1), [("region",)], keys=keys)
    with pytest.raises(ValueError, match="at least one level"):
        wrmsse(np.ones((1, 1)), np.ones((1, 1)), past, np.ones(1), [])
    with pytest.raises(ValueError, match="want as many rows"):
        wrmsse(np.ones((2, 1)), np.ones((2, 1)), past, np.ones(2), [()])


def test_groups_are_numbered_in_sorted_order_and_an_empty_value_is_a_group():
    keys = pl.DataFrame({"a": ["y", None, "x", "y"], "b": [1, 1, 1, 2]})
    assert group_codes(keys, ["a"]).tolist() == [2, 0, 1, 2]
    assert group_codes(keys, ["a", "b"]).tolist() == [2, 0, 1, 3]
    assert group_codes(keys, []).tolist() == [0, 0, 0, 0]
