"""Paths have the distribution they promise, and any part of them can be drawn again alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evenstock.distributions import key_hashes, levels, sample_paths
from evenstock.distributions.path_kernel import score
from evenstock.distributions.paths import daily_dispersion

PINNED = [[0, 1, 18, 118], [1, 2, 10, 75], [0, 2, 37, 338]]
"""Path by days 0, 6, 7 and 15 at means 0.5, 2, 30 and 300: a change here breaks every stored seed."""
KEYS = key_hashes([(f"SKU{i}", node) for i in range(4) for node in ("TX", "PA", "CA")])
ITEMS = np.repeat(key_hashes([(f"SKU{i}",) for i in range(4)]), 3)
MU = np.exp(np.random.default_rng(1).normal(0, 1.5, (12, 10)))
ALPHA = np.linspace(0.05, 1.2, 12)
V = ALPHA * 0.6
DRIFT, SHARED = np.linspace(0.0, 0.1, 12), np.linspace(0.0, 0.9, 12)


def drawn(rows=slice(None), **changed):
    asked = {
        "n_paths": 20,
        "seed": 7,
        "keys": KEYS[rows],
        "drift": DRIFT[rows],
        "shared": SHARED[rows],
        "groups": ITEMS[rows],
    } | changed
    return sample_paths(MU[rows], ALPHA[rows], V[rows], **asked)


def test_the_same_parameters_and_seed_give_the_same_paths_and_another_seed_others():
    assert (drawn() == drawn()).all()
    assert (drawn() != drawn(seed=8)).any()


def test_a_stored_path_can_be_drawn_again_by_any_later_version():
    days = [0, 6, 7, 15]
    mu = np.zeros((1, 16))
    mu[0, days] = 0.5, 2.0, 30.0, 300.0
    again = sample_paths(
        mu,
        np.array([0.5]),
        np.array([0.2]),
        n_paths=3,
        seed=2026,
        keys=KEYS[:1],
        drift=np.array([0.05]),
        shared=np.array([0.3]),
        groups=ITEMS[:1],
    )

    assert again[0][:, days].tolist() == PINNED


@settings(max_examples=30)
@given(rows=st.lists(st.integers(0, 11), min_size=1, max_size=12, unique=True))
def test_any_subset_in_any_order_is_what_the_whole_would_have_been(rows):
    assert (drawn(np.array(rows)) == drawn()[rows]).all()


def test_paths_drawn_in_parts_are_the_paths_drawn_at_once():
    parts = [drawn(n_paths=7), drawn(n_paths=13, first_path=7)]

    assert (np.concatenate(parts, axis=1) == drawn()).all()


def test_a_longer_horizon_begins_with_the_shorter_one():
    long = np.tile(MU, 3)
    asked = {"n_paths": 20, "seed": 7, "keys": KEYS, "drift": DRIFT, "shared": SHARED, "groups": ITEMS}

    short = sample_paths(long[:, :11], ALPHA, V, **asked)

    assert (short == sample_paths(long, ALPHA, V, **asked)[:, :, :11]).all()


def test_one_day_changed_changes_no_other_day():
    changed = MU.copy()
    changed[:, 3] = 200.0

    again = sample_paths(changed, ALPHA, V, n_paths=20, seed=7, keys=KEYS, drift=DRIFT, shared=SHARED, groups=ITEMS)

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


def test_a_drifting_level_is_a_martingale_whose_weeks_remember_the_earlier_one():
    # v 0.2 and w 0.1: weeks have level variance 0.2, 0.32, 0.452; weeks 0 and 2 together that of week 0.
    mu = np.zeros((1, 21))
    mu[0, [0, 7, 14]] = 50.0
    days = sample_paths(
        mu, np.array([0.6]), np.array([0.2]), n_paths=80_000, seed=9, keys=KEYS[:1], drift=np.array([0.1])
    )[0][:, [0, 7, 14]]
    found = np.cov(days.T) / 50.0**2

    np.testing.assert_allclose(days.mean(axis=0), 50.0, rtol=0.015)
    # The day's own variance stays 1 / 50 + 0.6 in every week.
    np.testing.assert_allclose(np.diag(found), 0.62, rtol=0.04)
    np.testing.assert_allclose([found[0, 1], found[0, 2], found[1, 2]], [0.2, 0.2, 0.32], rtol=0.06)


def test_where_the_level_is_less_sure_than_a_day_was_said_to_be_the_day_follows_the_level():
    mu = np.zeros((1, 15))
    mu[0, [0, 14]] = 40.0
    days = sample_paths(
        mu, np.array([0.2]), np.array([0.2]), n_paths=60_000, seed=3, keys=KEYS[:1], drift=np.array([0.1])
    )[0][:, [0, 14]]

    np.testing.assert_allclose(days.mean(axis=0), 40.0, rtol=0.015)
    # 1.2 x 1.1**2 - 1 = 0.452 is above the 0.2 that were said.
    np.testing.assert_allclose(days.var(axis=0) / 40**2, [1 / 40 + 0.2, 1 / 40 + 0.452], rtol=0.04)


@pytest.mark.parametrize("v", [(0.2, 0.2), (0.05, 1.5), (4.0, 4.0)])
def test_nodes_of_one_item_co_move_by_the_share_they_have_in_common(v):
    # Level variances differ, but both rise with the same score: Mehler's formula gives their covariance.
    mean, r, n = 40.0, 0.5, 60_000
    levels_only = np.array(v)
    days = sample_paths(
        np.full((2, 1), mean),
        levels_only,
        levels_only,
        n_paths=n,
        seed=2,
        keys=KEYS[:2],
        shared=np.full(2, r),
        groups=ITEMS[:2],
    )[:, :, 0]
    a, b = levels.hermite(levels_only, 12)
    expected = (a * b * r ** np.arange(1, 13)).sum()

    found = np.cov(days) / mean**2
    error = np.std((days[0] - mean) * (days[1] - mean)) / mean**2 / np.sqrt(n)
    assert abs(found[0, 1] - expected) < 4 * error
    np.testing.assert_allclose(np.diag(found), 1 / mean + levels_only, rtol=0.15)


def test_a_level_wholly_shared_makes_two_nodes_one_and_other_items_stay_strangers():
    mu, v = np.full((3, 1), 1e5), np.full(3, 0.3)
    groups = key_hashes([("A",), ("A",), ("B",)])
    days = sample_paths(mu, v, v, n_paths=4000, seed=2, keys=KEYS[:3], shared=np.ones(3), groups=groups)[
        :, :, 0
    ].astype(float)
    found = np.corrcoef(days)

    assert found[0, 1] > 0.999
    assert abs(found[0, 2]) < 4 / np.sqrt(4000)


def test_different_series_and_paths_are_unrelated():
    pair = sample_paths(np.full((2, 40), 5.0), np.full(2, 0.4), np.zeros(2), n_paths=2000, seed=1, keys=KEYS[:2])
    a, b = pair.reshape(2, -1).astype(float)
    days = pair[0].astype(float)

    assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(a.size)
    assert abs(np.corrcoef(days[:, 0], days[:, 1])[0, 1]) < 4 / np.sqrt(2000)
    assert abs(np.corrcoef(days[:-1, 0], days[1:, 0])[0, 1]) < 4 / np.sqrt(2000)


def test_the_whole_variance_may_lie_in_the_level():
    assert daily_dispersion(0.4, 0.4) == 0.0
    assert daily_dispersion(0.4, 0.5) == 0.0
    # (a (1 + v) + v) gives alpha back
    assert daily_dispersion(0.9, 0.2) * 1.2 + 0.2 == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"n_paths": 0}, "at least one path"),
        ({"seed": -1}, "seed"),
        ({"first_path": -1}, "counted from 0"),
        ({"keys": KEYS[:3]}, "do not fit"),
        ({"drift": DRIFT - 1}, "drift and shared lie between 0 and 1"),
        ({"shared": SHARED * np.nan}, "drift and shared lie between 0 and 1"),
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


def test_levels_out_of_all_reason_are_cut_and_never_wrap_around():
    paths = sample_paths(
        np.full((1, 60), 1e7),
        np.array([200.0]),
        np.array([200.0]),
        n_paths=300,
        seed=1,
        keys=KEYS[:1],
        drift=np.ones(1),
    )

    assert paths.min() >= 0
    assert paths.max() <= 2_000_000_000


def test_a_series_name_is_told_from_its_parts():
    assert len({*key_hashes([("AB", "C"), ("A", "BC"), ("ABC", "")]).tolist()}) == 3


def test_a_score_is_the_normal_quantile_far_into_both_tails():
    u = np.concatenate([10.0 ** -np.arange(1, 17), np.linspace(0.01, 0.99, 99), 1 - 10.0 ** -np.arange(1, 13)])

    np.testing.assert_allclose([score(x) for x in u], stats.norm.ppf(u), rtol=1e-12, atol=1e-15)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0.0, levels.MOST_VARIANCE), min_size=1, max_size=5))
def test_a_table_of_levels_rises_with_the_score_and_is_near_its_gamma(variance):
    asked = np.array(variance)
    rows, row = levels.table(asked)
    scores = np.linspace(-levels.SCORE_END, levels.SCORE_END, rows.shape[1])
    z = np.linspace(-6.4, 6.4, 20_001)

    assert ((row == -1) == (asked < levels.LEAST_VARIANCE)).all()
    for v, k in zip(asked, row, strict=True):
        if k < 0:
            continue
        assert (np.diff(rows[k]) >= 0).all()
        level, weight = np.interp(z, scores, rows[k]), stats.norm.pdf(z) / stats.norm.pdf(z).sum()
        assert (level * weight).sum() == pytest.approx(1.0, rel=1e-4)
        assert ((level - 1) ** 2 * weight).sum() == pytest.approx(v, rel=2e-3, abs=1e-6)
        if 0.01 < v < 30:
            q = stats.gamma.ppf(0.975, 1 / v, scale=v)
            assert np.interp(stats.norm.ppf(0.975), scores, rows[k]) == pytest.approx(q, rel=0.01)
