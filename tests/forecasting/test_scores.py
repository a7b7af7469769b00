"""Scores are what their papers say."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import DemandHistory, scores

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


def test_shares_below_a_level_are_the_level_under_the_truth_however_coarse_the_counts():
    rng = np.random.default_rng(6)
    counts = rng.poisson(0.3, 40_000)
    below, upto = scores.pit_bounds(counts, np.full(40_000, 0.3), 0.0)

    for level in (0.5, 0.835, 0.975):
        # plain: P(y <= 0) is already 0.74, so the share at or under the median is 0.74
        assert scores.share_below(below, upto, level).mean() == pytest.approx(level, abs=0.006)
    assert (counts <= 0).mean() == pytest.approx(0.74, abs=0.01)


def test_a_share_below_is_the_mean_over_all_draws_of_the_randomised_transform():
    rng = np.random.default_rng(7)
    counts, mu = rng.poisson(1.2, (50, 1)), np.full((50, 1), 1.2)
    drawn = np.stack([scores.randomised_pit(counts, mu, np.zeros((50, 1)), rng) for _ in range(4000)])
    below, upto = scores.pit_bounds(counts, mu, 0.0)

    assert np.abs((drawn <= 0.4).mean(axis=0) - scores.share_below(below, upto, 0.4)).max() < 0.04


def test_uniformity_is_rejected_as_often_as_its_p_says():
    rng = np.random.default_rng(8)
    p = np.array([scores.uniformity(rng.random(400))[1] for _ in range(500)])

    assert (p < 0.1).mean() == pytest.approx(0.1, abs=0.045)  # three standard errors are 0.04
    assert scores.uniformity(rng.beta(2, 2, 400))[1] < 1e-4


def test_few_transforms_are_not_tested():
    assert np.isnan(scores.uniformity(np.full(99, 0.5))[1])
