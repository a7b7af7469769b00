"""Lost sales with a lead time: Zipkin's sixteen cases, the optimum beside the policy found without it."""

import numpy as np
import pytest

from evenstock.inventory.single.demand import CountedDemand, PoissonDemand
from evenstock.inventory.single.lost_sales import LostSalesPolicy, lost_sales_policy
from evenstock.inventory.single.lost_sales_chain import frame
from evenstock.inventory.single.lost_sales_kernel import arrival_stock, cost_on_days, order_for
from evenstock.inventory.single.lost_sales_optimum import lost_sales_optimum

ZIPKIN = {
    1: (4.04, 5.44, 6.68, 7.84),
    2: (4.40, 6.09, 7.66, 9.11),
    3: (4.60, 6.53, 8.36, 10.04),
    4: (4.73, 6.84, 8.89, 10.79),
}
"""Optimal cost a day with Poisson(5), h = 1, by lead days and p = 4, 9, 19, 39 (Zipkin, 2008, table 3)."""
CASES = [(days, p, cost) for days, row in ZIPKIN.items() for p, cost in zip((4, 9, 19, 39), row, strict=True)]
FIVE = PoissonDemand(5)


@pytest.mark.parametrize(("lead_days", "penalty", "published"), CASES)
def test_the_optimum_is_zipkins_and_the_policy_within_half_a_per_cent(lead_days, penalty, published):
    best = lost_sales_optimum(FIVE, lead_days, 1, penalty)
    assert round(best.cost, 2) == published
    policy = lost_sales_policy(FIVE, lead_days, 1, penalty)
    assert policy.exact
    assert best.lower <= policy.cost + 1e-6
    # A fifth of what is asked for: the worst of the sixteen is 0.10 %.
    assert policy.cost <= 1.0015 * best.cost


def test_the_exact_cost_is_what_many_simulated_days_cost():
    policy = lost_sales_policy(FIVE, 3, 1, 9)
    chances = np.asarray(policy.chances)
    demand = np.random.default_rng(8).choice(chances.size, size=150_000, p=chances)
    simulated = cost_on_days(demand, 100, chances, 3, policy.cover, policy.cap, 1.0, 9.0)
    assert simulated == pytest.approx(policy.cost, rel=0.01)


def test_the_table_of_the_chain_orders_as_the_walk_through_the_pipeline_does():
    space = frame(FIVE.probabilities(), 3, 1.0, 9.0)
    covers = space.cover()
    rng, base = np.random.default_rng(2), space.order_limit + 1
    for _ in range(60):
        # Kept small enough for the shelf to stay inside the frame, whose edge the table folds.
        on_hand, *pipeline = (int(v) for v in rng.integers(0, 7, size=3))
        row = covers[(on_hand * base + pipeline[0]) * base + pipeline[1]]
        by_table = min(max(int((row <= 0.9).sum()) - 1, 0), 7)
        assert order_for(on_hand, np.array(pipeline), space.chances, 0.9, 7) == by_table


def test_what_will_be_left_by_hand():
    """One on hand, one comes tomorrow, demand 0 or 1 with even chances: two evenings leave 0, 1, 2 with 1/4, 1/2, 1/4."""
    law = arrival_stock(1, np.array([1]), np.array([0.5, 0.5]))
    assert law.tolist() == [0.25, 0.5, 0.25]


def test_an_empty_shelf_orders_and_a_full_one_does_not():
    policy = lost_sales_policy(FIVE, 3, 1, 9)
    assert policy.order(0, [0, 0]) == policy.cap
    assert policy.order(60, [0, 0]) == 0


def test_more_on_the_way_never_means_a_larger_order():
    policy = lost_sales_policy(FIVE, 3, 1, 19)
    orders = [[policy.order(x, [q, 3]) for q in range(9)] for x in range(12)]
    assert (np.diff(orders, axis=0) <= 0).all()
    assert (np.diff(orders, axis=1) <= 0).all()


def test_lumpy_demand_is_within_half_a_per_cent_too():
    lumpy = CountedDemand((0.5, 0.2, 0.05, 0.05, 0.1, 0.1))
    for penalty in (4, 19):
        best = lost_sales_optimum(lumpy, 3, 1, penalty).cost
        assert lost_sales_policy(lumpy, 3, 1, penalty).cost <= 1.005 * best


def test_long_lead_times_are_simulated_and_beat_a_constant_order_of_nothing():
    policy = lost_sales_policy(PoissonDemand(2), 12, 1, 9)
    assert not policy.exact
    assert policy == lost_sales_policy(PoissonDemand(2), 12, 1, 9), "the same days every time"
    assert policy.cost < 9 * 2
    with pytest.raises(ValueError, match="too many"):
        lost_sales_optimum(PoissonDemand(2), 12, 1, 9)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        (lambda: lost_sales_policy(FIVE, 0, 1, 9), "newsvendor"),
        (lambda: lost_sales_policy(FIVE, 2, 0, 9), "above zero"),
        (lambda: LostSalesPolicy(2, 0.9, 7, 6.1, True, (1.0,)).order(3, []), "1 orders are under way"),
        (lambda: LostSalesPolicy(1, 0.9, 7, 6.1, True, (1.0,)).order(-3, []), "below zero"),
    ],
)
def test_nonsense_is_refused_in_words(wrong, word):
    with pytest.raises(ValueError, match=word):
        wrong()
