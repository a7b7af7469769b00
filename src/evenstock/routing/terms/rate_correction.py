"""What invoices taught about a carrier's charges until its rate card is mended."""

from __future__ import annotations

from evenstock.routing.term import Charge, Offer

NAME = "rate correction"


def term(offer: Offer) -> Charge:
    if not offer.steps.corrected:
        return Charge()
    return Charge(step_cents=offer.steps.correction_cents, long_cents=offer.steps.long_correction_cents)
