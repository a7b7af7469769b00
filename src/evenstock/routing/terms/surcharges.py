"""The carrier's named surcharges: to every carton, to homes, for heavy and unhandy ones."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "surcharges"


def term(offer: Offer) -> Charge:
    return Charge(step_cents=offer.steps.surcharge_cents, long_cents=offer.steps.long_cents)
