"""What a unit costs that is not there when it is picked: its probability times the cost of a short pick, rounded half up.

The probability is the belief about the record of the item at the node (`evenstock.inventory.believe`), in millionths, so
that the same belief gives the same cents on every machine.
"""

from __future__ import annotations

from evenstock.routing.term import MILLION, Charge, Offer

NAME = "phantom stock"


def term(offer: Offer) -> Charge:
    if offer.phantom_millionths is None or not offer.costs.short_pick_cents:
        return Charge()
    cents = (offer.phantom_millionths * offer.costs.short_pick_cents + MILLION // 2) // MILLION
    return Charge(unit_cents=cents[offer.candidates.node])
