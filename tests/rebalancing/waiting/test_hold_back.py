"""Shipping tonight or waiting for the lane's next departure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances, oracle

from evenstock.rebalancing import Moves, settle, solve
from evenstock.rebalancing.terms import fixed, pallets
from evenstock.rebalancing.waiting.foresight import foresight
from evenstock.rebalancing.waiting.hold_back import departure_cents, hold_back

TELLING = np.array([[0, 1, 3, 3], [0, 1, 3, 3], [0, 0, 0, 0], [0, 0, 0, 0]])
"""By path and day at the destination: who buys one on day 1 will buy six more, who does not buys none."""


def telling(*, lead=1, stock=1, **given):
    """Node 0 has plenty and sells nothing; node 1 sells as TELLING says, four times over; a unit costs 300 to send."""
    paths = np.zeros((1, 2, 16, 4), np.int64)
    paths[0, 1] = np.tile(TELLING, (4, 1))
    lane = instances.lanes([(0, 1)], unit=300, lead=lead)
    return instances.problem(paths, [[9, stock]], **({"lanes": lane} | given))


def plan(problem, units):
    return settle(problem, Moves.gather([0], [0], [units]), method="by hand")


def test_a_day_that_tells_who_will_buy_is_worth_waiting_for():
    # Tonight: half of the paths sell 6 at 1000, all pay 6 × 300: 3000 − 1800. In 2 days only the half that sells is sent.
    problem = telling()
    goes, held = hold_back(problem, plan(problem, 6), next_departure_days=np.array([2]))
    # Leaving before day 2 it arrives on day 3 and misses the 3 of day 2: one half-portion, (1000 − 300) × 3 on half the paths.
    assert len(goes.moves) == 1
    assert held == ()
    problem = telling(lead=0)
    goes, held = hold_back(problem, plan(problem, 6), next_departure_days=np.array([2]))
    assert len(goes.moves) == 0
    assert (held[0].now_cents, held[0].wait_cents) == (1200, 6 * 700 // 2)
    assert held[0].departure_days == 2
    assert (held[0].lane_now_cents, held[0].lane_wait_cents) == (1200, 2100)
    assert held[0].because == (
        "worth 12.00 tonight, 21.00 if decided in 2 days; the departure as planned 12.00, with what waits 21.00"
    )
    assert goes.notes[-1] == "1 of 1 lines wait for a later departure of their lane"


def test_of_several_departures_the_best_is_weighed():
    # One day away nothing is known yet: as good as tonight. Two days away who buys is known.
    problem = telling(lead=0)
    _, held = hold_back(problem, plan(problem, 6), next_departure_days=np.array([[1, 2, 3]]))
    assert held[0].departure_days == 2


def test_what_will_be_missed_before_the_next_departure_leaves_tonight():
    paths = np.full((1, 2, 8, 4), 0)
    paths[0, 1] = 2
    problem = instances.problem(paths, [[9, 0]], lanes=instances.lanes([(0, 1)], unit=300, lead=1))
    goes, held = hold_back(problem, plan(problem, 6), next_departure_days=np.array([1]))
    assert held == ()
    assert goes.moves.units.tolist() == [6]


def test_a_lane_that_does_not_leave_again_ships_tonight():
    problem = telling(lead=0)
    goes, held = hold_back(problem, plan(problem, 6), next_departure_days=np.array([problem.days]))
    assert held == ()
    assert len(goes.moves) == 1


def test_where_waiting_costs_nothing_and_tells_nothing_it_waits():
    # The same on every path, and nobody is short before day 3: a tie, and a tie does not ship.
    paths = np.zeros((1, 2, 8, 5), np.int64)
    paths[0, 1, :, 4] = 4
    problem = instances.problem(paths, [[9, 0]], lanes=instances.lanes([(0, 1)], unit=300, lead=1))
    goes, held = hold_back(problem, plan(problem, 4), next_departure_days=np.array([2]))
    assert len(goes.moves) == 0
    assert held[0].now_cents == held[0].wait_cents == 4 * 700


def two_items_on_one_lane(**given):
    """Item 0 is missed tomorrow, item 1 as TELLING says; a departure costs 500, a pallet of 8 units 800."""
    paths = np.zeros((2, 2, 16, 4), np.int64)
    paths[0, 1] = [0, 4, 0, 0]
    paths[1, 1] = np.tile(TELLING, (4, 1))
    lane = instances.lanes([(0, 1)], unit=100, lead=0, fixed=500, pallet=800)
    standard = {"lanes": lane, "pallet_units": np.array([8, 8])}
    problem = instances.problem(paths, [[9, 0], [9, 1]], **(standard | given))
    return problem, settle(problem, Moves.gather([0, 1], [0, 0], [4, 4]), method="by hand")


def test_a_line_does_not_wait_for_a_departure_of_its_own_that_costs_more_than_it_learns():
    # Item 1 tonight shares a paid pallet: 4 × (500 − 100) = 1600. In two days, if it goes: 4 × 900 less 500 + 800, on half.
    problem, both = two_items_on_one_lane()
    goes, held = hold_back(problem, both, next_departure_days=np.array([2]))
    assert held == ()
    assert goes.net_cents == both.net_cents


def test_a_line_waits_where_another_departure_is_booked_anyway():
    # Half a pallet is booked: its own half fits, so waiting brings 4 × 900 / 2 = 1800 and costs nothing more.
    problem, both = two_items_on_one_lane()
    goes, held = hold_back(problem, both, next_departure_days=np.array([2]), booked_pallets=np.array([0.5]))
    assert [(line.item, line.now_cents, line.wait_cents) for line in held] == [(1, 1600, 1800)]
    assert goes.moves.item.tolist() == [0]


def test_a_margin_below_one_ships_sooner():
    problem, both = two_items_on_one_lane()
    _, held = hold_back(problem, both, next_departure_days=np.array([2]), booked_pallets=np.array([0.5]), margin=0.8)
    assert held == ()


def test_what_has_been_sold_here_by_then_cannot_be_sent():
    # Node 0 keeps 9 tonight, sells 7 on day 0 and then nothing; 6 units tonight, at most 2 tomorrow.
    paths = np.zeros((1, 2, 4, 3), np.int64)
    paths[0, 0, :, 0], paths[0, 1, :, 2] = 7, 6
    problem = instances.problem(
        paths, [[9, 0]], lanes=instances.lanes([(0, 1)], lead=0), shortage_cents=np.array([[10, 1000]])
    )
    seen = foresight(problem, Moves.gather([0], [0], [6]), np.array([1]))
    assert seen.now.mean() == 6 * 1000 - 4 * 10
    assert seen.later.mean() == 2 * 1000


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_tonight_and_later_are_what_a_plain_simulation_says(seed, departure):
    problem = instances.random_problem(seed, lead=2, paths=5, days=6)
    line = Moves.gather([0], [0], [2])
    if (problem.on_hand[0, 0] < 2) or not problem.usable[0, 0]:
        return
    seen = foresight(problem, line, np.full(len(problem.lanes), departure))
    table = line.table(1, len(problem.lanes))
    assert seen.now.mean() == pytest.approx(oracle.gain_cents(problem, table), abs=1e-6)
    for s in range(problem.path_count):
        if seen.fitted[0, s] > 0:
            whole, half = (later(problem, s, departure, units) for units in (2, 1))
            assert min(abs(seen.later[0, s] - whole), abs(seen.later[0, s] - half)) < 1e-6


def later(problem, s, departure, units):
    """Gain in cents on path s of sending up to `units` on lane 0 before the morning of `departure`."""
    lanes = problem.lanes
    i, j, lead = int(lanes.origin[0]), int(lanes.destination[0]), int(lanes.lead_days[0])

    def played(send):
        cents, stock, way, sent = 0.0, problem.on_hand[0].astype(int).tolist(), {}, 0
        for t in range(problem.days):
            if t == departure and send:
                sent = min(units, stock[i])
                stock[i] -= sent
                way[t + lead] = sent
            stock[j] += way.get(t, 0)
            for w in range(len(problem.nodes)):
                wanted = int(problem.paths[0, w, s, t])
                cents -= max(wanted - stock[w], 0) * int(problem.shortage_cents[0, w])
                stock[w] = max(stock[w] - wanted, 0)
                cents -= stock[w] * int(problem.holding_millicents[0, w]) / 1000
        return cents, sent

    (without, _), (with_it, sent) = played(False), played(True)
    each = lanes.unit_cents[0] + problem.handling_out_cents[i] + problem.handling_in_cents[j]
    each += problem.unit_cost_cents[0] * lead * problem.capital_rate / 365
    return with_it - without - sent * float(each)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_what_goes_and_what_waits_is_the_plan_and_what_goes_pays(seed):
    problem = instances.random_problem(seed, items=3, paths=8, days=6, most=20)
    found = solve(problem)
    goes, held = hold_back(problem, found, next_departure_days=np.full(len(problem.lanes), 1))
    waits = Moves.gather([w.item for w in held], [w.lane for w in held], [w.units for w in held])
    together = goes.moves + waits if held else goes.moves
    assert together.table(3, len(problem.lanes)).tolist() == found.moves.table(3, len(problem.lanes)).tolist()
    assert all(line.lane_wait_cents >= line.lane_now_cents for line in held)


def test_a_departure_costs_what_the_terms_say():
    problem, both = two_items_on_one_lane()
    joint = sum(int(term.term(problem, both.moves).sum()) for term in (fixed, pallets))
    assert departure_cents(problem, 0, both.lane_loads[:1], np.array([True])).tolist() == [joint]
    assert departure_cents(problem, 0, np.zeros(1), np.array([False])).tolist() == [0]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"next_departure_days": np.array([0])}, "0 is tonight"),
        ({"next_departure_days": np.array([1, 1])}, "shape"),
        ({"next_departure_days": np.array([[2, 1]])}, "rising"),
        ({"next_departure_days": np.array([1]), "margin": 0.0}, "above 0"),
        ({"next_departure_days": np.array([1]), "booked_pallets": np.array([-1.0])}, "below 0"),
    ],
)
def test_nonsense_is_refused(given, says):
    problem = telling()
    with pytest.raises(ValueError, match=says):
        hold_back(problem, plan(problem, 6), **given)
