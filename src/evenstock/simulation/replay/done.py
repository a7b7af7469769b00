"""What was done, in the same money: each recorded shipment priced by the rates and handling that decisions are priced by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.domain import OrderPlan
from evenstock.freight.marks import together
from evenstock.routing.choose import Choice
from evenstock.routing.explain import plans
from evenstock.routing.price import Pricing
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import carton_cents
from evenstock.simulation.replay.chunks import paid
from evenstock.simulation.replay.past import Shipped


@dataclass(frozen=True, slots=True)
class Done:
    """How an order was shipped, priced."""

    plan: OrderPlan | None
    """None where it cannot be priced."""
    why_not: str = ""


def done(pricing: Pricing, shipments: tuple[Shipped, ...]) -> Done:
    """The order's own shipments, without what replaced failed ones, as a plan of today's terms.

    A shipment whose service nobody recorded goes by the cheapest of its node.
    """
    first = [one for one in shipments if not one.reship]
    if not first:
        return Done(None, "no shipment is recorded")
    found, priced = pricing.candidates, pricing.priced
    number = {line.id: i for i, line in enumerate(found.lines)}
    ways: list[int] = []
    carried = np.zeros((len(first), priced.lines), np.int64)
    for s, shipment in enumerate(first):
        for line, units in shipment.units:
            if line not in number:
                return Done(None, f"line {line} of a shipment is not in the order")
            carried[s, number[line]] += units
        fitting = [
            c for c, way in enumerate(found.ways) if way.node == shipment.node and shipment.service in ("", way.service)
        ]
        if not fitting:
            by = f" by {shipment.service}" if shipment.service else ""
            return Done(None, f"{shipment.node} does not ship{by} in this network, or no rate says what it costs")
        if not carried[s].any():
            return Done(None, "nobody recorded what was in its shipments")
        ways.append(min(fitting, key=lambda c, s=s: (shipment_cents(priced, c, carried[s]), c)))  # type: ignore[misc]
    if (carried.sum(axis=0) != priced.units).any():
        return Done(None, "its shipments held other units than the order wanted")
    order = np.argsort(ways, kind="stable")
    cents = sum(shipment_cents(priced, ways[s], carried[s]) for s in order)
    cents += (len(ways) - 1) * priced.extra_shipment_cents
    choice = Choice(np.array([cents], np.int64), np.array([ways], np.int64)[:, order], carried[None, order])
    return Done(paid(plans(pricing, choice)[0]))


def shipment_cents(priced: Priced, way: int, units: Whole) -> int:
    """Cents of these units of each line as one shipment of a way."""
    weight = int((priced.weight_g // priced.units * units).sum())
    volume = int((priced.volume_mm3 // priced.units * units).sum())
    longest = together(priced.longest_mm[units > 0])
    freight = carton_cents(priced.ladders.arrays, int(priced.ladder[way]), weight, volume, longest)
    return int(priced.shipment_cents[way] + (priced.unit_cents[way] * units).sum() + freight)
