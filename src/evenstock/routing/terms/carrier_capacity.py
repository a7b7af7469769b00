"""What one more parcel of a carrier's service on a day takes from the orders that come after it."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "carrier capacity"


def term(offer: Offer) -> Charge:
    return Charge(shipment_cents=offer.carrier_capacity_cents)
