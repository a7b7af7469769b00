"""What the customer was told, and what a plan now makes of it."""

from __future__ import annotations

from math import isnan

from evenstock.domain import Commitment, Order, OrderPlan
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.term import MILLION


def commitment_of(order: Order, plan: OrderPlan, network: ShippingNetwork) -> Commitment | None:
    """The order's promise with the probability told and that of the plan; None where nothing was promised.

    Where the transit time of some shipment is unknown, what was told stands: nothing newer is known.
    """
    promise = order.promise
    if promise is None:
        return None
    told = round(promise.probability * MILLION)
    now = whole_by(order, plan, network)
    return Commitment(promise.deliver_by, told, told if now is None else now)


def whole_by(order: Order, plan: OrderPlan, network: ShippingNetwork) -> int | None:
    """P(every shipment of the plan arrives by the promise) in millionths, rounded down; None where it is unknown.

    Shipments are taken as independent: those of one carrier in one storm are not, so that for a split order it errs low.
    """
    assert order.promise is not None
    postal, to = {node.id: (k, node.postal_code) for k, node in enumerate(network.nodes)}, order.ship_to.postal_code
    chance = 1.0
    for way in (shipment.candidate for shipment in plan.shipments):
        k, origin = postal[way.node]
        zone = network.book.zone(origin, to)
        if zone is None:
            return None
        chance *= 1.0 - network.late(way.service, zone, way.ship_on, order.promise.deliver_by, network.lane(k, to))
    # A billionth keeps 0.9 summed in another order on its own side.
    return None if isnan(chance) else int(chance * MILLION + 1e-3)
