"""When to order, how much, and when next."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.reorder import (
    NEVER,
    days_until,
    economic_quantity,
    next_orders,
    order_points,
    order_quantity,
    units_to_order,
)


def cost(quantity: float, daily: float, order: float, holding: float) -> float:
    return order * daily / quantity + holding * quantity / 2


@given(st.floats(0.1, 500), st.floats(0.1, 5_000), st.floats(0.01, 20), st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_no_other_multiple_costs_less(daily: float, order: float, holding: float, multiple: int) -> None:
    best = int(order_quantity(daily, order, holding, multiple, 0))
    others = multiple * np.arange(1, 2 + int(economic_quantity(daily, order, holding)) // multiple + 3)

    assert best % multiple == 0
    assert cost(best, daily, order, holding) <= min(cost(q, daily, order, holding) for q in others) * (1 + 1e-9)


def test_without_a_cost_of_ordering_one_multiple_comes_at_a_time_or_the_minimum() -> None:
    assert order_quantity([5, 5], 0, 1, [12, 12], [0, 30]).tolist() == [12, 36]


def test_a_supplier_who_takes_orders_on_mondays_is_asked_every_seven_days() -> None:
    assert next_orders({0}, 0) == (0, 7)
    assert next_orders({0}, 2) == (5, 7)
    assert next_orders({0, 3}, 4) == (3, 3)
    with pytest.raises(ValueError, match=r"0 \(Monday\) to 6"):
        next_orders((), 0)


@given(st.integers(0, 200), st.integers(-50, 300), st.integers(1, 24), st.integers(1, 5), st.integers(0, 40))
@settings(max_examples=50, deadline=None)
def test_an_order_lifts_the_position_above_its_order_point_and_not_beyond_the_top(
    level: int, position: int, multiple: int, lots: int, minimum: int
) -> None:
    quantity = int(order_quantity(1, 0, 1, multiple, max(minimum, lots * multiple)))
    at, up_to = order_points(np.array([level]), np.array([quantity]))
    units = int(units_to_order(*np.array([[position], at, up_to, [multiple], [minimum], [10**6]]))[0])

    assert units % multiple == 0
    if position > at[0]:
        assert units == 0
    else:
        assert at[0] < position + units <= max(up_to[0], position + quantity)
        assert units >= minimum


def test_a_node_that_is_full_is_sent_nothing() -> None:
    assert units_to_order(*np.array([[10], [20], [40], [6], [6], [12]])).tolist() == [0]


def test_days_to_the_order_point_follow_the_season() -> None:
    # 12 above it: 2 a day for four days, then 8.
    season = np.array([[2.0, 2, 2, 2, 8, 8]])

    assert days_until(np.array([22]), np.array([10]), season).tolist() == [5]
    assert days_until(np.array([99]), np.array([10]), season).tolist() == [NEVER]
