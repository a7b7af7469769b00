"""The walked quantiles are the exact ones, cell by cell."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenstock.distributions import negative_binomial as nb
from evenstock.distributions import quantile_grid

LEVELS = (0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995)


def test_a_wide_grid_of_means_and_dispersions_agrees_with_an_independent_library():
    mu = np.tile(np.geomspace(1e-3, 350, 60), (40, 1))
    alpha = np.geomspace(1e-3, 8, 40)

    ours = quantile_grid(mu, alpha, LEVELS)
    r = 1 / alpha[:, None, None]
    theirs = stats.nbinom.ppf(np.array(LEVELS), r, 1 / (1 + mu[:, :, None] / r))

    assert (ours == theirs).all()


def test_means_too_large_to_walk_are_bisected_and_as_exact():
    mu, alpha = np.array([[399.0, 401.0, 5e4, 1e6]]), np.array([0.02])

    assert (quantile_grid(mu, alpha, LEVELS) == nb.quantile(np.array(LEVELS), mu[:, :, None], 0.02)).all()


def test_dispersion_zero_is_the_poisson():
    mu = np.array([[0.2, 3.0, 40.0, 399.0, 5000.0]])

    assert (quantile_grid(mu, np.zeros(1), LEVELS) == stats.poisson.ppf(np.array(LEVELS), mu[:, :, None])).all()


def test_a_tail_too_long_to_walk_is_still_right():
    ours = quantile_grid(np.array([[300.0]]), np.array([60.0]), (0.5, 0.9999))

    assert ours.ravel().tolist() == nb.quantile([0.5, 0.9999], 300.0, 60.0).tolist()


@settings(max_examples=30)
@given(st.permutations(LEVELS))
def test_levels_may_come_in_any_order(levels):
    mu, alpha = np.array([[0.5, 7.0], [0.0, 450.0]]), np.array([0.3, 0.1])

    ours = quantile_grid(mu, alpha, levels)

    assert (ours == quantile_grid(mu, alpha, LEVELS)[:, :, [LEVELS.index(u) for u in levels]]).all()


def test_a_week_that_repeats_gives_the_same_as_a_week_computed():
    week = np.array([0.3, 1.0, 2.0, 0.0, 5.0, 450.0, 9.0])
    alpha = np.array([0.4])

    twice = quantile_grid(np.tile(week, 3)[None, :], alpha, LEVELS)

    assert (twice == np.tile(quantile_grid(week[None, :], alpha, LEVELS), (1, 3, 1))).all()


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="series, day"):
        quantile_grid(np.ones((3, 2)), np.ones(2), LEVELS)
    with pytest.raises(ValueError, match="between 0 and 1"):
        quantile_grid(np.ones((1, 2)), np.ones(1), (0.5, 1.0))


def test_no_series_have_no_quantiles():
    assert quantile_grid(np.ones((0, 28)), np.ones(0), LEVELS).shape == (0, 28, 9)
