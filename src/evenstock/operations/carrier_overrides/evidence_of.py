"""Parcels of a company as evidence about its carriers."""

from __future__ import annotations

from datetime import date

import polars as pl

from evenstock.freight import transit
from evenstock.freight.failing import Evidence, evidence
from evenstock.freight.zones import area
from evenstock.operations.company import Company


def evidence_of(company: Company, as_of: date) -> Evidence:
    """Deliveries as known on the morning of `as_of`, with what tracking says of lost and damaged parcels.

    A parcel whose row names no node left from the node whose dock lies in its postal area, if that is one node alone.

    Raises
    ------
    ValueError
        If no deliveries were imported, or the network has no rate cards.
    """
    deliveries, book = company.table("deliveries"), company.network.rates
    if deliveries is None:
        raise ValueError(
            "no scans: import a table named deliveries (parcel, service, postal codes, shipped_at, delivered_at)"
        )
    if book is None:
        raise ValueError(
            "the network has no rate cards, so there is nothing to use instead; import rate_cards and rates"
        )
    clocks = {str(node.id): node.timezone for node in company.network.nodes.values()}
    scans = transit.read(deliveries, as_of, timezones=clocks)
    docks: dict[str, list[str]] = {}
    for node in company.network.nodes.values():
        docks.setdefault(area(node.postal_code), []).append(str(node.id))
    alone = {place: nodes[0] for place, nodes in docks.items() if len(nodes) == 1}
    named = dict(deliveries.select("parcel", "origin").iter_rows()) if "origin" in deliveries.columns else {}
    origins = [
        named.get(parcel) or alone.get(area(code), code)
        for parcel, code in zip(scans.parcel, scans.origin, strict=True)
    ]
    lost, damaged = _harmed(company, as_of)
    return evidence(scans, origins, zone=book.zone, lost=lost, damaged=damaged)


def _harmed(company: Company, as_of: date) -> tuple[set[str], set[str]]:
    """Parcels said to be lost, and damaged, by tracking before the day."""
    events = company.table("tracking_events")
    if events is None:
        return set(), set()
    known = events.filter(pl.col("scanned_at").dt.date() < as_of)
    lost = set(known.filter(pl.col("status").cast(pl.String) == "lost")["parcel"])
    # What was found again is not lost.
    found = set(known.filter(pl.col("status").cast(pl.String) == "delivered")["parcel"])
    return lost - found, set(known.filter(pl.col("status").cast(pl.String) == "damaged")["parcel"])
