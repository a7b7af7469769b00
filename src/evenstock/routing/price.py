"""What every way to ship an order costs, term by term."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce

import numpy as np

from evenstock.domain import NodeId, Sku
from evenstock.registry import members
from evenstock.routing.candidates import Candidates
from evenstock.routing.network import ShippingNetwork
from evenstock.routing.priced import Priced, Whole
from evenstock.routing.term import Charge, Offer

FAMILY = "evenstock.routing.terms"
_MOST_MM3 = 10**17


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """Every term's charge, and their sum as the search sees it."""

    candidates: Candidates
    charges: tuple[tuple[str, Charge], ...]
    """By name, in the order of the family."""
    priced: Priced
    """With every candidate permitted: rules come later."""


def price(candidates: Candidates, network: ShippingNetwork, atp: Whole, price_cents: Whole) -> Pricing:
    """Ask every term, add up.

    Parameters
    ----------
    atp, price_cents : units each node can still promise and the value of one more, shape ``(node, line)``, with nodes
        in the order of the network and lines in that of `candidates`.
    """
    offer = Offer(candidates, network.nodes, network.steps, network.costs, price_cents)
    charges = tuple((name, term(offer)) for name, term in _terms())
    count, lines = len(candidates.ways), candidates.lines
    units = np.array([line.units for line in lines], np.int64)
    volumes = [min(item.volume_mm3, _MOST_MM3 // int(n)) for item, n in zip(candidates.items, units, strict=True)]
    numbers = {sku: n for n, sku in enumerate(dict.fromkeys(line.sku for line in lines))}
    steps = offer.steps
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
            longest_mm=np.array([max(i.length_mm, i.width_mm, i.height_mm) for i in candidates.items], np.int64),
            value_cents=units * np.array([line.price_cents for line in lines], np.int64),
            shipment_cents=_sum([c.shipment_cents for _, c in charges], (count,)),
            unit_cents=_sum([c.unit_cents for _, c in charges], (count, len(lines))),
            ladders=steps.ladders(
                _sum([c.step_cents for _, c in charges], steps.max_weight_g.shape),
                _sum([c.long_cents for _, c in charges], steps.long_above.shape),
            ),
            extra_shipment_cents=sum(c.extra_cents for _, c in charges),
        ),
    )


def by_node_and_line(
    candidates: Candidates, network: ShippingNetwork, amount: Mapping[tuple[Sku, NodeId], int]
) -> Whole:
    """Units or cents by (sku, node) as an array ``(node, line)``; what is not named is zero."""
    return np.array(
        [[amount.get((line.sku, node.id), 0) for line in candidates.lines] for node in network.nodes], np.int64
    )


@cache
def _terms() -> tuple[tuple[str, Callable[[Offer], Charge]], ...]:
    return tuple((module.NAME, module.term) for module in members(FAMILY).values())


def _sum(arrays: list[Whole | None], shape: tuple[int, ...]) -> Whole:
    there = [a for a in arrays if a is not None]
    return reduce(np.add, there) if there else np.zeros(shape, np.int64)
