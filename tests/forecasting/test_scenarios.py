"""A few weighted scenarios stand for many paths: means and tails are kept, and what happens together stays together."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.distributions import key_hashes, sample_paths
from evenstock.forecasting import Forecast
from evenstock.forecasting.scenarios import by_item, reduce


def item(nodes, mean=1.0, seed=1, n_paths=200, shared=0.5):
    rng = np.random.default_rng(seed)
    mu = mean * np.exp(rng.normal(0, 0.7, (nodes, 1))) * np.ones((1, 28))
    alpha = np.full(nodes, 0.6)
    return sample_paths(
        mu,
        alpha,
        alpha * 0.6,
        n_paths=n_paths,
        seed=seed,
        keys=key_hashes([("A", str(k)) for k in range(nodes)]),
        drift=np.full(nodes, 0.05),
        shared=np.full(nodes, shared),
        groups=key_hashes([("A",)] * nodes),
    )


def weighted_quantile(values, weights, level):
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return values[order][np.searchsorted(reached, level - 1e-9)]


@settings(max_examples=40, deadline=None)
@given(
    nodes=st.integers(1, 10),
    n=st.sampled_from([20, 32, 50]),
    mean=st.sampled_from([0.02, 0.5, 20.0]),
    seed=st.integers(0, 99),
)
def test_means_of_every_node_and_the_tail_of_the_total_are_kept_exactly(nodes, n, mean, seed):
    paths = item(nodes, mean, seed)
    totals, few = paths.sum(axis=2), reduce(paths, n)
    kept = few.paths.sum(axis=2)

    assert few.paths.dtype == np.int32
    assert (few.paths == paths[:, few.picked]).all()
    assert few.picked.size <= n
    assert (few.weights > 0).all()
    assert few.weights.sum() == pytest.approx(1.0)
    # Ten nodes, their total's variance and its tail are 14 rows; 20 scenarios have room for 15.
    np.testing.assert_allclose((kept * few.weights).sum(axis=1), totals.mean(axis=1), rtol=1e-9, atol=1e-12)
    whole, kept = totals.sum(axis=0), kept.sum(axis=0)
    at = np.quantile(whole, 0.95, method="inverted_cdf")
    assert weighted_quantile(kept, few.weights, 0.95) == at
    assert few.weights[kept > at].sum() == pytest.approx((whole > at).mean(), abs=1e-9)
    assert ((kept - whole.mean()) ** 2 * few.weights).sum() == pytest.approx(whole.var(), rel=1e-7)


def test_with_room_the_chance_of_each_node_to_exceed_its_own_tail_is_kept_too():
    paths = item(5)
    totals, few = paths.sum(axis=2), reduce(paths, 50)
    own = np.quantile(totals, 0.95, axis=1, method="inverted_cdf")

    exceeded = ((few.paths.sum(axis=2) > own[:, None]) * few.weights).sum(axis=1)

    np.testing.assert_allclose(exceeded, (totals > own[:, None]).mean(axis=1), atol=1e-9)


def test_shortage_is_nearer_the_truth_than_with_as_many_paths_taken_as_they_come():
    off = {"reduced": 0.0, "as they come": 0.0}
    for seed in range(12):
        paths = item(6, 2.0, seed)
        totals = paths.sum(axis=2)
        stock = np.quantile(totals, 0.8, axis=1, method="inverted_cdf")[:, None]
        truth = np.maximum(totals - stock, 0).mean(axis=1)
        few = reduce(paths, 32)
        reduced = (np.maximum(few.paths.sum(axis=2) - stock, 0) * few.weights).sum(axis=1)
        off["reduced"] += np.abs(reduced - truth).sum()
        off["as they come"] += np.abs(np.maximum(totals[:, :32] - stock, 0).mean(axis=1) - truth).sum()

    assert off["reduced"] < 0.5 * off["as they come"]


def test_what_happens_at_once_still_happens_at_once():
    paths = item(2, 5.0, shared=1.0)
    few = reduce(paths, 32)
    kept = few.paths.sum(axis=2)

    before = np.corrcoef(paths.sum(axis=2))[0, 1]
    matrix = np.cov(kept, aweights=few.weights)
    assert matrix[0, 1] / np.sqrt(matrix[0, 0] * matrix[1, 1]) == pytest.approx(before, abs=0.07)


def test_reducing_twice_gives_the_same_scenarios():
    a, b = reduce(item(4), 24), reduce(item(4), 24)

    assert (a.picked == b.picked).all()
    assert (a.weights == b.weights).all()


@pytest.mark.parametrize("paths", [np.zeros((3, 100, 28), np.int32), np.full((2, 60, 1), 7, np.int32)])
def test_paths_that_are_all_the_same_are_reduced_without_fuss(paths):
    few = reduce(paths, 20)

    assert few.weights.sum() == pytest.approx(1.0)
    assert (few.paths.mean(axis=1) == paths.mean(axis=1)).all()


def test_more_series_than_scenarios_keep_their_total_and_the_largest_of_them():
    paths = item(60)
    totals, few = paths.sum(axis=2), reduce(paths, 20)
    means = (few.paths.sum(axis=2) * few.weights).sum(axis=1)
    largest = np.argsort(-totals.sum(axis=1), kind="stable")[:10]

    np.testing.assert_allclose(means[largest], totals.mean(axis=1)[largest], rtol=1e-9)
    assert means.sum() == pytest.approx(totals.mean(axis=1).sum())


def test_no_more_paths_than_asked_for_are_all_kept_alike():
    few = reduce(item(2, n_paths=20), 32)

    assert few.weights.tolist() == pytest.approx([1 / 20] * 20)


def test_nodes_of_an_item_share_weights_in_a_whole_forecast():
    keys = pl.DataFrame({"sku": ["A", "B", "A", "B", "C"], "node": ["TX", "TX", "PA", "PA", "TX"]})
    forecast = Forecast(
        keys, date(2026, 11, 20), np.full((5, 14), 2.0), np.full(5, 0.5), np.full(5, 0.3), "v", date(2026, 11, 19),
        shared=np.full(5, 0.4),
    )  # fmt: skip

    paths, weights = by_item(forecast, 20, n_paths=100, seed=3)
    alone, _ = by_item(forecast.rows(np.array([0, 2])), 20, n_paths=100, seed=3)

    assert paths.shape == (5, 20, 14)
    assert (weights[0] == weights[2]).all()
    assert (weights[0] != weights[1]).any()
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    assert (paths[[0, 2]] == alone).all()
    full = forecast.paths(100, 3).sum(axis=2).mean(axis=1)
    np.testing.assert_allclose((paths.sum(axis=2) * weights).sum(axis=1), full)


def test_what_cannot_be_reduced_is_refused():
    with pytest.raises(ValueError, match="at least 8"):
        reduce(item(1), 7)
    with pytest.raises(ValueError, match="at least one path"):
        reduce(np.zeros((2, 0, 3), np.int32))
