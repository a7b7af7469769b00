"""Levels shared by groups, and what goes on counted."""

import numpy as np
import pytest

from evenstock.distributions import day_table
from evenstock.distributions.durations import learn
from evenstock.distributions.proportions import wilson
from evenstock.distributions.shrinkage import own_influence, shrunk_effects


def one_factor(y: np.ndarray, code: np.ndarray, size: int):
    return shrunk_effects(y, code[:, None], [size], np.ones((y.size, 1)), np.ones(y.size))


def test_a_group_with_few_cases_is_drawn_further_to_the_mean_than_one_with_many() -> None:
    rng = np.random.default_rng(1)
    truth = rng.normal(0, 1, 30)
    code = np.repeat(np.arange(30), [2] * 15 + [200] * 15)
    y = truth[code] + rng.normal(0, 1, code.size)
    found = one_factor(y, code, 30)
    own = np.bincount(code, y) / np.bincount(code) - found.slopes[0]

    ratio = found.of[0][:30] / own
    assert found.strength[0] == pytest.approx(1.0, rel=0.6)
    assert (ratio[:15] < 0.85).all()
    assert (ratio[15:] > 0.98).all()


def test_where_groups_do_not_differ_their_effects_vanish() -> None:
    rng = np.random.default_rng(2)
    found = one_factor(rng.normal(0, 1, 4000), np.arange(4000) % 40, 40)

    assert np.abs(found.of[0]).max() < 0.15


def test_a_row_of_no_group_gets_no_effect_and_gives_none() -> None:
    y = np.array([0.0, 0, 0, 0, 9, 9])
    code = np.array([0, 0, 1, 1, -1, -1])
    found = one_factor(y, code, 2)

    asked = found(np.array([[-1], [0]]), np.ones((2, 1)))
    assert found.of[0][-1] == 0.0
    assert asked[0] == pytest.approx(found.slopes[0])
    assert own_influence(code[:, None], [2], np.ones(6), found.strength)[4] == pytest.approx(1 / 6)


def test_censored_recent_cases_do_not_make_it_look_faster() -> None:
    # True median 10 days; only those over within their age are seen, and the newest are seen only when quick.
    rng = np.random.default_rng(3)
    age = rng.uniform(0.5, 30, 3000)
    took = 10 * np.exp(rng.normal(0, 0.5, 3000))
    over = took < age
    group, one = np.zeros(3000, np.int64), np.ones((3000, 1))
    days = np.log(np.arange(1.0, 61))[None]

    def median(rows: np.ndarray) -> int:
        model = learn(
            np.log(np.where(over, took, age))[rows], over[rows], age[rows], np.zeros((rows.sum(), 0), np.int64), [],
            one[rows], group[rows],
        )  # fmt: skip
        share = model.share_by(days, np.zeros((1, 0), np.int64), np.ones((1, 1)), np.zeros(1, np.int64))
        return int(np.searchsorted(share[0], 0.5)) + 1

    assert median(np.ones(3000, bool)) in (9, 10, 11)
    assert median(over) <= 8


def test_more_cases_leave_less_beyond_the_longest_of_them() -> None:
    def beyond(n: int) -> float:
        log_time = np.log(5.0) + np.linspace(-0.1, 0.1, n)
        model = learn(
            log_time, np.ones(n, bool), np.zeros(n), np.zeros((n, 0), np.int64), [], np.ones((n, 1)),
            np.zeros(n, np.int64),
        )  # fmt: skip
        longest = np.array([[np.log(5.0) + 0.1 / (1 - 1 / n) + 1e-9]])
        return float(
            1 - model.share_by(longest, np.zeros((1, 0), np.int64), np.ones((1, 1)), np.zeros(1, np.int64))[0, 0]
        )

    assert [beyond(n) for n in (5, 40, 1000)] == pytest.approx([1 / 6, 1 / 41, 1 / 1001], rel=1e-3)


def test_tables_over_days() -> None:
    share = day_table.shares(np.array([0.0, 0.5, 0.4, 0.9]))
    assert share.tolist() == pytest.approx([0, 0.5, 0, 0.5])
    assert day_table.mean(share) == pytest.approx(2.0)
    assert day_table.standard_deviation(share) == pytest.approx(1.0)
    assert day_table.still_under_way(share).sum(axis=1).tolist() == pytest.approx([1, 1, 1, 1])
    assert day_table.after(share, 3).tolist() == [0, 0, 0, 1]
    assert day_table.after(share, -1).tolist() == pytest.approx(share.tolist())
    with pytest.raises(ValueError, match="must be a number"):
        day_table.shares(np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="level"):
        day_table.quantiles(share, [0.0])


def test_a_wilson_interval_of_nothing_is_everything_and_nonsense_is_refused() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 5)[1] == 1.0
    with pytest.raises(ValueError, match="is no share"):
        wilson(6, 5)
    with pytest.raises(ValueError, match="level"):
        wilson(1, 5, level=1.0)
