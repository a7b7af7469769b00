"""Each change does what its sentence says, to planned and fresh paths alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing.options.cover_bands import CoverBand
from evenstock.rebalancing.scenarios import (
    Budget,
    CostTimes,
    CoverBandsWanted,
    DemandTimes,
    Docks,
    FloorDays,
    LaneClosed,
    Launch,
    LeadDays,
    NodeClosed,
    Situation,
)


def situation(**given):
    """Two items, three nodes, four paths of five days, three units a day everywhere."""
    problem = instances.problem(np.full((2, 3, 4, 5), 3), [[9, 8, 7], [6, 5, 4]], **given)
    return Situation(problem, np.full((2, 3, 6, 5), 3, np.uint16))


def test_demand_times_keeps_the_mean_and_whole_units():
    changed = DemandTimes(1.2, skus=("S1",), nodes=("N0", "N2")).apply(situation())
    for paths in (changed.problem.paths, changed.fresh):
        assert (paths[0] == 3).all()
        assert (paths[1, 1] == 3).all()
        # 15 a path become 18.
        assert paths[1, 0].sum(axis=-1).tolist() == [18] * paths.shape[2]


def test_a_shock_is_of_its_days_only():
    shock = DemandTimes(2.0, first_day=1, last_day=2)
    assert shock.apply(situation()).fresh[0, 0, 0].tolist() == [3, 6, 6, 3, 3]
    assert shock.sentence == "all items at all nodes: demand times 2 on days 1 to 2"
    with pytest.raises(ValueError, match="are no days of the plan"):
        DemandTimes(2.0, first_day=3, last_day=9).apply(situation())


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), less=st.floats(0, 2), more=st.floats(0, 1))
def test_more_times_is_never_less_and_the_mean_follows(seed, less, more):
    rng = np.random.default_rng(seed)
    problem = instances.problem(rng.poisson(0.3, (1, 2, 60, 7)), [[1, 1]])
    start = Situation(problem, problem.paths)
    one, two = (DemandTimes(times).apply(start).fresh.astype(int) for times in (less, less + more))
    assert (two.cumsum(axis=-1) >= one.cumsum(axis=-1)).all()
    # Slow movers are rounded up as often as down: within a tenth of a unit a path.
    assert one.sum() / 120 == pytest.approx(less * problem.paths.sum() / 120, abs=0.1)


def test_demand_once_is_as_it_was_and_large_demand_needs_wider_numbers():
    assert (DemandTimes(1.0).apply(situation()).fresh == 3).all()
    huge = Situation(situation().problem, np.full((2, 3, 1, 5), 60_000, np.uint16))
    assert DemandTimes(2.0).apply(huge).fresh.max() == 120_000


def test_a_launch_sells_like_another_item():
    changed = Launch("S0", like="S1", first_day=3, nodes=("N1",)).apply(situation())
    assert changed.fresh[0, 1, 0].tolist() == [3, 3, 3, 6, 6]
    assert (changed.fresh[0, 0] == 3).all()


def test_freight_of_some_lanes_and_other_costs():
    lanes = instances.lanes([(0, 1), (1, 0)], fixed=100, pallet=50, unit=7)
    start = situation(lanes=lanes, handling_out_cents=np.array([5, 6, 7]), terminal_cents=np.full((2, 3), 800))
    dearer = CostTimes("freight", 1.5, origins=("N0",)).apply(start).problem.lanes
    assert (dearer.fixed_cents.tolist(), dearer.pallet_cents.tolist()) == ([150, 100], [75, 50])
    assert dearer.unit_cents.tolist() == [10, 7]
    assert CostTimes("handling", 2).apply(start).problem.handling_out_cents.tolist() == [10, 12, 14]
    cheap = CostTimes("shortage", 0.5).apply(start).problem
    assert (cheap.shortage_cents == 500).all()
    assert (cheap.terminal == 500).all()
    with pytest.raises(ValueError, match="none of freight"):
        CostTimes("rent", 2)
    with pytest.raises(ValueError, match="not of lanes"):
        CostTimes("storing", 2, origins=("N0",))


def test_lead_times_docks_and_budget():
    lanes = instances.lanes([(0, 1), (1, 0)], lead=2)
    start = situation(lanes=lanes)
    assert LeadDays(3, destinations=("N1",)).apply(start).problem.lanes.lead_days.tolist() == [5, 2]
    assert LeadDays(-9).apply(start).problem.lanes.lead_days.tolist() == [0, 0]
    limits = Docks(("N1",), out_units=4, in_units=2).apply(start).problem.limits
    assert limits.out_units[1] == 4
    assert limits.in_units[1].tolist() == [2] * 5
    assert limits.out_units[0] > 10**6
    assert Budget(5000).apply(start).problem.limits.budget_cents == 5000
    assert Budget(5000).sentence == "transfers may cost 50.00 in all"


def test_a_closed_node_neither_gives_gets_nor_sells():
    start = situation(inbound=np.ones((2, 3, 5), np.int64))
    closed = NodeClosed("N1", orders_go_to="N0").apply(start)
    assert closed.problem.on_hand[:, 1].tolist() == [0, 0]
    assert closed.problem.arrivals[:, 1].sum() == 0
    lanes = closed.problem.lanes
    assert not lanes.leaves[(lanes.origin == 1) | (lanes.destination == 1)].any()
    for paths in (closed.problem.paths, closed.fresh):
        assert (paths[:, 0] == 6).all()
        assert (paths[:, 1] == 0).all()
    assert (NodeClosed("N1").apply(start).fresh == 3).all()
    with pytest.raises(ValueError, match="there is no node 'N7'"):
        NodeClosed("N7").apply(start)
    with pytest.raises(ValueError, match="cannot go to itself"):
        NodeClosed("N1", orders_go_to="N1").apply(start)


def test_policy_floors_lanes_and_bands():
    start = situation(source_floor=np.full((2, 3), 4))
    assert FloorDays(2.0, nodes=("N2",), skus=("S1",)).apply(start).problem.floor.tolist() == [[4, 4, 4], [4, 4, 6]]
    shut = LaneClosed(("N0",), ("N1",)).apply(start).problem.lanes
    assert (~shut.leaves).sum() == 1
    bands = CoverBandsWanted({("A", "*"): CoverBand(2, 5)}, {"S1": "A"}).apply(start).problem.bands
    assert bands.low_units.tolist() == [[0, 0, 0], [6, 6, 6]]
