"""Paths have the distribution they promise, and any part of them can be drawn again alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenstock.distributions import key_hashes, sample_paths
from evenstock.distributions.paths import daily_dispersion

PINNED = [[0, 4, 61, 822], [2, 8, 53, 399], [1, 14, 60, 615]]
"""Path by day at means 0.5, 2, 30 and 300: a change here breaks every stored seed, so it needs a new generator name."""
KEYS = key_hashes([(f"SKU{i}", node) for i in range(4) for node in ("TX", "PA", "CA")])
MU = np.exp(np.random.default_rng(1).normal(0, 1.5, (12, 10)))
ALPHA = np.linspace(0.05, 1.2, 12)
V = ALPHA * 0.6


def drawn(rows=slice(None), **changed):
    asked = {"n_paths": 20, "seed": 7, "keys": KEYS[rows]} | changed
    return sample_paths(MU[rows], ALPHA[rows], V[rows], **asked)


def test_the_same_parameters_and_seed_give_the_same_paths_and_another_seed_others():
    assert (drawn() == drawn()).all()
    assert (drawn() != drawn(seed=8)).any()


def test_a_stored_path_can_be_drawn_again_by_any_later_version():
    again = sample_paths(
        np.array([[0.5, 2.0, 30.0, 300.0]]), np.array([0.5]), np.array([0.2]), n_paths=3, seed=2026, keys=KEYS[:1]
    )

    assert again[0].tolist() == PINNED


@settings(max_examples=30)
@given(rows=st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True))
def test_any_subset_in_any_order_is_what_the_whole_would_have_been(rows):
    assert (drawn(np.array(rows)) == drawn()[rows]).all()


def test_paths_drawn_in_parts_are_the_paths_drawn_at_once():
    parts = [drawn(n_paths=7), drawn(n_paths=13, first_path=7)]

    assert (np.concatenate(parts, axis=1) == drawn()).all()


def test_a_longer_horizon_begins_with_the_shorter_one():
    short = sample_paths(MU[:, :4], ALPHA, V, n_paths=20, seed=7, keys=KEYS)

    assert (short == drawn()[:, :, :4]).all()


def test_one_day_changed_changes_no_other_day():
    changed = MU.copy()
    changed[:, 3] = 200.0

    again = sample_paths(changed, ALPHA, V, n_paths=20, seed=7, keys=KEYS)

    assert (np.delete(again, 3, axis=2) == np.delete(drawn(), 3, axis=2)).all()


def test_more_expected_demand_never_draws_less_where_counts_are_small():
    low = sample_paths(np.full((12, 5), 2.0), ALPHA, V, n_paths=50, seed=1, keys=KEYS)
    high = sample_paths(np.full((12, 5), 2.5), ALPHA, V, n_paths=50, seed=1, keys=KEYS)

    assert (high >= low).all()
    assert high.sum() > low.sum()


@pytest.mark.parametrize("mean", [0.05, 0.7, 6.0, 59.0, 61.0, 900.0])
@pytest.mark.parametrize(("alpha", "v"), [(0.0, 0.0), (0.3, 0.0), (0.3, 0.1), (0.5, 0.5), (2.0, 1.5)])
def test_a_day_keeps_its_mean_and_variance_whatever_the_path_factor(mean, alpha, v):
    n = 60_000
    days = sample_paths(np.array([[mean]]), np.array([alpha]), np.array([v]), n_paths=n, seed=5, keys=KEYS[:1]).ravel()
    variance = mean + alpha * mean**2

    assert abs(days.mean() - mean) < 4.5 * np.sqrt(variance / n)
    # The standard error of a sample variance, from the fourth moment of the sample itself.
    error = np.sqrt(max(np.mean((days - days.mean()) ** 4) - days.var() ** 2, 0.0) / n)
    assert abs(days.var() - variance) < 5 * error


@pytest.mark.parametrize("mean", [0.4, 8.0, 150.0])
def test_without_a_path_factor_counts_are_negative_binomial(mean):
    n, alpha = 20_000, 0.6
    days = sample_paths(np.array([[mean]]), np.array([alpha]), np.zeros(1), n_paths=n, seed=3, keys=KEYS[:1]).ravel()
    law = stats.nbinom(1 / alpha, 1 / (1 + alpha * mean))
    edges = np.unique(law.ppf(np.linspace(0.05, 0.95, 12)))
    cells = np.searchsorted(edges, days, side="left")
    expected = n * np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))

    assert stats.chisquare(np.bincount(cells, minlength=expected.size), expected).pvalue > 1e-4


def test_the_sum_of_a_path_has_the_variance_of_a_shared_level():
    # 28 days of mean 2, alpha 0.5, v 0.2: 56 + (0.5 - 0.2) 28 4 + 0.2 56**2 = 716.8, against 112 with days independent.
    mu = np.full((1, 28), 2.0)
    sums = sample_paths(mu, np.array([0.5]), np.array([0.2]), n_paths=60_000, seed=9, keys=KEYS[:1]).sum(axis=2)

    assert sums.mean() == pytest.approx(56, rel=0.01)
    assert sums.var() == pytest.approx(716.8, rel=0.03)


def test_different_series_and_paths_are_unrelated():
    pair = sample_paths(np.full((2, 40), 5.0), np.full(2, 0.4), np.zeros(2), n_paths=2000, seed=1, keys=KEYS[:2])
    a, b = pair.reshape(2, -1).astype(float)
    days = pair[0].astype(float)

    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(a.size)
    assert abs(np.corrcoef(days[:, 0], days[:, 1])[0, 1]) < 4 / np.sqrt(2000)
    assert abs(np.corrcoef(days[:-1, 0], days[1:, 0])[0, 1]) < 4 / np.sqrt(2000)


def test_the_whole_variance_may_lie_in_the_level():
    assert daily_dispersion(0.4, 0.4) == 0.0
    # (a (1 + v) + v) gives alpha back
    assert daily_dispersion(0.9, 0.2) * 1.2 + 0.2 == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"n_paths": 0}, "at least one path"),
        ({"seed": -1}, "seed"),
        ({"first_path": -1}, "counted from 0"),
        ({"keys": KEYS[:3]}, "do not fit"),
    ],
)
def test_what_cannot_be_drawn_is_refused(changed, because):
    with pytest.raises(ValueError, match=because):
        drawn(**changed)


def test_a_path_variance_above_alpha_and_a_mean_out_of_reason_are_refused():
    with pytest.raises(ValueError, match="between 0 and alpha"):
        sample_paths(MU, ALPHA, ALPHA + 0.1, n_paths=1, seed=0, keys=KEYS)
    with pytest.raises(ValueError, match="spike"):
        sample_paths(MU * 1e8, ALPHA, V, n_paths=1, seed=0, keys=KEYS)
    with pytest.raises(ValueError, match="finite"):
        sample_paths(MU * np.nan, ALPHA, V, n_paths=1, seed=0, keys=KEYS)


def test_a_series_name_is_told_from_its_parts():
    assert len({*key_hashes([("AB", "C"), ("A", "BC"), ("ABC", "")]).tolist()}) == 3
