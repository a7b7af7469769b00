"""How likely a promise is broken by the ways an order goes, before and after something went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date

from evenstock.domain import Candidate, DecisionRecord, Order
from evenstock.routing.network import ShippingNetwork

CERTAIN = 1_000_000
"""Probabilities in records are whole millionths."""


def promised(order: Order, record: DecisionRecord | None) -> date | None:
    """The day told to the customer: with the order, or when it was decided."""
    if order.promise is not None:
        return order.promise.deliver_by
    return record.commitment.deliver_by if record is not None and record.commitment is not None else None


def late_millionths(
    network: ShippingNetwork, order: Order, ways: Iterable[Candidate], deliver_by: date | None
) -> int | None:
    """P(some shipment arrives after `deliver_by`) in millionths; None where nothing was promised or transit is unknown."""
    if deliver_by is None:
        return None
    number = {node.id: k for k, node in enumerate(network.nodes)}
    to = order.ship_to.postal_code
    on_time = 1.0
    for way in ways:
        k = number[way.node]
        zone = network.book.zone(network.nodes[k].postal_code, to)
        if zone is None:
            return None
        on_time *= 1.0 - network.late(way.service, zone, way.ship_on, deliver_by, network.lane(k, to))
    return None if math.isnan(on_time) else round(CERTAIN * (1.0 - on_time))


def in_words(late: int | None) -> str:
    """A probability for people.

    Examples
    --------
    >>> in_words(123_456), in_words(None)
    ('12.3 %', 'unknown')
    """
    return "unknown" if late is None else f"{late / 10_000:.1f} %"


def breaks(before: int | None, after: int | None) -> bool:
    """The promise was more likely kept than not, and is more likely broken now."""
    return before is not None and after is not None and before <= CERTAIN // 2 < after
