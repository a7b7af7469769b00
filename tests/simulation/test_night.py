"""A day is closed: its decisions are held against what came, and the day against the best that could have been."""

import datetime as dt
from dataclasses import replace
from math import isnan

import polars as pl
import pytest
from tests.operations.test_layers import unsure
from tests.operations.test_route_order import put
from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import CaseKind, CaseState, Layer, ReservationId, Sku
from evenstock.operations.deciding import RouteOrder, decide_order
from evenstock.operations.gate import LOG, OUTCOMES, kept_outcomes
from evenstock.operations.queue import override
from evenstock.operations.reservations import void_reservation
from evenstock.operations.route_order import RESERVATION, read_books, route_order
from evenstock.routing.candidates import candidates
from evenstock.simulation.night import close_day, judge_days, regret_of_days, stock_seen
from evenstock.storage.memory import MemoryStore
from evenstock.storage.snapshots import SnapshotFolder

NETWORK = network()
POLICY = compiled(NETWORK)
ONE = Sku("SKU-001")
TODAY = NOW.date()
MORNING = NOW + dt.timedelta(hours=15)
DENVER, AUSTIN = "802", "787"


@pytest.fixture
def store():
    opened = MemoryStore()
    yield opened
    opened.close()


@pytest.fixture
def snapshots(tmp_path):
    return SnapshotFolder(tmp_path)


def minutes(n: int) -> dt.datetime:
    return NOW + dt.timedelta(minutes=n)


def greedy_day(store, shipping):
    """Texas has one unit. Denver comes first and takes it; two orders of Austin, who need it more, come too late."""
    put(store, {(ONE, "TX"): 1, (ONE, "NJ"): 9})
    records = []
    for n, city in enumerate((DENVER, AUSTIN, AUSTIN)):
        placed = replace(order((ONE, 1), name=f"A-{n}", zip3=city), placed_at=minutes(n))
        records.append(route_order(store, shipping, POLICY, RouteOrder(placed, minutes(n))).record)
    assert [record.choice.nodes for record in records] == [("TX",), ("NJ",), ("NJ",)]
    return records


def saving(city: str) -> int:
    """What a unit from Texas saves over one from New Jersey."""
    cents = []
    for node in ("TX", "NJ"):
        alone = MemoryStore()
        put(alone, {(ONE, node): 1})
        placed = order((ONE, 1), zip3=city)
        with alone.reading() as books:
            read = read_books(books, NETWORK, placed, NOW)
        cents.append(decide_order(candidates(placed, NETWORK, NOW, {}), NETWORK, POLICY, read).plan.cents)
    return cents[1] - cents[0]


def test_a_unit_that_others_needed_more_is_regretted_by_the_difference(store):
    records = greedy_day(store, unsure(None))
    # Two orders of Austin would have had the one unit: in hindsight it was worth what it saves there.
    regret = saving(AUSTIN) - saving(DENVER)
    assert regret > 20

    told = regret_of_days(store, NETWORK, POLICY, TODAY, TODAY)

    assert dict(told.schema) == OUTCOMES
    by_decision = {row["decision"]: row for row in told.to_dicts()}
    first = by_decision[records[0].id]
    assert first["day"] == TODAY
    assert first["score_millicents"] == records[0].confidence.regret_millicents > 0
    assert first["regret_millicents"] == pytest.approx(1_000 * regret, rel=0.05)
    # When Austin ordered, New Jersey alone had any: nobody could have done better.
    assert [by_decision[record.id]["regret_millicents"] for record in records[1:]] == [0, 0]


def test_without_anybody_after_it_the_same_decision_is_not_regretted(store):
    put(store, {(ONE, "TX"): 1, (ONE, "NJ"): 9})
    placed = order((ONE, 1), zip3=DENVER)
    route_order(store, unsure(None), POLICY, RouteOrder(placed, NOW))

    assert regret_of_days(store, NETWORK, POLICY, TODAY, TODAY)["regret_millicents"].to_list() == [0]


def test_a_decision_saw_the_stock_that_was_there_before_its_own_reservation(store):
    records = greedy_day(store, unsure(None))
    put(store, {(ONE, "CA"): 7})  # comes later

    with store.reading() as books:
        seen = stock_seen(books, records)

    assert [seen[record.id] for record in records] == [
        {(ONE, "TX"): 1, (ONE, "NJ"): 9},
        {(ONE, "TX"): 0, (ONE, "NJ"): 9},
        {(ONE, "TX"): 0, (ONE, "NJ"): 8},
    ]


def test_what_cannot_be_judged_is_counted_with_its_reason(store):
    put(store, {(ONE, "TX"): 5})
    route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1), name="A-0"), NOW))  # nobody priced any future
    route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 50), name="A-1"), NOW))
    gone = compiled(NETWORK, no_texas())
    sure = unsure(None)
    route_order(store, sure, POLICY, RouteOrder(order((ONE, 1), name="A-2"), NOW))

    judged = judge_days(store, NETWORK, gone, TODAY, TODAY)

    assert judged.outcomes.is_empty()
    assert dict(judged.left_out) == {
        "no expected regret was recorded, as no possible prices were at hand": 1,
        "nothing served the order when it was first decided": 1,
        "its plan is not lawful by the rules as they stand now": 1,
    }


def no_texas():
    from evenstock.domain import Policy, Rule

    return Policy("no texas", (Rule("tx", "forbid", (("nodes", "TX"),)),))


def test_the_day_is_closed_with_its_layers_its_bound_and_its_overrides(store, snapshots):
    # The gate lets nothing pass that might be regretted: Denver's order is a person's.
    records = greedy_day(store, unsure(0))
    assert [record.layer for record in records] == [Layer.PERSON, Layer.OPTIMISER, Layer.OPTIMISER]
    with store.reading() as books:
        (case,) = books.cases(CaseState.OPEN, CaseKind.REVIEW)
    changed = override(store, NETWORK, POLICY, case.id, "Ana", "Austin is coming", minutes(9), nodes=["NJ"])

    closed = close_day(store, snapshots, NETWORK, POLICY, MORNING)

    assert (closed.day, closed.orders, closed.done.unserved_orders) == (TODAY, 3, 0)
    assert (closed.overrides, closed.override_cents) == (1, saving(DENVER))
    assert changed.price_cents == saving(DENVER)
    regret = 1_000 * (saving(AUSTIN) - saving(DENVER))
    person = next(share for share in closed.layers if share.layer is Layer.PERSON)
    machine = next(share for share in closed.layers if share.layer is Layer.OPTIMISER)
    assert (person.orders, person.judged, machine.orders, machine.judged) == (1, 1, 2, 2)
    # Of the plan that the system had chosen, also where a person then took another.
    assert person.realised_millicents == pytest.approx(regret, rel=0.05)
    assert person.expected_millicents == records[0].confidence.regret_millicents
    assert machine.realised_millicents == 0
    # All three left New Jersey; the best there was sends Texas' unit to one order of Austin.
    best = closed.done.cents - saving(AUSTIN)
    assert closed.bound_cents == pytest.approx(best, rel=1e-3)
    assert closed.bound_cents <= best + 1e-6
    assert closed.over_bound == pytest.approx(saving(AUSTIN) / best, rel=0.05)
    assert closed.watched.because.startswith("no gate was ever set")


def test_closing_again_changes_nothing(store, snapshots):
    greedy_day(store, unsure(None))
    first = close_day(store, snapshots, NETWORK, POLICY, MORNING)
    with store.reading() as books:
        pointer = books.pointer(LOG)
    again = close_day(store, snapshots, NETWORK, POLICY, MORNING + dt.timedelta(hours=2))

    kept, digest = kept_outcomes(store, snapshots)
    assert replace(again, watched=first.watched) == first
    assert (digest, kept.height) == (pointer, 3)
    # Later nights look at the week's decisions again, with the days that came.
    put(store, {(ONE, "TX"): 9})
    placed = replace(order((ONE, 1), name="B-1"), placed_at=MORNING)
    route_order(store, unsure(None), POLICY, RouteOrder(placed, MORNING))
    close_day(store, snapshots, NETWORK, POLICY, MORNING + dt.timedelta(days=1))
    later, _ = kept_outcomes(store, snapshots)
    assert later.height == 4
    assert later.filter(pl.col("day") == TODAY)["regret_millicents"].to_list() == [0, 0, 0]  # Texas was never short


def test_an_order_given_up_is_lost_and_a_quiet_day_is_none(store, snapshots):
    put(store, {(ONE, "TX"): 5})
    record = route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 1)), NOW)).record
    void_reservation(store, ReservationId(f"{record.id}{RESERVATION}"), minutes(1), "given up")

    closed = close_day(store, snapshots, NETWORK, POLICY, MORNING)
    quiet = close_day(store, snapshots, NETWORK, POLICY, MORNING + dt.timedelta(days=3))

    assert (closed.done.orders, closed.done.unserved_orders) == (0, 1)
    assert closed.over_bound > 0  # it could have been served
    assert (quiet.orders, quiet.done.cents, isnan(quiet.over_bound)) == (0, 0, True)
    assert kept_outcomes(store, snapshots)[1] is None
