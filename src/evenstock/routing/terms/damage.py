"""What a parcel costs that is lost or arrives damaged: its probability times the goods in it and the cost of a claim.

The probability is that of the service on the lane (`evenstock.routing.knowledge`), in millionths; a company that knows
none is charged nothing. Goods count as what the customer paid, or what they cost us where that is more: they are refunded
or sent again. What a carrier pays back is not taken off. The goods of each unit, and the claim of a shipment, are rounded
half up.
"""

from __future__ import annotations

import numpy as np

from evenstock.routing.term import MILLION, Charge, Offer

NAME = "damage"


def term(offer: Offer) -> Charge:
    if offer.damage_millionths is None:
        return Charge()
    chance = offer.damage_millionths
    lines, items = offer.candidates.lines, offer.candidates.items
    worth = np.array(
        [max(line.price_cents, item.unit_cost_cents) for line, item in zip(lines, items, strict=True)], np.int64
    )
    return Charge(
        shipment_cents=(chance * offer.costs.claim_cents + MILLION // 2) // MILLION,
        unit_cents=(chance[:, None] * worth + MILLION // 2) // MILLION,
    )
