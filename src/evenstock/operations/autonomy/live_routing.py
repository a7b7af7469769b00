"""Which orders' decisions act: the part of the stages that speaks of routing, by order class, node and share."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from evenstock.domain import NodeId, Order, OrderPlan

ALL_BP: Final = 10_000


@dataclass(frozen=True, slots=True)
class RollOut:
    """Which decisions act. An order outside it is decided in shadow: recorded, compared, nothing reserved."""

    live: bool = True
    """False: every decision is a shadow."""
    order_classes: frozenset[str] = frozenset()
    """Classes whose orders act; none named means all."""
    nodes: frozenset[NodeId] = frozenset()
    """A plan acts if it ships from these alone; none named means all."""
    share_bp: int = ALL_BP
    """Share of orders that act, in hundredths of a percent; which ones follows from their ids and nothing else."""
    by: str = ""
    because: str = ""
    since: datetime | None = None
    previous: str = ""
    """Snapshot of the stage before; empty for the first."""
    digest: str = ""

    def __post_init__(self) -> None:
        if not 0 <= self.share_bp <= ALL_BP:
            raise ValueError(f"a roll-out's share is 0 to {ALL_BP} hundredths of a percent, not {self.share_bp}")

    def takes(self, order: Order) -> bool:
        """Whether an order of this class and id acts."""
        return (
            self.live
            and (not self.order_classes or order.order_class in self.order_classes)
            and lot(order.id) < self.share_bp
        )

    def lets(self, plan: OrderPlan) -> bool:
        """Whether a plan from these nodes acts."""
        return not self.nodes or self.nodes.issuperset(plan.nodes)

    def __str__(self) -> str:
        if not self.live:
            return "shadow: decisions are recorded, nothing is reserved"
        parts = []
        if self.order_classes:
            parts.append(f"classes {', '.join(sorted(self.order_classes))}")
        if self.nodes:
            parts.append(f"plans from {', '.join(sorted(self.nodes))} alone")
        if self.share_bp < ALL_BP:
            parts.append(f"{self.share_bp / 100:g} % of orders")
        return f"live for {'; '.join(parts)}" if parts else "live for every order"


def lot(name: str) -> int:
    """A number from 0 to 9,999 that an order, or any action, draws by its id, the same on every machine.

    Raising the share keeps those that acted before.

    Examples
    --------
    >>> lot("A-1001"), lot("A-1002")
    (7671, 1024)
    """
    return int.from_bytes(hashlib.sha256(f"roll-out:{name}".encode()).digest()[:8], "big") % ALL_BP
