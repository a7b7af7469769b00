"""The books of a company read as a past: deciding as the records did leaves the stock that the books have."""

import datetime as dt
import itertools
from dataclasses import replace

import pytest
from tests.routing.brand import NOW, compiled, network, order

from evenstock.domain import (
    Account,
    Bucket,
    Cause,
    LineId,
    Movement,
    MovementId,
    NodeId,
    Order,
    OrderId,
    ReservationId,
    Sku,
    StockObservation,
    TransferId,
    Units,
)
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.open_cases import open_review
from evenstock.operations.queue import accept, override
from evenstock.operations.reroute import Reroute, reroute
from evenstock.operations.reservations import post_reservation, void_reservation
from evenstock.operations.route_order import RESERVATION, route_order
from evenstock.operations.ship_order import ship_order
from evenstock.operations.standing import cancel_units, left_of, take_off
from evenstock.routing.decide import Decision
from evenstock.simulation.replay.chunks import chunks, item_numbers
from evenstock.simulation.replay.done import done
from evenstock.simulation.replay.from_books import past_from_books, queue_answers
from evenstock.simulation.replay.lives import Arm, Life
from evenstock.storage.memory import MemoryStore

NETWORK = network()
POLICY = compiled(NETWORK)
ONE, TWO = Sku("SKU-001"), Sku("SKU-002")
TX, NJ = NodeId("TX"), NodeId("NJ")
FIRST = NOW.date()
LAST = FIRST + dt.timedelta(days=2)
VERSIONS = itertools.count(1)


@pytest.fixture
def store():
    opened = MemoryStore()
    yield opened
    opened.close()


def at(day: int, hour: int = 15) -> dt.datetime:
    return dt.datetime.combine(FIRST + dt.timedelta(days=day), dt.time(hour), dt.UTC)


def count(store, day, hour, **units) -> None:
    """`ONE_TX=5`: five of the first item were counted in Texas."""
    with store.transaction() as books:
        for name, n in units.items():
            sku, node = name.split("_")
            key = {"ONE": ONE, "TWO": TWO}[sku], NodeId(node)
            said = StockObservation("count", *key, Units(n), at(day, hour), next(VERSIONS))
            books.adjust_on_hand(said, "count", at(day, hour))


def route(store, name: str, *wants, day: int = 0, hour: int = 15, policy=POLICY):
    made = replace(order(*wants, name=name), placed_at=at(day, hour))
    return route_order(store, NETWORK, policy, RouteOrder(made, at(day, hour))).record


def available(store) -> dict[tuple[str, str], int]:
    with store.reading() as books:
        rows = books.balance_frame().to_dicts()
    return {(row["sku"], row["node"]): row["available"] for row in rows if row["available"]}


def as_done(past) -> Arm:
    """Decides what the books say was done, whatever else there is."""

    def decide(found, shipping, policy, read):
        nothing = Decision(None, (), (), (), (), "", True)
        for one in plans.get(found.order.id, ()):
            return replace(nothing, plan=one)
        return nothing

    plans = {}
    numbers = item_numbers(NETWORK)
    for chunk in chunks(past.orders, NETWORK, POLICY, numbers):
        for bought, pricing in zip(chunk.orders, chunk.pricings, strict=True):
            priced = done(pricing, past.done.get(bought.id, ()))
            plans[bought.id] = () if priced.plan is None else (priced.plan,)
    return Arm("as done", decide=decide)


def left_on_shelves(past) -> dict[tuple[str, str], int]:
    """What lies there when the records' decisions are lived again, by the machinery that every arm lives in."""
    life = Life(as_done(past), past, NETWORK, POLICY)
    for chunk in chunks(past.orders, NETWORK, POLICY, item_numbers(NETWORK)):
        life.live(chunk)
    for day in sorted(past.inflow):
        life._wake(day)
    assert life.world.short == 0
    skus = sorted(NETWORK.items)
    return {
        (skus[i], NETWORK.nodes[k].id): int(life.world.stock[k, i])
        for k, i in zip(*life.world.stock.nonzero(), strict=True)
    }


def test_living_as_the_records_did_leaves_the_stock_of_the_books(store):
    count(store, -1, 9, ONE_TX=10, ONE_NJ=10, TWO_TX=4)
    earlier = route(store, "A-0", (ONE, 1), day=-1)  # before the window: its unit is gone at the opening
    first = route(store, "A-1", (ONE, 2))
    second = route(store, "A-2", (ONE, 1), (TWO, 1), hour=16)
    third = route(store, "A-3", (ONE, 3), hour=17)
    void_reservation(store, ReservationId(f"{second.id}{RESERVATION}"), at(1, 8), "the customer went away")
    ship_order(store, ReservationId(f"{first.id}{RESERVATION}"), at(1, 9))
    ship_order(store, ReservationId(f"{earlier.id}{RESERVATION}"), at(1, 9))
    count(store, 1, 10, TWO_TX=3)
    with store.transaction() as books:  # two units travel from New Jersey to Texas
        leg = [
            Account(ONE, NJ, Bucket.AVAILABLE),
            Account(ONE, TX, Bucket.IN_TRANSIT),
            Account(ONE, TX, Bucket.AVAILABLE),
        ]
        for n, (day, hour) in enumerate([(1, 11), (2, 7)]):
            books.post([Movement(MovementId(f"T-1:{n}"), Units(2), leg[n], leg[n + 1], at(day, hour), TransferId("T-1"))],
                       at(day, hour))  # fmt: skip
        back = Account(ONE, TX, Bucket.OUTSIDE, cause=Cause.RETURN)
        books.post([Movement(MovementId("R-1"), Units(1), back, leg[2], at(2, 8), "return R-1")], at(2, 8))
    fourth = route(store, "A-4", (ONE, 4), day=2)
    unserved = route(store, "A-5", (ONE, 90), day=2)
    route(store, "A-6", (ONE, 1), day=3)  # after the window

    past = past_from_books(store, FIRST, LAST, NETWORK.items)

    assert [bought.id for bought in past.orders] == ["A-1", "A-2", "A-3", "A-4", "A-5"]
    assert past.opening == {(ONE, TX): 9, (ONE, NJ): 10, (TWO, TX): 4}
    # The count finds one of the second item less; the transfer leaves New Jersey, and reaches Texas with a return.
    day = dt.timedelta(days=1)
    assert past.inflow == {
        FIRST + day: (((ONE, NJ), -2), ((TWO, TX), -1)),
        FIRST + 2 * day: (((ONE, TX), 3),),
    }
    assert {name: [(s.node, s.units) for s in sent] for name, sent in past.done.items()} == {
        "A-1": [(TX, ((LineId("1"), 2),))],
        "A-3": [(TX, ((LineId("1"), 3),))],
        "A-4": [(TX, ((LineId("1"), 4),))],
    }
    assert {record.choice.nodes[0] for record in (first, third, fourth)} == {"TX"}
    assert unserved.choice is None
    then = available(store)
    then[ONE, "TX"] += 1  # what the order of the day after took
    assert left_on_shelves(past) == then
    assert past.notes == ()


def test_what_a_person_chose_instead_is_what_was_done(store):
    count(store, -1, 9, ONE_TX=5, ONE_NJ=5)
    record = route(store, "A-1", (ONE, 2))
    with store.transaction() as books:
        case = open_review(books, record, ReservationId(f"{record.id}{RESERVATION}"), "looks odd")
    override(store, NETWORK, POLICY, case.id, "Ana", "Texas is slow", at(0, 16), nodes=["NJ"])
    kept = route(store, "A-2", (ONE, 1), hour=17)
    with store.transaction() as books:
        asked = open_review(books, kept, ReservationId(f"{kept.id}{RESERVATION}"), "looks odd")
    accept(store, asked.id, "Ana", at(0, 18))
    silent = route(store, "A-3", (ONE, 1), hour=17)
    with store.transaction() as books:
        unread = open_review(books, silent, ReservationId(f"{silent.id}{RESERVATION}"), "looks odd")
    accept(store, unread.id, "deadline", at(0, 21))

    past = past_from_books(store, FIRST, FIRST, NETWORK.items)
    answers = queue_answers(store)

    assert {name: sent[0].node for name, sent in past.done.items()} == {"A-1": NJ, "A-2": TX, "A-3": TX}
    assert left_on_shelves(past) == available(store) == {(ONE, "TX"): 3, (ONE, "NJ"): 3}
    # The deadline's answer is nobody's.
    assert [(o.id, ours.choice.nodes, theirs.choice.nodes) for o, ours, theirs in answers] == [
        ("A-1", ("TX",), ("NJ",)),
        ("A-2", ("TX",), ("TX",)),
    ]


def test_a_rerouted_order_is_one_order_where_it_stands_in_the_end(store):
    count(store, -1, 9, ONE_TX=5, ONE_NJ=5)
    route(store, "A-1", (ONE, 2))
    reroute(store, NETWORK, POLICY, Reroute(OrderId("A-1"), at(1), "no pickup", without_nodes=frozenset({TX})))

    past = past_from_books(store, FIRST, LAST, NETWORK.items)
    only_later = past_from_books(store, FIRST + dt.timedelta(days=1), LAST, NETWORK.items)
    that_day = past_from_books(store, FIRST, FIRST, NETWORK.items)

    assert [sent.node for sent in past.done["A-1"]] == [NJ]
    assert left_on_shelves(past) == available(store)
    # It belongs to the day of its first decision; later days see its units go as anything else goes.
    assert only_later.orders == ()
    assert "1 orders were first decided before 2026-11-21" in only_later.notes[0]
    assert only_later.inflow == {FIRST + dt.timedelta(days=1): (((ONE, NJ), -2), ((ONE, TX), 2))}
    assert [sent.node for sent in that_day.done["A-1"]] == [TX]  # as it stood that evening


def test_units_that_were_missing_at_the_pick_are_gone_in_every_life(store):
    count(store, -1, 9, ONE_TX=5, ONE_NJ=5)
    record = route(store, "A-1", (ONE, 3))
    name = ReservationId(f"{record.id}{RESERVATION}")
    post_reservation(store, name, at(0, 16))
    with (
        store.transaction() as books
    ):  # one of three was not found: frozen, off the reservation, and not wanted any more
        (line,) = left_of(books, books.reservation(name))
        gone = replace(line, units=Units(1))
        ends = [Account(ONE, TX, bucket) for bucket in (Bucket.ALLOCATED, Bucket.HELD)]
        books.post([Movement(MovementId("S-1"), Units(1), *ends, at(0, 17), "short pick")], at(0, 17))
        take_off(books, name, [gone], "short pick", at(0, 17))
        cancel_units(books, OrderId("A-1"), {LineId("1"): 1}, "not there", at(0, 17))

    past = past_from_books(store, FIRST, LAST, NETWORK.items)

    assert past.orders[0].lines[0].units == 2
    assert past.cancelled == {"A-1": 1}
    assert past.done["A-1"][0].units == ((LineId("1"), 2),)
    assert past.inflow == {FIRST: (((ONE, TX), -1),)}
    assert left_on_shelves(past) == available(store) == {(ONE, "TX"): 2, (ONE, "NJ"): 5}


def test_buffers_are_promised_in_no_life_and_are_made_up_first(store):
    count(store, -1, 9, ONE_TX=5, ONE_NJ=1)
    with store.transaction() as books:
        books.set_buffer(ONE, TX, Units(2))
        books.set_buffer(ONE, NJ, Units(3))
    route(store, "A-1", (ONE, 1))
    count(store, 1, 9, ONE_NJ=6)

    past = past_from_books(store, FIRST, LAST, NETWORK.items)

    assert past.opening == {(ONE, TX): 3}
    assert past.inflow == {FIRST + dt.timedelta(days=1): (((ONE, NJ), 3),)}  # of five, two fill the buffer up
    assert "5 units are buffers" in past.notes[0]


def test_what_cannot_be_lived_again_is_counted(store):
    count(store, -1, 9, ONE_TX=5)
    made = replace(order((ONE, 99), name="A-1"), placed_at=at(0))
    route_order(store, NETWORK, POLICY, RouteOrder(made, at(0), shadow=True))  # unserved, and kept nowhere
    route(store, "A-2", (ONE, 1))
    route(store, "A-3", (Sku("NOBODY"), 1))

    past = past_from_books(store, FIRST, LAST, NETWORK.items)

    assert [bought.id for bought in past.orders] == ["A-2"]
    assert [note.split()[0] for note in past.notes] == ["1", "1"]
    assert "nobody kept" in past.notes[0]
    assert "not in the network" in past.notes[1]
    assert past_from_books(store, LAST, LAST, NETWORK.items).orders == ()


def test_an_order_is_lived_again_when_it_was_decided_and_not_when_it_was_placed(store):
    count(store, -1, 9, ONE_TX=5)
    made = replace(order((ONE, 1), name="A-1"), placed_at=at(-1, 23))
    route_order(store, NETWORK, POLICY, RouteOrder(made, at(0, 7)))

    (bought,) = past_from_books(store, FIRST, FIRST, NETWORK.items).orders

    assert isinstance(bought, Order)
    assert bought == replace(made, placed_at=at(0, 7))
