"""Decides where a customer's return goes, from the prices in the books."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evenstock.domain.moments import refuse_naive
from evenstock.operations.company import Company
from evenstock.operations.ports import Store
from evenstock.routing.prices.ladder import in_force
from evenstock.routing.returns import CustomerReturn, ReturnDecision, ReturnPlan, ReturnTerms, decide_return


@dataclass(frozen=True, slots=True)
class RoutedReturn:
    decision: ReturnDecision
    price_rung: str
    """Where the prices of restocking came from, with their age, as a routing decision tells it."""
    warnings: tuple[str, ...]
    """Data used although it was out of date or unknown, in words."""


def route_return(
    store: Store, company: Company, asked: CustomerReturn, terms: ReturnTerms | None = None, *, now: datetime
) -> RoutedReturn:
    """Where the lines should go, and what every other way would bring; nothing is written.

    Restocking is worth what routing's own price table says of a unit more there: too old a row counts for nothing, as in
    routing. Nodes and rates are the company's current ones, on the day of `now` in UTC.

    Raises
    ------
    ValueError
        If `now` has no time zone, the network has no rate cards, or an item or a service is unknown.
    """
    refuse_naive(now, asked.id)
    network = company.shipping
    skus = sorted({line.sku for line in asked.lines})
    with store.reading() as books:
        prices = in_force(books.prices(skus, now), now)
    worth = {(row.sku, row.node): int(row.cents) for row in prices.rows}
    decision = decide_return(asked, network, worth, terms or ReturnTerms(), now.date())
    return RoutedReturn(decision, prices.rung, _warnings(decision))


def _warnings(decision: ReturnDecision) -> tuple[str, ...]:
    found = []
    for parcel in decision.choice.parcels if decision.choice else ():
        if parcel.stale:
            found.append(parcel.stale)
        if parcel.note:
            found.append(f"{parcel.service} to {parcel.node}: {parcel.note}")
        if parcel.days_thousandths is None:
            found.append(f"{parcel.service} zone {parcel.zone}: its days under way are unknown; no capital was charged")
    return tuple(dict.fromkeys(found))


def document(found: RoutedReturn) -> dict[str, Any]:
    """A decision about a return as JSON: money in cents, below zero where it brings more than it costs."""
    decision = found.decision
    return {
        "return": decision.asked.id,
        "choice": None if decision.choice is None else _plan(decision.choice),
        "alternatives": [_plan(plan) for plan in decision.alternatives],
        "barred": [
            {"node": b.node, "service": b.service, "rule": b.rule, "because": b.because} for b in decision.barred
        ],
        "prices": found.price_rung,
        "warnings": list(found.warnings),
        "sentence": decision.sentence,
    }


def _plan(plan: ReturnPlan) -> dict[str, Any]:
    return {
        "parcels": [
            {"node": parcel.node, "service": parcel.service, "cents": parcel.cents,
             "terms": {term.name: term.cents for term in parcel.terms}}
            for parcel in plan.parcels
        ],
        "kept_lines": [line.id for line in plan.kept],
        "cents": plan.cents,
    }  # fmt: skip
