"""How probable each order's service was when it was decided: read from the decisions themselves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import polars as pl

from evenstock.domain import DecisionRecord, Outcome
from evenstock.freight.exploration import MILLION
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import Store, Transaction
from evenstock.operations.try_services import week_of

SCHEMA: Final[Mapping[str, pl.DataType | type[pl.DataType]]] = {
    "order": pl.String,
    "service": pl.String,
    "propensity": pl.Float64,
    "could": pl.List(pl.String),
}
BEFORE: Final = timedelta(weeks=3)
"""An order is decided at most so long before its parcel leaves: two weeks of closed days, and the week they began in."""
_AT_ONCE: Final = 1_000
_Row = tuple[str, str, float, list[str]]


def propensities_of(store: Store, *, as_of: date, weeks: int) -> pl.DataFrame:
    """A row for each order whose latest decision in these weeks knows how probable its service was.

    Columns order, service (chosen), propensity (above 0, up to 1) and could (the services of which one was chosen, sorted).
    Empty where none of these weeks had a try: then every choice was certain, and there is nothing to weigh. An order that
    was decided again has no row: what ships was not drawn any more. Decisions are read from the first.
    """
    first = week_of(datetime.combine(as_of - timedelta(weeks=weeks), time.min, UTC) - BEFORE)
    with store.reading() as books:
        if all(books.tries_cents(first + timedelta(weeks=n)) is None for n in range((as_of - first).days // 7 + 1)):
            return pl.DataFrame(schema=SCHEMA)
        rows = _rows(books, datetime.combine(first, time.min, UTC))
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _rows(books: Transaction, since: datetime) -> list[_Row]:
    latest: dict[str, _Row | None] = {}
    after = ""
    while read := books.decisions(_AT_ONCE, after):
        records = [decision_from(said) for said in read]
        for record in records:
            if record.outcome is not Outcome.SHADOW:
                latest[record.order] = _row(record) if record.decided_at >= since else None
        after = records[-1].id
    return [row for _, row in sorted(latest.items()) if row is not None]


def _row(record: DecisionRecord) -> _Row | None:
    said, plan = record.propensity, record.choice
    if said is None or plan is None:
        return None
    chosen = plan.shipments[0].candidate.service
    # Of those near, one was tried, or none and the best shipped: it stands first among the others where one was.
    best = record.alternatives[0].shipments[0].candidate.service if chosen in said.among else chosen
    return record.order, chosen, said.millionths / MILLION, sorted({*said.among, best})
