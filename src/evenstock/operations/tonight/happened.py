"""What happened, as far as tonight's question looks at it."""

from __future__ import annotations

import polars as pl

from evenstock import tables
from evenstock.operations.company import Company
from evenstock.operations.learn_lead_times import current_lead_times
from evenstock.operations.ports import Store
from evenstock.operations.tonight.question import Happenings


def happenings(store: Store, company: Company) -> Happenings:
    """The company's tables as last imported, and lead times as last learned."""
    learned = current_lead_times(store, company.snapshots)
    return Happenings(
        orders=company.table("orders"),
        places=company.tables.get("places"),
        receipts=_whole(company, "receipts"),
        returns=company.table("returns"),
        demand=company.table("demand"),
        substitutes=company.table("substitutes"),
        lots=company.table("lots"),
        lead_times=learned.lead_times if learned is not None else None,
    )


def _whole(company: Company, name: str) -> pl.DataFrame | None:
    """A table with every column that may be left out at its default."""
    found = company.table(name)
    return None if found is None else tables.with_defaults(tables.INPUT[name], found)
