"""A forecast is a few numbers from which the rest follows, whole or in part, today or later."""

from dataclasses import replace
from datetime import date, timedelta

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock import tables
from evenstock.distributions import negative_binomial as nb
from evenstock.forecasting import Forecast

AS_OF = date(2026, 11, 20)
rng = np.random.default_rng(4)
ALPHA = np.array([0.3, 0.8, 0.1, 1.4, 0.0])
FORECAST = Forecast(
    keys=pl.DataFrame({"sku": ["B", "B", "A", "C", "A"], "node": ["TX", "PA", "TX", "CA", "PA"]}),
    as_of=AS_OF,
    mu=np.exp(rng.normal(0, 1.2, (5, 28))),
    alpha=ALPHA,
    path_variance=ALPHA * 0.5,
    version="made-up-1",
    cut_off=AS_OF - timedelta(days=1),
    path_drift=np.array([0.0, 0.02, 0.05, 0.1, 0.0]),
    shared=np.array([0.5, 0.5, 0.0, 1.0, 0.3]),
)


def test_the_stored_frame_is_valid_and_gives_the_same_forecast_and_the_same_paths():
    frame = FORECAST.frame()
    again = Forecast.from_frame(frame, version="made-up-1", cut_off=FORECAST.cut_off)

    assert tables.Forecast.is_valid(frame)
    assert isinstance(frame, pl.DataFrame)
    assert again.keys.equals(FORECAST.keys)
    assert (again.mu == FORECAST.mu).all()
    assert (again.paths(30, seed=5) == FORECAST.paths(30, seed=5)).all()


def test_a_frame_from_before_levels_drifted_or_were_shared_is_one_where_they_do_not():
    old = FORECAST.frame().drop("path_drift", "shared")

    again = Forecast.from_frame(old, version="made-up-1", cut_off=FORECAST.cut_off)

    assert again.path_drift.tolist() == again.shared.tolist() == [0.0] * 5
    assert again.alpha.tolist() == ALPHA.tolist()


@settings(max_examples=20)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=5, unique=True))
def test_paths_of_some_series_are_the_paths_they_have_among_all(rows):
    index = np.array(rows)

    assert (FORECAST.paths(10, seed=1, rows=index) == FORECAST.paths(10, seed=1)[index]).all()


def test_rows_of_a_frame_may_come_in_any_order():
    shuffled = FORECAST.frame().sample(fraction=1.0, shuffle=True, seed=2)
    again = Forecast.from_frame(shuffled, version="x", cut_off=FORECAST.cut_off)
    back = [again.keys.rows().index(key) for key in FORECAST.keys.rows()]

    assert (again.mu[back] == FORECAST.mu).all()
    assert (again.paths(5, seed=1)[back] == FORECAST.paths(5, seed=1)).all()


def test_totals_are_the_moments_of_summed_paths():
    sums = FORECAST.paths(40_000, seed=3)[:, :, 3:17].sum(axis=2)
    mean, dispersion = FORECAST.totals(3, 17)

    np.testing.assert_allclose(sums.mean(axis=1), mean, rtol=0.03)
    np.testing.assert_allclose(sums.var(axis=1), nb.variance(mean, dispersion), rtol=0.08)


def test_quantiles_are_those_of_the_days():
    k = FORECAST.quantiles([0.9])[:, :, 0]

    assert (nb.cdf(k, FORECAST.mu, ALPHA[:, None]) >= 0.9 - 1e-12).all()
    assert (nb.cdf(k - 1, FORECAST.mu, ALPHA[:, None]) < 0.9).all()


def test_days_of_far_weeks_scatter_more_in_paths_where_drift_exceeds_their_own_dispersion():
    of_day = FORECAST.dispersion()

    # Series 2: the level's variance is 0.05 at first and 1.05 x 1.05**3 - 1 = 0.2155 in the fourth week, above its 0.1.
    assert of_day[2, [0, 27]].tolist() == pytest.approx([0.1, 0.2155], abs=1e-4)
    assert (of_day[[0, 4]] == ALPHA[[0, 4], None]).all()


def test_a_month_of_an_item_is_less_sure_than_the_sum_of_strangers():
    # Two nodes of B: the variance of their sum grows by twice the covariance that the shared half of the level gives.
    both = FORECAST.rows(np.array([0, 1]))
    sums = both.paths(20_000, seed=3).sum(axis=(0, 2)).astype(float)
    alone = replace(both, shared=np.zeros(2)).paths(20_000, seed=3).sum(axis=(0, 2)).astype(float)

    assert sums.var() > 1.2 * alone.var()
    assert sums.mean() == pytest.approx(alone.mean(), rel=0.02)


def test_a_frame_with_a_day_missing_or_two_dispersions_is_refused():
    frame = FORECAST.frame()

    with pytest.raises(ValueError, match="one row for each day"):
        Forecast.from_frame(frame[1:], version="x", cut_off=FORECAST.cut_off)
    one_cell = pl.when(pl.int_range(pl.len()) == 3).then(9.0).otherwise(pl.col("dispersion"))
    changed = frame.with_columns(dispersion=one_cell)
    with pytest.raises(ValueError, match="one number a series"):
        Forecast.from_frame(changed, version="x", cut_off=FORECAST.cut_off)
    with pytest.raises(dy.exc.ValidationError):
        Forecast.from_frame(frame.with_columns(mean=-1.0), version="x", cut_off=FORECAST.cut_off)


@pytest.mark.parametrize(
    ("changed", "because"),
    [
        ({"mu": np.full((5, 28), np.nan)}, "mu must be finite"),
        ({"mu": np.ones((4, 28))}, "5 series want"),
        ({"mu": np.ones((5, 61))}, "1 to 60 days ahead, not 61"),
        ({"path_variance": ALPHA + 0.1}, "cannot exceed alpha"),
        ({"cut_off": AS_OF}, "not the past"),
        ({"path_drift": np.full(5, np.nan)}, "path_drift is one number from 0 to 1"),
        ({"shared": np.full(4, 0.5)}, "shared is one number from 0 to 1 for each of 5"),
    ],
)
def test_a_forecast_that_means_nothing_cannot_be_made(changed, because):
    fields = {name: getattr(FORECAST, name) for name in Forecast.__slots__} | changed

    with pytest.raises(ValueError, match=because):
        Forecast(**fields)
