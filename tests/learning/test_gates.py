"""A gate passes on proof, fails on proof, and says so where there is none."""

import numpy as np
import pytest

from evenstock.learning.clustered import share_and_error
from evenstock.learning.gates import Outcome, at_least, from_frame, to_frame, within
from evenstock.learning.paired_bootstrap import LEAST_BLOCKS, loss_ratio


def test_a_figure_known_well_enough_is_judged_by_itself():
    # the band is 0.04 wide, so a standard error of 0.01 is just enough
    assert within("cover", 0.931, 0.01, 0.93, 0.97).outcome is Outcome.PASSED
    assert within("cover", 0.929, 0.01, 0.93, 0.97).outcome is Outcome.FAILED


def test_a_figure_known_badly_neither_passes_nor_fails_unless_it_is_far_out():
    assert within("cover", 0.95, 0.011, 0.93, 0.97).outcome is Outcome.UNJUDGED
    assert within("cover", 0.91, 0.011, 0.93, 0.97).outcome is Outcome.UNJUDGED  # 0.02 out, two errors are 0.022
    assert within("cover", 0.90, 0.011, 0.93, 0.97).outcome is Outcome.FAILED  # 0.03 out
    assert not within("cover", 0.95, 0.011, 0.93, 0.97).passed


@pytest.mark.parametrize(("figure", "error"), [(float("nan"), 0.0), (0.95, float("nan"))])
def test_what_is_not_a_number_does_not_pass(figure, error):
    assert within("cover", figure, error, 0.93, 0.97).outcome is Outcome.UNJUDGED


def test_an_exact_bound_wants_the_exact_figure():
    assert within("gaps", 0.0, 0.0, 0.0, 0.0).outcome is Outcome.PASSED
    assert within("gaps", 1.0, 0.0, 0.0, 0.0).outcome is Outcome.FAILED


def test_too_little_of_something_may_still_come():
    assert at_least("shadow", 13, 14, "days").outcome is Outcome.UNJUDGED
    assert at_least("shadow", 14, 14, "days").outcome is Outcome.PASSED


def test_gates_come_back_from_their_frame():
    gates = (within("cover", 0.95, 0.004, 0.93, 0.97), within("bias", float("nan"), 0.1, -0.05, 0.05))

    back = from_frame(to_frame(gates))

    assert back[0] == gates[0]
    assert np.isnan(back[1].figure)
    assert back[1].because == gates[1].because


def test_the_error_of_a_share_counts_clusters_not_observations():
    # forty observations in four clusters that each say one thing tell no more than four observations
    part = np.repeat([1.0, 0.0, 1.0, 0.0], 10)
    clustered = share_and_error(part, np.ones(40), np.repeat(np.arange(4), 10))
    single = share_and_error(part, np.ones(40), np.arange(40))

    assert clustered == pytest.approx((0.5, np.sqrt(4 / 3 * 0.25 / 4)))
    assert single[1] == pytest.approx(np.sqrt(40 / 39 * 0.25 / 40))


def test_a_share_of_one_cluster_or_of_nothing_has_no_error():
    assert np.isnan(share_and_error(np.ones(5), np.ones(5), np.zeros(5, int))[1])
    assert np.isnan(share_and_error(np.zeros(0), np.zeros(0), np.zeros(0, int))[0])


def test_the_interval_of_a_loss_ratio_holds_the_truth_as_often_as_it_says():
    """Two models whose losses are 1.1 and 1 times the same difficulty, each with its own scatter: 95 of 100 intervals hold 1.1."""
    rng = np.random.default_rng(1)
    held = 0
    for run in range(200):
        hard = rng.gamma(2.0, 1.0, (60, 1))
        ours, theirs = (factor * hard * rng.gamma(20.0, 0.05, (60, 5)) for factor in (1.1, 1.0))
        said = loss_ratio(ours.ravel(), theirs.ravel(), np.repeat(np.arange(60), 5), seed=run, draws=400)
        held += said.low <= 1.1 <= said.high

    assert 180 <= held <= 198  # 190 expected, three standard errors are 9


def test_pairing_cancels_what_both_models_find_hard():
    hard = np.random.default_rng(2).pareto(1.5, 300) + 1.0
    said = loss_ratio(0.98 * hard, hard, np.arange(300), seed=1)

    assert said.high - said.low < 1e-9


def test_the_same_seed_gives_the_same_interval():
    loss = np.random.default_rng(3).gamma(2.0, 1.0, (2, 50))
    again = [loss_ratio(loss[0], loss[1], np.arange(50), seed=seed) for seed in (7, 7, 8)]

    assert again[0] == again[1] != again[2]


def test_few_blocks_give_a_ratio_without_an_interval():
    few = loss_ratio(np.ones(5 * LEAST_BLOCKS), np.ones(5 * LEAST_BLOCKS), np.arange(5 * LEAST_BLOCKS) % 19, seed=1)

    assert few.ratio == 1.0
    assert np.isnan(few.low)


def test_a_loss_that_is_not_a_number_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        loss_ratio(np.array([1.0, np.nan]), np.ones(2), np.arange(2), seed=1)
