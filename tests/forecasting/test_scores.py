"""Scores are what their papers say, and a backtest sees only the past."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import DemandHistory, scores
from evenstock.forecasting.backtest import backtest

FIRST = date(2025, 1, 6)


def history(units):
    keys = pl.DataFrame({"sku": [f"S{i}" for i in range(len(units))], "node": "TX"})
    return DemandHistory.from_matrix(np.asarray(units), keys, FIRST)


def test_the_scale_starts_with_the_first_sale():
    # from the first sale on: 2, 5, 4, 4 with steps 3, 1, 0
    assert scores.naive_scale(history([[0, 0, 2, 5, 4, 4]])).tolist() == [pytest.approx(4 / 3)]


def test_the_scaled_loss_by_hand():
    # level 0.5, quantile 4 against 6 and 3: losses 1 and 0.5, mean 0.75, scale 1.5; weight 3 to 1 with a perfect series
    loss = scores.wspl(
        np.array([[6, 3], [1, 1]]),
        np.array([[[4], [4]], [[1], [1]]]),
        [0.5],
        np.array([1.5, 1.0]),
        np.array([3.0, 1.0]),
    )

    assert loss == pytest.approx(0.75 * (0.75 / 1.5))


def test_a_series_that_never_changed_has_no_scale_and_no_vote():
    scale = scores.naive_scale(history([[3, 3, 3], [1, 2, 3]]))

    assert np.isnan(scale[0])
    assert scores.wspl(np.array([[9], [2]]), np.array([[[0]], [[2]]]), [0.5], scale, np.ones(2)) == 0.0


def test_the_median_loss_is_least_at_the_median():
    actual = np.random.default_rng(1).poisson(6.0, (1, 4001))
    losses = [scores.pinball(actual, np.full((1, 4001, 1), q), [0.5])[0, 0] for q in range(13)]

    assert int(np.argmin(losses)) == int(np.median(actual))


def test_the_transform_is_uniform_under_the_truth_and_not_under_another_law():
    rng = np.random.default_rng(2)
    mu, alpha = np.full((200, 100), 0.7), 0.8
    counts = rng.poisson(mu * rng.gamma(1 / alpha, alpha, mu.shape))

    right = scores.randomised_pit(counts, mu, np.array(alpha), rng)
    wrong = scores.randomised_pit(counts, mu, np.array(0.0), rng)

    shares = [np.histogram(p, bins=20, range=(0, 1))[0] / p.size for p in (right, wrong)]
    assert np.abs(shares[0] - 0.05).max() < 0.006
    assert np.abs(shares[1] - 0.05).max() > 0.02


def test_sums_drawn_from_the_law_itself_are_covered_as_promised():
    rng = np.random.default_rng(3)
    mu, alpha, v = np.full((4000, 28), 3.0), np.full(4000, 0.5), np.full(4000, 0.2)
    level = rng.gamma(1 / 0.2, 0.2, (4000, 1))
    left = (0.5 - 0.2) / 1.2
    sold = rng.poisson(mu * level * rng.gamma(1 / left, left, mu.shape))

    assert scores.sum_coverage(sold, mu, alpha, v, days=28) == pytest.approx(0.95, abs=0.012)
    assert nb.variance(3.0, 0.5) == 7.5
    assert sold.var() == pytest.approx(7.5, rel=0.05)


def test_a_backtest_is_blind_to_what_came_after_its_origin():
    units = np.random.default_rng(4).poisson(3.0, (60, 200))
    later = units.copy()
    later[:, 160:] = 50
    origin = FIRST + timedelta(days=120)

    a, b = (backtest(history(u), [origin]) for u in (units, later))

    assert a.equals(b)
    assert a["model"].to_list() == ["baseline", "empirical", "seasonal_naive"]


def test_on_steady_demand_the_baseline_beats_both_yardsticks():
    rng = np.random.default_rng(5)
    units = rng.poisson(np.exp(rng.normal(0, 1, (300, 1))) * np.tile([0.7, 0.7, 0.7, 0.9, 1.2, 1.5, 1.3], 40))
    table = backtest(history(units), [FIRST + timedelta(days=k) for k in (224, 252)])
    loss = dict(table.group_by("model").agg(pl.col("wspl").mean()).iter_rows())

    assert loss["baseline"] < 0.97 * loss["empirical"] < loss["seasonal_naive"]
    assert table.filter(pl.col("model") == "baseline")["bias"].abs().max() < 0.05


def test_an_origin_without_a_whole_window_is_refused():
    with pytest.raises(ValueError, match="must lie within the history"):
        backtest(history(np.ones((2, 100), int)), [FIRST + timedelta(days=90)])
