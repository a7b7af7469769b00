"""What the carrier charges by zone and weight, minimum charge included."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "base freight"


def term(offer: Offer) -> Charge:
    return Charge(step_cents=offer.steps.base_cents)
