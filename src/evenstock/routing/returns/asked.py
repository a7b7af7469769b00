"""What a customer wants to send back, and the terms on which a company takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from evenstock.domain import Cents, Item, LineId, Sku, Units

MILLION: Final = 1_000_000
MOST_LINES: Final = 8
"""Lines of one return: all ways to part more of them are too many to look at."""


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    id: LineId
    sku: Sku
    units: Units
    refund_cents: Cents = Cents(0)
    """Refunded for one unit."""
    condition: str = ""
    """As the customer says, such as unopened, worn or broken; empty where nothing is said."""

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"{self.id} {self.sku}: a return has at least one unit")


@dataclass(frozen=True, slots=True)
class CustomerReturn:
    """Lines that one customer wants to send back together."""

    id: str
    lines: tuple[ReturnedLine, ...]
    postal_code: str
    """Of the customer, as text."""

    def __post_init__(self) -> None:
        if not self.id or not self.postal_code:
            raise ValueError("a return has an id and the customer's postal code")
        if not 1 <= len(self.lines) <= MOST_LINES:
            raise ValueError(
                f"{self.id}: a return has 1 to {MOST_LINES} lines, not {len(self.lines)}; part it into several"
            )
        if len({line.id for line in self.lines}) != len(self.lines):
            raise ValueError(f"{self.id}: each line has its own id")


class PaidBy(StrEnum):
    """Who pays the carrier for the label."""

    COMPANY = "company"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class ReturnTerms:
    """How a company takes goods back; every default can be argued with."""

    services: tuple[str, ...] = ()
    """Services of the rate book that carry returns; empty for all."""
    nodes: frozenset[str] = frozenset()
    """Nodes that take returns; empty for all."""
    paid_by: PaidBy = PaidBy.COMPANY
    fee_cents: int = 0
    """Kept from the refund for a parcel of the company's; not where the customer keeps the goods."""
    parcel_cents: int = 0
    """Receiving one parcel back, whatever is in it."""
    inspect_unit_cents: int = 0
    """Inspecting and cleaning a unit, beyond what its node charges to receive one."""
    resaleable_millionths: int = 850_000
    """Chance that a unit can be sold as new, where neither its item nor its condition says more."""
    by_condition: Mapping[str, int] = field(default_factory=dict)
    """The same by condition,"""
    by_sku: Mapping[str, int] = field(default_factory=dict)
    """and by item, which comes before the default and after the condition."""
    saves_bp: int = 10_000
    """Share of its cost that a unit fit for sale saves: it is one fewer to buy. 0 for what is never bought again."""
    salvage_bp: int = 0
    """Share of its cost that a unit unfit for sale brings."""
    keep: bool = True
    """Whether a customer may be refunded and keep the goods."""
    keep_up_to_cents: int | None = None
    """Most that may be refunded for a line that is kept; None for any."""
    keep_line_cents: int = 0
    """What a line kept costs beyond its refund: customers learn to ask."""
    most_parcels: int = 1

    def __post_init__(self) -> None:
        for name in ("fee_cents", "parcel_cents", "inspect_unit_cents", "saves_bp", "salvage_bp", "keep_line_cents"):
            if getattr(self, name) < 0:
                raise ValueError(f"return terms: {name} cannot be below zero")
        chances = [self.resaleable_millionths, *self.by_condition.values(), *self.by_sku.values()]
        if not all(0 <= chance <= MILLION for chance in chances):
            raise ValueError(f"return terms: a chance is 0 to {MILLION} millionths")
        if not 1 <= self.most_parcels <= MOST_LINES:
            raise ValueError(f"return terms: most_parcels is 1 to {MOST_LINES}, not {self.most_parcels}")

    def resaleable(self, line: ReturnedLine) -> int:
        """Chance in millionths: by condition, else by item, else the default.

        Examples
        --------
        >>> terms = ReturnTerms(by_condition={"broken": 0}, by_sku={"TEA": 200_000})
        >>> lines = [ReturnedLine(LineId("1"), Sku(s), Units(1), condition=c) for s, c in (("TEA", "broken"), ("TEA", ""), ("CUP", ""))]
        >>> [terms.resaleable(line) for line in lines]
        [0, 200000, 850000]
        """
        if line.condition in self.by_condition:
            return self.by_condition[line.condition]
        return self.by_sku.get(line.sku, self.resaleable_millionths)

    def may_keep(self, line: ReturnedLine, item: Item) -> str:
        """Why the customer may not keep this line; empty where he may."""
        refund = line.units * (line.refund_cents or item.price_cents)
        if not self.keep:
            return "goods are not left with customers"
        if self.keep_up_to_cents is not None and refund > self.keep_up_to_cents:
            return f"a refund of {refund / 100:.2f} is above {self.keep_up_to_cents / 100:.2f}"
        return ""
