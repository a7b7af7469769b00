"""What must stay true of the best schedule of any question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances
from tests.rebalancing.whole import questions

from evenstock.rebalancing.horizon.question import Tail
from evenstock.rebalancing.problem import Lanes
from evenstock.rebalancing.whole.formulate import formulate
from evenstock.rebalancing.whole.solve import solve_whole

SEEDS = st.integers(0, 10**6)
MONEY_OF_LANES = ("fixed_cents", "pallet_cents", "unit_cents", "truck_cents")


def random_horizon(seed, *, lanes=None, **given):
    """Two items, three nodes, two ways to buy, two days of transfers, goods that spoil, fear of the tail."""
    rng = np.random.default_rng(seed)
    if lanes is None:
        lanes = instances.metric_lanes(rng, 3, lead=rng.integers(1, 4, 6), fixed=300, pallet_share=5)
    problem = instances.random_problem(
        seed, items=2, paths=2, days=4, lanes=lanes, pallet_units=np.array([4, 6]), case_units=np.array([1, 2])
    )
    ways = questions.supplies(
        problem,
        {"node": 0, "lead": 2, "extra": 150, "order": 400, "multiple": 2},
        {"node": 1, "lead": 1, "extra": 500, "minimum": 3},
    )
    on_hand = [(k, w, int(problem.on_hand[k, w]) // 2, int(rng.integers(0, 5))) for k in range(2) for w in range(3)]
    spoils = questions.lots(on_hand, items=2, shelf=3, minimum_shelf=1, write_off=700)
    standard = {"supplies": ways, "lots": spoils, "transfer_days": 2, "tail": Tail(level=0.6, weight=0.3)}
    return questions.horizon(problem, **(standard | given))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_no_unit_appears_or_vanishes_on_any_path(seed):
    horizon = random_horizon(seed)
    problem, whole = horizon.problem, formulate(horizon)
    values = whole.program.solve(gap=1e-6).values
    sold, stock, expired = (values[c] for c in (whole.happens.sold, whole.happens.stock, whole.happens.expired))
    bought = values[whole.decided.multiples] * horizon.supplies.multiple_units[:, :, None]
    in_time = horizon.supplies.lead_days[:, None] + np.arange(problem.days) < problem.days
    late = horizon.transit_days[:, None] + np.arange(horizon.transfer_days) >= problem.days
    moved = values[whole.decided.cases] * problem.case_units[:, None, None]
    for k in range(2):
        mine = whole.stocked.item == k
        comes = problem.on_hand[k].sum() + problem.arrivals[k].sum() + (bought[k] * in_time).sum()
        goes = sold[mine].sum(axis=(0, 1, 3)) + expired[mine].sum(axis=(0, 1)) + stock[mine][..., -1].sum(axis=(0, 1))
        assert goes + (moved[k] * late).sum() == pytest.approx(np.full(2, comes))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_one_more_lane_or_supplier_never_hurts(seed):
    more = random_horizon(seed)
    best = solve_whole(more, gap=1e-7).cost_cents
    lanes = more.problem.lanes
    fewer = Lanes(**{name: getattr(lanes, name)[1:] for name in Lanes.__slots__})
    problem = replace(more.problem, lanes=fewer, barred=None)
    without = replace(more, problem=problem, departs=more.departs[1:], transit_days=more.transit_days[1:])
    assert best <= solve_whole(without, gap=1e-7).cost_cents + 0.01
    nobody = replace(more, supplies=questions.horizon(more.problem).supplies)
    assert best <= solve_whole(nobody, gap=1e-7).cost_cents + 0.01


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_dearer_freight_or_shortage_never_costs_less_and_all_money_times_three_costs_three_times(seed):
    horizon = random_horizon(seed)
    problem, ways = horizon.problem, horizon.supplies
    best = solve_whole(horizon, gap=1e-7).cost_cents
    dear = replace(problem.lanes, **{name: 2 * getattr(problem.lanes, name) for name in MONEY_OF_LANES})
    assert solve_whole(replace(horizon, problem=replace(problem, lanes=dear)), gap=1e-7).cost_cents >= best - 0.01
    short = replace(problem, shortage_cents=2 * problem.shortage_cents)
    assert solve_whole(replace(horizon, problem=short), gap=1e-7).cost_cents >= best - 0.01
    tripled = replace(
        problem,
        lanes=replace(problem.lanes, **{name: 3 * getattr(problem.lanes, name) for name in MONEY_OF_LANES}),
        **{
            name: 3 * getattr(problem, name)
            for name in (
                "shortage_cents",
                "unit_cost_cents",
                "holding_millicents",
                "handling_out_cents",
                "handling_in_cents",
                "terminal_cents",
            )
        },
    )
    scaled = replace(
        horizon,
        problem=tripled,
        supplies=replace(ways, extra_cents=3 * ways.extra_cents, order_cents=3 * ways.order_cents),
        lots=replace(horizon.lots, write_off_cents=3 * horizon.lots.write_off_cents),
    )
    assert solve_whole(scaled, gap=1e-7).cost_cents == pytest.approx(3 * best, rel=1e-6)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_cooling_off_never_pays_and_is_kept(seed):
    horizon = random_horizon(seed)
    free, steady = solve_whole(horizon, gap=1e-7), solve_whole(horizon, gap=1e-7, cooling_off_days=3)
    assert steady.cost_cents >= free.cost_cents - 0.01
    lanes, ways = horizon.problem.lanes, steady.transfers.sum(axis=2)
    for a in range(len(lanes)):
        back = np.flatnonzero((lanes.origin == lanes.destination[a]) & (lanes.destination == lanes.origin[a]))
        assert (ways[:, a] * ways[:, back].sum(axis=1) == 0).all()
