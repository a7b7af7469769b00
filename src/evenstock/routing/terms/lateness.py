"""What a broken promise costs: its probability times the cost of a late order, rounded half up.

Each shipment of a split order bears its own: that is at most the true expectation times the number of shipments, and
equal to it where only one can be late. Where nothing is promised or transit is unknown, nothing is charged.
"""

from __future__ import annotations

import numpy as np

from evenstock.routing.term import Charge, Offer

NAME = "lateness"


def term(offer: Offer) -> Charge:
    late = 1.0 - offer.candidates.on_time
    late[np.isnan(late)] = 0.0
    # A millionth of a cent keeps the same probability, summed in another order, on the same side of a half.
    return Charge(shipment_cents=np.floor(late * offer.costs.late_order_cents + 0.5 + 1e-6).astype(np.int64))
