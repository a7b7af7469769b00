"""Orders routed in one transaction: each as it would be by itself right after those before it, or left to go alone."""

import contextlib
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.operations.test_route_order import put, reserved
from tests.reliability.deeds import NETWORK as THREE
from tests.reliability.deeds import fill, state
from tests.routing.brand import NOW, capped, compiled, frames, items, network, nodes, order, random_order

from evenstock.domain import CaseKind, CaseState, Costs, DecisionRecord, NodeId, Order, Outcome, Quota, Sku, Units
from evenstock.freight.rates import RateBook
from evenstock.operations.check_books import check_books
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.one_transaction import JoinedStore
from evenstock.operations.ports import Store
from evenstock.operations.roll_out import RollOut
from evenstock.operations.route_order import Routed, route_order
from evenstock.operations.route_together import Wish, route_together
from evenstock.routing.network import ShippingNetwork
from evenstock.storage import open_store

NETWORK = network(4)
POLICY = compiled(NETWORK)
ONE, TWO = Sku("SKU-001"), Sku("SKU-002")
NODES = [node.id for node in NETWORK.nodes]
EVERY_ITEM = [Sku(f"SKU-{n:03d}") for n in range(60)]


def stocked(store: Store, units: int = 50) -> None:
    put(store, {(sku, node): units for sku in (ONE, TWO) for node in NODES})


def wishes(orders: Sequence[Order]) -> list[Wish]:
    return [Wish(RouteOrder(one, NOW)) for one in orders]


def record_of(told: Routed | None) -> DecisionRecord:
    assert told is not None
    return told.record


def alone(store: Store, shipping: ShippingNetwork, one: Order) -> bytes:
    return route_order(store, shipping, compiled(shipping), RouteOrder(one, NOW)).record.canonical()


def together(store: Store, shipping: ShippingNetwork, orders: Sequence[Order]) -> list[bytes]:
    """As the service does it: together, and then alone whatever was left."""
    told = route_together(store, shipping, compiled(shipping), wishes(orders))
    return [
        alone(store, shipping, one) if found is None else record_of(found).canonical()
        for one, found in zip(orders, told, strict=True)
    ]


def test_orders_get_the_bytes_they_would_get_one_by_one(store) -> None:
    fill(store)
    orders = [
        order((ONE, 2), (TWO, 1), name=f"A-{n}", zip3=zip3) for n, zip3 in enumerate(("787", "100", "900", "787"))
    ]
    found = [record_of(one) for one in route_together(store, THREE, compiled(THREE), wishes(orders))]
    assert [one.outcome for one in found] == [Outcome.EXECUTED] * 4
    other = open_store("memory:")
    fill(other)
    assert [one.canonical() for one in found] == [alone(other, THREE, one) for one in orders]
    assert state(store) == state(other)
    assert not [finding for finding in check_books(store, NOW) if finding.broken]


@given(seed=st.integers(0, 10_000), many=st.integers(2, 9), scarce=st.integers(1, 6), ceilings=st.booleans())
@hypothesis_settings(max_examples=40)
def test_what_becomes_of_an_order_is_the_same_however_orders_are_batched(seed, many, scarce, ceilings) -> None:
    rng = np.random.default_rng(seed)
    shipping = capped({}, 4, orders_per_day=max(1, many // 2)) if ceilings else NETWORK
    orders = [random_order(rng, int(rng.integers(1, 4)), f"A-{n}") for n in range(many)]
    units = {(sku, node): int(rng.integers(0, scarce)) for sku in EVERY_ITEM for node in NODES}
    cut = int(rng.integers(0, many))
    batched, single = open_store("memory:"), open_store("memory:")
    for store in (batched, single):
        put(store, units)
    got = _in_turns(batched, shipping, orders[:cut]) + _in_turns(batched, shipping, orders[cut:])
    assert got == [alone(single, shipping, one) for one in orders]
    # Counts carry versions that grow from store to store; everything else is the same.
    assert state(batched)["balances"] == state(single)["balances"]
    assert state(batched)["slots"] == state(single)["slots"]


def _in_turns(store: Store, shipping: ShippingNetwork, orders: Sequence[Order]) -> list[bytes]:
    """Batches as long as every order of them is plain: what is not ends its batch and goes alone, in its turn."""
    done: list[bytes] = []
    waiting = list(orders)
    while waiting:
        plain = _plain(store, shipping, waiting)
        if plain:
            done += [record_of(one).canonical() for one in route_together(store, shipping, compiled(shipping), wishes(waiting[:plain]))]  # fmt: skip
        if waiting[plain:]:
            done.append(alone(store, shipping, waiting[plain]))
        waiting = waiting[plain + 1 :]
    return done


class _UndoneError(Exception):
    pass


def _plain(store: Store, shipping: ShippingNetwork, orders: Sequence[Order]) -> int:
    """How many of the first orders go together, found without leaving a trace."""
    told: list[Routed | None] = []
    with contextlib.suppress(_UndoneError), store.transaction() as books:
        told = route_together(JoinedStore(books), shipping, compiled(shipping), wishes(orders))
        raise _UndoneError
    return next((k for k, one in enumerate(told) if one is None), len(told))


def test_the_last_unit_goes_to_the_first_who_waits(store) -> None:
    put(store, {(ONE, NODES[0]): 1})
    first, second = wishes([order((ONE, 1), name="A-1"), order((ONE, 1), name="A-2")])
    told = route_together(store, NETWORK, POLICY, [first, second])
    assert [record_of(one).outcome for one in told] == [Outcome.EXECUTED, Outcome.UNSERVED]
    assert record_of(told[0]).order == "A-1"
    assert reserved(store) == {(ONE, NODES[0], ""): 1}


def test_what_nothing_serves_is_kept_with_a_case_and_tried_again(store) -> None:
    stocked(store)
    orders = [order(("SKU-050", 1), name="A-1"), order((ONE, 1), name="A-2")]
    none, one = route_together(store, NETWORK, POLICY, wishes(orders))
    other = open_store("memory:")
    stocked(other)
    assert record_of(none).canonical() == alone(other, NETWORK, orders[0])
    assert record_of(one).canonical() == alone(other, NETWORK, orders[1])
    with store.transaction() as books:
        cases = books.cases(CaseState.OPEN, CaseKind.UNSERVED)
    assert [case.about for case in cases] == ["order:A-1"]
    put(store, {("SKU-050", NODES[0]): 1})
    (later,) = route_together(store, NETWORK, POLICY, [Wish(RouteOrder(orders[0], NOW + timedelta(minutes=1)))])
    again = later or route_order(store, NETWORK, POLICY, RouteOrder(orders[0], NOW + timedelta(minutes=1)))
    assert again.record.outcome is Outcome.EXECUTED


def test_what_a_substitute_might_serve_goes_alone(store) -> None:
    stocked(store)
    wish = wishes([order(("SKU-050", 1))])
    assert route_together(store, NETWORK, POLICY, wish, substitutes={Sku("SKU-050"): (ONE,)}) == [None]
    assert not reserved(store)


def test_an_order_asked_again_gets_its_record(store) -> None:
    stocked(store)
    (first,) = route_together(store, NETWORK, POLICY, wishes([order((ONE, 2))]))
    again, other = route_together(store, NETWORK, POLICY, wishes([order((ONE, 2)), order((TWO, 1), name="A-2")]))
    assert again is not None
    assert again.repeated
    assert record_of(again).canonical() == record_of(first).canonical()
    assert record_of(other).outcome is Outcome.EXECUTED
    # By itself it is told the same.
    assert route_order(store, NETWORK, POLICY, RouteOrder(order((ONE, 2)), NOW)).record == record_of(first)


def test_another_order_under_a_known_id_goes_alone_and_is_refused_there(store) -> None:
    stocked(store)
    route_together(store, NETWORK, POLICY, wishes([order((ONE, 2))]))
    assert route_together(store, NETWORK, POLICY, wishes([order((ONE, 3))])) == [None]


def test_one_order_twice_in_a_batch_is_done_once(store) -> None:
    stocked(store)
    told = route_together(store, NETWORK, POLICY, wishes([order((ONE, 2)), order((ONE, 2))]))
    assert record_of(told[0]).outcome is Outcome.EXECUTED
    assert told[1] is None
    assert sum(reserved(store).values()) == 2


def test_a_callers_answer_is_kept_under_his_key_in_the_same_commit(store) -> None:
    stocked(store)
    wish = Wish(RouteOrder(order((ONE, 2)), NOW), "http:me:1", "asked", lambda record: record.id.encode())
    (told,) = route_together(store, NETWORK, POLICY, [wish])
    with store.transaction() as books:
        kept = books.recall("http:me:1")
    assert kept is not None
    assert (kept.request, kept.response) == ("asked", record_of(told).id.encode())
    assert route_together(store, NETWORK, POLICY, [wish, replace(wish, request="something else")]) == [None, None]


def test_a_batch_that_cannot_be_kept_leaves_no_trace(store) -> None:
    """The order was placed before and never served: what is there already is for the single way to look into."""
    stocked(store)
    with store.transaction() as books:
        books.put_order(order((ONE, 2)))
    before = state(store)
    assert route_together(store, NETWORK, POLICY, wishes([order((ONE, 2)), order((TWO, 1), name="A-2")])) == [
        None,
        None,
    ]
    assert state(store) == before


def test_stock_protected_for_a_class_goes_alone(store) -> None:
    stocked(store)
    with store.transaction() as books:
        books.set_quotas([Quota(ONE, NODES[0], "vip", Units(5))])
    told = route_together(store, NETWORK, POLICY, wishes([order((ONE, 2)), order((TWO, 1), name="A-2")]))
    assert told[0] is None
    assert record_of(told[1]).outcome is Outcome.EXECUTED


@pytest.mark.parametrize("stage", [RollOut(live=False), RollOut(share_bp=0), RollOut(nodes=frozenset({NodeId("?")}))])
def test_what_is_not_rolled_out_goes_alone(memory, stage) -> None:
    stocked(memory)
    assert route_together(memory, NETWORK, POLICY, wishes([order((ONE, 2))]), stage=stage) == [None]
    assert not reserved(memory)


def test_where_services_are_tried_on_purpose_every_order_goes_alone(memory) -> None:
    stocked(memory)
    costs = Costs(explore_share_bp=100, explore_within_cents=100, explore_week_cents=1_000)
    shipping = ShippingNetwork(nodes(4), items(), RateBook.from_frames(**frames()), costs, "sha256:test")
    assert route_together(memory, shipping, compiled(shipping), wishes([order((ONE, 2))])) == [None]


def test_shadows_and_absurd_orders_go_alone(memory) -> None:
    stocked(memory)
    shadow = Wish(RouteOrder(order((ONE, 2)), NOW, shadow=True))
    absurd = Wish(RouteOrder(order(("NO-SUCH", 1), name="A-2"), NOW))
    assert route_together(memory, NETWORK, POLICY, [shadow, absurd]) == [None, None]


def test_a_record_lies_in_the_books_once(postgres) -> None:
    stocked(postgres)
    (told,) = route_together(postgres, NETWORK, POLICY, wishes([order((ONE, 2))]))
    route_order(postgres, NETWORK, POLICY, RouteOrder(order((TWO, 2), name="A-2"), NOW))
    with postgres._engine.begin() as connection:
        sizes = connection.execute(sa.text("SELECT max(length(response)) FROM command")).scalar_one()
        kept = connection.execute(sa.text("SELECT record FROM decision ORDER BY number LIMIT 1")).scalar_one()
    assert sizes < 100
    assert hashlib.sha256(kept).digest() == hashlib.sha256(record_of(told).canonical()).digest()
