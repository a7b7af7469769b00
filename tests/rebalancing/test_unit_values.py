"""Identity 1: the k-th unit is worth what the k-th lost unit costs, less storing it until then."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing.departures.slope_scaling import full_departures
from evenstock.rebalancing.flow.flow import scaled
from evenstock.rebalancing.unit_values.tables import unit_values


def tables(problem):
    """Nothing cut off."""
    return unit_values(problem, np.full((len(problem.skus), len(problem.lanes)), -(2**50)))


def test_the_second_unit_is_sold_on_the_day_the_second_loss_falls():
    # Node 1 has 1 unit and wants 1, 2, 0, 1 on four days: it loses 2 on day 1 and 1 on day 3.
    # A unit arriving on day 1 is sold the same day, and so is a second; a third waits two days, a fourth is left over.
    demand = [[[[0, 0, 0, 0]], [[1, 2, 0, 1]]]]
    problem = instances.problem(
        demand,
        [[4, 1]],
        lanes=instances.lanes([(0, 1)], lead=1),
        holding_millicents=[10_000],
        shortage_cents=[[500, 500]],
    )
    cents = tables(problem).gains_of(0, 0) / 1000
    assert cents.tolist() == [500, 500, 500 - 2 * 10, -3 * 10]


def test_each_node_stores_at_its_own_cost():
    # Nobody buys: a unit moved on day 1 is stored one day for 10 cents there, and two days for 3 are saved here.
    demand = [[[[0, 0]], [[0, 0]]]]
    problem = instances.problem(
        demand, [[1, 0]], lanes=instances.lanes([(0, 1)], lead=1), holding_millicents=[[3_000, 10_000]]
    )
    assert tables(problem).gains_of(0, 0).tolist() == [-10_000]
    assert tables(problem).losses_of(0, 0).tolist() == [-6_000]
    assert instances.problem(demand, [[1, 0]], holding_millicents=[7]).holding_millicents.tolist() == [[7, 7]]


def test_the_unit_taken_away_last_is_missed_first():
    # Node 0 has 5 and wants 1, 2, 0, 1, so 4, 2, 2, 1 are left at night. The first unit taken would have been left over
    # and stored four nights; the second would have been sold on day 3 after three nights, the third and fourth on day 1.
    demand = [[[[1, 2, 0, 1]], [[0, 0, 0, 0]]]]
    problem = instances.problem(
        demand, [[5, 0]], lanes=instances.lanes([(0, 1)]), holding_millicents=[10_000], shortage_cents=[[500, 500]]
    )
    cents = tables(problem).losses_of(0, 0) / 1000
    assert cents.tolist() == [-4 * 10, 500 - 3 * 10, 500 - 10, 500 - 10, 500]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), lead=st.integers(0, 6), case=st.integers(1, 3), terminal=st.integers(-50, 100))
def test_values_equal_brute_simulation(seed, lead, case, terminal):
    problem = instances.random_problem(
        seed, lead=lead, case=case, most=9, terminal_cents=np.full((1, 3), terminal),
        inbound=np.random.default_rng(seed).integers(0, 3, (1, 3, 5)),
        holding_millicents=np.random.default_rng(seed).integers(0, 600, (1, 3)),
    )  # fmt: skip
    values = tables(problem)
    for w in range(3):
        base = oracle.node_cents(problem, 0, w, 0, ())
        losses = np.cumsum(values.losses_of(0, w)) / (1000 * problem.path_count)
        for n in range(int(problem.movable_cases[0, w])):
            brute = base - oracle.node_cents(problem, 0, w, (n + 1) * case, ())
            assert losses[n] == pytest.approx(brute, abs=1e-6)
    for r, (w, day) in enumerate(zip(values.sinks.node, values.sinks.lead, strict=True)):
        base = oracle.node_cents(problem, 0, int(w), 0, ())
        gains = np.cumsum(values.gains_of(0, r)) / (1000 * problem.path_count)
        assert len(gains) == problem.movable_cases[0].sum() - problem.movable_cases[0, w]
        for n, gain in enumerate(gains):
            brute = oracle.node_cents(problem, 0, int(w), 0, ((int(day), (n + 1) * case),)) - base
            assert gain == pytest.approx(brute, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), lead=st.integers(0, 5))
def test_values_fall_where_goods_arrive_and_rise_where_they_leave(seed, lead):
    problem = instances.random_problem(seed, items=3, lead=lead)
    values = tables(problem)
    assert values.concave.all()
    for k in range(3):
        assert all((np.diff(values.gains_of(k, r)) <= 0).all() for r in range(len(values.sinks)))
        assert all((np.diff(values.losses_of(k, w)) >= 0).all() for w in range(3))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_cut_off_could_never_move(seed):
    problem = instances.random_problem(seed)
    cost = scaled(problem, full_departures(problem))
    short, full = unit_values(problem, cost), tables(problem)
    into, out_of = short.sinks.of_lane, problem.lanes.origin
    for r in range(len(short.sinks)):
        kept = short.gains_of(0, r)
        whole = full.gains_of(0, r)
        assert whole[: len(kept)].tolist() == kept.tolist()
        if len(kept) < len(whole):
            lanes = [a for a in np.flatnonzero(into == r) if problem.movable_cases[0, out_of[a]] > 0]
            least = min(cost[0, a] + full.losses_of(0, int(out_of[a]))[0] for a in lanes)
            assert whole[len(kept)] <= least


def test_blocks_of_items_do_not_change_the_tables(monkeypatch):
    problem = instances.random_problem(3, items=7)
    whole = tables(problem)
    monkeypatch.setattr("evenstock.rebalancing.unit_values.tables.BLOCK", 2)
    parts = tables(problem)
    assert parts.gain_at.tolist() == whole.gain_at.tolist()
    assert parts.gains.tolist() == whole.gains.tolist()
    assert parts.losses.tolist() == whole.losses.tolist()
