"""The carrier's fuel surcharge on its base charge."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "fuel"


def term(offer: Offer) -> Charge:
    return Charge(step_cents=offer.steps.fuel_cents)
