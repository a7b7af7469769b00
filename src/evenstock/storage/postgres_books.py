"""All the books side by side, compared by PostgreSQL itself: a million reservations in a second or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from evenstock.operations.ports import Compared
from evenstock.storage import ledger_frames
from evenstock.storage.bookkeeping import STATES

# A few million rows are summed in memory, and by as many processes as the server lets: this runs rarely.
SETTINGS: Final = (
    "SELECT set_config('work_mem', '128MB', true), set_config('parallel_tuple_cost', '0', true), "
    "set_config('parallel_setup_cost', '0', true), set_config('jit', 'off', true)"
)

# Both ends of a movement within one node change one row, so that most movements are grouped once. Units are summed as
# doubles, which are added in a fraction of the time and are exact up to nine quadrillion of them.
COMPARE: Final = """
WITH ends AS (
    SELECT sku, destination_node AS node, lot, units::float8 AS units, destination_bucket AS into_bucket,
        CASE WHEN source_node = destination_node THEN source_bucket ELSE '' END AS from_bucket
    FROM movement
    UNION ALL
    SELECT sku, source_node, lot, units::float8, '', source_bucket FROM movement WHERE source_node <> destination_node
), resummed AS (
    SELECT sku, node, lot,
        sum(CASE WHEN into_bucket = 'available' THEN units ELSE 0 END
            - CASE WHEN from_bucket = 'available' THEN units ELSE 0 END)::bigint AS available,
        sum(CASE WHEN into_bucket = 'reserved' THEN units ELSE 0 END
            - CASE WHEN from_bucket = 'reserved' THEN units ELSE 0 END)::bigint AS reserved,
        sum(CASE WHEN into_bucket = 'allocated' THEN units ELSE 0 END
            - CASE WHEN from_bucket = 'allocated' THEN units ELSE 0 END)::bigint AS allocated,
        sum(CASE WHEN into_bucket = 'held' THEN units ELSE 0 END
            - CASE WHEN from_bucket = 'held' THEN units ELSE 0 END)::bigint AS held,
        sum(CASE WHEN into_bucket = 'in_transit' THEN units ELSE 0 END
            - CASE WHEN from_bucket = 'in_transit' THEN units ELSE 0 END)::bigint AS in_transit,
        sum(CASE WHEN from_bucket = 'shortfall' THEN units ELSE 0 END
            - CASE WHEN into_bucket = 'shortfall' THEN units ELSE 0 END)::bigint AS shortfall
    FROM ends GROUP BY sku, node, lot
), promised AS (
    SELECT l.sku, l.node, l.lot, sum(l.units::float8)::bigint AS units
    FROM reservation AS r JOIN reservation_line AS l ON l.reservation_id = r.id
    WHERE r.state = 'pending' GROUP BY l.sku, l.node, l.lot
), beside AS MATERIALIZED (
    SELECT sku, node, lot,
        coalesce(b.available, 0) AS available, coalesce(b.reserved, 0) AS reserved,
        coalesce(b.allocated, 0) AS allocated, coalesce(b.held, 0) AS held,
        coalesce(b.in_transit, 0) AS in_transit, coalesce(b.shortfall, 0) AS shortfall, coalesce(b.buffer, 0) AS buffer,
        coalesce(m.available, 0) AS m_available, coalesce(m.reserved, 0) AS m_reserved,
        coalesce(m.allocated, 0) AS m_allocated, coalesce(m.held, 0) AS m_held,
        coalesce(m.in_transit, 0) AS m_in_transit, coalesce(m.shortfall, 0) AS m_shortfall,
        p.units AS promised
    FROM stock_balance AS b
    FULL JOIN resummed AS m USING (sku, node, lot)
    FULL JOIN promised AS p USING (sku, node, lot)
)
SELECT * FROM beside WHERE sku = ANY (%s::text[]) OR sku IN (
    SELECT sku FROM beside
    WHERE shortfall <> 0 OR reserved <> coalesce(promised, 0)
        OR (available, reserved, allocated, held, in_transit, shortfall)
            <> (m_available, m_reserved, m_allocated, m_held, m_in_transit, m_shortfall)
)
"""

OUTSIDE: Final = """
SELECT sku, lot, node, cause, sum(units)::bigint AS units FROM (
    SELECT sku, lot, source_node AS node, source_cause AS cause, -units AS units FROM movement
    WHERE source_bucket = 'outside' AND sku = ANY (%s::text[])
    UNION ALL
    SELECT sku, lot, destination_node, destination_cause, units FROM movement
    WHERE destination_bucket = 'outside' AND sku = ANY (%s::text[])
) AS ends
GROUP BY sku, lot, node, cause
"""


def side_by_side(beside: Sequence[sa.Row[Any]], outside: Sequence[sa.Row[Any]]) -> Compared:
    """The rows of `COMPARE` and of `OUTSIDE` as the frames that the plain calls give."""
    keys = [(row.sku, row.node, row.lot) for row in beside]
    cached = ((*key, *(getattr(row, s) for s in STATES), row.buffer) for key, row in zip(keys, beside, strict=True))
    summed = (
        (*key, *(getattr(row, f"m_{s}") for s in STATES), row.buffer) for key, row in zip(keys, beside, strict=True)
    )
    promised = ((*key, row.promised) for key, row in zip(keys, beside, strict=True) if row.promised is not None)
    return Compared(
        ledger_frames.balance_frame(cached),
        ledger_frames.balance_frame(summed),
        ledger_frames.promised_frame(promised),
        ledger_frames.outside_frame(tuple(row) for row in outside),
    )
