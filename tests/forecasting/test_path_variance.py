"""Sums are made honest by what went before: how far levels lie off, what nodes share, and which sleepers wake."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock import forecasting
from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import DemandHistory
from evenstock.forecasting.calibration import N_CLASSES, Calibration, fitted_together, sleep, velocity_class
from evenstock.forecasting.daily import Daily
from evenstock.forecasting.path_variance import TYPICAL, fit_calibration, total_dispersion

FIRST = date(2025, 1, 6)
NONE = np.zeros(N_CLASSES)


def history(units, nodes=1):
    n = units.shape[0]
    keys = pl.DataFrame({"sku": [f"S{k // nodes:05}" for k in range(n)], "node": [f"N{k % nodes}" for k in range(n)]})
    return DemandHistory.from_matrix(np.asarray(units, np.int32), keys, FIRST)


def told(mean, alpha=0.3):
    """A forecaster that always says `mean` of each series."""

    def forecaster(past):
        return Daily(np.repeat(mean[:, None], 28, axis=1), np.full(mean.size, alpha), "said")

    return forecaster


def lived(rng, mean, level, alpha=0.3, days=140):
    """Units of 140 days of which each 28 have a level of their own, ``level`` giving (series, period)."""
    mu = mean[:, None] * np.repeat(level, 28, axis=1)[:, :days]
    left = (1 + alpha) / (1 + level.var()) - 1 if level.var() > 0 else alpha
    return rng.poisson(mu * rng.gamma(1 / max(left, 0.02), max(left, 0.02), mu.shape))


@pytest.mark.parametrize("variance", [0.05, 0.2])
def test_the_variance_that_levels_had_is_the_variance_that_is_learned(variance):
    rng = np.random.default_rng(1)
    mean = np.full(2000, 4.0)
    level = rng.gamma(1 / variance, variance, (2000, 5))

    found, _ = fit_calibration(history(lived(rng, mean, level)), told(mean))

    # A level that is the same for all four weeks is one that does not grow: v (1 + 0.875 g) is what a month feels.
    k = velocity_class(mean[:1])[0]
    growth = found.drift[k] * (1 + found.level[k]) / found.level[k]
    assert found.level[k] * (1 + 0.875 * growth) == pytest.approx(variance, rel=0.3)


def test_with_the_learned_variance_months_are_covered_as_promised():
    rng = np.random.default_rng(2)
    mean = np.exp(rng.uniform(np.log(0.15), np.log(15), 2000))
    units = lived(rng, mean, rng.gamma(1 / 0.25, 0.25, (2000, 6)), days=168)

    found, _ = fit_calibration(history(units[:, :140]), told(mean))
    made = found.apply(told(mean)(None), np.arange(2000))
    total, dispersion = total_dispersion(made.mu, made.alpha, made.path_variance, made.drift)
    sold = units[:, 140:].sum(axis=1)
    low, high = nb.quantile(0.025, total, dispersion), nb.quantile(0.975, total, dispersion)

    assert ((sold >= low) & (sold <= high)).mean() == pytest.approx(0.955, abs=0.015)


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9])
def test_what_nodes_of_an_item_share_is_found(shared):
    # Log-normal levels with correlated logarithms stand in for Gamma levels with correlated scores.
    rng = np.random.default_rng(3)
    items, nodes, v = 300, 6, 0.3
    of_item, own = rng.normal(size=(items, 1, 5)), rng.normal(size=(items, nodes, 5))
    z = (np.sqrt(shared) * of_item + np.sqrt(1 - shared) * own).reshape(items * nodes, 5)
    s = np.sqrt(np.log1p(v))
    mean = np.full(items * nodes, 6.0)

    found, _ = fit_calibration(history(lived(rng, mean, np.exp(s * z - s * s / 2)), nodes), told(mean))

    assert found.shared[velocity_class(mean[:1])[0]] == pytest.approx(shared, abs=0.1)


def test_nodes_alone_leave_the_correlation_at_what_is_usual():
    rng = np.random.default_rng(4)
    mean = np.full(500, 3.0)

    found, _ = fit_calibration(history(lived(rng, mean, np.ones((500, 5)))), told(mean))

    assert found.shared == pytest.approx(0.3)


def test_sleepers_are_told_to_wake_as_often_as_they_did():
    # One in twenty of those of which 0.005 a day is expected sells one a day for the month: 0.05 a day on average.
    rng = np.random.default_rng(5)
    mean = np.full(2000, 0.005)
    awake = rng.random((2000, 5)) < 0.05
    units = rng.poisson(np.repeat(awake, 28, axis=1) * 1.0)

    found, _ = fit_calibration(history(units), told(mean))
    made = found.apply(told(mean)(None), np.arange(2000))

    assert made.mu.mean() == pytest.approx(0.05, rel=0.15)
    assert (found.means(np.full((1, 28), 2.0), np.zeros(1, np.int64)) == 2.0).all()


def test_what_sleeps_everywhere_is_less_likely_to_wake_than_what_sells_elsewhere():
    mean = np.array([0.01, 0.01, 0.01, 0.5])

    everywhere, _, here, _ = sleep(mean, np.array([0, 0, 1, 1]))

    # Elsewhere 0.01 a day: 0.9 x 0.01 / 0.04; elsewhere 0.5: 0.9 x 0.5 / 0.53.
    assert everywhere == pytest.approx(0.225)
    assert here == pytest.approx(0.849, abs=1e-3)


def test_nothing_expected_stays_nothing_and_nothing_becomes_nan():
    calibration = Calibration(TYPICAL, TYPICAL * 0.01, np.full(N_CLASSES, 0.3), waking=0.05)
    said = Daily(np.array([[0.0, 0.0], [1e-300, 0.0], [1e7, 1e7]]), np.array([0.0, 20.0, 0.0]), "said")

    made = calibration.apply(said, np.array([0, 0, 1]))

    assert made.mu[0].tolist() == [0.0, 0.0]
    assert all(np.isfinite(getattr(made, name)).all() for name in ("mu", "alpha", "path_variance", "drift", "shared"))
    assert (made.path_variance <= made.alpha).all()


def test_a_days_variance_grows_by_at_most_its_room_for_the_sake_of_the_month():
    # Mean 2, alpha 0: variance 2 may become 2.6, that is alpha 0.15; the level gets no more.
    alpha, v = fitted_together(np.full((1, 28), 2.0), np.zeros(1), np.array([0.5]))

    assert (alpha[0], v[0]) == (pytest.approx(0.15), pytest.approx(0.15))


def test_the_moments_of_a_later_week_know_how_far_ahead_it_is():
    # Two days of mean 1 in the third week: V = 1.1 x 1.2**2 - 1 = 0.584; excess (1 - V) 2 + V 4 over a total of 2.
    mean, dispersion = total_dispersion(np.ones((1, 2)), np.array([1.0]), np.array([0.1]), np.array([0.2]), first=14)

    assert mean.tolist() == [2.0]
    assert dispersion[0] == pytest.approx(((1 - 0.584) * 2 + 0.584 * 4) / 4)


def test_a_sum_over_the_edge_of_a_week_counts_both_weeks():
    # Days 6 and 7: V 0.1 and 1.1 x 1.2 - 1 = 0.32, together 0.1.
    _, dispersion = total_dispersion(np.ones((1, 2)), np.array([1.0]), np.array([0.1]), np.array([0.2]), first=6)

    assert dispersion[0] == pytest.approx((0.9 + 0.68 + 0.1 + 0.32 + 2 * 0.1) / 4)


def test_a_calibration_that_means_nothing_cannot_be_made():
    with pytest.raises(ValueError, match="8 classes"):
        Calibration(np.zeros(3), NONE, NONE)
    with pytest.raises(ValueError, match="finite"):
        Calibration(NONE * np.nan, NONE, NONE)
    with pytest.raises(ValueError, match="at most 1"):
        Calibration(NONE, NONE + 2, NONE)


def test_training_learns_from_before_its_day_only():
    rng = np.random.default_rng(6)
    units = rng.poisson(3.0, (300, 250))
    later = units.copy()
    later[:, 200:] = rng.poisson(30.0, (300, 50))
    day = FIRST + timedelta(days=200)

    a, b = (forecasting.train(history(u).before(day)) for u in (units, later))

    assert a.calibration.to_dict() == b.calibration.to_dict()
