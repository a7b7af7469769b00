"""What may be shipped in place of an item that no node can ship: whole lines, where the company allows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from evenstock.domain import LineId, Order, OrderLine, Sku, Units
from evenstock.operations.deciding import Books, Decide, decide_order
from evenstock.policy import CompiledPolicy
from evenstock.routing.candidates import candidates, refusal
from evenstock.routing.network import ShippingNetwork

Substitutes = Mapping[Sku, tuple[Sku, ...]]
"""Items that may be shipped in place of one, best liked first."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """A line that ships as another item."""

    line: LineId
    units: Units
    sku: Sku
    """What was ordered."""
    substitute: Sku

    @property
    def sentence(self) -> str:
        return f"line {self.line}: {self.units} {self.substitute} in place of {self.sku}, which no node can ship"


@dataclass(frozen=True, slots=True)
class Substituted:
    """An order with other items on some lines. The customer pays what was agreed."""

    order: Order
    replaced: tuple[Replaced, ...]

    @property
    def sentence(self) -> str:
        """To be said in the decision's record, before anything else."""
        return f"{'; '.join(row.sentence for row in self.replaced)}."


def allowed_substitutes(frame: pl.DataFrame | None) -> dict[Sku, tuple[Sku, ...]]:
    """Substitutes that may be shipped, by item: those most customers take first, then by name.

    `frame` is the table `substitutes`; without the column `allowed` nothing is allowed.
    """
    if frame is None or "allowed" not in frame.columns:
        return {}
    rows = frame.filter(pl.col("allowed") & (pl.col("sku") != pl.col("substitute")))
    found: dict[Sku, tuple[Sku, ...]] = {}
    for sku, substitute in (
        rows.sort("sku", "share", "substitute", descending=[False, True, False]).select("sku", "substitute").iter_rows()
    ):
        found[Sku(sku)] = (*found.get(Sku(sku), ()), Sku(substitute))
    return found


def with_substitutes(order: Order, substitutes: Substitutes, can_ship: Callable[[Order], bool]) -> Substituted | None:
    """The order with each line that cannot ship at all replaced whole by the first allowed item that can.

    None where nothing is replaced, or where a line can ship neither as itself nor as a substitute: then another item on
    other lines would not help. Each line is asked about alone: that all of them ship together is for routing to find out.

    Parameters
    ----------
    can_ship
        Whether some node can lawfully ship an order as it stands, such as `shippable` answers.
    """
    lines: list[OrderLine] = []
    replaced: list[Replaced] = []
    for line in order.lines:
        offers = (replace(line, sku=sku) for sku in (line.sku, *substitutes.get(line.sku, ())))
        chosen = next((offer for offer in offers if can_ship(replace(order, lines=(offer,)))), None)
        if chosen is None:
            return None
        lines.append(chosen)
        if chosen.sku != line.sku:
            replaced.append(Replaced(line.id, line.units, line.sku, chosen.sku))
    return Substituted(replace(order, lines=tuple(lines)), tuple(replaced)) if replaced else None


def skus_of(order: Order, substitutes: Substitutes) -> list[Sku]:
    """Items whose stock must be known to substitute, sorted: those ordered and those allowed for them."""
    return sorted({sku for line in order.lines for sku in (line.sku, *substitutes.get(line.sku, ()))})


def shippable(
    network: ShippingNetwork, policy: CompiledPolicy, read: Books, now: datetime, decide: Decide = decide_order
) -> Callable[[Order], bool]:
    """Whether a plan is found for an order, by law and by stock; `read` holds the balances of `skus_of`."""

    def can_ship(order: Order) -> bool:
        if refusal(order, network):
            return False
        found = candidates(order, network, now, read.slots_taken)
        return decide(found, network, policy, read).plan is not None

    return can_ship
