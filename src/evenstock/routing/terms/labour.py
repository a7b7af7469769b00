"""What the node charges to take each unit from its shelf."""

from __future__ import annotations

import numpy as np

from evenstock.routing.term import Charge, Offer

NAME = "labour"


def term(offer: Offer) -> Charge:
    unit = np.array([n.pick_unit_cents for n in offer.nodes], np.int64)[offer.candidates.node]
    return Charge(unit_cents=np.repeat(unit[:, None], len(offer.candidates.lines), axis=1))
