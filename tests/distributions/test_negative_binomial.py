"""The negative binomial agrees with its textbook forms, with an independent library, and with itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenstock.distributions import negative_binomial as nb

means = st.floats(0.001, 500.0)
dispersions = st.floats(0.001, 10.0)


def oracle(mu: float, alpha: float):
    return stats.poisson(mu) if alpha == 0 else stats.nbinom(1 / alpha, 1 / (1 + alpha * mu))


def test_dispersion_zero_is_the_poisson():
    k = np.arange(30)

    np.testing.assert_allclose(nb.pmf(k, 4.2, 0.0), stats.poisson(4.2).pmf(k), rtol=1e-12)
    np.testing.assert_allclose(nb.sf(k, 4.2, 0.0), stats.poisson(4.2).sf(k), rtol=1e-10)


def test_dispersion_one_is_the_geometric_whose_tail_is_a_power():
    # mean 3: P(X > k) = (3/4)**(k+1)
    np.testing.assert_allclose(nb.sf(np.arange(20), 3.0, 1.0), 0.75 ** np.arange(1, 21), rtol=1e-12)


def test_next_to_the_poisson_no_digits_are_lost():
    k = np.arange(40)

    np.testing.assert_allclose(nb.pmf(k, 9.0, 1e-7), nb.pmf(k, 9.0, 0.0), rtol=1e-4)


@settings(max_examples=60)
@given(mu=means, alpha=dispersions)
def test_probabilities_agree_with_an_independent_library(mu, alpha):
    k = np.unique(np.round(np.linspace(0, 4 * mu + 20, 40)))

    np.testing.assert_allclose(nb.pmf(k, mu, alpha), oracle(mu, alpha).pmf(k), rtol=1e-7, atol=1e-300)
    np.testing.assert_allclose(nb.cdf(k, mu, alpha), oracle(mu, alpha).cdf(k), rtol=1e-9, atol=1e-12)


@settings(max_examples=60)
@given(mu=means, alpha=dispersions, u=st.floats(0.001, 0.999))
def test_a_quantile_is_the_first_count_that_reaches_its_level(mu, alpha, u):
    k = int(nb.quantile(u, mu, alpha))

    assert nb.sf(k, mu, alpha) <= 1 - u
    assert k == 0 or nb.sf(k - 1, mu, alpha) > 1 - u


@settings(max_examples=40)
@given(mu=st.floats(0.01, 60.0), alpha=st.floats(0.0, 3.0), stock=st.integers(0, 80))
def test_expected_shortage_is_the_sum_it_stands_for(mu, alpha, stock):
    k = np.arange(20_000)
    summed = float(np.sum(np.maximum(k - stock, 0) * nb.pmf(k, mu, alpha)))

    assert float(nb.expected_shortage(stock, mu, alpha)) == pytest.approx(summed, rel=1e-6, abs=1e-9)


def test_each_unit_of_stock_saves_the_chance_that_it_is_wanted():
    stock = np.arange(30)
    saved = -np.diff(nb.expected_shortage(np.arange(31), 6.0, 0.4))

    np.testing.assert_allclose(saved, nb.sf(stock, 6.0, 0.4), rtol=1e-9)


def test_no_demand_is_certain_when_the_mean_is_zero():
    assert nb.pmf([0, 1], 0.0, 0.7).tolist() == [1.0, 0.0]
    assert nb.quantile(0.999, 0.0, 0.7) == 0
    assert nb.expected_shortage(0, 0.0, 0.7) == 0.0


@pytest.mark.parametrize(("mu", "alpha"), [(np.nan, 0.1), (1.0, np.inf), (-1.0, 0.1), (1.0, -0.1)])
def test_parameters_that_mean_nothing_are_refused(mu, alpha):
    with pytest.raises(ValueError, match=r"finite|below zero"):
        nb.sf(1, mu, alpha)


@pytest.mark.parametrize("u", [0.0, 1.0, 1.2, np.nan])
def test_a_level_outside_zero_and_one_is_refused(u):
    with pytest.raises(ValueError, match="between 0 and 1"):
        nb.quantile(u, 1.0, 0.1)
