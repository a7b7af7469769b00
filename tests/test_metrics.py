"""Measures of service and stock keep to their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenstock import metrics

lines = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 20), st.integers(0, 25)), min_size=1, max_size=30)


@given(lines)
def test_no_order_is_whole_unless_its_lines_are_and_no_line_unless_its_units_are(rows):
    order, ordered, shipped = (np.array(c) for c in zip(*rows, strict=True))
    whole = [all(s >= o for k, o, s in rows if k == name) for name in sorted(set(order.tolist()))]

    assert metrics.order_fill_rate(order, ordered, shipped) == pytest.approx(np.mean(whole))
    assert metrics.line_fill_rate(ordered, shipped) == pytest.approx(np.mean(shipped >= ordered))
    assert 0 <= metrics.unit_fill_rate(ordered, shipped) <= 1


def test_shipping_more_than_was_ordered_does_not_make_up_for_another_line():
    assert metrics.unit_fill_rate([10, 10], [20, 0]) == 0.5


def test_type_1_and_type_2_part_where_shortages_are_rare_but_large():
    # ten cycles of 10 with one of 110, stock 10: one cycle in eleven is short, by 100 of 210 units
    demand, stock = [10] * 10 + [110], [10] * 11

    assert metrics.type_1_service(demand, stock) == pytest.approx(10 / 11)
    assert metrics.type_2_service(demand, stock) == pytest.approx(110 / 210)


def test_one_flaw_of_any_kind_spoils_an_order():
    kinds = np.ones((4, 5), bool)
    for kind in range(4):
        kinds[kind, kind] = False

    assert metrics.perfect_order(*kinds) == 1 / 5


@pytest.mark.parametrize(
    "empty",
    [
        lambda: metrics.type_1_service([], []),
        lambda: metrics.type_2_service([0], [5]),
        lambda: metrics.unit_fill_rate([], []),
        lambda: metrics.line_fill_rate([], []),
        lambda: metrics.order_fill_rate([], [], []),
        lambda: metrics.perfect_order([], [], [], []),
        lambda: metrics.inventory_turns(100, [0], days=30),
    ],
)
def test_a_share_of_nothing_is_not_a_perfect_score(empty):
    assert np.isnan(empty())


def test_cover_waits_through_days_without_demand():
    # 3 units against 3, 0, 0, 6: gone after the first day's demand, but missed only on the fourth
    assert metrics.days_of_cover([3], [[3, 0, 0, 6]]).tolist() == [3.0]


@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=12).filter(lambda d: sum(d) > 0.01),
    st.floats(0, 500),
    st.floats(0, 50),
)
def test_more_stock_never_covers_fewer_days(daily, stock, more):
    cover = metrics.days_of_cover([stock, stock + more], [daily, daily])

    assert cover[0] <= cover[1] + 1e-6
    assert (cover >= 0).all()
    assert (cover <= metrics.NO_DEMAND_COVER_DAYS).all()


def test_cover_of_stock_below_zero_is_zero():
    assert metrics.days_of_cover([-4], [[2, 2]]).tolist() == [0.0]


def test_turns_need_a_period():
    with pytest.raises(ValueError, match="more than zero days"):
        metrics.inventory_turns(1, [1], days=0)
