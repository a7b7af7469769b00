"""Honest forecasts pass the gates; forecasts that lie in one known way fail at the gate for it."""

from dataclasses import replace
from datetime import date
from functools import cache

import numpy as np
import polars as pl
import pytest

from evenstock.forecasting import Forecast
from evenstock.forecasting.gates import BOUNDS, gates
from evenstock.forecasting.scores import M5_LEVELS
from evenstock.forecasting.told import told
from evenstock.learning import Outcome

DAYS = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]
N = 1200


def sold(seed: int, mu: np.ndarray, alpha: float, level: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    factor = rng.gamma(1 / level, level, (len(mu), 1))
    left = (alpha - level) / (1 + level)
    return rng.poisson(mu * factor * rng.gamma(1 / left, left, mu.shape))


def outcome(k: int, *, n: int = N, times: float = 1.0, alpha: float = 0.5, level: float = 0.2, version: str = "m-1"):
    """What a forecaster tells of negative-binomial days with dispersion 0.5 and level variance 0.2."""
    mu = np.exp(np.random.default_rng(99).normal(1.0, 0.5, (n, 1))) * np.ones((1, 28))
    keys = pl.DataFrame({"sku": [f"S{i // 2:04}" for i in range(n)], "node": ["TX", "PA"] * (n // 2)})
    forecast = Forecast(keys, DAYS[k], times * mu, np.full(n, alpha), np.full(n, level), version, date(2025, 12, 31))
    return told(
        forecast, sold(k, mu, 0.5, 0.2), np.ones((n, 28), bool), model=version, keys=keys, levels=M5_LEVELS,
        scale=np.ones(n), weight=np.ones(n),
    )  # fmt: skip


@cache
def outcomes(**lie):
    return [outcome(k, **lie) for k in range(3)]


def by_name(found):
    return {gate.name: gate for gate in found}


def failed(found) -> set[str]:
    return {gate.name for gate in found if gate.outcome is Outcome.FAILED}


def test_the_truth_passes_every_gate():
    truth = outcomes()
    found = gates(truth, truth)

    assert all(gate.passed for gate in found), [gate.because for gate in found if not gate.passed]
    assert len(found) == 1 + len(BOUNDS.levels) + len(BOUNDS.sum_days) + 1 + 1


def test_days_drawn_as_if_independent_fail_at_the_sums_and_only_there():
    found = gates(outcomes(level=0.0), outcomes())

    assert failed(found) == {f"coverage of {days}-day sums" for days in (7, 14, 28)}


def test_means_a_tenth_too_high_fail_at_the_bias():
    assert "bias" in failed(gates(outcomes(times=1.1), outcomes()))


def test_a_forecast_that_is_too_sure_fails_at_the_upper_quantile():
    assert "share of days at or under the 97.5 % quantile" in failed(gates(outcomes(alpha=0.2, level=0.2), outcomes()))


def test_a_worse_model_fails_against_the_champion_and_a_better_one_passes():
    worse, truth = outcomes(times=1.3, version="m-2"), outcomes()

    assert by_name(gates(worse, truth))["WSPL over that of m-1"].outcome is Outcome.FAILED
    assert by_name(gates(truth, worse))["WSPL over that of m-2"].outcome is Outcome.PASSED


def test_twelve_items_cannot_be_judged_and_do_not_pass():
    few = outcomes(n=24)
    found = gates(few, few)

    assert {g.outcome for g in found if g.name.startswith("coverage")} == {Outcome.UNJUDGED}
    assert by_name(found)["WSPL over that of m-1"].outcome is Outcome.UNJUDGED


def test_two_origins_cannot_be_judged_against_the_champion():
    two = outcomes()[:2]

    assert by_name(gates(two, two))["WSPL over that of m-1"].outcome is Outcome.UNJUDGED


def test_one_figure_that_is_no_number_fails():
    spoilt = list(outcomes())
    mean = spoilt[1].mean.copy()
    mean[3, 4] = np.nan
    spoilt[1] = replace(spoilt[1], mean=mean)

    assert "figures that are not numbers" in failed(gates(spoilt, outcomes()))


def test_only_like_is_compared_with_like():
    with pytest.raises(ValueError, match="same origins"):
        gates(outcomes()[:2], outcomes())
    with pytest.raises(ValueError, match="same series"):
        gates(outcomes(n=100), outcomes(n=102))


def test_the_bounds_say_when_they_were_agreed():
    assert BOUNDS.agreed_on == date(2026, 11, 21)
    assert (BOUNDS.sum_low, BOUNDS.sum_high, BOUNDS.bias, BOUNDS.wspl_worse) == (0.93, 0.97, 0.05, 0.005)
