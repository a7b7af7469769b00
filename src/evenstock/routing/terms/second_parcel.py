"""What each shipment after the first costs beyond its own freight: the customer's patience, service's time."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "second parcel"


def term(offer: Offer) -> Charge:
    return Charge(extra_cents=offer.costs.extra_shipment_cents)
