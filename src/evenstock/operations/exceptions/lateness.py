"""How likely a promise is broken by the ways an order goes, before and after something went wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date

from evenstock.domain import Candidate, Costs, DecisionRecord, Order
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


def at_risk(before: int | None, after: int | None, costs: Costs) -> bool:
    """Whether lateness is expected to cost more by this than giving the order another way does.

    Examples
    --------
    Three points of a hundred more, at 9.00 for a late order, are 0.27, and a switch costs 0.25.

    >>> at_risk(10_000, 40_000, Costs()), at_risk(10_000, 30_000, Costs())
    (True, False)
    """
    if before is None or after is None:
        return False
    return (after - before) * costs.late_order_cents > CERTAIN * costs.switch_cents
