"""Residuals as a distribution: recent ones count, and quantiles cover the next case."""

import numpy as np
import pytest

from evenstock.distributions.conformal import LEAN, recent_half_life, residuals


def test_quantiles_cover_the_next_case_whatever_the_distribution() -> None:
    # 2,000 times: 40 skewed residuals, then one more. P(next <= the value at share .9) is at least .9.
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(2000):
        drawn = rng.gamma(0.5, size=41)
        known = residuals(drawn[:40], np.ones(40, bool), np.ones(40), np.zeros(40, np.int64))
        covered += known.share_up_to(drawn[None, 40:] - 1e-12, np.zeros(1, np.int64))[0, 0] < 0.9
    # The k-th of n covers with k / (n + 1): 37 of 41 is the first above .9 = .902; three deviations are .020.
    assert covered / 2000 == pytest.approx(37 / 41, abs=0.02)


def test_what_changed_lately_outweighs_what_was() -> None:
    # 300 old residuals at 1, 30 new ones at 0, half-life a tenth of the time between.
    value = np.repeat([1.0, 0.0], [300, 30])
    weight = 0.5 ** (np.repeat([100.0, 0.0], [300, 30]) / 10)
    known = residuals(value, np.ones(330, bool), weight, np.zeros(330, np.int64))

    # Old weight 300 / 1024 = 0.3 beside 30, and one of doubt.
    assert known.share_up_to(np.array([[0.5]]), np.zeros(1, np.int64))[0, 0] == pytest.approx(
        30 / (30 + 0.293 + 1), 1e-3
    )


def test_a_group_with_few_cases_leans_on_all_and_one_with_many_does_not() -> None:
    value = np.concatenate([np.zeros(1000), np.ones(1), np.full(600, 1.0)])
    group = np.repeat([0, 1, 2], [1000, 1, 600])
    known = residuals(value, np.ones(1601, bool), np.ones(1601), group)
    at_zero = known.share_up_to(np.full((3, 1), 0.5), np.arange(3))[:, 0]

    # Group 1: one of its own at 1, others scaled to LEAN = 60, of which 1000 / 1600 lie at 0.
    assert at_zero[1] == pytest.approx(LEAN * 1000 / 1600 / (1 + LEAN + 1))
    assert at_zero[0] > 0.94
    assert at_zero[2] < 0.1


def test_a_group_never_seen_takes_everyones() -> None:
    known = residuals(np.arange(4.0), np.ones(4, bool), np.ones(4), np.array([0, 0, 1, 1]))

    assert known.share_up_to(np.array([[1.5]]), np.array([9]))[0, 0] == pytest.approx(2 / 5)


def test_a_slow_trickle_is_remembered_longer_than_a_stream() -> None:
    days = np.arange(700.0)

    one = np.ones(700)
    assert recent_half_life(days, one > 0, one) == 112
    assert recent_half_life(days, one > 0, 50 * one) == 7
    assert recent_half_life(days, one < 0, one) == 1280
