"""A forecast is a few numbers from which the rest follows, whole or in part, today or later."""

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
)


def test_the_stored_frame_is_valid_and_gives_the_same_forecast_and_the_same_paths():
    frame = FORECAST.frame()
    again = Forecast.from_frame(frame, version="made-up-1", cut_off=FORECAST.cut_off)

    assert tables.Forecast.is_valid(frame)
    assert isinstance(frame, pl.DataFrame)
    assert again.keys.equals(FORECAST.keys)
    assert (again.mu == FORECAST.mu).all()
    assert (again.paths(30, seed=5) == FORECAST.paths(30, seed=5)).all()


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
    ],
)
def test_a_forecast_that_means_nothing_cannot_be_made(changed, because):
    fields = {name: getattr(FORECAST, name) for name in Forecast.__slots__} | changed

    with pytest.raises(ValueError, match=because):
        Forecast(**fields)
