"""What the unit would have been worth where it lies: the price of one more unit of the item at the node."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "inventory price"


def term(offer: Offer) -> Charge:
    return Charge(unit_cents=offer.price_cents[offer.candidates.node])
