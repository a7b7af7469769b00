"""A threshold that keeps a budget: exactly where it can be reckoned by hand, and nine times in ten on worlds it never saw."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.learning.risk_control import clusters_needed, evidence, risk_limit, upper_bound

BUDGET, CAP = 1.0, 20.0


def world(rng: np.random.Generator, days: int, orders: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores, losses and days: one order in five loses, heavily tailed, more on wild days; scores foretell it roughly."""
    day = np.repeat(np.arange(days), orders)
    wild = rng.lognormal(0.0, 0.5, days)[day]
    foretold = np.where(rng.random(day.size) < 0.2, rng.pareto(1.8, day.size), 0.0)
    lost = np.minimum(foretold * wild * rng.lognormal(0.0, 0.6, day.size) * 4.0, 150.0)
    return foretold, lost, day


def test_the_true_mean_is_above_the_budget_in_at_most_one_calibration_in_ten() -> None:
    rng = np.random.default_rng(5)
    scores, lost, _ = world(rng, 20_000)  # the world as it is
    assert lost.mean() > BUDGET  # with everything automatic the budget is broken
    broken, shares = 0, []
    for _ in range(200):
        score, loss, day = world(rng, 120)
        found = risk_limit(score, loss, budget=BUDGET, cap=20.0, cluster=day)
        limit = -1.0 if found.threshold is None else found.threshold
        broken += float(np.where(scores <= limit, lost, 0.0).mean()) > BUDGET
        shares.append(float((scores <= limit).mean()))
    assert broken <= 0.1 * 200
    assert np.median(shares) > 0.85  # and not because nothing passes


def test_a_mean_just_above_the_budget_is_seldom_refuted_though_all_loss_comes_at_once() -> None:
    rng = np.random.default_rng(8)
    hits = rng.binomial(1, 1.05 * BUDGET / CAP, (4_000, 60))  # 20 or nothing: 1.05 on average
    refuted = np.mean([evidence(CAP * row, np.ones(60), BUDGET, CAP) >= 10.0 for row in hits])
    # Sixty clusters without a hit, (1 - 0.0525)^60 = 4 in 100, are what it takes.
    assert 0.02 < refuted <= 0.1


def test_orders_of_a_day_that_go_wrong_together_count_as_one_observation() -> None:
    """One day in 25 loses 30 an order, 1.2 on average: above the budget whatever the score, which tells nothing."""
    rng = np.random.default_rng(6)
    as_days = as_orders = 0
    for _ in range(100):
        bad = rng.random(30) < 1 / 25
        lost = np.repeat(np.where(bad, 30.0, 0.0), 200)
        day, score = np.repeat(np.arange(30), 200), np.zeros(6_000)
        as_days += risk_limit(score, lost, budget=1.0, cap=30.0, cluster=day).threshold is not None
        as_orders += risk_limit(score, lost, budget=1.0, cap=30.0).threshold is not None
    assert as_days == 0  # 30 days prove nothing about a risk of one in 25
    assert as_orders > 20  # 6,000 orders seem to: every run without a bad day (0.96^30 = 29 in 100) passes


def test_equal_scores_pass_or_wait_together() -> None:
    score = np.array([1.0] * 500 + [2.0] * 500)
    loss = np.array([0.0] * 500 + [0.0, 8.0] * 250)  # 2 a case over all: above the budget of 1
    found = risk_limit(score, loss, budget=1.0, cap=10.0)
    assert (found.threshold, found.share, found.mean) == (1.0, 0.5, 0.0)


def test_the_escalated_count_as_zero_and_in_the_number() -> None:
    score, loss = np.arange(1_000.0), np.full(1_000, 4.0)
    found = risk_limit(score, loss, budget=1.0, cap=5.0)
    # A quarter may pass at most: 0.25 x 4 = 1.
    assert 0.15 < found.share < 0.25
    assert found.mean == pytest.approx(4 * found.share)
    assert found.mean < found.bound <= 1.0


def test_too_few_clusters_let_nothing_pass_and_say_how_many_are_needed() -> None:
    need = clusters_needed(1.0, 10.0)
    short = risk_limit(np.zeros(need - 1), np.zeros(need - 1), budget=1.0, cap=10.0)
    assert short.threshold is None
    assert f"only from {need} on" in short.because
    assert risk_limit(np.zeros(need), np.zeros(need), budget=1.0, cap=10.0).threshold == 0.0
    assert risk_limit([], [], budget=1.0, cap=10.0).because == "nothing was seen yet: nothing passes"


def test_where_even_the_least_score_loses_too_much_nothing_passes() -> None:
    found = risk_limit(np.zeros(1_000), np.full(1_000, 2.0), budget=1.0, cap=10.0)
    assert found.threshold is None
    assert "alone lose 2 a case" in found.because


def test_a_loss_above_the_cap_counts_as_the_cap_and_is_told() -> None:
    loss = np.zeros(200)
    loss[7] = 1_000.0
    found = risk_limit(np.zeros(200), loss, budget=1.0, cap=10.0)
    assert found.capped == 1
    assert found.mean == 5.0  # what was seen is said as it was: 1000 / 200
    assert found.bound == pytest.approx(risk_limit(np.zeros(200), np.minimum(loss, 10.0), budget=1.0, cap=10.0).bound)


@pytest.mark.parametrize(
    ("score", "loss", "extra", "said"),
    [
        ([1.0], [-1.0], {}, "zero or more"),
        ([np.nan], [1.0], {}, "not a number"),
        ([1.0, 2.0], [1.0], {}, "each case"),
        ([1.0], [1.0], {"budget": 30.0}, "between zero and the cap"),
        ([1.0], [1.0], {"doubt": 0.0}, "a chance between"),
    ],
)
def test_nonsense_is_refused(score: list[float], loss: list[float], extra: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        risk_limit(score, loss, **({"budget": BUDGET, "cap": CAP} | extra))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.floats(0, 30), st.integers(0, 60)), min_size=1, max_size=150),
    st.floats(0.1, 5.0),
)
def test_the_threshold_is_the_largest_score_that_passes(cases: list[tuple[int, float, int]], budget: float) -> None:
    score, loss, day = (np.array(column, np.float64) for column in zip(*cases, strict=True))
    found = risk_limit(score, loss, budget=budget, cap=CAP, cluster=day)
    _, code, sizes = np.unique(day, return_inverse=True, return_counts=True)
    passing = []
    for limit in np.unique(score):
        lost = np.bincount(code, np.where(score <= limit, loss, 0.0), minlength=sizes.size)
        if evidence(np.minimum(lost, CAP * sizes), sizes.astype(float), budget, CAP) >= 10.0:
            passing.append(float(limit))
    assert found.threshold == (max(passing) if passing else None)
    assert passing == np.unique(score).tolist()[: len(passing)]  # evidence falls as the threshold grows


def test_a_bound_lies_above_the_mean_and_comes_nearer_with_more_days() -> None:
    rng = np.random.default_rng(7)
    lost = rng.exponential(1.0, 5_000).clip(max=10.0)
    bounds = [upper_bound(lost[:n], np.ones(n), 10.0) for n in (50, 500, 5_000)]
    assert bounds[0] > bounds[1] > bounds[2] > lost.mean()
    assert bounds[2] < 1.1  # the standard error is 0.014; the bet pays about three of them and its mixture
