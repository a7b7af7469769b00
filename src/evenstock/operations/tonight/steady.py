"""Keeps nights from undoing one another: what was moved lately does not move back for little, and noise moves nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Final

import numpy as np

from evenstock.domain import Costs, TransferOrder, TransferState
from evenstock.rebalancing.problem import Problem
from evenstock.rebalancing.steadiness.revision import revision_sd
from evenstock.rebalancing.steadiness.steady import RecentMoves, steadied

_MOVED: Final = frozenset(
    {TransferState.RELEASED, TransferState.DISPATCHED, TransferState.RECEIVED, TransferState.CLOSED}
)


def recent_moves(problem: Problem, transfers: Sequence[TransferOrder], on: date, nights: int) -> RecentMoves:
    """Lines of transfers that left, or were to leave, within so many nights."""
    at_sku = {sku: k for k, sku in enumerate(problem.skus)}
    at_node = {node: w for w, node in enumerate(problem.nodes)}
    rows = []
    for transfer in transfers:
        ago = (on - (transfer.dispatched_on or transfer.ship_by)).days
        known = transfer.origin in at_node and transfer.destination in at_node
        if transfer.state not in _MOVED or ago > nights or not known:
            continue
        for line in transfer.lines:
            if line.sku in at_sku:
                ends = at_node[transfer.origin], at_node[transfer.destination]
                rows.append((at_sku[line.sku], *ends, int(line.units), max(ago, 0)))
    table = np.array(rows, np.int64).reshape(-1, 5)
    item, origin, destination, units, days_ago = (np.ascontiguousarray(column) for column in table.T)
    return RecentMoves(item=item, origin=origin, destination=destination, units=units, days_ago=days_ago)


def steady(
    problem: Problem, transfers: Sequence[TransferOrder], on: date, costs: Costs
) -> tuple[Problem, tuple[str, ...]]:
    """Tonight's problem without moves that would undo a recent one or answer what may be another price tomorrow; what was barred."""
    recent = recent_moves(problem, transfers, on, costs.cooling_off_days)
    found = steadied(
        problem,
        recent,
        revision_sd_cents=revision_sd(problem) if costs.revision_bp and problem.days > 1 else None,
        kappa=costs.revision_bp / 10_000,
        round_trips=np.inf,
        cooling_days=np.full(len(recent.item), costs.cooling_off_days),
    )
    count = Counter(barred.reason for barred in found.barred)
    notes = tuple(f"{n} item-lanes stay closed tonight: {reason}" for reason, n in sorted(count.items()))
    return found.problem, notes
