"""Every level of a hierarchy agrees with every other: means to rounding, paths to the unit."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.forecasting import Forecast, hierarchy
from evenstock.forecasting.hierarchy import aggregate, summed_paths

KEYS = pl.DataFrame(
    [(f"S{k}", node, "mugs" if k % 2 else "teas") for k in range(6) for node in ("CA", "PA", "TX")],
    schema=["sku", "node", "category"],
    orient="row",
)
rng = np.random.default_rng(3)
FORECAST = Forecast(
    KEYS.select("sku", "node"),
    date(2026, 11, 20),
    np.exp(rng.normal(0, 1, (18, 10))),
    np.full(18, 0.5),
    np.full(18, 0.3),
    "v",
    date(2026, 11, 19),
    path_drift=np.full(18, 0.02),
    shared=np.full(18, 0.4),
)
CODES = {name: KEYS[name].rank("dense").to_numpy().astype(np.int64) - 1 for name in KEYS.columns}


@settings(max_examples=20)
@given(parent=st.lists(st.integers(0, 3), min_size=18, max_size=18), cells=st.sampled_from([1, 900, 10**7]))
def test_a_parents_path_is_the_sum_of_its_childrens_path_for_path(parent, cells):
    code = np.array(parent)
    children = FORECAST.paths(15, 4)

    with pytest.MonkeyPatch.context() as small_memory:
        small_memory.setattr(hierarchy, "_CELLS_AT_ONCE", cells)
        summed = summed_paths(FORECAST, code, 15, 4)

    assert all((summed[g] == children[code == g].sum(axis=0)).all() for g in range(code.max() + 1))


def test_two_ways_up_arrive_at_the_same_paths():
    by_node = summed_paths(FORECAST, CODES["node"], 30, 7)
    by_category = summed_paths(FORECAST, CODES["category"], 30, 7)
    everything = summed_paths(FORECAST, np.zeros(18, np.int64), 30, 7)

    assert (by_node.sum(axis=0) == everything[0]).all()
    assert (by_category.sum(axis=0) == everything[0]).all()


@pytest.mark.parametrize("by", [[], ["node"], ["category"], ["sku"], ["category", "node"], ["sku", "node"]])
def test_means_add_up_exactly_and_quantiles_are_those_of_summed_paths(by):
    found = aggregate(FORECAST, by, levels=(0.5, 0.95), n_paths=40, seed=7, keys=KEYS)

    assert found["mean"].sum() == pytest.approx(FORECAST.mu.sum(), rel=1e-12)
    assert found.height == 10 * (KEYS.select(by).unique().height if by else 1)
    assert (found["q0.5"] <= found["q0.95"]).all()
    assert found["q0.95"].dtype == pl.Int64


def test_the_95_percent_of_a_node_is_counted_over_its_summed_paths():
    found = aggregate(FORECAST, ["node"], levels=(0.95,), n_paths=40, seed=7).filter(node="PA")
    summed = summed_paths(FORECAST, CODES["node"], 40, 7)[1]

    # The 38th smallest of 40 is the smallest that at least 95 % do not exceed.
    assert found["q0.95"].to_list() == np.sort(summed, axis=0)[37].tolist()
    assert found["mean"].to_list() == pytest.approx(FORECAST.mu[CODES["node"] == 1].sum(axis=0).tolist())


def test_memory_is_bounded_without_changing_a_number(monkeypatch):
    whole = aggregate(FORECAST, ["sku"], n_paths=20, seed=1)
    monkeypatch.setattr(hierarchy, "_CELLS_AT_ONCE", 200)

    assert aggregate(FORECAST, ["sku"], n_paths=20, seed=1).equals(whole)


def test_a_total_over_the_horizon_is_that_of_each_path_not_the_sum_of_daily_quantiles():
    month = aggregate(FORECAST, [], levels=(0.975,), n_paths=200, seed=2, totals=True)
    days = aggregate(FORECAST, [], levels=(0.975,), n_paths=200, seed=2)

    assert month.height == 1
    assert month["mean"][0] == pytest.approx(FORECAST.mu.sum())
    assert month["q0.975"][0] < days["q0.975"].sum()


def test_what_cannot_be_added_up_is_refused():
    with pytest.raises(ValueError, match="no column category to add up by; keys have sku, node"):
        aggregate(FORECAST, ["category"])
    with pytest.raises(ValueError, match="keys have 3 rows, the forecast 18 series"):
        aggregate(FORECAST, ["node"], keys=KEYS[:3])
    with pytest.raises(ValueError, match="between 0 and 1"):
        aggregate(FORECAST, levels=(1.0,))


def test_a_forecast_of_nothing_adds_up_to_nothing():
    assert aggregate(FORECAST.rows(np.zeros(0, np.int64)), ["node"]).is_empty()
    assert aggregate(FORECAST.rows(np.zeros(0, np.int64))).is_empty()
