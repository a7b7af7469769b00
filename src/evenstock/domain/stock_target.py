"""Where a company wants its stock to stand."""

from __future__ import annotations

from dataclasses import dataclass

from evenstock.domain.names import Cents, NodeId, Sku, Units


@dataclass(frozen=True, slots=True)
class StockTarget:
    """Cover, acceptance limit and service of an item, a category or all, at a node or all; empty means any."""

    sku: Sku = Sku("")
    category: str = ""
    node: NodeId = NodeId("")
    cover_low_days: int = 0
    cover_high_days: int | None = None
    below_cents: Cents = Cents(0)
    above_cents: Cents = Cents(0)
    most_units: Units | None = None
    cycle_service: float = 0.0
    """Type 1 (alpha): probability of no stock-out until the next chance to refill; 0 where nothing is asked."""
    fill_rate: float = 0.0
    """Type 2 (beta): share of units served at once; 0 where nothing is asked."""

    def __post_init__(self) -> None:
        if not (0 <= self.cycle_service < 1 and 0 <= self.fill_rate < 1):
            raise ValueError(f"{self.named}: service is a share from 0 to below 1")
        if self.cover_high_days is not None and self.cover_high_days < self.cover_low_days:
            raise ValueError(
                f"{self.named}: cover from {self.cover_low_days} to {self.cover_high_days} days; the high end is below the low one"
            )

    @property
    def named(self) -> str:
        of = self.sku or self.category or "every item"
        return f"stock target of {of} at {self.node or 'every node'}"

    @property
    def rank(self) -> int:
        """The more particular counts: item before category, node before everywhere."""
        return 4 * bool(self.sku) + 2 * bool(self.category) + bool(self.node)
