"""The calendar day of a moment, by the clock of the node it concerns."""

from __future__ import annotations

import polars as pl


def with_local_day(rows: pl.DataFrame, moment: str, nodes: pl.DataFrame, *, day: str = "date") -> pl.DataFrame:
    """`rows` with the node's own calendar day of a column of moments in UTC.

    Parameters
    ----------
    rows
        With the columns `node` and `moment`.
    nodes
        Columns `node` and `timezone` (IANA).

    Raises
    ------
    ValueError
        If a node of the rows is not among the nodes.

    Examples
    --------
    Two in the morning in London is still the evening before in Texas:

    >>> from datetime import UTC, datetime
    >>> rows = pl.DataFrame({"node": ["TX", "UK"], "at": [datetime(2026, 1, 9, 2, tzinfo=UTC)] * 2})
    >>> nodes = pl.DataFrame({"node": ["TX", "UK"], "timezone": ["America/Chicago", "Europe/London"]})
    >>> with_local_day(rows, "at", nodes)["date"].to_list()
    [datetime.date(2026, 1, 8), datetime.date(2026, 1, 9)]
    """
    zones = dict(nodes.select("node", "timezone").iter_rows())
    lost = sorted(set(rows["node"].unique()) - zones.keys())
    if lost:
        raise ValueError(f"nodes {', '.join(map(str, lost[:5]))}: no time zone; give every node its row in nodes")
    here = pl.col("node").replace_strict(zones, return_dtype=pl.String)
    local = pl.lit(None, dtype=pl.Date)
    for zone in sorted(set(zones.values())):
        local = pl.when(here == zone).then(pl.col(moment).dt.convert_time_zone(zone).dt.date()).otherwise(local)
    return rows.with_columns(local.alias(day))
