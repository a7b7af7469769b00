"""Each feature of the whole program on a case whose arithmetic fits a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.rebalancing import instances
from tests.rebalancing.whole import questions

from evenstock.rebalancing.bands import NO_CEILING, Bands
from evenstock.rebalancing.horizon.question import Service, Tail
from evenstock.rebalancing.limits import NO_LIMIT, Limits
from evenstock.rebalancing.whole.solve import solve_whole

ONE_WAY = [(0, 1)]


def wanted_there(units, *, day=1, days=4, stock=None, lanes=None, **given):
    """N1 wants `units` on one day of the only path and has none; N0 has as many, or `stock`, and wants none."""
    paths = np.zeros((1, 2, 1, days), np.int64)
    paths[0, 1, 0, day] = units
    lanes = instances.lanes(ONE_WAY) if lanes is None else lanes
    return instances.problem(paths, [[units if stock is None else stock, 0]], lanes=lanes, **given)


def moved(found):
    return found.transfers.sum(axis=(0, 2)).tolist()


def bought(found):
    return found.purchases.sum(axis=(0, 2)).tolist()


# What moving costs


@pytest.mark.parametrize(("fixed", "goes"), [(1200, 0), (900, 1)])
def test_a_departure_leaves_only_if_it_pays(fixed, goes):
    problem = wanted_there(1, lanes=instances.lanes(ONE_WAY, fixed=fixed))
    found = solve_whole(questions.horizon(problem))
    assert moved(found) == [goes]
    assert found.cost_cents == pytest.approx(min(fixed, 1000))


def test_two_items_share_a_departure_and_a_pallet_that_neither_pays_alone():
    paths = np.zeros((2, 2, 1, 3), np.int64)
    paths[:, 1, 0, 1] = 1
    problem = instances.problem(
        paths,
        [[1, 0], [1, 0]],
        lanes=instances.lanes(ONE_WAY, fixed=1000, pallet=500),
        pallet_units=np.array([2, 2]),
    )
    found = solve_whole(questions.horizon(problem))
    assert moved(found) == [2]
    assert found.cost_cents == pytest.approx(1500)  # against 2 × 1000 lost


def test_interest_on_the_way_and_handling_at_both_ends_are_paid():
    problem = wanted_there(
        2,
        day=3,
        lanes=instances.lanes(ONE_WAY, lead=3),
        unit_cost_cents=np.array([3650]),
        capital_rate=0.1,
        handling_out_cents=np.array([7, 0]),
        handling_in_cents=np.array([0, 5]),
    )
    found = solve_whole(questions.horizon(problem))
    assert found.cost_cents == pytest.approx(2 * (7 + 5 + 3 * 1))  # 3650 at 10 % a year is 1 cent a day


def test_a_begun_truck_is_a_whole_one():
    lanes = replace(instances.lanes(ONE_WAY), truck_cents=np.array([1500]), truck_pallets=np.array([1]))
    problem = wanted_there(3, lanes=lanes, pallet_units=np.array([2]))
    found = solve_whole(questions.horizon(problem))
    assert moved(found) == [2]  # one truck saves 2 × 1000 for 1500; a second would save 1000 for 1500
    assert found.cost_cents == pytest.approx(1500 + 1000)


# Buying


@pytest.mark.parametrize(("order", "buys"), [(150, True), (250, False)])
def test_what_is_cheaper_is_done_a_purchase_or_a_transfer(order, buys):
    problem = wanted_there(2, lanes=instances.lanes(ONE_WAY, unit=300))
    ways = questions.supplies(problem, {"node": 1, "lead": 1, "extra": 200, "order": order})
    found = solve_whole(questions.horizon(problem, supplies=ways))
    assert (bought(found), moved(found)) == (([2], [0]) if buys else ([0], [2]))
    assert found.cost_cents == pytest.approx(min(600, 400 + order))


def test_only_what_would_come_late_is_expedited():
    problem = instances.problem(
        [[[[0, 1, 0, 0, 1]]]], [[0]], lanes=instances.lanes([]), holding_millicents=np.array([1000])
    )
    slow, fast = {"lead": 3}, {"lead": 1, "extra": 400}
    found = solve_whole(questions.horizon(problem, supplies=questions.supplies(problem, slow, fast)))
    assert found.purchases[0].tolist() == [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    assert found.cost_cents == pytest.approx(400)


def test_a_supplier_sells_in_multiples_and_not_below_the_minimum():
    problem = wanted_there(2, stock=0, lanes=instances.lanes([]))
    ways = questions.supplies(problem, {"node": 1, "extra": 100, "multiple": 3, "minimum": 6})
    found = solve_whole(questions.horizon(problem, supplies=ways))
    assert bought(found) == [6]
    assert found.cost_cents == pytest.approx(600)


def test_bought_stock_pays_interest_on_its_way_and_if_asked_until_it_is_sold():
    # 36,500 at 10 % a year: 10 cents a day. Ordered on day 0, received on day 1, sold on day 3: one day and two evenings.
    problem = instances.problem(
        [[[[0, 0, 0, 1]]]],
        [[0]],
        lanes=instances.lanes([]),
        unit_cost_cents=np.array([36_500]),
        capital_rate=0.1,
    )
    horizon = questions.horizon(problem, supplies=questions.supplies(problem, {"on": [0], "lead": 1}))
    assert solve_whole(horizon).cost_cents == pytest.approx(10)
    assert solve_whole(horizon, bought_stock_pays=True).cost_cents == pytest.approx(10 + 20)


def test_goods_on_hand_that_are_moved_pay_no_interest_as_if_bought():
    problem = wanted_there(1, day=3, unit_cost_cents=np.array([36_500]), capital_rate=0.1)
    ways = questions.supplies(problem, {"node": 1, "extra": 900})
    found = solve_whole(questions.horizon(problem, supplies=ways), bought_stock_pays=True)
    assert moved(found) == [1]
    assert found.cost_cents == pytest.approx(10)  # one day on the way


# Time


def test_a_later_departure_is_taken_when_it_is_in_time():
    problem = wanted_there(1, day=3, lanes=instances.lanes(ONE_WAY), holding_millicents=np.array([[1000, 9000]]))
    departs = np.array([[True, False, True, False]])
    found = solve_whole(questions.horizon(problem, departs=departs, transfer_days=3))
    assert found.transfers[0, 0].tolist() == [0, 0, 1, 0]
    assert found.cost_cents == pytest.approx(2)  # two evenings at N0


def test_what_leaves_later_must_be_there_on_every_path():
    # N0 sells both of its 2 units on day 0 of one path only: on day 1 nothing is surely there.
    paths = [[[[2, 0, 0, 0], [0, 0, 0, 0]], [[0, 0, 1, 0], [0, 0, 1, 0]]]]
    problem = instances.problem(paths, [[2, 0]], lanes=instances.lanes(ONE_WAY))
    tomorrow = np.array([[False, True, False, False]])
    found = solve_whole(questions.horizon(problem, departs=tomorrow, transfer_days=2))
    assert moved(found) == [0]
    more = replace(problem, on_hand=np.array([[3, 0]]))
    assert moved(solve_whole(questions.horizon(more, departs=tomorrow, transfer_days=2))) == [1]
    kept = replace(more, source_floor=np.array([[1, 0]]))
    assert moved(solve_whole(questions.horizon(kept, departs=tomorrow, transfer_days=2))) == [0]


def test_no_customer_is_refused_for_the_sake_of_a_later_transfer():
    # Refusing N0's customer (100) would save N1's (1000) on the first path: not a plan anybody may make.
    paths = [[[[1, 0, 0, 0], [0, 0, 0, 0]], [[0, 0, 1, 0], [0, 0, 1, 0]]]]
    problem = instances.problem(paths, [[1, 0]], lanes=instances.lanes(ONE_WAY), shortage_cents=np.array([[100, 1000]]))
    tomorrow = np.array([[False, True, False, False]])
    found = solve_whole(questions.horizon(problem, departs=tomorrow, transfer_days=2))
    assert moved(found) == [0]
    assert found.cost_cents == pytest.approx(1000)


def test_demand_that_waits_costs_by_the_day():
    problem = wanted_there(1, day=0, stock=0, days=5, lanes=instances.lanes([]))
    ways = questions.supplies(problem, {"node": 1, "lead": 3, "extra": 50})
    waits = questions.horizon(problem, supplies=ways, backorder_millicents=np.full((1, 2), 40_000))
    assert solve_whole(waits).cost_cents == pytest.approx(3 * 40 + 50)
    patient = questions.horizon(problem, supplies=ways, backorder_millicents=np.full((1, 2), 9_000))
    assert solve_whole(patient).cost_cents == pytest.approx(5 * 9)  # 5 days of waiting, against 3 and a purchase


def test_what_went_one_way_does_not_come_back_within_the_cooling_off_days():
    # N1 wants 1 on day 1 and gets 1 on day 3; N0 wants its unit back on day 5.
    paths = np.zeros((1, 2, 1, 6), np.int64)
    paths[0, 1, 0, 1], paths[0, 0, 0, 5] = 1, 1
    inbound = np.zeros((1, 2, 6), np.int64)
    inbound[0, 1, 3] = 1
    problem = instances.problem(paths, [[1, 0]], inbound=inbound)
    horizon = questions.horizon(problem, transfer_days=6)
    assert moved(solve_whole(horizon)) == [1, 1]
    assert moved(solve_whole(horizon, cooling_off_days=2)) == [1, 1]
    steady = solve_whole(horizon, cooling_off_days=4)
    assert sum(moved(steady)) <= 1
    assert steady.cost_cents == pytest.approx(1000)


# Goods that spoil


def test_a_lot_that_would_expire_is_moved_where_it_sells():
    problem = wanted_there(3, lanes=instances.lanes(ONE_WAY, unit=100), shortage_cents=np.array([[50, 50]]))
    spoils = questions.lots([(0, 0, 3, 1)], write_off=2000)
    found = solve_whole(questions.horizon(problem, lots=spoils))
    assert moved(found) == [3]  # 100 a unit, to save 50 of margin and 2000 of write-off
    assert found.cost_cents == pytest.approx(300)
    assert moved(solve_whole(questions.horizon(problem))) == [0]


def test_a_minimum_shelf_on_arrival_bars_a_lot():
    # Last day 1, arrives on day 1: one day left, two are asked for.
    problem = wanted_there(3)
    spoils = questions.lots([(0, 0, 3, 1)], write_off=2000, minimum_shelf=2)
    found = solve_whole(questions.horizon(problem, lots=spoils))
    assert moved(found) == [0]
    assert found.cost_cents == pytest.approx(3 * 2000 + 3 * 1000)


def test_only_the_lot_that_lasts_is_sent_and_the_other_sold_first():
    # N0 wants 1 on day 0, N1 wants 1 on day 3; one unit lasts to day 1, one to day 3.
    paths = np.zeros((1, 2, 1, 4), np.int64)
    paths[0, 0, 0, 0], paths[0, 1, 0, 3] = 1, 1
    problem = instances.problem(paths, [[2, 0]], lanes=instances.lanes(ONE_WAY))
    spoils = questions.lots([(0, 0, 1, 1), (0, 0, 1, 3)], write_off=2000)
    found = solve_whole(questions.horizon(problem, lots=spoils))
    assert moved(found) == [1]
    assert found.cost_cents == pytest.approx(0)


def test_what_a_supplier_delivers_keeps_its_shelf_life():
    # Wanted on days 1 and 3; goods keep 2 days from receipt, so one delivery on day 0 serves day 1 only.
    problem = instances.problem([[[[0, 1, 0, 1]]]], [[0]], lanes=instances.lanes([]), unit_cost_cents=np.array([500]))
    spoils = questions.lots([], shelf=2, write_off=500)
    early = questions.supplies(problem, {"on": [0]})
    found = solve_whole(questions.horizon(problem, lots=spoils, supplies=early))
    assert bought(found) == [1]
    assert found.cost_cents == pytest.approx(1000)
    twice = questions.supplies(problem, {"on": [0, 2]})
    assert solve_whole(questions.horizon(problem, lots=spoils, supplies=twice)).cost_cents == pytest.approx(0)


def test_more_in_lots_than_on_hand_is_refused():
    problem = wanted_there(3)
    with pytest.raises(ValueError, match="S0 at N0: lots of 4 units, but only 3 are on hand"):
        solve_whole(questions.horizon(problem, lots=questions.lots([(0, 0, 4, 2)])))
    with pytest.raises(ValueError, match="S0 at N0: a lot expired 2 days ago"):
        solve_whole(questions.horizon(problem, lots=questions.lots([(0, 0, 1, -2)])))


# Service and fear


def service(*, cycle=0.0, fill=0.0):
    return Service(cycle=np.array([[cycle]]), fill=np.array([[fill]]))


@pytest.mark.parametrize(("alpha", "buys"), [(0.75, 0), (0.9, 5)])
def test_cycle_service_buys_what_does_not_pay(alpha, buys):
    # Three paths of four want nothing: 0 units cover 75 % of them, 5 units all.
    problem = instances.problem(
        [[[[0, 0]] * 3 + [[0, 5]]]], [[0]], lanes=instances.lanes([]), shortage_cents=np.array([[100]])
    )
    ways = questions.supplies(problem, {"extra": 400})
    found = solve_whole(questions.horizon(problem, supplies=ways, service=service(cycle=alpha)))
    assert bought(found) == [buys]


def test_a_node_that_nothing_reaches_keeps_what_its_service_needs():
    # N0 wants 2 on day 1 in half the paths, and 1 is all it has; N1 would pay 1000 for it.
    paths = [[[[0, 2], [0, 0]], [[0, 1], [0, 1]]]]
    problem = instances.problem(paths, [[1, 0]], lanes=instances.lanes(ONE_WAY), shortage_cents=np.array([[100, 1000]]))
    assert moved(solve_whole(questions.horizon(problem))) == [1]
    needs = Service(cycle=np.array([[0.9, 0.0]]), fill=np.zeros((1, 2)))
    assert moved(solve_whole(questions.horizon(problem, service=needs))) == [0]


def test_fill_rate_serves_its_share_of_units():
    problem = instances.problem([[[[0, 10]]]], [[0]], lanes=instances.lanes([]), shortage_cents=np.array([[100]]))
    ways = questions.supplies(problem, {"extra": 400})
    found = solve_whole(questions.horizon(problem, supplies=ways, service=service(fill=0.8)))
    assert bought(found) == [8]
    assert found.cost_cents == pytest.approx(8 * 400 + 2 * 100)


def test_a_unit_that_waited_is_not_served_at_once():
    # 4 wanted on day 0 wait whatever is done; those of day 2 are served at once only if those before them are served.
    problem = instances.problem([[[[4, 0, 4, 0]]]], [[0]], lanes=instances.lanes([]))
    ways = questions.supplies(problem, {"lead": 1, "extra": 400})
    waits = {"supplies": ways, "backorder_millicents": np.array([[1]])}
    found = solve_whole(questions.horizon(problem, service=service(fill=0.5), **waits))
    assert bought(found) == [8]
    with pytest.raises(ValueError, match="fill rate of S0 at N0"):
        solve_whole(questions.horizon(problem, service=service(fill=0.75), **waits))


def test_fear_of_the_tail_sends_stock_to_the_bad_path():
    # N1 wants 1 on both paths (600 each); N2 wants 1 on the bad path (1000). One unit to give.
    # To N1: 500 expected, worst half 1000. To N2: 600 expected, worst half 600.
    paths = np.zeros((1, 3, 2, 2), np.int64)
    paths[0, 1, :, 1], paths[0, 2, 1, 1] = 1, 1
    problem = instances.problem(
        paths, [[1, 0, 0]], lanes=instances.lanes([(0, 1), (0, 2)]), shortage_cents=np.array([[0, 600, 1000]])
    )
    calm = solve_whole(questions.horizon(problem))
    assert (moved(calm), calm.cost_cents) == ([1, 0], pytest.approx(500))
    afraid = solve_whole(questions.horizon(problem, tail=Tail(level=0.5, weight=1.0)))
    assert (moved(afraid), afraid.cost_cents) == ([0, 1], pytest.approx(600 + 600))


# What is shared


def limits(problem, **given):
    return replace(problem, limits=replace(Limits.none(len(problem.nodes), problem.days), **given))


def on_arrival(problem, node, day, value, endless):
    table = np.full((len(problem.nodes), problem.days), endless)
    table[node, day] = value
    return table


def test_the_dock_that_picks_binds():
    problem = wanted_there(5)
    tight = limits(problem, out_units=np.array([3, NO_LIMIT]))
    assert moved(solve_whole(questions.horizon(tight))) == [3]


def test_the_dock_that_receives_binds_what_is_moved_and_bought():
    problem = wanted_there(5)
    tight = limits(problem, in_units=on_arrival(problem, 1, 1, 2, NO_LIMIT))
    ways = questions.supplies(tight, {"node": 1, "lead": 1, "extra": 1})
    found = solve_whole(questions.horizon(tight, supplies=replace(ways, order_days=np.array([[True] + [False] * 3]))))
    assert (moved(found), bought(found)) == ([2], [0])


def test_room_binds_in_pallets():
    problem = wanted_there(5, pallet_units=np.array([2]))
    tight = limits(problem, room_pallets=on_arrival(problem, 1, 3, 1.0, np.inf))
    assert moved(solve_whole(questions.horizon(tight))) == [2]


def test_there_are_only_so_many_trucks():
    lanes = replace(instances.lanes(ONE_WAY), truck_pallets=np.array([1]), trucks=np.array([2]))
    problem = wanted_there(5, lanes=lanes, pallet_units=np.array([2]))
    assert moved(solve_whole(questions.horizon(problem))) == [4]


def test_the_budget_binds_freight_and_handling_but_not_interest():
    problem = wanted_there(
        5, lanes=instances.lanes(ONE_WAY, unit=90, fixed=20), handling_in_cents=np.array([0, 10]), capital_rate=0.1
    )
    tight = limits(problem, budget_cents=220)
    assert moved(solve_whole(questions.horizon(tight))) == [2]  # 20 + 2 × 100


def test_a_band_is_filled_where_it_pays_and_not_above_what_is_accepted():
    problem = wanted_there(0, stock=5, lanes=instances.lanes(ONE_WAY, unit=200))
    bands = Bands(
        low_units=np.array([[0, 2]]),
        low_cents=np.array([[0, 300]]),
        high_units=np.array([[4, 9]]),
        high_cents=np.array([[1000, 0]]),
        most_units=np.array([[NO_CEILING, NO_CEILING]]),
    )
    found = solve_whole(questions.horizon(replace(problem, bands=bands)))
    assert moved(found) == [2]
    assert found.cost_cents == pytest.approx(400)
    fewer = replace(bands, low_units=np.array([[0, 1]]), most_units=np.array([[NO_CEILING, 1]]))
    found = solve_whole(questions.horizon(replace(problem, bands=fewer)))
    assert moved(found) == [1]


# Words for what cannot be, or not in time


def test_a_service_that_nothing_can_keep_is_named_with_item_and_node():
    problem = wanted_there(5, stock=2)
    wants = Service(cycle=np.array([[0.0, 0.9]]), fill=np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"rules together: cycle service of S0 at N1 \(misses by .*\); ease"):
        solve_whole(questions.horizon(problem, service=wants))


def test_both_sides_of_a_quarrel_are_named():
    problem = wanted_there(5)
    tight = limits(problem, out_units=np.array([3, NO_LIMIT]), budget_cents=10**6)
    wants = Service(cycle=np.array([[0.0, 0.9]]), fill=np.zeros((1, 2)))
    with pytest.raises(ValueError, match="no schedule keeps") as raised:
        solve_whole(questions.horizon(tight, service=wants))
    said = str(raised.value)
    assert "cycle service of S0 at N1" in said
    assert "picking at N0" in said
    assert "budget" not in said


def test_a_time_limit_gives_the_best_found_and_says_so():
    problem = wanted_there(1, lanes=instances.lanes(ONE_WAY, fixed=900))
    found = solve_whole(questions.horizon(problem), time_limit_s=1e-9)
    assert moved(found) == [0]
    assert found.cost_cents == pytest.approx(1000)
    assert found.bound_cents <= 900
    assert "Nothing better than doing nothing was found" in found.notes[0]
    assert "gap" in found.notes[1]
    wants = Service(cycle=np.array([[0.0, 0.9]]), fill=np.zeros((1, 2)))
    with pytest.raises(TimeoutError, match="allow more time"):
        solve_whole(questions.horizon(problem, service=wants), time_limit_s=1e-9)


def test_a_horizon_that_contradicts_its_lanes_is_refused():
    problem = wanted_there(1)
    with pytest.raises(ValueError, match=r"N0→N1: leaves tonight and takes 1 days by its lane, 2 by the horizon"):
        solve_whole(questions.horizon(problem, transit_days=np.array([2])))
    wrong = Service(cycle=np.array([[1.5, 0.0]]), fill=np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"service\.cycle: shares from 0 to 1"):
        solve_whole(questions.horizon(problem, service=wrong))
    with pytest.raises(ValueError, match="tail: level"):
        solve_whole(questions.horizon(problem, tail=Tail(level=1.0, weight=1.0)))
