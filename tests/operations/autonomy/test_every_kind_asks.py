"""Of every kind of action that rules can speak of, some operation asks: refused, it is not done, and by nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.operations.autonomy.governed import acts, audited, under
from tests.operations.autonomy.test_orders_ask import routed
from tests.operations.autonomy.test_overrides_and_prices_ask import tries
from tests.operations.test_route_order import NETWORK, ONE, put, reserved
from tests.operations.test_route_together import TWO
from tests.operations.test_transfers import FRIDAY, MUG, PLAN, TX
from tests.operations.test_transfers import NOW as EVENING
from tests.routing.brand import NOW, order

from evenstock import policy
from evenstock.domain import (
    ActionKind,
    Cents,
    CostTerm,
    Grams,
    Item,
    Node,
    NodeId,
    NodeKind,
    Outcome,
    Price,
    PurchaseLine,
    StockObservation,
    Supply,
    Units,
)
from evenstock.operations.autonomy.asking_of_prices import lawful_prices
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.deciding import RouteOrder
from evenstock.operations.observe_stock import Outcome as Seen
from evenstock.operations.observe_stock import observe_stock
from evenstock.operations.ports import ConflictError
from evenstock.operations.route_order import route_order
from evenstock.operations.transfers import approve_plan
from evenstock.policy import text

SEA = Supply(MUG, "ACME", TX, Cents(500), 30, "sea")
AIR = replace(SEA, mode="air", lead_days=4)
BOUGHT = PurchaseLine(
    MUG,
    TX,
    "ACME by air",
    Units(9),
    Cents(900),
    (CostTerm("goods", Cents(4_500)),),
    FRIDAY,
    FRIDAY + timedelta(days=4),
    None,
    "",
)
BUYS = replace(PLAN, lines=(), purchases=(BOUGHT,))


def ships(rule, units, wanted, **more):
    """Whether an order sets stock aside under one rule."""
    store = audited()
    put(store, units)
    route_order(store, NETWORK, under(NETWORK, rule), RouteOrder(wanted, NOW), **more)
    return bool(reserved(store))


def released(rule, plan):
    """Whether a plan is carried out by whoever approves it."""
    nodes = {NodeId(name): Node(NodeId(name), NodeKind.OWN, "75201", "UTC") for name in ("PA", "TX", "CA")}
    items = {sku: Item(sku, Grams(400)) for sku in ("MUG", "TEA")}
    made = policy.compile(text.parse(f"policy brand\nrule r0: {rule}"), nodes, items)
    store = audited()
    with store.transaction() as books:
        books.put_plan(plan)
    try:
        approve_plan(store, plan.id, FRIDAY, "dana", EVENING, rules=Governance(made, None, [SEA, AIR]))
    except ConflictError as refused:
        if "r0" not in str(refused):
            raise
        return False
    return True


def counts(rule):
    store = audited()
    put(store, {(ONE, "TX"): 5})
    said = StockObservation("wms", ONE, NodeId("TX"), Units(3), NOW, 1)
    (told,) = observe_stock(store, [said], skus=[ONE], nodes=["TX"], now=NOW, rules=Governance(under(NETWORK, rule)))
    return told.outcome is Seen.CHANGED


def prices_move(rule):
    store = audited()
    with store.transaction() as books:
        row = Price(ONE, NodeId("TX"), NOW, "nightly", Cents(40))
        return bool(lawful_prices(books, Governance(under(NETWORK, rule)), NOW, [row]).prices)


DONE = {
    ActionKind.ROUTE: lambda rule: ships(rule, {(ONE, "TX"): 2}, order((ONE, 2))),
    ActionKind.SPLIT: lambda rule: ships(rule, {(ONE, "TX"): 2, (TWO, "NJ"): 1}, order((ONE, 2), (TWO, 1))),
    ActionKind.SUBSTITUTE: lambda rule: ships(rule, {(TWO, "TX"): 2}, order((ONE, 2)), substitutes={ONE: (TWO,)}),
    ActionKind.TRANSFER: lambda rule: released(rule, PLAN),
    ActionKind.BUY: lambda rule: released(rule, BUYS),
    ActionKind.EXPEDITE: lambda rule: released(rule, BUYS),
    ActionKind.ADJUST: counts,
    ActionKind.OVERRIDE_CARRIER: lambda rule: any(r.propensity and r.propensity.extra_cents for r in tries(rule)[1]),
    ActionKind.CHANGE_PRICE: prices_move,
}
"""Of each kind, whether an operation does it under a rule."""


@pytest.mark.parametrize("kind", list(ActionKind))
def test_it_is_done_where_nobody_governs_it_and_not_where_it_is_refused_or_unlawful(kind):
    done = DONE[kind]
    assert done("refuse adjust when units above 1000000")
    assert not done(f"refuse {kind}")
    assert not done(f'prohibit {kind} under "Art. 1"')
    assert done(f"automatic {kind}")


@pytest.mark.parametrize(
    "kind", [k for k in ActionKind if k not in (ActionKind.ROUTE, ActionKind.SPLIT, ActionKind.SUBSTITUTE)]
)
def test_what_is_proposed_is_not_done_by_a_program(kind):
    """Orders are set aside while a person is asked; a plan that `dana` approves is approved by a person."""
    if kind in (ActionKind.TRANSFER, ActionKind.BUY, ActionKind.EXPEDITE):
        assert DONE[kind](f"propose {kind} for approver")
    else:
        assert not DONE[kind](f"propose {kind} for approver")


def test_an_order_that_waits_for_a_person_left_no_deed():
    store = audited()
    put(store, {(ONE, "TX"): 2})
    assert routed(store, under(NETWORK, "propose route for approver")).outcome is Outcome.AWAITS_APPROVAL
    assert acts(store) == []
