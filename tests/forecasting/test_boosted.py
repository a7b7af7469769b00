"""The boosted forecaster finds what the fast one cannot see, says the same twice, and knows when it knows nothing."""

import builtins
import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock import forecasting
from evenstock.forecasting import DemandHistory, Drivers
from evenstock.forecasting.models import baseline

pytest.importorskip("lightgbm", reason="LightGBM is an optional extra: pip install 'evenstock[forecasting]'")
from evenstock.forecasting.models import boosted

FIRST = date(2024, 1, 1)
DAYS = 420


@pytest.fixture(autouse=True, scope="module")
def few_trees():
    """Small worlds need few and small trees; the rest of the model is as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boosted, "TREES", 30)
        patch.setattr(boosted, "ORIGINS", 5)
        patch.setattr(boosted, "LEAST_ROWS", 2000)
        small = {"min_data_in_leaf": 30, "num_leaves": 7, "learning_rate": 0.2}
        patch.setattr(boosted, "PARAMETERS", boosted.PARAMETERS | small)
        yield


def history(units, *, node="TX", category="kitchen", **masks):
    keys = pl.DataFrame({"sku": [f"S{i}" for i in range(len(units))], "node": node, "category": category})
    return DemandHistory.from_matrix(np.asarray(units, dtype=np.int32), keys, FIRST, **masks)


def taught(past, drivers=None, seed=0):
    return boosted.train(past, drivers=drivers or Drivers(), seed=seed)


def said(past, learned, drivers=None, horizon=28):
    return boosted.predict(past, horizon=horizon, drivers=drivers or Drivers(), learned=learned)


@pytest.fixture(scope="module")
def steady():
    rng = np.random.default_rng(1)
    return history(rng.poisson(np.exp(rng.uniform(-1, 2, (300, 1))), (300, DAYS)))


@pytest.fixture(scope="module")
def learned(steady, few_trees):
    return boosted.train(steady, drivers=Drivers(), seed=0)


def test_a_price_cut_announced_ahead_is_foreseen():
    """Each item halves its price now and then for a fortnight and sells three times as much; the fast forecast is blind to it."""
    rng = np.random.default_rng(2)
    n, ahead = 150, 28
    begins = rng.integers(0, 28, n)
    low = (np.arange(DAYS + ahead)[None, :] + begins[:, None]) % 56 < 14
    units = rng.poisson(np.where(low, 6.0, 2.0))
    step = np.diff(low.astype(int), axis=1, prepend=-1) != 0
    row, col = np.nonzero(step)
    prices = pl.DataFrame(
        {
            "sku": [f"S{i}" for i in row],
            "node": "",
            "valid_from": [FIRST + timedelta(days=int(k)) for k in col],
            "cents": np.where(low[row, col], 500, 1000),
            "announced_on": [FIRST + timedelta(days=int(k) - 90) for k in col],
        }
    )
    drivers = Drivers(sale_prices=prices)
    past, truth = history(units[:, :DAYS]), np.where(low, 6.0, 2.0)[:, DAYS:]

    found = said(past, taught(past, drivers), drivers).mu

    assert found[truth > 3].mean() == pytest.approx(6.0, rel=0.12)
    assert found[truth < 3].mean() == pytest.approx(2.0, rel=0.12)
    fast = baseline.predict(past, horizon=28, drivers=drivers).mu
    assert np.abs(found - truth).mean() < 0.5 * np.abs(fast - truth).mean()


def test_an_external_signal_known_ahead_is_followed():
    rng = np.random.default_rng(3)
    hot = rng.random(DAYS + 28) < 0.4
    units = rng.poisson(np.where(hot, 8.0, 3.0), (150, DAYS + 28))
    heat = pl.DataFrame(
        {
            "signal": "heat",
            "date": [FIRST + timedelta(days=k) for k in range(DAYS + 28)],
            "node": "",
            "value": hot * 10.0 + 20,
            "known_on": [FIRST + timedelta(days=k - 90) for k in range(DAYS + 28)],
        }
    )
    drivers, past = Drivers(signals=heat), history(units[:, :DAYS])
    learned = taught(past, drivers)

    found = said(past, learned, drivers).mu.mean(axis=0)
    blind = said(past, learned).mu

    assert found[hot[DAYS:]].mean() == pytest.approx(8.0, rel=0.15)
    assert found[~hot[DAYS:]].mean() == pytest.approx(3.0, rel=0.15)
    assert np.isfinite(blind).all()


def test_training_twice_gives_the_same_bytes_and_another_seed_others(steady, learned):
    other = taught(steady, seed=1)

    assert taught(steady) == learned != other
    assert boosted.version(learned) != boosted.version(other)


def test_the_number_of_threads_changes_nothing(steady, learned, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")

    assert taught(steady) == learned


def test_what_was_learned_is_plain_json_that_names_itself(learned):
    found = json.loads(learned)

    assert found["format"] == boosted.FORMAT
    assert {"mean_28", "day_factor", "price", "event"} <= set(found["features"])
    assert found["nodes"] == ["TX"]
    assert found["trees"].startswith("tree\n")


def test_a_day_ahead_does_not_depend_on_how_many_are_asked_for(steady, learned):
    near, far = said(steady, learned, horizon=1).mu, said(steady, learned, horizon=60).mu
    np.testing.assert_array_equal(near, far[:, :1])


def test_nodes_and_categories_never_met_are_forecast_as_missing(steady, learned):
    elsewhere = history(steady.units, node="MARS", category="rocks")

    found = said(elsewhere, learned).mu

    assert found.mean() == pytest.approx(said(steady, learned).mu.mean(), rel=0.1)


@pytest.mark.parametrize(("n", "days"), [(300, 100), (3, 400)])
def test_too_little_to_learn_from_is_said_and_the_fast_forecast_stands(n, days):
    past = history(np.random.default_rng(1).poisson(3.0, (n, days)))

    learned = taught(past)

    assert "it takes 120 days" in json.loads(learned)["reason"]
    assert boosted.version(learned) == f"boosted-1-untaught-{baseline.VERSION}"
    np.testing.assert_array_equal(said(past, learned).mu, baseline.predict(past, horizon=28, drivers=Drivers()).mu)


def test_young_series_are_left_to_the_fast_forecast(steady, learned):
    units = steady.units.copy()
    units[:5, : DAYS - 30] = 0
    past = history(units)

    found, fast = said(past, learned).mu, baseline.predict(past, horizon=28, drivers=Drivers()).mu

    np.testing.assert_array_equal(found[:5], fast[:5])
    assert (found[5:] != fast[5:]).any()


def test_hidden_days_are_never_learned_from():
    units = np.random.default_rng(5).poisson(4.0, (150, DAYS))
    hidden = np.random.default_rng(6).random(units.shape) < 0.3
    units[:, 0], hidden[:, 0] = 1, False  # the first sale is the same
    wrong = np.where(hidden, 0, units)
    garbage = np.where(hidden, 500, units)

    assert taught(history(wrong, hidden=hidden)) == taught(history(garbage, hidden=hidden))


def test_nothing_after_the_last_day_learned_from_is_looked_at(steady):
    cut = FIRST + timedelta(days=390)
    later = steady.units.copy()
    later[:, 390:] = 99

    assert taught(steady.before(cut)) == taught(history(later).before(cut))


def test_rows_are_capped_whatever_the_number_of_series(steady, monkeypatch):
    monkeypatch.setattr(boosted, "MOST_ROWS", 2400)
    drawn = [
        boosted._draw(steady, steady.before(FIRST + timedelta(days=392)), 28, m, np.random.default_rng(1))
        for m in (200, 900)
    ]

    assert [len(series) for series, _ in drawn] == [200, pytest.approx(900, rel=0.1)]
    assert all(ahead.min() >= 0 and ahead.max() < 28 for _, ahead in drawn)


def test_untrained_or_foreign_parameters_are_refused(steady):
    with pytest.raises(ValueError, match="was not trained"):
        said(steady, b"")
    with pytest.raises(ValueError, match="format 99"):
        said(steady, b'{"format": 99}')


def test_without_lightgbm_it_says_what_to_install(steady, monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "lightgbm":
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'evenstock\[forecasting\]'"):
        taught(steady)


def test_it_works_through_fit_like_any_other(steady):
    found = forecasting.fit(steady, horizon=14, model="boosted")

    assert found.version.startswith("boosted-1-")
    assert found.mu.sum() == pytest.approx(14 * steady.units[:, -91:].mean() * 300, rel=0.05)
    assert found.paths(2, seed=1).shape == (300, 2, 14)
