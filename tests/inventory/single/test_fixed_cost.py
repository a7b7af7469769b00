"""(s, S): the textbook's case, all other pairs by brute force, and its borders."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.single.base_stock import base_stock
from evenstock.inventory.single.demand import CountedDemand, PoissonDemand
from evenstock.inventory.single.fixed_cost import reorder_policy
from evenstock.inventory.single.newsvendor import cost_of


def test_example_4_7_of_snyder_and_shen():
    best = reorder_policy(PoissonDemand(6), 0, holding=1, penalty=4, fixed=5)
    assert (best.reorder_at, best.order_up_to) == (4, 10)
    assert best.cost == pytest.approx(8.034111561471642, abs=1e-9)


def cost_of_pair(s, up, demand, lead_days, holding, penalty, fixed):
    """From the stationary distribution of the position after ordering, S down to s + 1."""
    chances, n = demand.probabilities(), up - s
    step = np.zeros((n, n))
    again = np.zeros(n)
    for i in range(n):
        for d, p in enumerate(chances):
            if i + d < n:
                step[i, i + d] += p
            else:
                step[i, 0] += p
                again[i] += p
    a = np.vstack([step.T - np.eye(n), np.ones(n)])
    law = np.linalg.lstsq(a, np.append(np.zeros(n), 1.0), rcond=None)[0]
    days = demand.over(lead_days + 1)
    return sum(law[i] * (cost_of(up - i, days, holding, penalty) + fixed * again[i]) for i in range(n))


@given(
    st.one_of(
        st.floats(0.5, 5).map(PoissonDemand),
        st.lists(st.floats(0.05, 1), min_size=2, max_size=6).map(lambda w: CountedDemand(tuple(np.array(w) / sum(w)))),
    ),
    st.integers(0, 2),
    st.floats(2, 20),
    st.floats(0, 20),
)
@settings(max_examples=15, deadline=None)
def test_no_other_pair_is_cheaper(demand, lead_days, penalty, fixed):
    best = reorder_policy(demand, lead_days, 1.0, penalty, fixed)
    own = cost_of_pair(best.reorder_at, best.order_up_to, demand, lead_days, 1.0, penalty, fixed)
    assert best.cost == pytest.approx(own, rel=1e-8)
    for s in range(best.reorder_at - 3, best.reorder_at + 4):
        for up in range(max(s + 1, best.order_up_to - 4), best.order_up_to + 5):
            assert cost_of_pair(s, up, demand, lead_days, 1.0, penalty, fixed) >= best.cost * (1 - 1e-9)


def test_without_a_fixed_cost_it_is_a_base_stock():
    best = reorder_policy(PoissonDemand(6), 2, 1, 9, fixed=0)
    alone = base_stock(PoissonDemand(6), 2, 1, 9)
    assert best.order_up_to == alone.level
    assert best.cost == pytest.approx(alone.cost)


def test_dearer_orders_are_rarer_and_larger():
    sizes = [(b := reorder_policy(PoissonDemand(6), 1, 1, 9, k)).order_up_to - b.reorder_at for k in (0, 5, 20, 80)]
    assert sizes == sorted(sizes)


def test_an_order_is_placed_at_the_point_and_below():
    best = reorder_policy(PoissonDemand(6), 0, 1, 4, 5)
    assert [best.order(x) for x in (-2, 4, 5, 11)] == [12, 6, 0, 0]


@pytest.mark.parametrize(
    ("args", "word"),
    [
        ((PoissonDemand(6), 0, 1, 4, -1), "cost of an order"),
        ((PoissonDemand(6), -1, 1, 4, 5), "lead days"),
        ((PoissonDemand(0), 0, 1, 4, 5), "always zero"),
        ((PoissonDemand(6), 0, 0, 4, 5), "above zero"),
    ],
)
def test_nonsense_is_refused_in_words(args, word):
    with pytest.raises(ValueError, match=word):
        reorder_policy(*args)
