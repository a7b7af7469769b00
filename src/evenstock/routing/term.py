"""What a cost term sees, and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.domain import Costs, Node
from evenstock.routing.candidates import Candidates
from evenstock.routing.parcels import ParcelSteps
from evenstock.routing.priced import Whole


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One order, its candidates, and what they draw on."""

    candidates: Candidates
    nodes: tuple[Node, ...]
    steps: ParcelSteps
    costs: Costs
    price_cents: Whole
    """Value of one more unit of each line's item at each node, shape ``(node, line)``."""


@dataclass(frozen=True, slots=True, eq=False)
class Charge:
    """One term's whole cents, by what they depend on; what is left out is zero. Each is rounded once, by the term."""

    shipment_cents: Whole | None = None
    """Of a shipment whatever is in it, shape ``(candidate,)``."""
    unit_cents: Whole | None = None
    """Of a unit, shape ``(candidate, line)``."""
    step_cents: Whole | None = None
    """Of a carton by its step, shape ``(step,)`` of `Offer.steps`."""
    long_cents: Whole | None = None
    """Of a carton with goods above a length, shape ``(charge,)`` of `Offer.steps`."""
    extra_cents: int = 0
    """Of each shipment after the first."""
