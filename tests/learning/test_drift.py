"""A figure that moved and stayed is told; chance, one wild week and a beginner's first days are not."""

import sys
from datetime import date, timedelta

import numpy as np
import pytest

from evenstock.learning.drift import REFERENCE_DAYS, WINDOW_DAYS, drifts

pytest.importorskip("river", reason="install the extra: pip install 'evenstock[forecasting]'")
DAYS = [date(2026, 1, 1) + timedelta(days=k) for k in range(200)]


def noise(seed: int, days: int = 200) -> np.ndarray:
    return 0.5 + 0.03 * np.random.default_rng(seed).normal(size=days)


def test_a_shift_of_two_standard_deviations_is_told_within_three_weeks():
    """The slack is half a deviation and the limit eight: 8 / (2 - 0.5) is six days, and two weeks to confirm."""
    shifted = [drifts(DAYS, noise(seed) + 0.06 * (np.arange(200) >= 100)) for seed in range(20)]
    found = [next(d for d in each if d.confirmed_on >= DAYS[100]) for each in shifted]

    assert np.median([(d.confirmed_on - DAYS[100]).days for d in found]) <= 21
    assert all(d.now - d.usual == pytest.approx(0.06, abs=0.04) for d in found)


def test_steady_figures_are_left_alone():
    """Forty series of 200 days: twenty-two years of chance, in which two alarms would be many."""
    assert sum(len(drifts(DAYS, noise(seed))) for seed in range(40)) <= 2


def test_one_wild_week_is_no_drift():
    for seed in range(10):
        values = noise(seed)
        values[100:104] += 0.3
        assert not [d for d in drifts(DAYS, values) if abs((d.fired_on - DAYS[100]).days) <= WINDOW_DAYS]


def test_nothing_is_said_before_there_is_a_usual():
    values = noise(1, REFERENCE_DAYS + 2 * WINDOW_DAYS - 1)

    assert drifts(DAYS[: values.size], values + 0.5 * (np.arange(values.size) > 20)) == []


def test_a_figure_told_once_is_not_told_again_where_it_now_stays():
    values = noise(3)
    values[100:] += 0.15

    assert len(drifts(DAYS, values)) == 1


def test_a_constant_that_jumps_has_drifted_and_one_that_stays_has_not():
    values = np.full(120, 0.5)
    assert drifts(DAYS[:120], values) == []
    values[60:] = 0.6
    assert len(drifts(DAYS[:120], values)) == 1


def test_gaps_and_disorder_are_refused_by_name():
    with pytest.raises(ValueError, match="not a number"):
        drifts(DAYS[:2], np.array([0.5, np.nan]))
    with pytest.raises(ValueError, match="in order"):
        drifts(DAYS[1::-1], np.array([0.5, 0.5]))


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "river", None)

    with pytest.raises(ModuleNotFoundError, match=r"evenstock\[forecasting\]"):
        drifts(DAYS[:60], noise(1, 60))
