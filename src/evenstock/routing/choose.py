r"""The cheapest lawful way to ship one order, exactly, and the best others.

A parcel's cost is a step of the billable weight of all that travels in it, so where a line is cheapest depends on its
parcel-mates. Let ``cost[S][k]`` be the least cents of the goods ``S`` as one shipment of node ``k``, over its services.
A plan puts the order's goods into shipments and each shipment at a node. All ways to do so are searched, one shipment
first, then two, and so on; a way is left where its lower bound is above the worst plan kept. The bound of goods not yet
placed is their least cost in as many shipments as may follow, each from its cheapest node.

A node may send two shipments, if that is cheaper or if no one service may carry its lines together. Lines of one item
share its stock. Lines of one kit are one piece of goods. Ties: fewest shipments, then nodes in their order, then the
last shipment has the first lines (its set, as a binary number with the first line for its lowest digit, is the least;
then that of the one before it), then services in theirs. Give nodes, services and lines sorted by name and the choice
does not depend on the order in which they were listed.

Reach: exact up to `EXACT_LINES` pieces, whatever the number of nodes and shipments. The alternatives are the best plans
of other sets of nodes, exact too, until the search has taken `WORK` steps; from there only the least is sought, and
`Choice.exact_alternatives` is false. Ordinary orders take a small part of that. Larger orders are chosen by
`evenstock.routing.large`. A choice that may not be the least is marked as not proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.plans_kernel import best_plans
from evenstock.routing.priced import Priced, Whole

EXACT_LINES: Final = 14
"""Up to so many pieces (lines, or kits) the choice is exact (2^14 sets a node)."""
WORK: Final = 3_000_000
"""Steps of the search for alternatives, about 2 ns each."""
MOST_WORK: Final = 300_000_000
"""Steps after which even the least is no longer sought; no order of up to three shipments is known to come near."""
ALTERNATIVES: Final = 20
NO_KITS: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """Plans, the cheapest first: the choice, then the best plan of each other node subset."""

    cents: Whole
    """Shape ``(plan,)``; empty where nothing lawful covers the order."""
    candidate: Whole
    """Candidate of each shipment, shape ``(plan, shipment)``, padded with -1."""
    units: Whole
    """Units of each line in each shipment, shape ``(plan, shipment, line)``."""
    proven_least: bool = True
    exact_alternatives: bool = True
    """Whether the plans after the first are the cheapest of all other node subsets, each the least of its own."""

    def __len__(self) -> int:
        return int(self.cents.shape[0])

    def shipments(self, plan: int = 0) -> list[tuple[int, NDArray[np.int64]]]:
        """Candidate and units by line of each shipment of a plan."""
        return [(int(c), self.units[plan, s]) for s, c in enumerate(self.candidate[plan]) if c >= 0]


def choose(priced: Priced, alternatives: int = ALTERNATIVES) -> Choice:
    """The cheapest whole-line cover of an order and the best others; empty if there is none.

    Raises
    ------
    ValueError
        If the order has more than `EXACT_LINES` pieces: see `evenstock.routing.large`.
    """
    if priced.pieces > EXACT_LINES:
        raise ValueError(f"{priced.pieces} lines are beyond the exact search, which ends at {EXACT_LINES}")
    return Choice(
        *best_plans(
            priced.node,
            priced.ladder,
            priced.permitted,
            priced.atp,
            priced.item,
            priced.units,
            NO_KITS if priced.kit is None else priced.kit,
            priced.weight_g,
            priced.volume_mm3,
            priced.longest_mm,
            priced.value_cents,
            priced.shipment_cents,
            priced.unit_cents,
            priced.ladders.arrays,
            priced.extra_shipment_cents,
            priced.max_shipments,
            priced.min_split_value_cents,
            alternatives + 1,
            WORK,
            MOST_WORK,
        )
    )


def least(priced: Priced) -> Choice:
    """The cheapest plan alone: `choose` without alternatives, some times faster."""
    return choose(priced, 0)
