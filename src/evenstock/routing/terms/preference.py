"""What the company would pay to have its wish: charged to every shipment that a `prefer` rule does not prefer."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "preference"


def term(offer: Offer) -> Charge:
    return Charge(shipment_cents=offer.preference_cents)
