"""What last nights' moves and tomorrow's forecast bar tonight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.rebalancing import instances

from evenstock.rebalancing import Moves, solve, unit_prices
from evenstock.rebalancing.steadiness.revision import observed_revision_sd, revision_sd
from evenstock.rebalancing.steadiness.steady import RecentMoves, steadied


def two_nodes(missed, **given):
    """Node 0 has 9 and sells nothing; node 1 has nothing and misses so many on day 1; a unit costs 100 each way."""
    paths = np.zeros((1, 2, 4, 3), np.int64)
    paths[0, 1, :, 1] = missed
    lanes = instances.lanes([(0, 1), (1, 0)], unit=100)
    return instances.problem(paths, [[9, 0]], **({"lanes": lanes} | given))


def came(days_ago, *, item=0, origin=1, destination=0, units=5):
    """Units that came from node 1 to node 0."""
    parts = {"item": item, "origin": origin, "destination": destination, "units": units, "days_ago": days_ago}
    return RecentMoves(**{name: np.array([value]) for name, value in parts.items()})


def test_sending_back_must_bring_twice_the_round_trip():
    # A unit at node 1 saves 1000, there and back costs 200: 1000 > 2 × 200. At 350 a sale it does not.
    assert steadied(two_nodes(3), came(2)).barred == ()
    cheap = two_nodes(3, shortage_cents=np.array([[350, 350]]))
    assert solve(cheap).moves.units.sum() == 3
    found = steadied(cheap, came(2))
    assert [(b.lane, b.reason, b.gain_cents, b.wanted_cents) for b in found.barred] == [(0, "cooling off", 350, 400)]
    assert found.barred[0].because == (
        "it came that way a few nights ago: a unit would bring 3.50, sending back wants 4.00"
    )
    assert len(solve(found.problem).moves) == 0


def test_whoever_wants_no_return_at_all_has_none():
    found = steadied(two_nodes(3), came(2), round_trips=np.inf)
    assert [b.lane for b in found.barred] == [0]
    assert found.barred[0].because == (
        "it came that way a few nights ago; a unit would bring 10.00, and it is not sent back so soon"
    )


def test_after_the_cooling_off_a_move_is_judged_by_its_cost_alone():
    cheap = two_nodes(3, shortage_cents=np.array([[350, 350]]))
    # Node 0 sells nothing: what came covers all 3 days planned, so the least of 7 days holds.
    assert len(steadied(cheap, came(7)).barred) == 1
    assert steadied(cheap, came(8)).barred == ()
    assert len(steadied(cheap, came(8), cooling_days=np.array([9])).barred) == 1


def test_the_days_of_cover_that_came_are_the_days_of_cooling_off():
    # Node 0 sells 1 a day and was sent 12: twelve days.
    cheap = two_nodes(3, shortage_cents=np.array([[350, 350]]))
    cheap.paths[0, 0] = 1
    assert len(steadied(cheap, came(12, units=12)).barred) == 1
    assert steadied(cheap, came(13, units=12)).barred == ()


def test_the_same_way_again_is_no_ping_pong():
    assert steadied(two_nodes(3), came(1, origin=0, destination=1)).barred == ()


def test_a_move_must_beat_its_cost_by_what_prices_may_change():
    # The first unit brings 1000; cost 100 and κ × √(600² + 800²) = 1000: not enough; with κ = 0.5, 600: enough.
    problem, sd = two_nodes(3), np.array([[600.0, 800.0]])
    found = steadied(problem, RecentMoves.none(), revision_sd_cents=sd, kappa=1.0)
    assert [(b.lane, b.reason, b.wanted_cents) for b in found.barred] == [(0, "within forecast noise", 1100)]
    assert found.least_gain_cents[0].tolist() == [1100.0, 1100.0]
    assert steadied(problem, RecentMoves.none(), revision_sd_cents=sd, kappa=0.5).barred == ()


def test_what_was_barred_stays_barred():
    problem = two_nodes(3, barred=np.array([[False, True]]))
    cheap = two_nodes(3, shortage_cents=np.array([[350, 350]]), barred=np.array([[False, True]]))
    assert steadied(problem, RecentMoves.none()).problem.barred.tolist() == [[False, True]]
    assert steadied(cheap, came(1)).problem.barred.tolist() == [[True, True]]


def test_levels_that_persist_revise_prices_more_than_days_that_do_not_depend_on_one_another():
    rng = np.random.default_rng(5)
    alone = rng.poisson(3.0, (1, 2, 400, 10))
    level = rng.lognormal(-0.18, 0.6, (1, 2, 400, 1))
    shared = rng.poisson(np.broadcast_to(3.0 * level, (1, 2, 400, 10)))
    calm, moving = (revision_sd(instances.problem(paths, [[32, 32]])) for paths in (alone, shared))
    # A price lies between 0 and 1000. Sales of a day move it in both, because what was sold is gone.
    assert (moving > 1.5 * calm).all()


def test_two_nights_prices_tell_how_much_they_change():
    before = np.array([[100, 200], [100, 200], [0, 0]])
    after = np.array([[120, 200], [80, 200], [0, 0]])
    # Node 0: changes of 10 % of the dearest price (200) up and down; an item without a price says nothing.
    assert observed_revision_sd(before, after)[:2, 0] == pytest.approx([20, 20])
    assert observed_revision_sd(before, after)[:, 1].tolist() == [0, 0, 0]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_one_plan_never_sends_an_item_both_ways_between_two_nodes(seed):
    problem = instances.random_problem(seed, items=2, nodes=4, paths=4, days=6, lead=1, most=12)
    moves = solve(problem).moves
    ways = {
        (int(k), int(problem.lanes.origin[a]), int(problem.lanes.destination[a]))
        for k, a in zip(moves.item, moves.lane, strict=True)
    }
    assert not {(k, j, i) for k, i, j in ways} & ways


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_with_one_lead_time_no_item_both_enters_and_leaves_a_node_unless_it_is_needed_there_later(seed):
    # A node may give what it has too much of this morning and be refilled by a later arrival; with metric lanes of the
    # same lead time it does so only where it keeps what it has for less than it would bring elsewhere at once.
    problem = instances.random_problem(seed, items=1, nodes=4, paths=4, days=6, lead=0, most=12)
    moves = solve(problem).moves
    leaves = set(problem.lanes.origin[moves.lane].tolist())
    enters = set(problem.lanes.destination[moves.lane].tolist())
    assert not leaves & enters


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"kappa": -1.0}, "below 0"),
        ({"revision_sd_cents": np.array([[1.0, -1.0]])}, "below 0"),
        ({"revision_sd_cents": np.ones(2)}, "is wanted"),
    ],
)
def test_nonsense_is_refused(given, says):
    with pytest.raises(ValueError, match=says):
        steadied(two_nodes(1), RecentMoves.none(), **given)


def test_a_recent_move_of_an_unknown_node_is_refused():
    with pytest.raises(ValueError, match="does not have"):
        steadied(two_nodes(1), came(1, origin=7))


def test_the_first_units_gain_is_the_difference_of_the_prices():
    problem = two_nodes(3)
    problem.paths[0, 0, :, 0] = 8
    wanted = steadied(problem, RecentMoves.none(), revision_sd_cents=np.array([[0.0, 1e6]])).barred
    # Node 0 keeps the last of its 9 units for nobody, so it is worth 0 there and 1000 at node 1.
    assert [b.gain_cents for b in wanted if b.lane == 0] == [1000]
    assert unit_prices(problem).tolist() == [[0, 1000]]
    assert len(steadied(problem, RecentMoves.none()).problem.after(Moves.none()).skus) == 1
