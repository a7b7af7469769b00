"""Every cent of a transfer has one name, and a lane's lines re-add to what the lane costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock import registry
from evenstock.rebalancing import Moves, settle
from evenstock.rebalancing.terms import capital, fixed, handling, pallets, unit_freight
from evenstock.rebalancing.worth.sharing import share_out


@pytest.fixture
def problem():
    lanes = instances.lanes([(0, 1), (1, 0)], fixed=900, pallet=1000, unit=3, lead=[5, 2])
    return instances.problem(
        np.zeros((3, 2, 1, 4)), np.full((3, 2), 100), lanes=lanes, pallet_units=[10, 40, 0], unit_cost_cents=[7300, 100, 50],
        capital_rate=0.10, handling_out_cents=[2, 9], handling_in_cents=[5, 4],
    )  # fmt: skip


MOVES = Moves.gather([0, 1, 2], [0, 0, 0], [12, 40, 6])
"""1.2 + 1 pallets and six units whose pallet size is unknown."""


def test_a_begun_pallet_costs_a_whole_one_and_its_lines_share_it(problem):
    assert pallets.pallets(problem, MOVES).tolist() == [3, 0]
    # 3 pallets of 1,000 over loads 1.2 and 1: 3,000 × 1.2 / 2.2 = 1,636.
    assert pallets.term(problem, MOVES).tolist() == [1636, 1364, 0]


def test_ten_tenths_of_a_pallet_are_one_pallet(problem):
    tenths = Moves.gather([0, 0], [0, 0], [7, 3])
    assert pallets.pallets(problem, tenths).tolist() == [1, 0]


def test_a_departure_is_paid_once(problem):
    shares = fixed.term(problem, MOVES)
    assert shares.sum() == 900
    # Loads 1.2, 1 and, for the unknown size, the middle item's: 6 × (0.1 + 0.025) / 2 = 0.375.
    assert shares.tolist() == [round(900 * 1.2 / 2.575), round(900 * 1 / 2.575), round(900 * 0.375 / 2.575)]


def test_units_pay_freight_and_handling_at_both_ends(problem):
    assert unit_freight.term(problem, MOVES).tolist() == [12 * 3, 40 * 3, 6 * 3]
    assert handling.term(problem, MOVES).tolist() == [12 * (2 + 4), 40 * 6, 6 * 6]


def test_goods_under_way_cost_interest(problem):
    # 12 units of 73.00 for 5 days at 10 % a year: 12 × 7,300 × 5 × 0.10 / 365 = 120.
    assert capital.term(problem, MOVES).tolist() == [120, round(40 * 100 * 5 * 0.1 / 365), 0]


def test_every_member_of_the_family_keeps_its_contract(problem):
    members = registry.members("evenstock.rebalancing.terms")
    assert sorted(members) == ["capital", "fixed", "handling", "pallets", "trucks", "unit_freight"]
    full = Moves.gather([0, 1, 2], [0, 1, 0], [10, 40, 7])
    for name, member in members.items():
        assert member.COLUMN in {"freight", "handling", "capital"}, name
        slope, cents = member.slope(problem), member.term(problem, full)
        assert slope.shape == (3, 2), name
        assert cents.dtype == np.int64, name
        if name != "fixed":  # whole pallets only: the first idea is exact
            assert cents == pytest.approx(full.units * slope[full.item, full.lane], abs=0.5), name


def test_a_plans_total_is_the_sum_of_its_rounded_terms(problem):
    solution = settle(problem, MOVES, method="by hand")
    assert solution.total_cost_cents == sum(int(cents.sum()) for cents in solution.terms.values())
    assert solution.lane_pallets.tolist() == [3, 0]
    assert solution.lane_fill.tolist() == pytest.approx([2.2 / 3, 0])
    assert solution.lanes_used == 1


@example(lines=[(0, 1.0), (1, 6.501300264016864e-17), (1, 0.0)], cents=[0, 2, 0, 0])
@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(st.tuples(st.integers(0, 3), st.floats(0, 50)), max_size=12),
    cents=st.lists(st.integers(0, 10**7), min_size=4, max_size=4),
)
def test_shares_readd_and_are_within_a_cent(lines, cents):
    group = np.array([g for g, _ in lines], np.int64)
    weight = np.array([w for _, w in lines], np.float64)
    shares = share_out(np.array(cents), group, weight)
    for g in range(4):
        total = weight[group == g].sum()
        if total > 0:
            assert shares[group == g].sum() == cents[g]
            assert np.abs(shares[group == g] - cents[g] * weight[group == g] / total).max() <= 1 + 1e-6
        else:
            assert shares[group == g].sum() == 0
