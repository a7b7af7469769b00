"""What a parcel of returned lines costs and brings at a node, term by term."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import Final

from evenstock.domain import Cents, CostTerm, Item, LineId, Node, NodeId, NodeKind, Sku
from evenstock.freight.bulk import Bulk
from evenstock.freight.carbon import FACTORS, service_mode
from evenstock.freight.returns import ReturnLabel, return_label
from evenstock.routing.candidates import longest_side
from evenstock.routing.network import HAZARDOUS, ShippingNetwork
from evenstock.routing.returns.asked import MILLION, CustomerReturn, PaidBy, ReturnTerms

RESTOCK: Final = "restock value"
SAVED: Final = "saved purchase"
SALVAGE: Final = "salvage"
LABEL: Final = "return freight"
FEE: Final = "return fee"
HANDLING: Final = "handling"
CAPITAL: Final = "transit capital"
CARBON: Final = "carbon"
KEPT: Final = "kept by the customer"
_BP: Final = 10_000
_DAYS_A_YEAR: Final = 365
_THOUSAND: Final = 1_000


@dataclass(frozen=True, slots=True)
class ReturnParcel:
    """Lines that go back to one node together by one service. What it brings stands below zero."""

    node: NodeId
    service: str
    lines: tuple[LineId, ...]
    terms: tuple[CostTerm, ...]
    label_cents: Cents
    """What the carrier charges, whoever pays it."""
    zone: int
    days_thousandths: int | None
    """Mean days under way, in thousandths; None where unknown, and then no capital is charged."""
    stale: str = ""
    note: str = ""

    @property
    def cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.terms))


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """One return with everything that its parcels are priced from."""

    asked: CustomerReturn
    items: tuple[Item, ...]
    """Of each line."""
    network: ShippingNetwork
    price_cents: Mapping[tuple[Sku, NodeId], int]
    terms: ReturnTerms
    on: date
    services: tuple[str, ...]
    made: dict[tuple[NodeId, str, tuple[int, ...]], ReturnParcel | None] = field(default_factory=dict)
    """Parcels priced before."""

    def barred(self, node: Node) -> tuple[str, str]:
        """Rule and reason why no parcel may go to the node at all; empty where some may."""
        if not node.active:
            return "active", f"{node.id} is closed"
        if node.kind is NodeKind.FBA:
            return "pool", f"{node.id} is Amazon's own pool and takes nothing back from the brand's customers"
        if self.terms.nodes and node.id not in self.terms.nodes:
            return "returns", f"{node.id} takes no returns"
        return "", ""

    def uncertified(self, node: Node, line: int) -> str:
        """Why the node may not take a line; empty where it may."""
        lacking = sorted(self.items[line].requires - node.certifications)
        return f"{node.id} is not certified for {', '.join(lacking)} for {self.items[line].sku}" if lacking else ""

    def parcel(self, lines: tuple[int, ...], node: Node, service: str) -> ReturnParcel | None:
        """These lines to a node by a service, certified or not; None where it has no rate or does not take one of them."""
        key = node.id, service, lines
        if key not in self.made:
            self.made[key] = self._parcel(lines, node, service)
        return self.made[key]

    def _parcel(self, lines: tuple[int, ...], node: Node, service: str) -> ReturnParcel | None:
        label = self._label(lines, node, service)
        if label is None:
            return None
        found = {
            LABEL: label.cents if self.terms.paid_by is PaidBy.COMPANY else 0,
            FEE: -self.terms.fee_cents if self.terms.paid_by is PaidBy.COMPANY else 0,
            HANDLING: self.terms.parcel_cents,
            CARBON: self._carbon_cents(lines, node, service),
        }
        for k in lines:
            for name, cents in self._line(k, node, label).items():
                found[name] = found.get(name, 0) + cents
        names = (RESTOCK, SAVED, SALVAGE, LABEL, FEE, HANDLING, CAPITAL, CARBON)
        return ReturnParcel(
            node.id,
            service,
            tuple(self.asked.lines[k].id for k in lines),
            tuple(CostTerm(name, Cents(found[name])) for name in names if found.get(name)),
            label.cents,
            label.zone,
            _thousandths(label.days),
            label.stale,
            "zone of the way out" if label.by_the_way_out else "",
        )

    def _label(self, lines: Sequence[int], node: Node, service: str) -> ReturnLabel | None:
        card = self.network.book.card(service, self.on)
        goods = [(self.items[k], self.asked.lines[k].units) for k in lines]
        if card is None or not all(card.takes(item.weight_g, longest_side(item)) for item, _ in goods):
            return None
        return return_label(
            self.network.book,
            service,
            self.asked.postal_code,
            node.postal_code,
            sum(item.weight_g * units for item, units in goods),
            sum(item.volume_mm3 * units for item, units in goods),
            self.on,
            goods=reduce(Bulk.beside, (_bulk(item) for item, _ in goods)),
        )

    def _line(self, k: int, node: Node, label: ReturnLabel) -> dict[str, int]:
        """Terms of one line, each rounded once."""
        line, item, terms = self.asked.lines[k], self.items[k], self.terms
        chance, units = terms.resaleable(line), line.units
        price = self.price_cents.get((line.sku, node.id), 0)
        days = _thousandths(label.days) or 0
        return {
            RESTOCK: -_share(chance * price * units, MILLION),
            SAVED: -_share(chance * item.unit_cost_cents * units * terms.saves_bp, MILLION * _BP),
            SALVAGE: -_share((MILLION - chance) * item.unit_cost_cents * units * terms.salvage_bp, MILLION * _BP),
            HANDLING: units * (node.receive_unit_cents + terms.inspect_unit_cents),
            CAPITAL: _share(
                units * item.unit_cost_cents * self.network.costs.capital_bp_per_year * days,
                _BP * _DAYS_A_YEAR * _THOUSAND,
            ),
        }

    def _carbon_cents(self, lines: Sequence[int], node: Node, service: str) -> int:
        price = self.network.costs.carbon_cents_per_tonne
        km = self.network.book.km(self.asked.postal_code, node.postal_code) if price else None
        if km is None:
            return 0
        weight_g = sum(self.items[k].weight_g * self.asked.lines[k].units for k in lines)
        # As routing charges it: whole grams a tonne-km, whole kilometres, milligrams.
        mg = FACTORS[service_mode(service)].grams * round(km) * weight_g // 1_000
        return _share(mg * price, 1_000_000_000)


def kept(terms: ReturnTerms) -> tuple[CostTerm, ...]:
    """Terms of a line that stays with the customer: its refund is paid either way and is no term."""
    return (CostTerm(KEPT, Cents(terms.keep_line_cents)),) if terms.keep_line_cents else ()


def no_item(asked: CustomerReturn, items: Mapping[Sku, Item]) -> str:
    """Lines of no known item, in words; empty where all are known."""
    unknown = sorted({str(line.sku) for line in asked.lines if line.sku not in items})
    return (
        f"{asked.id}: {', '.join(unknown)}: no such item in this network; import it, or correct the return"
        if unknown
        else ""
    )


def _bulk(item: Item) -> Bulk:
    return Bulk.of(item.length_mm, item.width_mm, item.height_mm, hazmat=HAZARDOUS in item.requires)


def _thousandths(days: float | None) -> int | None:
    return None if days is None else round(days * _THOUSAND)


def _share(amount: int, of: int) -> int:
    """A quotient rounded half up, once."""
    return (2 * amount + of) // (2 * of)
