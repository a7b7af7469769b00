import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.freight.ladder import Ladder, Surcharge
from evenstock.freight.parcel import carton_steps, cartons_g

LADDER = Ladder(
    "ups:ground",
    4,
    np.array([500, 1000, 5000]),
    np.array([500, 600, 900]),
    np.array([50, 60, 90]),
    0,
    (
        Surcharge("heavy", "weight_over", 700, 100),
        Surcharge("home", "residential", 0, 30),
        Surcharge("long", "longest_over", 1200, 7),
    ),
)


def test_a_break_is_inclusive_above():
    steps = carton_steps(LADDER, 5000, residential=False)
    assert [int(steps.cents[steps.at(g)]) for g in (0, 1, 500, 501)] == [550, 550, 550, 660]


def test_a_threshold_of_weight_inside_a_step_cuts_it():
    # Between 500 and 1000 g the base is 6.00 + 0.60; above 700 g the carton is heavy: +1.00.
    steps = carton_steps(LADDER, 5000, residential=False)
    assert [int(steps.cents[steps.at(g)]) for g in (700, 701, 1000)] == [660, 760, 760]


def test_goods_beyond_the_heaviest_carton_fill_cartons_each_with_its_own_charges():
    # 10.3 kg at most 5 kg a carton: two full ones (9.00 + 0.90 + 1.00 + 0.30 = 11.20 each) and 300 g (5.00 + 0.50 + 0.30).
    steps = carton_steps(LADDER, 10_300, residential=True)
    at = steps.at(10_300)
    assert int(steps.cents[at]) == 2 * 1120 + 580
    assert int(steps.cartons[at]) == 3
    assert (int(steps.base_cents[at]), int(steps.fuel_cents[at]), int(steps.surcharge_cents[at])) == (2300, 230, 290)


def test_exactly_full_cartons_need_no_empty_one():
    steps = carton_steps(LADDER, 10_000, residential=False)
    assert int(steps.cartons[steps.at(10_000)]) == 2
    assert int(steps.cents[steps.at(10_000)]) == 2 * 1090


def test_a_long_item_marks_every_carton_of_its_set():
    long = carton_steps(LADDER, 9_000, residential=False, longest_mm=1201)
    short = carton_steps(LADDER, 9_000, residential=False, longest_mm=1200)
    assert int(long.cents[long.at(9_000)] - short.cents[short.at(9_000)]) == 2 * 7


def test_steps_do_not_guess_beyond_their_end():
    with pytest.raises(ValueError, match="beyond these steps"):
        carton_steps(LADDER, 4_000, residential=False).at(5_001)


@given(st.integers(1, 10_000), st.integers(0, 200_000))
def test_cartons_hold_exactly_the_goods_and_only_the_last_is_not_full(heaviest, billable):
    full, last = cartons_g(heaviest, billable)
    assert full * heaviest + last == billable
    assert 0 <= last <= heaviest
    assert last > 0 or billable == 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 80)), min_size=1, max_size=6),
    st.lists(st.integers(1, 4000), max_size=2),
    st.integers(0, 12_000),
)
def test_more_weight_never_costs_less_where_rates_do_not_fall(rises, thresholds, most):
    ends = np.cumsum([g for g, _ in rises])
    base = 100 + np.cumsum([c for _, c in rises])
    heavy = tuple(Surcharge(f"over {g}", "weight_over", g, 25) for g in sorted(set(thresholds)))
    steps = carton_steps(Ladder("s", 1, ends, base, base // 10, 0, heavy), most, residential=True)
    assert (np.diff(steps.max_weight_g) > 0).all()
    assert (np.diff(steps.cents) >= 0).all()
    assert steps.max_weight_g[-1] >= most
