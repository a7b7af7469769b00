"""What a cost term sees, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Costs, Node
from evenstock.routing.candidates import Candidates
from evenstock.routing.parcels import ParcelSteps
from evenstock.routing.priced import Whole

MILLION: Final = 1_000_000
"""Probabilities are whole millionths, so that they have the same bytes everywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """One order, its candidates, and what they draw on."""

    candidates: Candidates
    nodes: tuple[Node, ...]
    steps: ParcelSteps
    costs: Costs
    price_cents: Whole
    """Value of one more unit of each line's item at each node, shape ``(node, line)``."""
    phantom_millionths: Whole | None = None
    """P(a unit of each line's item is not there when it is picked), in millionths, shape ``(node, line)``; None for 0."""
    preference_cents: Whole | None = None
    """Of a shipment that rules would rather not see, shape ``(candidate,)``, as are the next two; None for none."""
    node_capacity_cents: Whole | None = None
    """Value of one more shipment of the candidate's node on its day."""
    carrier_capacity_cents: Whole | None = None
    """Value of one more parcel of the candidate's service on its day."""
    damage_millionths: Whole | None = None
    """P(a shipment is lost or damaged), in millionths, shape ``(candidate,)``; None where nothing is known."""
    km: NDArray[np.float64] | None = None
    """Great-circle distance of each candidate, nan where a place is unknown; None where carbon costs nothing."""
    modes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """How services travel, where their cards say so."""


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

    @property
    def free(self) -> bool:
        """Whether it charges nothing at all."""
        return (
            self.unit_cents is None
            and self.shipment_cents is None
            and self.step_cents is None
            and self.long_cents is None
            and not self.extra_cents
        )
