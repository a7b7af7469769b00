"""What every way to ship an order costs, term by term."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import CapacityPrice, NodeId, OrderLine, Sku
from evenstock.freight.zones import area
from evenstock.registry import members
from evenstock.routing.candidates import Candidates
from evenstock.routing.knowledge import share_of_lane
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.parcels import Together, stacked
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.term import Charge, Offer

FAMILY = "evenstock.routing.terms"
_MOST_MM3 = 10**17


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """Every term's charge, and their sum as the search sees it."""

    candidates: Candidates
    charges: tuple[tuple[str, Charge], ...]
    """By name, in the order of the family; terms that charge nothing are left out."""
    priced: Priced
    """With every candidate permitted: rules come later."""
    cartons: Together
    """What each of these terms charges a carton."""
    shipment_cents: Whole
    """The same of a shipment, shape ``(term, candidate)``."""
    unit_cents: Whole
    """The same of a unit, shape ``(term, candidate, line)``."""


def price(
    candidates: Candidates,
    network: ShippingNetwork,
    atp: Whole,
    price_cents: Whole,
    *,
    phantom_millionths: Whole | None = None,
    preference_cents: Whole | None = None,
    node_capacity_cents: Whole | None = None,
    carrier_capacity_cents: Whole | None = None,
    damage_millionths: Whole | None = None,
) -> Pricing:
    """Ask every term, add up.

    Parameters
    ----------
    atp, price_cents : units each node can still promise and the value of one more, shape ``(node, line)``, with nodes
        in the order of the network and lines in that of `candidates`.
    phantom_millionths : probability that a unit of the record is not there, in millionths, shape ``(node, line)``.
    preference_cents : what rules charge for candidates they do not prefer, shape ``(candidate,)``.
    node_capacity_cents, carrier_capacity_cents : value of a place in a day, shape ``(candidate,)``, see `capacity_cents`.
    damage_millionths : probability that a shipment is lost or damaged, in millionths, shape ``(candidate,)``, see
        `by_lane`. What is left out of the last five charges nothing.
    """
    costs = network.costs
    offer = Offer(
        candidates,
        network.nodes,
        network.steps,
        costs,
        price_cents,
        phantom_millionths,
        preference_cents,
        node_capacity_cents,
        carrier_capacity_cents,
        damage_millionths,
        _km(candidates, network) if costs.carbon_cents_per_tonne else None,
        network.book.modes,
    )
    charges = tuple((name, charge) for name, term in _terms() if not (charge := term(offer)).free)
    count, lines = len(candidates.ways), candidates.lines
    units = np.array([line.units for line in lines], np.int64)
    volumes = [min(item.volume_mm3, _MOST_MM3 // int(n)) for item, n in zip(candidates.items, units, strict=True)]
    numbers = {sku: n for n, sku in enumerate(dict.fromkeys(line.sku for line in lines))}
    cartons = offer.steps.together([c.step_cents for _, c in charges], [c.long_cents for _, c in charges])
    shipment_cents = stacked([c.shipment_cents for _, c in charges], (count,))
    unit_cents = stacked([c.unit_cents for _, c in charges], (count, len(lines)))
    return Pricing(
        candidates,
        charges,
        Priced(
            node=candidates.node,
            ladder=candidates.ladder,
            permitted=candidates.fits,
            atp=atp,
            item=np.array([numbers[line.sku] for line in lines], np.int64),
            units=units,
            weight_g=units * np.array([item.weight_g for item in candidates.items], np.int64),
            volume_mm3=units * np.array(volumes, np.int64),
            longest_mm=np.array([network.mark(line.sku) for line in lines], np.int64),
            value_cents=units * np.array([line.price_cents for line in lines], np.int64),
            shipment_cents=shipment_cents.sum(axis=0),
            unit_cents=unit_cents.sum(axis=0),
            ladders=cartons.ladders,
            extra_shipment_cents=sum(c.extra_cents for _, c in charges),
            kit=_kits(lines),
        ),
        cartons,
        shipment_cents,
        unit_cents,
    )


def by_node_and_line(
    candidates: Candidates, network: ShippingNetwork, amount: Mapping[tuple[Sku, NodeId], int]
) -> Whole:
    """Units or cents by (sku, node) as an array ``(node, line)``; what is not named is zero."""
    if not amount:
        return np.zeros((len(network.nodes), len(candidates.lines)), np.int64)
    rows = [[amount.get((line.sku, node.id), 0) for line in candidates.lines] for node in network.nodes]
    return np.array(rows, np.int64).reshape(len(network.nodes), len(candidates.lines))


def by_lane(
    candidates: Candidates, network: ShippingNetwork, amount: Mapping[tuple[str, str, str], int]
) -> Whole | None:
    """What is known of each candidate's service on its lane, shape ``(candidate,)``; None where nothing is known at all.

    `amount` is read by `evenstock.routing.knowledge.share_of_lane`.
    """
    if not amount:
        return None
    to = area(candidates.order.ship_to.postal_code)
    docks = [area(node.postal_code) for node in network.nodes]
    found = [
        share_of_lane(amount, way.service, docks[k], to)
        for way, k in zip(candidates.ways, candidates.node.tolist(), strict=True)
    ]
    return np.array(found, np.int64)


def capacity_cents(candidates: Candidates, prices: Iterable[CapacityPrice]) -> tuple[Whole | None, Whole | None]:
    """Value of a place in the node's and in the service's day, shape ``(candidate,)`` each; None where none has a price."""
    node: dict[tuple[str, date], int] = {}
    service: dict[tuple[str, date], int] = {}
    of = {"node": node, "service": service}
    for row in prices:
        if row.scope in of:
            of[row.scope][row.name, row.day] = row.cents
    ways = candidates.ways
    return (
        np.array([node.get((way.node, way.ship_on), 0) for way in ways], np.int64) if node else None,
        np.array([service.get((way.service, way.ship_on), 0) for way in ways], np.int64) if service else None,
    )


def _kits(lines: Sequence[OrderLine]) -> Whole | None:
    """Number of each line's kit, -1 where it stands alone; None where no line is part of one."""
    names = {kit: n for n, kit in enumerate(dict.fromkeys(line.kit for line in lines if line.kit))}
    return np.array([names.get(line.kit, -1) for line in lines], np.int64) if names else None


def _km(candidates: Candidates, network: ShippingNetwork) -> NDArray[np.float64]:
    """Great-circle distance of each candidate."""
    to = candidates.order.ship_to.postal_code
    return np.array([network.km(k, to) for k in range(len(network.nodes))], np.float64)[candidates.node]


@cache
def _terms() -> tuple[tuple[str, Callable[[Offer], Charge]], ...]:
    return tuple((module.NAME, module.term) for module in members(FAMILY).values())
