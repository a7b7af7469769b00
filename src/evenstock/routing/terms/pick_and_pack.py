"""What the node charges for a shipment whatever is in it: the walk, the box, the label."""

from __future__ import annotations

import numpy as np

from evenstock.routing.term import Charge, Offer

NAME = "pick and pack"


def term(offer: Offer) -> Charge:
    shipment = np.array([n.pick_order_cents for n in offer.nodes], np.int64)
    return Charge(shipment_cents=shipment[offer.candidates.node])
