"""One item over the coming weeks: equal to the scenario program, and what every buyer knows to be right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances
from tests.rebalancing.horizon import horizons, oracle

from evenstock.rebalancing.horizon.choices import lane_costs
from evenstock.rebalancing.horizon.plan_item import plan_item


def planned(horizon, k=0, **how):
    return plan_item(horizon, k, cents_per_unit=lane_costs(horizon)[k], **how)


@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([1, 3]))
@settings(max_examples=8, deadline=None)
def test_without_whole_numbers_the_cost_is_that_of_the_scenario_program(seed, waiting, transfer_days):
    horizon = horizons.random_horizon(seed, waiting=waiting, transfer_days=transfer_days)
    plan = planned(horizon, whole=False)
    best = oracle.best_cents(horizon)
    assert plan.relaxed_cents == pytest.approx(best, rel=1e-6, abs=1e-5)
    assert plan.bound_cents <= best + 1e-5 * (1 + abs(best))


@given(st.integers(0, 10_000))
@settings(max_examples=6, deadline=None)
def test_goods_that_spoil_cost_what_the_scenario_program_of_lots_says(seed):
    # Stored for nothing, so that nobody saves storage by throwing one lot away instead of another.
    rng = np.random.default_rng(seed)
    horizon = horizons.random_horizon(seed, days=5, paths=3)
    problem = horizon.problem
    rows = [(0, w, int(rng.integers(0, problem.on_hand[0, w] + 1)), int(rng.integers(0, 5))) for w in range(2)]
    given_lots = horizons.lots(1, rows, shelf=int(rng.integers(0, 4)), least=int(rng.integers(1, 3)), write_off=3000)
    free = replace(problem, holding_millicents=np.zeros(1, np.int64))
    horizon = replace(horizon, problem=free, lots=given_lots)
    plan = planned(horizon, whole=False)
    assert plan.relaxed_cents == pytest.approx(oracle.best_cents(horizon), rel=1e-6, abs=1e-5)


def one_node(demand, on_hand=0, **given):
    """One node, demand ``(S, T)``."""
    return instances.problem(np.asarray(demand)[None, None], [[on_hand]], lanes=instances.lanes([]), **given)


def tonight(plan, days, ways=1):
    return plan.purchases(ways, days)[:, 0].tolist()


@pytest.mark.parametrize("lead", [1, 2, 4])
def test_tonights_order_brings_the_position_to_the_newsvendors_base_stock(lead):
    # Orders every day, waiting costs 9 a day and storing 1: the position covers days 0 to L up to the quantile 9/(9+1).
    demand = np.random.default_rng(lead).poisson(5, (101, 10))
    wait, store = np.full((1, 1), 9000), np.array([1000])
    problem = one_node(demand, on_hand=3, holding_millicents=store)
    horizon = horizons.horizon(problem, ways=horizons.supplies(1, 10, [0], [lead]), backorder_millicents=wait)
    wanted = np.sort(demand[:, : lead + 1].sum(axis=1))
    base_stock = int(wanted[int(np.ceil(0.9 * 101)) - 1])
    assert tonight(planned(horizon), 10) == [base_stock - 3]


@given(st.integers(0, 1000))
@settings(max_examples=4, deadline=None)
def test_a_lost_sale_with_lead_time_is_bought_for_as_the_scenario_program_buys(seed):
    rng = np.random.default_rng(seed)
    problem = one_node(rng.poisson(3, (4, 6)), on_hand=4, holding_millicents=np.array([800]))
    ways = horizons.supplies(1, 6, [0], [2], extra=30, multiple=2, minimum=4, order=int(rng.integers(0, 400)))
    horizon = horizons.horizon(problem, ways=ways)
    plan = planned(horizon, exact=True, programs=20, gap=1e-7)
    assert plan.cost_cents == pytest.approx(oracle.best_cents(horizon, whole=True), abs=0.01)
    assert plan.bound_cents <= plan.cost_cents + 1e-6


def test_with_a_fixed_cost_an_order_covers_the_days_of_the_square_root_formula():
    # 10 a day, stored for 1 cent a day, 500 an order: Q* = sqrt(2 × 500 × 10 / 1) = 100 units, ten days (Harris 1913).
    problem = one_node(np.full((1, 20), 10), holding_millicents=np.array([1000]), shortage_cents=np.array([[5000]]))
    horizon = horizons.horizon(problem, ways=horizons.supplies(1, 20, [0], [0], order=500))
    bought = planned(horizon).purchases(1, 20)[0]
    assert np.flatnonzero(bought).tolist() == [0, 10]
    assert bought[[0, 10]].tolist() == [100, 100]


@pytest.mark.parametrize(("dearer", "used"), [(299, True), (301, False)])
def test_expediting_is_used_exactly_when_the_saved_shortage_pays_for_it(dearer, used):
    # Day 1 wants 4 units, the usual way comes on day 3: a lost sale costs 300.
    problem = one_node([[0, 4, 0, 0]], shortage_cents=np.array([[300]]))
    ways = horizons.supplies(1, 4, [0, 0], [3, 1], extra=[[0, dearer]])
    assert tonight(planned(horizons.horizon(problem, ways=ways)), 4, ways=2) == [0, 4 * used]


@pytest.mark.parametrize(("freight", "moved"), [(49, 5), (51, 0)])
def test_goods_are_moved_rather_than_bought_exactly_when_that_is_cheaper(freight, moved):
    # Node 1 wants 5 on day 2; node 0 has 5 that nobody wants there. Buying costs 50 a unit more than the unit is worth.
    demand = np.zeros((1, 2, 1, 4), int)
    demand[0, 1, 0, 2] = 5
    problem = instances.problem(demand, [[5, 0]], lanes=instances.lanes([(0, 1)], lead=2, unit=freight))
    plan = planned(horizons.horizon(problem, ways=horizons.supplies(1, 4, [1], [2], extra=50)))
    assert plan.transfers(1, 4)[0, 0] == moved
    assert plan.purchases(1, 4).sum() == 5 - moved


def test_a_longer_horizon_does_not_change_tonights_order():
    demand = np.random.default_rng(3).poisson(4, (80, 40))
    orders = []
    for days in (14, 21, 40):
        problem = one_node(demand[:, :days], on_hand=6, holding_millicents=np.array([500]))
        weekly = np.arange(days) % 7 == 0
        ways = horizons.supplies(1, days, [0], [3], extra=40, order_days=weekly)
        orders += tonight(planned(horizons.horizon(problem, ways=ways)), days)
    assert max(orders) - min(orders) <= 1


@given(st.integers(0, 10_000), st.booleans())
@settings(max_examples=8, deadline=None)
def test_dearer_freight_never_moves_more_and_a_dearer_shortage_never_costs_less(seed, waiting):
    horizon = horizons.random_horizon(seed, waiting=waiting)
    cents = lane_costs(horizon)[0]
    cheap = plan_item(horizon, 0, cents_per_unit=cents, whole=False)
    dear = plan_item(horizon, 0, cents_per_unit=3 * cents + 100, whole=False)
    moved = [
        float(p.relaxed_units[p.options.lane >= 0] @ cents[p.options.lane[p.options.lane >= 0]]) for p in (cheap, dear)
    ]
    assert cheap.relaxed_cents <= dear.relaxed_cents + 1e-6 * abs(dear.relaxed_cents)
    assert moved[1] <= moved[0] + 1e-5 * (1 + moved[0])
    worse = replace(horizon, problem=replace(horizon.problem, shortage_cents=2 * horizon.problem.shortage_cents))
    assert plan_item(worse, 0, cents_per_unit=cents, whole=False).relaxed_cents >= cheap.relaxed_cents - 1e-3


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_another_way_to_buy_never_hurts_and_a_whole_plan_lies_above_its_bound(seed):
    horizon = horizons.random_horizon(seed)
    without = replace(horizon, supplies=replace(horizon.supplies, sells=horizon.supplies.sells & (np.arange(4) < 2)))
    more, fewer = planned(horizon, whole=False), planned(without, whole=False)
    assert more.relaxed_cents <= fewer.relaxed_cents + 1e-6 * (1 + abs(fewer.relaxed_cents))
    plan = planned(horizon)
    assert plan.bound_cents - 1e-6 <= plan.cost_cents <= plan.nothing_cents + 1e-6
    assert plan.relaxed_cents <= plan.cost_cents + 1e-4 * abs(plan.cost_cents)


def test_cycle_service_is_the_quantile_of_what_is_wanted_until_then():
    # Ten paths want 1 to 10 units on day 2. At 90 %, 9 units must be there by then, whatever they cost.
    demand = np.zeros((10, 4), int)
    demand[:, 2] = np.arange(1, 11)
    problem = one_node(demand, shortage_cents=np.array([[1]]))
    ask = horizons.service(1, 1, cycle=0.9)
    horizon = horizons.horizon(problem, ways=horizons.supplies(1, 4, [0], [1], extra=500), service=ask)
    plan = planned(horizon, hard=True)
    assert plan.purchases(1, 4).sum() == 9
    assert plan.notes == ()


def test_a_fill_rate_bounds_the_units_lost():
    # Half of the paths want 10, half nothing: 95 % of the mean of 5 allows 0.25 lost in the mean, so 9.5, and 10 in whole.
    demand = np.array([[0, 10], [0, 0]])
    horizon = horizons.horizon(
        one_node(demand, shortage_cents=np.array([[1]])),
        ways=horizons.supplies(1, 2, [0], [1], extra=500),
        service=horizons.service(1, 1, fill=0.95),
    )
    plan = planned(horizon, hard=True)
    assert plan.relaxed_units.sum() == pytest.approx(9.5)
    assert plan.units.sum() == 10


def test_service_that_no_supply_can_keep_in_time_is_refused_with_the_day_it_can():
    # The source's 2 units come on day 1, a purchase on day 3; 5 are wanted on day 1.
    demand = np.zeros((1, 2, 1, 5), int)
    demand[0, 1, 0, 1] = 5
    problem = instances.problem(demand, [[2, 0]], lanes=instances.lanes([(0, 1)], lead=1))
    ways = horizons.supplies(1, 5, [1], [3])
    ask = horizons.service(1, 2, cycle=[[0, 0.9]])
    horizon = horizons.horizon(problem, ways=ways, service=ask)
    with pytest.raises(
        ValueError, match=r"S0 at N1: cycle service of 90% cannot be kept by day 1; from day 3 on it can"
    ):
        planned(horizon, hard=True)
    assert "from day 3 on it can" in planned(horizon).notes[0]


def test_a_lot_that_would_arrive_too_old_stays_and_the_fresh_one_goes():
    # 3 units keep until day 2, 3 until day 5. The way takes 2 days, and two days must be left on arrival: days 2 and 3.
    demand = np.zeros((1, 2, 1, 6), int)
    demand[0, 1, 0, 2:6] = 1
    problem = instances.problem(demand, [[6, 0]], lanes=instances.lanes([(0, 1)], lead=2, unit=5))
    held = horizons.lots(1, [(0, 0, 3, 2), (0, 0, 3, 5)], least=2)
    plan = planned(horizons.horizon(problem, lots=held))
    moved = plan.units > 0
    assert plan.options.lot[moved].tolist() == [1]
    assert plan.units[moved].tolist() == [3]


def test_goods_that_spoil_are_not_planned_with_waiting_demand():
    problem = one_node(np.ones((2, 3), int))
    horizon = horizons.horizon(problem, lots=horizons.lots(1, shelf=2), backorder_millicents=np.ones((1, 1), np.int64))
    with pytest.raises(ValueError, match="S0: goods that spoil cannot be planned with demand that waits"):
        planned(horizon)
