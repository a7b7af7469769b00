"""The carrier's fuel surcharge, on its base charge and on surcharges that pay it."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "fuel"


def term(offer: Offer) -> Charge:
    return Charge(step_cents=offer.steps.fuel_cents, long_cents=offer.steps.long_fuel_cents)
