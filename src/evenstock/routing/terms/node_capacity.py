"""What one more shipment of a node on a day takes from the orders that come after it."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "node capacity"


def term(offer: Offer) -> Charge:
    return Charge(shipment_cents=offer.node_capacity_cents)
