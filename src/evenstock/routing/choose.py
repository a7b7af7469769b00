r"""The cheapest lawful way to ship one order, exactly, and the best others.

A parcel's cost is a step of the billable weight of all that travels in it, so where a line is cheapest depends on its
parcel-mates. Let ``cost[k][S]`` be the least cents of the lines ``S`` as one shipment of node ``k``, over its services.
The least cost of ``S`` from nodes ``k1 < … < kr`` is the minimum over the part ``T`` that the last of them ships of
``cost[kr][T]`` and the least cost of ``S \ T`` from the others. All node subsets up to the most shipments are tried;
a set of lines whose lower bound is above the worst plan kept is not extended. The bound lets nodes share their stock.

A node may send two shipments, if that is cheaper or if no one service may carry its lines together. Ties: fewest
shipments, then nodes in their order, then services in theirs, then earlier nodes keep the most lines. Give nodes,
services and lines sorted by name and the choice does not depend on the order in which they were listed.

Reach: exact up to `EXACT_LINES` lines, whatever the number of nodes and shipments. Within `WORK` the best plan of every
node subset is found; beyond it those of few nodes, and the best of all from the bound, which is a plan of its own
wherever its nodes need not share stock (no two lines of one item). Larger orders are chosen by
`evenstock.routing.large`. A choice that may not be the least is marked as not proven.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.routing.priced import Priced, Whole
from evenstock.routing.subset_kernel import INFEASIBLE, best_plans

EXACT_LINES: Final = 14
"""Up to so many lines the choice is exact (2^14 sets a node)."""
WORK: Final = 6_000_000
"""Parts of sets looked at for the best plan of every node subset, about 1 ns each."""
ALTERNATIVES: Final = 20


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
        If the order has more than `EXACT_LINES` lines: see `evenstock.routing.large`.
    """
    if priced.lines > EXACT_LINES:
        raise ValueError(f"{priced.lines} lines are beyond the exact search, which ends at {EXACT_LINES}")
    shipments = min(priced.max_shipments, priced.lines)
    deepest = most_nodes(priced.nodes, priced.lines, shipments)
    choice, relaxed = _search(priced, shipments, deepest, alternatives)
    if relaxed is None:
        return choice
    if _in_stock(priced, relaxed):
        return _first(priced, relaxed, choice, alternatives)
    # Lines of one item compete for stock: look deeper, whatever it takes, up to three nodes.
    choice, _ = _search(priced, shipments, min(3, shipments), alternatives)
    least = bool(len(choice) and choice.cents[0] <= relaxed.cents[0])
    return Choice(choice.cents, choice.candidate, choice.units, proven_least=least or shipments <= 3)


def least(priced: Priced) -> Choice:
    """The cheapest plan alone: several times faster than `choose` where no two lines are of one item."""
    choice, relaxed = _search(priced, min(priced.max_shipments, priced.lines), 1, 0)
    if relaxed is None:
        return choice
    return relaxed if _in_stock(priced, relaxed) else choose(priced, 0)


def _search(priced: Priced, shipments: int, deepest: int, alternatives: int) -> tuple[Choice, Choice | None]:
    """The best plans of up to `deepest` nodes; and the relaxation's plan where it is cheaper, in stock or not."""
    cents, candidate, units, relaxed, loose, loose_sets = best_plans(
        priced.node,
        priced.ladder,
        priced.permitted,
        priced.atp,
        priced.item,
        priced.units,
        priced.weight_g,
        priced.volume_mm3,
        priced.longest_mm,
        priced.value_cents,
        priced.shipment_cents,
        priced.unit_cents,
        priced.ladders.arrays,
        priced.extra_shipment_cents,
        shipments,
        priced.min_split_value_cents,
        deepest,
        alternatives + 1,
    )
    choice = Choice(cents, candidate, units)
    if deepest == shipments or relaxed >= (int(cents[0]) if len(cents) else INFEASIBLE):
        return choice, None
    bits = (loose_sets[:, None] >> np.arange(priced.lines)) & 1
    return choice, Choice(np.array([relaxed], np.int64), loose[None], (bits * priced.units)[None])


def _in_stock(priced: Priced, plan: Choice) -> bool:
    taken = np.zeros((priced.nodes, int(priced.item.max()) + 1), np.int64)
    for candidate, carried in plan.shipments():
        np.add.at(taken[priced.node[candidate]], priced.item, carried)
    return bool((taken[:, priced.item] <= priced.atp).all())


def _first(priced: Priced, best: Choice, others: Choice, alternatives: int) -> Choice:
    """The best plan, then those of other node subsets."""
    nodes = {int(priced.node[c]) for c, _ in best.shipments()}
    keep = [p for p in range(len(others)) if {int(priced.node[c]) for c, _ in others.shipments(p)} != nodes]
    keep = keep[:alternatives]
    return Choice(
        np.concatenate([best.cents, others.cents[keep]]),
        np.concatenate([best.candidate, others.candidate[keep]]),
        np.concatenate([best.units, others.units[keep]]),
    )


def most_nodes(nodes: int, lines: int, shipments: int) -> int:
    """Most nodes of a plan for which every subset is priced within `WORK`.

    Examples
    --------
    Twelve nodes and ten lines: 66 pairs of nodes with 3^10 parts of sets each are 3.9 million.

    >>> most_nodes(12, 10, 3), most_nodes(12, 12, 3), most_nodes(8, 4, 4)
    (3, 2, 4)
    """
    work, deepest = 0, min(2, shipments)
    while deepest < shipments:
        work += comb(nodes, deepest) * 3**lines * (shipments - deepest)
        if work > WORK:
            break
        deepest += 1
    return deepest
