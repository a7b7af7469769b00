"""Places in the days of nodes, services and carriers that have a ceiling: what a plan takes, and what to do where that is too many."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np

from evenstock.domain import Barred, Candidate, NodeId, OrderPlan
from evenstock.freight.carrier_limits import places_of_carrier
from evenstock.operations.ports import Slot
from evenstock.routing.candidates import Candidates, Slots
from evenstock.routing.network import ShippingNetwork

PLACES = "places"
"""What bars a way by which a plan would take more places than are left."""


def places_of(network: ShippingNetwork, plan: OrderPlan) -> list[Slot]:
    """A place in the day of the node, of the service and of its carrier, for each shipment where they have a ceiling."""
    if not network.capped:
        return []
    nodes = {node.id: node.orders_per_day for node in network.nodes}
    places = []
    for way in (shipment.candidate for shipment in plan.shipments):
        own = network.book.ceiling(way.service, way.ship_on), network.book.limits.ceiling(way.service, way.ship_on)
        for name, ceiling in zip(_names(way), (nodes[way.node], *own), strict=True):
            if ceiling is not None:
                places.append(Slot(name, way.ship_on, ceiling))
    return places


def without_excess(found: Candidates, network: ShippingNetwork, plan: OrderPlan, taken: Slots) -> Candidates | None:
    """The order without ways by which this plan takes more places than are left; None where it takes none too many.

    The search looks at each way by itself: several shipments of one order may meet in a day with fewer places. Then the
    dearest shipments keep their places, and the order is decided again over the other ways.
    """
    slots = places_of(network, plan)
    if not slots:
        return None
    wanted = Counter((slot.node, slot.day) for slot in slots)
    left = {(slot.node, slot.day): slot.ceiling - taken.get((slot.node, slot.day), 0) for slot in slots}
    over = {place for place, count in wanted.items() if count > left[place]}
    if not over:
        return None
    keeps = set()
    for shipment in sorted(plan.shipments, key=lambda shipment: -shipment.cents):
        way = shipment.candidate
        full = over & _days(way)
        if all(left[place] > 0 for place in full):
            keeps.add(way)
        else:
            keeps.discard(way)  # its second parcel finds no place
        for place in full:
            left[place] -= 1
    out = [way not in keeps and not over.isdisjoint(_days(way)) for way in found.ways]
    barred = tuple(
        Barred(way.node, way.service, PLACES, f"too few places are left on {way.ship_on} for one more shipment")
        for way, gone in zip(found.ways, out, strict=True)
        if gone
    )
    return replace(found.only(~np.array(out, np.bool_)), barred=found.barred + barred)


def _names(way: Candidate) -> tuple[NodeId, NodeId, NodeId]:
    """Whose days a shipment takes a place in: the node's, the service's, its carrier's."""
    return way.node, NodeId(way.service), NodeId(places_of_carrier(way.service))


def _days(way: Candidate) -> set[tuple[NodeId, date]]:
    return {(name, way.ship_on) for name in _names(way)}
