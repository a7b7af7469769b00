"""What invoices taught about a carrier's charges until its rate card is mended."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "rate correction"


def term(offer: Offer) -> Charge:
    steps, long = offer.steps.correction_cents, offer.steps.long_correction_cents
    return Charge(step_cents=steps, long_cents=long) if steps.any() or long.any() else Charge()
