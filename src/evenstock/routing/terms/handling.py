"""What the node charges to pick and pack: once a shipment, and for each unit."""

from __future__ import annotations

import numpy as np

from evenstock.routing.term import Charge, Offer

NAME = "handling"


def term(offer: Offer) -> Charge:
    node = offer.candidates.node
    shipment = np.array([n.pick_order_cents for n in offer.nodes], np.int64)[node]
    unit = np.array([n.pick_unit_cents for n in offer.nodes], np.int64)[node]
    return Charge(shipment_cents=shipment, unit_cents=np.repeat(unit[:, None], len(offer.candidates.lines), axis=1))
