"""Demand as a distribution: three kinds that must answer alike."""

import numpy as np
import pytest

from evenstock.inventory.single.demand import CountedDemand, NormalDemand, PoissonDemand

A_DIE = CountedDemand((0.0,) + (1 / 6,) * 6)


def test_two_dice_make_seven_most_often_and_on_average():
    two = A_DIE.over(2)
    assert two.mean == pytest.approx(7.0)
    assert int(np.argmax(two.probabilities())) == 7
    assert two.probabilities()[7] == pytest.approx(6 / 36)


@pytest.mark.parametrize("demand", [A_DIE, PoissonDemand(5), PoissonDemand(0.3).over(2.5)])
def test_the_shortage_of_counted_demand_is_its_sum(demand):
    chances = demand.probabilities()
    for stock in (0, 2, 2.5, 9):
        by_hand = sum(p * max(d - stock, 0) for d, p in enumerate(chances))
        assert demand.shortage(stock) == pytest.approx(by_hand)
    assert demand.shortage(0) == pytest.approx(demand.mean)


def test_the_normal_shortage_is_the_integral_of_the_tail():
    demand = NormalDemand(5, 2)
    x = np.linspace(4, 30, 200_001)
    assert demand.shortage(4.0) == pytest.approx(np.trapezoid(1 - demand.cdf(x), x), abs=1e-7)


@pytest.mark.parametrize("demand", [A_DIE, PoissonDemand(5), PoissonDemand(400)])
@pytest.mark.parametrize("level", [0.01, 0.5, 0.8, 0.999])
def test_a_quantile_of_counts_is_the_smallest_that_covers(demand, level):
    stock = demand.quantile(level)
    assert demand.cdf(stock) >= level > demand.cdf(stock - 1)


def test_a_chance_that_is_met_exactly_needs_no_more():
    assert A_DIE.quantile(0.5) == 3


def test_demand_without_spread_is_a_step():
    known = NormalDemand(5, 0)
    assert known.cdf([4.9, 5.0]).tolist() == [0.0, 1.0]
    assert known.shortage([3.0, 6.0]).tolist() == [2.0, 0.0]


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: NormalDemand(5, -1), "sd"),
        (lambda: NormalDemand(float("nan"), 1), "finite"),
        (lambda: PoissonDemand(-1), "zero up"),
        (lambda: CountedDemand((0.5, 0.4)), "summing to one"),
        (lambda: CountedDemand(()), "probabilities"),
        (lambda: A_DIE.over(1.5), "whole periods"),
        (lambda: PoissonDemand(5).over(-1), "lead time"),
        (lambda: NormalDemand(5, 1).quantile(1.0), "between 0 and 1"),
    ],
)
def test_nonsense_is_refused_in_words(wrong, word):
    with pytest.raises(ValueError, match=word):
        wrong()
