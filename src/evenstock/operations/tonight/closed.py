"""Which lanes are closed to which items tonight, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from evenstock.domain import Item, Lane, Node, NodeKind
from evenstock.operations.network import Network

CLOSED_POOL: Final = "the Amazon pool is closed: nothing leaves it by transfer"


@dataclass(frozen=True, slots=True, eq=False)
class Closed:
    barred: NDArray[np.bool_]
    """``(K, A)``."""
    because: NDArray[np.int64]
    """Number of the reason, ``(K, A)``; -1 where it is open."""
    reasons: tuple[str, ...]
    floor_days: NDArray[np.float64]
    """Days of demand that rules keep at each node, ``(K, W)``."""
    notes: tuple[str, ...]


def closed(
    network: Network, items: Sequence[Item], nodes: Sequence[Node], on: date, excluded: Sequence[tuple[str, str]]
) -> Closed:
    """Rules first, then Amazon's pool, then items and nodes left out with their reason; the first reason counts."""
    lanes = network.lanes
    bounds = network.policy.transfer_bounds(
        [(lane.origin, lane.destination) for lane in lanes], [n.id for n in nodes], [i.sku for i in items], on
    )
    barred, because = np.ascontiguousarray(bounds.closed.T), np.ascontiguousarray(bounds.because.T)
    reasons = [f"rule {rule}" for rule, _ in bounds.closed_by]

    def shut(where: NDArray[np.bool_], why: str) -> None:
        because[where & ~barred] = len(reasons)
        reasons.append(why)
        np.logical_or(barred, where, out=barred)

    pooled = np.array([network.nodes[lane.origin].kind is NodeKind.FBA for lane in lanes], np.bool_)
    if pooled.any():
        shut(np.broadcast_to(pooled, barred.shape), CLOSED_POOL)
    at_sku = {str(item.sku): k for k, item in enumerate(items)}
    for name, why in excluded:
        out = np.zeros_like(barred)
        if name in at_sku:
            out[at_sku[name]] = True
        else:
            out[:, _touching(lanes, name)] = True
        shut(out, why)
    notes = tuple(f"rule {rule} closes {count} item-lanes" for rule, count in bounds.closed_by)
    return Closed(barred, because, tuple(reasons), np.ascontiguousarray(bounds.floor_days.T), notes)


def _touching(lanes: Sequence[Lane], node: str) -> list[bool]:
    return [node in (lane.origin, lane.destination) for lane in lanes]
