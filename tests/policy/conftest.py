from datetime import UTC, date, datetime

import numpy as np
import pytest

from evenstock import policy
from evenstock.domain import (
    Candidate,
    Cents,
    CostTerm,
    Grams,
    Item,
    LineId,
    Millimetres,
    Node,
    NodeId,
    NodeKind,
    Order,
    OrderId,
    OrderLine,
    OrderPlan,
    OrderShipment,
    Policy,
    Promise,
    Rule,
    ServiceId,
    ShippedLine,
    ShipTo,
    Sku,
    Units,
)

FRIDAY = date(2026, 11, 20)


def node(name, kind=NodeKind.OWN, **rest):
    return Node(NodeId(name), kind, "75201", "America/Chicago", **rest)


NODES = {
    n.id: n
    for n in (
        node("CA", NodeKind.THIRD_PARTY, pool="3pl", orders_per_day=400),
        node("FBA", NodeKind.FBA, pool="amazon"),
        node("NJ", certifications=frozenset({"hazmat", "cold"})),
        node("TX", active=False),
    )
}
ITEMS = {
    i.sku: i
    for i in (
        Item(Sku("MUG"), Grams(400), price_cents=Cents(1200), category="kitchen"),
        Item(Sku("LIPO"), Grams(90), price_cents=Cents(3000), category="power", requires=frozenset({"hazmat"})),
        Item(Sku("FISH"), Grams(500), price_cents=Cents(2500), category="food", max_transit_days=2),
        Item(Sku("SOFA"), Grams(41_000), length_mm=Millimetres(1900), price_cents=Cents(80_000), category="home"),
    )
}


def an_order(*skus, price_cents=1000, promise=None, **rest):
    lines = tuple(
        OrderLine(LineId(f"L{k}"), Sku(sku), Units(1), Cents(price_cents)) for k, sku in enumerate(skus or ("MUG",))
    )
    ship_to = rest.pop("ship_to", ShipTo("10001"))
    return Order(OrderId("O1"), lines, ship_to, datetime(2026, 11, 20, 15, tzinfo=UTC), promise, **rest)


def ways(*names):
    """Candidates named node:service."""
    return [Candidate(NodeId(n.split(":")[0]), ServiceId(n.split(":", 1)[1]), FRIDAY) for n in names]


def facts(candidates, on_time=None, slots=None, on=FRIDAY, transit=None, service_slots=None):
    count = len(candidates)
    return policy.CandidateFacts(
        on,
        np.full(count, np.nan) if on_time is None else np.array(on_time, dtype=float),
        np.full(count, policy.NO_CEILING) if slots is None else np.array(slots),
        None if transit is None else np.array(transit),
        None if service_slots is None else np.array(service_slots),
    )


def compiled(*rules, nodes=NODES, items=ITEMS, services=()):
    return policy.compile(Policy("test", tuple(rules)), nodes, items, services)


def rule(kind, hard=True, name=None, **parameters):
    return Rule(name or kind, kind, tuple((k, str(v)) for k, v in parameters.items()), hard=hard)


def ask(rules, candidates, order=None, **known):
    order = order or an_order()
    ready = compiled(*([rules] if isinstance(rules, Rule) else rules))
    return ready.permit(order, [ITEMS[line.sku] for line in order.lines], candidates, facts(candidates, **known))


def a_plan(*shipments):
    """Each shipment: node, cents, line ids."""
    return OrderPlan(
        tuple(
            OrderShipment(
                Candidate(NodeId(name), ServiceId("ups:ground"), FRIDAY),
                tuple(ShippedLine(LineId(line), Sku("MUG"), Units(1)) for line in lines),
                (CostTerm("base", Cents(cents)),),
            )
            for name, cents, lines in shipments
        )
    )


def promised(day=date(2026, 11, 24)):
    return Promise(day)


class World:
    """What the tests of policy share."""

    an_order, ways, facts, compiled, rule, ask, a_plan, promised = (
        staticmethod(f) for f in (an_order, ways, facts, compiled, rule, ask, a_plan, promised)
    )
    NODES, ITEMS, FRIDAY = NODES, ITEMS, FRIDAY


@pytest.fixture
def world():
    return World
