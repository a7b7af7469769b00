"""What the record says is there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evenstock.domain.names import UNTRACKED, LotId, NodeId, Sku, Units


@dataclass(frozen=True, slots=True)
class StockBalance:
    """Units of one item (and lot) at one node by state: a projection of the movements, which can be rebuilt from them."""

    sku: Sku
    node: NodeId
    lot: LotId = UNTRACKED
    available: Units = Units(0)
    reserved: Units = Units(0)
    allocated: Units = Units(0)
    held: Units = Units(0)
    in_transit: Units = Units(0)
    shortfall: Units = Units(0)
    """Units a count found missing although they were promised: above zero exactly while an exception is open."""
    buffer: Units = Units(0)
    """Safety buffer for record doubt and age: never promised."""

    def __post_init__(self) -> None:
        for name in ("available", "reserved", "allocated", "held", "in_transit", "shortfall", "buffer"):
            if getattr(self, name) < 0:
                raise ValueError(f"{self.sku} at {self.node}: {name} cannot be below zero")

    @property
    def on_hand(self) -> Units:
        """Units physically at the node by the record (ASCM on-hand balance)."""
        return Units(self.available + self.reserved + self.allocated + self.held)

    @property
    def atp(self) -> Units:
        """Available to promise: available less the safety buffer, never below zero.

        Examples
        --------
        >>> StockBalance(Sku("MUG"), NodeId("TX"), available=Units(7), buffer=Units(2)).atp
        5
        """
        return Units(max(0, self.available - self.buffer))


def promisable(balances: Iterable[StockBalance]) -> dict[tuple[Sku, NodeId], int]:
    """Units available to promise by item and node, lots added up.

    Examples
    --------
    >>> mugs = [StockBalance(Sku("MUG"), NodeId("TX"), LotId(lot), available=Units(3)) for lot in ("a", "b")]
    >>> promisable(mugs)
    {('MUG', 'TX'): 6}
    """
    there: dict[tuple[Sku, NodeId], int] = {}
    for balance in balances:
        key = (balance.sku, balance.node)
        there[key] = there.get(key, 0) + balance.atp
    return there
