"""A chain of stages: the textbook's levels and costs, and what must hold of any chain."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenstock.inventory.multi_echelon.serial import serial_optimum
from evenstock.inventory.multi_echelon.serial_bounds import serial_bounds
from evenstock.inventory.single.base_stock import base_stock
from evenstock.inventory.single.demand import CountedDemand, NormalDemand, PoissonDemand


def local(*echelon):
    """Local from echelon holding costs, the customer's stage first."""
    return np.cumsum(echelon[::-1])[::-1].tolist()


def test_example_6_1_of_snyder_and_shen():
    best = serial_optimum([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1))
    assert best.echelon_levels == pytest.approx((6.49, 12.02, 22.71), abs=0.006)
    assert best.local_levels == pytest.approx((6.49, 5.53, 10.69), abs=0.006)
    assert best.cost == pytest.approx(47.65, abs=0.02)


def test_a_lattice_four_times_as_fine_says_the_same():
    coarse, fine = (serial_optimum([7, 4, 2], [1, 1, 2], 37.12, NormalDemand(5, 1), steps_per_sd=n) for n in (40, 160))
    assert coarse.cost == pytest.approx(fine.cost, abs=1e-6)
    assert coarse.echelon_levels == pytest.approx(fine.echelon_levels, abs=2e-5)


NAMED = {
    "readme example of stockpyl 1.0.2": (local(4, 3, 1), (1, 1, 2), 40, NormalDemand(10, 2), 86.0253),
    "problem 6.2a": (local(2, 2, 1, 1, 1), (0.5,) * 5, 24, NormalDemand(64, 8), 451.7288),
    "problem 6.1": (local(1, 1), (1, 1), 15, NormalDemand(100, 15), 166.2705),
    "problem 6.16": (local(5, 2), (8, 3), 24, NormalDemand(20, 4), 438.2396),
    "Shang and Song row 1": (local(*[0.25] * 4), (0.25,) * 4, 9, PoissonDemand(16), 12.6869),
    "Shang and Song row 9": (local(0.25, 2.5, 2.5, 0.25), (0.25,) * 4, 9, PoissonDemand(16), 53.0064),
    "Shang and Song row 17": (local(*[0.25] * 4), (0.25,) * 4, 99, PoissonDemand(16), 16.1979),
    "Shang and Song row 25": (local(0.25, 2.5, 2.5, 0.25), (0.25,) * 4, 99, PoissonDemand(16), 74.5543),
}
"""Costs as stockpyl 1.0.2 has them, on a grid a tenth to a hundredth as fine and with demand cut off at 4 sd."""


@pytest.mark.parametrize("name", NAMED)
def test_named_chains_match_within_the_grid_they_were_computed_on(name):
    *question, known = NAMED[name]
    assert serial_optimum(*question).cost == pytest.approx(known, rel=5e-4)


def test_row_1_of_shang_and_song_in_whole_units():
    assert serial_optimum(*NAMED["Shang and Song row 1"][:4]).echelon_levels == (8, 13, 18, 22)


def test_four_stages_reviewed_daily_charge_only_what_is_on_hand():
    """The `serial_system` of Alvo, Russo and Kanoria (2023): local costs .1, .2, .5, 1 and lead times 2, 4, 3, 4 from the
    source on. In transit are 5 units a day: 5 (0.1 * 4 + 0.2 * 3 + 0.5 * 4) = 15."""
    costs = []
    for penalty in (4, 9, 19, 39):
        best = serial_optimum((1, 0.5, 0.2, 0.1), (4, 3, 4, 2), penalty, NormalDemand(5, 2), review=1)
        assert best.in_transit == pytest.approx(15.0)
        costs.append(round(best.cost_on_hand, 2))
    assert costs == [8.78, 10.76, 12.45, 13.94]


def test_a_chain_of_one_stage_is_a_base_stock():
    one = serial_optimum([1], [4], 9, NormalDemand(5, 1.6), review=1)
    alone = base_stock(NormalDemand(5, 1.6), 4, 1, 9)
    assert one.echelon_levels[0] == pytest.approx(alone.level, abs=1e-6)
    assert one.cost == pytest.approx(alone.cost, abs=1e-6)


def test_counted_and_poisson_demand_agree():
    poisson = PoissonDemand(3)
    counted = CountedDemand(tuple(poisson.probabilities().tolist()))
    a, b = (serial_optimum([3, 2, 1], [1, 2, 1], 20, d) for d in (poisson, counted))
    assert a.echelon_levels == b.echelon_levels
    assert a.cost == pytest.approx(b.cost, abs=1e-8)


def test_demand_that_never_varies_needs_only_what_is_under_way():
    best = serial_optimum([3, 2, 1], [1, 2, 1], 20, NormalDemand(5, 0))
    assert best.echelon_levels == (5, 15, 20)
    assert best.cost == best.in_transit == 5 * (2 * 1 + 1 * 2)


CHAINS = st.integers(1, 4).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.2, 4), min_size=n, max_size=n),
        st.lists(st.integers(1, 4), min_size=n, max_size=n),
        st.floats(3, 60),
        st.one_of(
            st.floats(1, 20).map(PoissonDemand),
            st.tuples(st.floats(4, 20), st.floats(0.5, 4)).map(lambda v: NormalDemand(*v)),
        ),
    )
)


@given(CHAINS)
@settings(max_examples=25, deadline=None)
def test_the_optimum_lies_between_two_newsvendors_a_stage(chain):
    echelon, waits, penalty, demand = chain
    best = serial_optimum(local(*echelon), waits, penalty, demand)
    bounds = serial_bounds(local(*echelon), waits, penalty, demand)
    for low, level, high in zip(bounds.low, best.echelon_levels, bounds.high, strict=True):
        assert low - 1e-3 <= level <= high + 1e-3


@given(CHAINS)
@settings(max_examples=15, deadline=None)
def test_holding_more_upstream_in_money_never_costs_less_and_a_longer_wait_neither(chain):
    echelon, waits, penalty, demand = chain
    usual = serial_optimum(local(*echelon), waits, penalty, demand).cost_on_hand
    slower = serial_optimum(local(*echelon), [*waits[:-1], waits[-1] + 1], penalty, demand).cost_on_hand
    dearer = serial_optimum(local(*echelon), waits, penalty * 1.2, demand).cost_on_hand
    assert slower >= usual - 1e-6
    assert dearer >= usual - 1e-6


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (([1, 2], [1, 1], 9), "stage 1 from the customer"),
        (([2, 1], [1], 9), "one lead time a stage"),
        (([2, 1], [1, -1], 9), "zero or more"),
        (([2, 1], [1, 1], 0), "above zero"),
    ],
)
def test_nonsense_is_refused_in_words(args, word):
    with pytest.raises(ValueError, match=word):
        serial_optimum(*args, NormalDemand(5, 1))
