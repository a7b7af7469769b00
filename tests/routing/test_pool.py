"""Orders decided together: the most served, then the cheapest, within stock and places; proven against slow reckonings."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from evenstock.routing.pool import LEFT_OUT, Columns, Pooled, pool

Plan = tuple[int, int, dict[int, int]]
"""Cents, wishes given up, amount taken by supply."""


def columns(orders: list[list[Plan]], credit: list[int] | None = None) -> Columns:
    plans = [plan for order in orders for plan in order]
    taken = [pair for *_, takes in plans for pair in sorted(takes.items())]
    return Columns(
        np.cumsum([0, *map(len, orders)]),
        np.array([cents for cents, *_ in plans], np.int64),
        np.array([wishes for _, wishes, _ in plans], np.int64),
        np.cumsum([0, *(len(takes) for *_, takes in plans)]),
        np.array([s for s, _ in taken], np.int64),
        np.array([n for _, n in taken], np.int64),
        None if credit is None else np.array(credit, np.int64),
    )


def by_hand(orders: list[list[Plan]], left: list[int]) -> tuple[int, int, int]:
    """Served, wishes and cents of the best of all choices."""
    best = (0, 0, 0)
    for chosen in itertools.product(*([None, *order] for order in orders)):
        used = [sum(plan[2].get(s, 0) for plan in chosen if plan) for s in range(len(left))]
        if all(u <= n for u, n in zip(used, left, strict=True)):
            there = [plan for plan in chosen if plan]
            best = min(best, (-len(there), sum(p[1] for p in there), sum(p[0] for p in there)))
    return -best[0], best[1], best[2]


def lawful(found: Pooled, orders: list[list[Plan]], left: list[int]) -> None:
    chosen = [order[p] for order, p in zip(orders, found.plan.tolist(), strict=True) if p != LEFT_OUT]
    used = [sum(plan[2].get(s, 0) for plan in chosen) for s in range(len(left))]
    assert found.left.tolist() == [n - u for n, u in zip(left, used, strict=True)]
    assert found.left.min(initial=0) >= 0
    assert (found.served, found.cents) == (len(chosen), sum(plan[0] for plan in chosen))
    assert found.gave_up == sum(plan[1] for plan in chosen)
    assert found.served <= found.most_served
    assert found.cents >= found.least_cents


def test_the_last_place_goes_to_the_order_that_has_no_other_node():
    # A is cheaper for the first order, which came first; the second can ship from A alone.
    orders = [[(500, 0, {0: 1}), (900, 0, {1: 1})], [(700, 0, {0: 1})]]
    found = pool(columns(orders), np.array([1, 1]))
    assert found.plan.tolist() == [1, 0]
    assert (found.served, found.cents, found.proven) == (2, 900 + 700, True)


def test_where_all_are_served_either_way_the_cents_decide():
    # Moving the first from A to B costs 100, moving the second 300: the second stays at A.
    orders = [[(500, 0, {0: 1}), (600, 0, {1: 1})], [(500, 0, {0: 1}), (800, 0, {1: 1})]]
    found = pool(columns(orders), np.array([1, 5]))
    assert found.plan.tolist() == [1, 0]
    assert found.proven
    assert 100 <= found.worth[0] <= 300  # what one more place at A saves: 100; what it would take to give one up: 300
    assert found.worth[1] == 0


def test_an_order_served_counts_more_than_any_saving():
    orders = [[(1, 0, {0: 1}), (10**9, 0, {1: 1})], [(2, 0, {0: 1})]]
    found = pool(columns(orders), np.array([1, 1]))
    assert (found.served, found.cents) == (2, 10**9 + 2)


def test_a_cent_is_not_lost_beside_a_billion():
    # Two orders, one place each at A and B: 10^9 + 1 + 10^9 against 10^9 + 10^9.
    orders = [[(10**9, 0, {0: 1}), (10**9 + 1, 0, {1: 1})], [(10**9, 0, {0: 1}), (10**9, 0, {1: 1})]]
    found = pool(columns(orders), np.array([1, 1]))
    assert (found.cents, found.least_cents, found.proven) == (2 * 10**9, 2 * 10**9, True)


def test_a_wish_is_given_up_to_serve_one_more_but_never_to_save():
    orders = [[(500, 0, {0: 1}), (100, 1, {1: 1})], [(700, 0, {0: 1})]]
    assert pool(columns(orders), np.array([2, 1])).plan.tolist() == [0, 0]
    assert pool(columns(orders), np.array([1, 1])).plan.tolist() == [1, 0]


def test_a_dear_order_is_not_left_out_for_being_dear_where_it_costs_the_same_later():
    # One place. The first costs 100, the second 900; alone that is what they cost, today or tomorrow.
    orders = [[(110, 0, {0: 1})], [(900, 0, {0: 1})]]
    assert pool(columns(orders), np.array([1])).plan.tolist() == [0, LEFT_OUT]
    found = pool(columns(orders, credit=[100, 900]), np.array([1]))
    assert found.plan.tolist() == [LEFT_OUT, 0]  # beyond what they cost anyway: 10 against 0
    assert (found.cents, found.least_cents, found.proven) == (900, 900, True)


def test_units_and_places_bind_together():
    # Supply 0: five units; supply 1: three places. Orders of 3, 2 and 2 units; the two small ones and not the large one.
    orders = [[(10, 0, {0: 3, 1: 1})], [(90, 0, {0: 2, 1: 1})], [(90, 0, {0: 2, 1: 1}), (500, 0, {1: 1})]]
    found = pool(columns(orders), np.array([5, 3]))
    assert found.plan.tolist() == [0, 0, 1]  # all three: 3 + 2 units, the third without any
    assert pool(columns([order[:1] for order in orders]), np.array([5, 3])).served == 2


def test_what_keeps_an_order_out_is_named():
    orders = [[(1, 0, {0: 1})], [(2, 0, {0: 1}), (3, 0, {1: 2})], []]
    cols = columns(orders)
    found = pool(cols, np.array([1, 1]))
    assert found.plan.tolist() == [0, LEFT_OUT, LEFT_OUT]
    assert found.binding(cols, 1) == [0, 1]
    assert found.binding(cols, 2) == []


def test_nobody_and_nothing():
    assert pool(columns([]), np.zeros(0, np.int64)).served == 0
    found = pool(columns([[], []]), np.zeros(0, np.int64))
    assert found.plan.tolist() == [LEFT_OUT, LEFT_OUT]
    assert found.proven
    with pytest.raises(ValueError, match="do not cover"):
        pool(columns([[(1, 0, {3: 1})]]), np.array([1]))


def random_orders(rng: np.random.Generator, count: int, supplies: int, plans: int, units: int) -> list[list[Plan]]:
    return [
        [
            (
                int(rng.integers(100, 3_000)),
                int(rng.random() < 0.2),
                {
                    int(s): int(rng.integers(1, units + 1))
                    for s in rng.choice(supplies, rng.integers(1, 4), replace=False)
                },
            )
            for _ in range(rng.integers(0, plans + 1))
        ]
        for _ in range(count)
    ]


@pytest.mark.parametrize("seed", range(60))
def test_small_pools_are_those_of_all_choices_tried(seed):
    rng = np.random.default_rng(seed)
    orders = random_orders(rng, int(rng.integers(1, 7)), 4, 3, 3)
    left = rng.integers(0, 6, 4).tolist()
    found = pool(columns(orders), np.array(left))
    lawful(found, orders, left)
    assert found.proven
    assert (found.served, found.gave_up, found.cents) == by_hand(orders, left)
    credit = rng.integers(0, 4_000, len(orders)).tolist()
    net = [[(cents - own, *rest) for cents, *rest in order] for own, order in zip(credit, orders, strict=True)]
    found = pool(columns(orders, credit), np.array(left))
    lawful(found, orders, left)
    beyond = found.cents - sum(own for own, p in zip(credit, found.plan, strict=True) if p != LEFT_OUT)
    assert (found.served, found.gave_up, beyond) == by_hand(net, left)
    assert found.proven


@pytest.mark.parametrize("seed", range(1, 5))
def test_larger_pools_are_those_of_one_weighted_program(seed):
    """Another formulation: one objective with weights between the tiers, another reader of the limits."""
    rng = np.random.default_rng(100 + seed)
    orders = random_orders(rng, 60, 12, 4, 3)
    left = rng.integers(2, 14, 12).tolist()
    found = pool(columns(orders), np.array(left), most_nodes=5_000)
    lawful(found, orders, left)
    plans = [(o, plan) for o, order in enumerate(orders) for plan in order]
    weight = np.array([cents + 10**6 * wishes - 10**8 for _, (cents, wishes, _) in plans], float)
    limits = np.zeros((60 + 12, len(plans)))
    for column, (o, (_, _, takes)) in enumerate(plans):
        limits[o, column] = 1
        for s, n in takes.items():
            limits[60 + s, column] = n
    other = milp(
        weight,
        constraints=LinearConstraint(limits, ub=np.array([1.0] * 60 + left)),
        integrality=np.ones(len(plans)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert other.success
    chosen = [plans[k][1] for k in np.flatnonzero(other.x > 0.5)]
    assert found.served == len(chosen)
    assert found.gave_up == sum(plan[1] for plan in chosen)
    assert found.cents == sum(plan[0] for plan in chosen)
    assert found.proven


def test_places_alone_are_a_transportation_problem_and_need_no_search():
    rng = np.random.default_rng(7)
    orders = [
        [(int(rng.integers(300, 2_000)), 0, {int(k): 1}) for k in rng.choice(10, rng.integers(1, 4), replace=False)]
        for _ in range(800)
    ]
    left = rng.integers(20, 90, 10).tolist()
    found = pool(columns(orders), np.array(left), most_nodes=0)  # no branch is ever looked at
    lawful(found, orders, left)
    assert found.proven
    # At these prices every order that is served has its cheapest plan: prices alone could decide it.
    priced = [
        [cents + sum(found.worth[s] * n for s, n in takes.items()) for cents, _, takes in order] for order in orders
    ]
    for own, plan in zip(priced, found.plan.tolist(), strict=True):
        if plan != LEFT_OUT:
            assert own[plan] <= min(own) + 1e-6


def test_without_time_to_search_the_bound_still_holds():
    rng = np.random.default_rng(3)
    orders = random_orders(rng, 60, 12, 4, 3)
    left = rng.integers(2, 14, 12).tolist()
    hasty, best = (pool(columns(orders), np.array(left), most_nodes=nodes) for nodes in (0, 5_000))
    lawful(hasty, orders, left)
    assert best.proven
    assert hasty.served <= best.served <= hasty.most_served


def test_the_same_pool_has_the_same_answer():
    rng = np.random.default_rng(11)
    orders = random_orders(rng, 60, 12, 4, 3)
    left = rng.integers(2, 14, 12)
    one, other = (pool(columns(orders), left) for _ in range(2))
    assert one.plan.tolist() == other.plan.tolist()
