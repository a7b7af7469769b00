"""Fitted forecasts find what demand was made of, keep their promises about it, and never answer nonsense with NaN."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from evenstock import forecasting, tables
from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import DemandHistory, Drivers, scores

FIRST = date(2025, 1, 6)  # a Monday


def history(units, *, nodes=("TX",), **masks):
    n = units.shape[0]
    keys = pl.DataFrame({"sku": [f"S{i}" for i in range(n)], "node": [nodes[i % len(nodes)] for i in range(n)]})
    return DemandHistory.from_matrix(np.asarray(units, dtype=np.int32), keys, FIRST, **masks)


def negative_binomial(rng, mu, alpha):
    return rng.poisson(mu * rng.gamma(1 / alpha, alpha, mu.shape))


def seasonal_world(seed, n=1500, days=392, *, level_noise=0.0):
    """Levels from slow to fast, a weekend peak, dispersion 0.4, and a level that drifts by `level_noise` a four weeks."""
    rng = np.random.default_rng(seed)
    week = np.array([0.8, 0.8, 0.9, 0.9, 1.0, 1.3, 1.3])
    level = np.exp(rng.uniform(np.log(0.2), np.log(15), n))[:, None]
    drift = np.exp(np.cumsum(rng.normal(0, level_noise / np.sqrt(28), (n, days)), axis=1))
    mu = level * week[np.arange(days) % 7] * drift
    return negative_binomial(rng, mu, 0.4), mu


def test_level_week_and_dispersion_of_a_steady_world_are_found():
    units, mu = seasonal_world(1)

    found = forecasting.fit(history(units[:, :364]), horizon=28)

    truth = mu[:, 364:392]
    assert found.mu.sum() == pytest.approx(truth.sum(), rel=0.02)
    np.testing.assert_allclose(found.mu.sum(axis=0) / truth.sum(axis=0), 1.0, atol=0.04)
    fast = truth.mean(axis=1) > 3
    assert np.median(found.alpha[fast]) == pytest.approx(0.4, abs=0.06)


def test_daily_probabilities_come_true_on_days_not_seen():
    units, _ = seasonal_world(2)
    found = forecasting.fit(history(units[:, :364]), horizon=28)
    sold = units[:, 364:392]

    pit = scores.randomised_pit(sold, found.mu, found.alpha[:, None], np.random.default_rng(1))

    # Days of one series share the error of its level, so the test is on shares, not on a p-value.
    shares = np.histogram(pit, bins=10, range=(0, 1))[0] / pit.size
    assert np.abs(shares - 0.1).max() < 0.012
    assert (sold <= found.quantiles([0.975])[:, :, 0]).mean() == pytest.approx(0.979, abs=0.012)


def test_sums_of_a_drifting_world_are_covered_only_with_the_path_factor():
    units, _ = seasonal_world(3, level_noise=0.45)
    found = forecasting.fit(history(units[:, :364]), horizon=28)
    sold = units[:, 364:392]

    low, high = (nb.quantile(level, *found.totals()) for level in (0.025, 0.975))
    with_factor = ((sold.sum(axis=1) >= low) & (sold.sum(axis=1) <= high)).mean()
    without = scores.sum_coverage(sold, found.mu, found.alpha, np.zeros_like(found.alpha), days=28)

    assert 0.93 <= with_factor <= 0.98
    assert without < 0.85


def test_a_steady_world_needs_little_path_variance():
    units, _ = seasonal_world(3)

    steady = forecasting.fit(history(units[:, :364]), horizon=28)
    drifting = forecasting.fit(history(seasonal_world(3, level_noise=0.45)[0][:, :364]), horizon=28)

    fast = steady.mu.mean(axis=1) > 5
    assert np.median(steady.path_variance[fast]) < 0.06
    assert np.median(drifting.path_variance[fast]) > 0.1


def test_an_event_that_comes_again_is_foreseen_only_with_a_calendar():
    rng = np.random.default_rng(5)
    days = np.arange(400)
    event = days % 30 == 5
    units = rng.poisson(np.where(event, 12.0, 4.0), (100, 400))
    fair = [FIRST + timedelta(days=int(k)) for k in np.flatnonzero(days % 30 == 5)] + [FIRST + timedelta(days=425)]
    drivers = Drivers.from_frames({"events": pl.DataFrame({"date": sorted(set(fair)), "event": "fair"})})

    told = forecasting.fit(history(units[:, :400]), horizon=28, drivers=drivers)

    at = 425 - 400
    assert told.mu[:, at].mean() == pytest.approx(12.0, rel=0.07)
    assert np.delete(told.mu, [5, at], axis=1).mean() == pytest.approx(4.0, rel=0.05)
    assert forecasting.fit(history(units)).mu[:, at].mean() < 6


def test_an_event_of_one_node_leaves_the_other_alone():
    rng = np.random.default_rng(6)
    on = np.arange(300) % 10 == 0
    units = rng.poisson(5.0, (80, 300))
    units[::2] = rng.poisson(np.where(on, 15.0, 5.0), (40, 300))
    dates = [FIRST + timedelta(days=k) for k in range(0, 310, 10)]
    drivers = Drivers.from_frames({"events": pl.DataFrame({"date": dates, "event": "snap", "node": "TX"})})

    mu = forecasting.fit(history(units, nodes=("TX", "PA")), horizon=7, drivers=drivers).mu

    assert mu[::2, 0].mean() == pytest.approx(15.0, rel=0.07)
    assert mu[1::2, 0].mean() == pytest.approx(5.0, rel=0.07)


def promotions(first, last, announced):
    return pl.DataFrame(
        {
            "promotion": [f"P{k}" for k in range(len(first))],
            "sku": "S0",
            "first_day": [FIRST + timedelta(days=int(k)) for k in first],
            "last_day": [FIRST + timedelta(days=int(k)) for k in last],
            "announced_on": [FIRST + timedelta(days=int(k)) for k in announced],
        }
    )


def test_a_promotion_announced_by_now_lifts_its_days_and_no_others():
    """Three promoted days in each thirty sell triple; the next is on days 300 to 302, announced in time or a day late."""
    rng = np.random.default_rng(12)
    on = np.arange(300) % 30 < 3
    units = rng.poisson(5.0, (60, 300))
    units[0] = rng.poisson(np.where(on, 600.0, 200.0))
    first = np.arange(0, 301, 30)

    def told(announced):
        drivers = Drivers.from_frames({"promotions": promotions(first, first + 2, announced)})
        return forecasting.fit(history(units), horizon=14, drivers=drivers).mu

    in_time, late = told(first - 5), told(np.append(first[:-1] - 5, 301))

    np.testing.assert_allclose(in_time[0, :3] / late[0, :3], 3.0, rtol=0.05)
    np.testing.assert_allclose(in_time[:, 3:], late[:, 3:])
    np.testing.assert_array_equal(in_time[1:], late[1:])


def test_a_series_own_week_is_found_where_it_sells_enough_to_tell():
    rng = np.random.default_rng(13)
    sunday = np.arange(392) % 7 == 6
    units = rng.poisson(20.0, (30, 392))
    units[0] = rng.poisson(np.where(sunday, 80.0, 10.0))

    mu = forecasting.fit(history(units[:, :364])).mu

    assert mu[0, sunday[364:]].mean() == pytest.approx(80, rel=0.12)
    assert mu[0, ~sunday[364:]].mean() == pytest.approx(10, rel=0.12)
    np.testing.assert_allclose(mu[1:].mean(axis=0), 20.0, rtol=0.05)


def test_a_stock_out_does_not_teach_that_nobody_wants_it():
    rng = np.random.default_rng(7)
    units = rng.poisson(6.0, (50, 200))
    units[:, 160:195] = 0
    hidden = np.zeros(units.shape, bool)
    hidden[:, 160:195] = True

    assert forecasting.fit(history(units, hidden=hidden)).mu.mean() == pytest.approx(6.0, rel=0.05)
    assert forecasting.fit(history(units)).mu.mean() < 4.0


def test_forecasting_twice_gives_the_same_bits():
    units, _ = seasonal_world(8, n=200)

    a, b = forecasting.fit(history(units)), forecasting.fit(history(units))

    assert a.frame().equals(b.frame())
    assert (a.paths(5, seed=1) == b.paths(5, seed=1)).all()


def test_a_spike_of_a_thousand_million_changes_a_series_by_little_and_others_hardly():
    units, _ = seasonal_world(9, n=50)
    spiked = units.astype(np.int32)
    spiked[3, 350] = 1_000_000_000

    plain, found = forecasting.fit(history(units)), forecasting.fit(history(spiked))

    assert found.mu[3].mean() < 2 * plain.mu[3].mean() + 1
    np.testing.assert_allclose(np.delete(found.mu, 3, axis=0), np.delete(plain.mu, 3, axis=0), rtol=0.04)
    assert any("capped" in n for n in found.notes)


ODD = {
    "no series": np.zeros((0, 100)),
    "all zero": np.zeros((3, 200)),
    "one day": np.array([[4], [0]]),
    "one sale long ago": np.eye(1, 300),
    "a single sale yesterday": np.eye(1, 300)[:, ::-1],
    "constant": np.full((2, 150), 7),
    "shorter than a week": np.array([[1, 0, 2], [0, 0, 1]]),
    "shorter than an origin": np.ones((4, 60)),
    "only Mondays": (np.arange(140) % 7 == 0)[None, :] * 30,
    "huge": np.full((1, 100), 2_000_000),
    "dead for half a year": np.concatenate([np.full((1, 100), 9), np.zeros((1, 180))], axis=1),
}


@pytest.mark.parametrize("model", ["baseline", "empirical", "seasonal_naive"])
@pytest.mark.parametrize("case", ODD)
def test_odd_histories_get_a_whole_answer_from_every_forecaster_that_is_always_there(case, model):
    found = forecasting.fit(history(ODD[case]), horizon=60, model=model)

    assert found.mu.shape == (len(ODD[case]), 60)
    assert np.isfinite(found.mu).all()
    assert tables.Forecast.is_valid(found.frame())
    assert (found.quantiles([0.5, 0.99]) >= 0).all()
    assert (found.paths(3, seed=1) >= 0).all()


def test_what_never_sold_is_forecast_zero_and_named():
    found = forecasting.fit(history(np.zeros((3, 200))))

    assert found.mu.max() == 0
    assert found.paths(10, seed=1).max() == 0
    assert "3 series never sold anything" in " ".join(found.notes)


def test_a_constant_series_is_forecast_at_its_constant_and_is_nearly_sure():
    found = forecasting.fit(history(np.full((2, 400), 7)))

    np.testing.assert_allclose(found.mu, 7.0, rtol=0.01)
    assert found.alpha.max() < 0.05


def test_one_observation_leans_on_what_its_group_sells():
    units = np.random.default_rng(1).poisson(1.0, (40, 120))
    units[0] = 0
    units[0, -1] = 9

    found = forecasting.fit(history(units))

    assert 1.0 < found.mu[0].mean() < 4.0


def test_too_short_for_an_origin_is_said():
    found = forecasting.fit(history(np.ones((4, 60))))

    assert any("60 days leave no origin" in n for n in found.notes)


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.int32, st.tuples(st.integers(1, 4), st.integers(1, 130)), elements=st.integers(0, 2_000_000)),
    st.randoms(use_true_random=False),
)
def test_nothing_whole_and_positive_makes_it_fail(units, chance):
    hidden = np.array([[chance.random() < 0.3 for _ in row] for row in units])

    found = forecasting.fit(history(units, hidden=hidden), horizon=9)

    assert np.isfinite(found.mu).all()
    assert (found.path_variance <= found.alpha).all()


@pytest.mark.parametrize("horizon", [0, 61])
def test_a_horizon_out_of_reach_is_refused(horizon):
    with pytest.raises(ValueError, match="1 to 60"):
        forecasting.fit(history(np.ones((1, 90))), horizon=horizon)


def test_an_unknown_forecaster_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"choose one of .*baseline, .*empirical, .*seasonal_naive"):
        forecasting.fit(history(np.ones((1, 90))), model="oracle")


def test_no_history_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        forecasting.fit(history(np.ones((1, 0))))


def test_the_yardsticks_say_what_their_rules_say():
    units = np.random.default_rng(2).poisson(4.0, (20, 100))

    empirical = forecasting.days_ahead(history(units), horizon=3, model="empirical").quantiles([0.5, 0.9])
    naive = forecasting.days_ahead(history(units), horizon=10, model="seasonal_naive")

    expected = np.quantile(units[:, -56:], [0.5, 0.9], axis=1, method="inverted_cdf").T
    assert (empirical == expected[:, None, :]).all()
    assert (naive.mu[:, :7] == units[:, -7:]).all()
    assert (naive.mu[:, 7:] == units[:, -7:-4]).all()


def test_the_fitted_law_agrees_with_counts_drawn_from_it():
    units, _ = seasonal_world(11, n=300)
    found = forecasting.fit(history(units), horizon=7)
    drawn = found.paths(400, seed=2)[:, :, 0]

    # Each day's marginal has the mean and variance of a negative binomial, but is a mixture: compare three quantiles.
    for level in (0.5, 0.9, 0.975):
        below = drawn <= stats.nbinom.ppf(level, 1 / found.alpha, 1 / (1 + found.alpha * found.mu[:, 0]))[:, None]
        assert below.mean() >= level - 0.01
