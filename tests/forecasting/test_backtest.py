"""A backtest sees only the past, counts only what was seen, and puts every score where a reader looks for it."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import DemandHistory, Drivers
from evenstock.forecasting import score_table as st
from evenstock.forecasting.backtest import ALWAYS, backtest, grouped, outcomes, rolling_origins, sampled

FIRST = date(2025, 1, 6)


def history(units, **more):
    n = len(units)
    keys = pl.DataFrame({"sku": [f"S{i // 2}" for i in range(n)], "node": ["TX", "PA"] * (n // 2), "category": "mugs"})
    return DemandHistory.from_matrix(np.asarray(units), keys, FIRST, **more)


@pytest.fixture(scope="module")
def steady():
    rng = np.random.default_rng(5)
    week = np.tile([0.7, 0.7, 0.7, 0.9, 1.2, 1.5, 1.3], 40)
    return history(rng.poisson(np.exp(rng.normal(0, 1, (300, 1))) * week))


@pytest.fixture(scope="module")
def table(steady):
    return backtest(steady, rolling_origins(steady.as_of, 2))


def test_a_backtest_is_blind_to_what_came_after_its_windows():
    units = np.random.default_rng(4).poisson(3.0, (60, 200))
    later = units.copy()
    later[:, 160:] = 50
    origin = FIRST + timedelta(days=120)  # its window ends on day 148

    a, b = (backtest(history(u), [origin]) for u in (units, later))

    assert a.equals(b)


def test_promotions_announced_after_an_origin_change_nothing():
    units = np.random.default_rng(4).poisson(3.0, (40, 200))
    origin = FIRST + timedelta(days=150)
    sale = {"promotion": ["P"], "sku": ["S1"], "node": [""], "first_day": [origin], "last_day": [origin]}
    late, early = (
        Drivers.from_frames({"promotions": pl.DataFrame(sale | {"announced_on": [origin + timedelta(days=k)]})})
        for k in (1, 0)
    )

    none, unknown, known = (
        next(outcomes(history(units), [origin], models=["baseline"], drivers=drivers)).mean
        for drivers in (Drivers(), late, early)
    )

    np.testing.assert_array_equal(none, unknown)
    assert known.shape == none.shape


def test_the_three_yardsticks_always_stand_beside(table):
    assert set(table["model"]) == set(ALWAYS)


def test_on_steady_demand_the_baseline_beats_both_yardsticks(table):
    loss = {row["model"]: row for row in st.wide(table).iter_rows(named=True)}

    assert loss["baseline"]["wspl"] < 0.97 * loss["empirical"]["wspl"] < loss["seasonal_naive"]["wspl"]
    assert abs(loss["baseline"]["bias"]) < 0.05
    assert loss["baseline"]["pit_p"] > 0.001 > loss["seasonal_naive"]["pit_p"]


def test_an_honest_forecast_keeps_its_shares_on_every_dimension(table):
    rows = table.filter((pl.col("metric") == "below_83.5") & (pl.col("n") > 2000))
    honest, naive = (rows.filter(pl.col("model") == model) for model in ("baseline", "seasonal_naive"))

    assert set(honest["dimension"]) == {"all", "class", "velocity", "node", "category", "horizon"}
    assert (honest["figure"] - 0.835).abs().max() < 0.05 < (naive["figure"] - 0.835).abs().max()


def test_the_histogram_and_the_reliability_are_shares(table):
    levels, shares = st.reliability(table)

    assert st.pit_histogram(table, "baseline").sum() == pytest.approx(1.0)
    assert np.abs(np.array(shares["baseline"]) - levels).max() < 0.03
    assert st.by_horizon(table)[0] == ["day 1", "week 1", "week 2", "week 3", "week 4"]
    assert all(0 <= share <= 1 for share in st.coverage(table, "baseline")[1])


def test_pooled_figures_count_every_origin(table):
    n = table.filter((pl.col("model") == "baseline") & (pl.col("dimension") == "all") & (pl.col("metric") == "pinball"))

    assert n.filter(pl.col("origin").is_null())["n"].item() == n.drop_nulls("origin")["n"].sum() == 2 * 300 * 28


def test_every_figure_is_a_number(table):
    assert table["figure"].is_finite().all()
    assert not table.select("model", "origin", "dimension", "value", "metric").is_duplicated().any()


def test_figures_by_hand():
    """Two shops, one day ahead: 4 sold where 5 were expected, 0 where 1; bias (6 - 4) / 4 and WAPE 2 / 4."""
    said = next(outcomes(history(np.ones((2, 90), int)), [FIRST + timedelta(days=80)], models=["baseline"], horizon=1))
    by_hand = replace(said, sold=np.array([[4], [0]]), mean=np.array([[5.0], [1.0]], np.float32))

    row = st.wide(st.score_table([by_hand])).row(0, named=True)

    assert (row["bias"], row["wape"]) == (0.5, 0.5)


def test_hidden_days_count_nowhere():
    units = np.random.default_rng(9).poisson(4.0, (30, 150))
    hidden = np.zeros(units.shape, bool)
    hidden[0, 130:] = True
    stocked_out = units.copy()
    stocked_out[0, 130:] = 0  # what the record shows while the shelf was empty
    origin = [FIRST + timedelta(days=122)]

    a, b = (st.score_table(list(outcomes(history(u, hidden=hidden), origin, models=["baseline"], hierarchy=())))
            for u in (units, stocked_out))  # fmt: skip

    assert a.equals(b)
    assert a.filter((pl.col("dimension") == "all") & (pl.col("metric") == "sum28_inside"))["n"].unique().item() == 29


def test_a_typing_error_in_the_window_does_not_decide():
    units = np.random.default_rng(10).poisson(4.0, (30, 150))
    units[3, 140] = 10**9

    table = backtest(history(units), [FIRST + timedelta(days=122)])

    assert st.wide(table)["wape"].max() < 2.0


def test_series_without_any_sale_give_no_figures_instead_of_nan():
    table = backtest(history(np.zeros((4, 150), int)), [FIRST + timedelta(days=122)])

    assert not set(table["metric"]) & {"wspl", "wape", "bias"}
    assert table["figure"].is_finite().all()


def test_a_model_that_learns_once_has_seen_nothing_after_the_first_origin(steady):
    origins = rolling_origins(steady.as_of, 2)
    once, anew = (list(outcomes(steady, origins, models=["baseline"], retrain=retrain)) for retrain in (False, True))

    np.testing.assert_array_equal(once[0].loss, anew[0].loss)
    assert [o.origin for o in once] == origins


def test_samples_keep_items_whole(steady):
    part = sampled(steady, 100)

    assert 80 <= part.n_series <= 120
    assert part.keys.group_by("sku").len()["len"].unique().to_list() == [2]
    assert sampled(steady, 300) is steady


def test_classes_and_speeds_are_those_of_the_origin(steady):
    units = np.zeros((2, 200), int)
    units[0, ::5], units[1] = 1, 3
    keys = grouped(history(units).before(FIRST + timedelta(days=100)))

    assert keys["class"].to_list() == ["intermittent", "smooth"]
    assert keys["velocity"].to_list() == ["0.1 to 0.3", "2 to 5"]


@pytest.mark.parametrize("day", [0, 180])
def test_an_origin_without_a_whole_window_is_refused(day):
    with pytest.raises(ValueError, match="must lie within the history"):
        backtest(history(np.ones((2, 200), int)), [FIRST + timedelta(days=day)])
