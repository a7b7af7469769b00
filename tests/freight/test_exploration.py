"""Exploration keeps within what policy permits, does the same again, and its propensities undo the bias of our choices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.freight.exploration import MILLION, OFF, Exploration, explore, what_if

SOME = Exploration(share_millionths=100_000, budget_cents=5_000, within_cents=80)


def test_by_default_nothing_is_explored():
    assert {explore(f"O{k}", [900, 900, 901], OFF).choice for k in range(200)} == {0}
    assert explore("O1", [900, 901], OFF).propensity_millionths == MILLION


@given(st.lists(st.integers(0, 300), min_size=1, max_size=8), st.integers(0, 6_000), st.text(max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_try_is_near_within_budget_the_same_again_and_propensities_make_one(extra, spent, order):
    cents = [1_000, *sorted(1_000 + e for e in extra)]
    found = explore(order, cents, SOME, spent_cents=spent)

    assert found == explore(order, cents, SOME, spent_cents=spent)
    assert found.extra_cents == cents[found.choice] - cents[0]
    assert found.extra_cents <= (80 if found.choice else 0)
    assert found.choice == 0 or spent + found.extra_cents <= 5_000
    near = sum(c - cents[0] <= min(80, 5_000 - spent) for c in cents[1:])
    each = 100_000 // near if near else 0
    assert found.propensity_millionths == (each if found.choice else MILLION - each * near)


def test_where_the_weeks_budget_is_spent_nothing_is_tried_and_the_record_says_so():
    tries = [explore(f"O{k}", [900, 950], SOME, spent_cents=4_951) for k in range(300)]
    assert {(t.choice, t.propensity_millionths) for t in tries} == {(0, MILLION)}


def test_another_seed_tries_other_orders():
    one = [explore(f"O{k}", [900, 950], SOME).choice for k in range(500)]
    other = [explore(f"O{k}", [900, 950], Exploration(100_000, 5_000, 80, "b")).choice for k in range(500)]
    assert sum(one) > 20
    assert sum(other) > 20
    assert one != other


@pytest.mark.parametrize(("cents", "said"), [([], "no plan"), ([900, 800], "the best comes first")])
def test_what_is_no_choice_is_refused(cents, said):
    with pytest.raises(ValueError, match=said):
        explore("O1", cents, SOME)


def test_propensities_undo_the_bias_that_we_ship_urgent_orders_by_the_service_we_trust():
    """Service 1 gets one in ten of the urgent orders and nine in ten of the others; urgent ones are late more often."""
    rng = np.random.default_rng(3)
    n = 20_000
    urgent = rng.random(n) < 0.4
    chance = np.where(urgent, 0.1, 0.9)
    took = rng.random(n) < chance
    late = (rng.random(n) < np.where(urgent, 0.5, 0.1)).astype(float)
    propensity = np.rint(MILLION * np.where(took, chance, 1 - chance)).astype(np.int64)

    found = what_if(late, took.astype(np.int64), propensity, 1)
    naive = late[took].mean()

    # Carrying all of them: 0.4 x 0.5 + 0.6 x 0.1 = 0.26. The orders it did carry were late in 13 %.
    assert naive == pytest.approx(0.128, abs=0.02)
    assert found.low < 0.26 < found.high
    assert found.high - found.low < 0.08


def test_a_good_model_narrows_the_interval_and_a_wrong_one_does_not_mislead():
    rng = np.random.default_rng(4)
    n = 6_000
    hard = rng.random(n)
    took = rng.random(n) < 0.2
    cents = 500 + 800 * hard + rng.normal(0, 20, n)
    chance = np.where(took, 200_000, 800_000)
    expected = 500 + 800 * hard

    plain = what_if(cents, took.astype(np.int64), chance, 1)
    good = what_if(cents, took.astype(np.int64), chance, 1, model=expected, model_of_target=expected)
    wrong = what_if(cents, took.astype(np.int64), chance, 1, model=np.zeros(n), model_of_target=np.zeros(n))

    assert good.high - good.low < 0.7 * (plain.high - plain.low)
    for found in (plain, good, wrong):
        assert found.low - 15 < 900 < found.high + 15


def test_the_interval_holds_the_truth_as_often_as_it_says():
    held = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        took = rng.random(800) < 0.15
        late = (rng.random(800) < 0.3).astype(float)
        found = what_if(late, took.astype(np.int64), np.where(took, 150_000, 850_000), 1)
        held += found.low <= 0.3 <= found.high
    # 200 draws at 90 %: four standard errors are 17.
    assert 163 <= held <= 197


def test_too_few_orders_are_said_to_be_too_few():
    late, took = np.ones(100), np.array([1] * 5 + [0] * 95)
    found = what_if(late, took, np.full(100, 50_000), 1)
    assert np.isnan(found.mean)
    assert "it carried 5 of 100 orders" in found.because
