"""Keeps how often parcels are lost or damaged, by service and lane, for decisions to price."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Final

import polars as pl

from evenstock.domain import refuse_naive
from evenstock.operations.ports import Snapshots, Store, Transaction

POINTER: Final = "parcel damage"
"""Pointer of the table in force."""
FRESH: Final = timedelta(days=60)
"""A table older than this is not used: carriers change."""
MILLION: Final = 1_000_000
DAMAGE: Final[dict[str, type[pl.DataType]]] = {
    "service": pl.String,
    "origin": pl.String,
    "destination": pl.String,
    "millionths": pl.Int64,
}
"""P(lost or damaged) by service and postal areas (three characters), each area empty where it is of any."""


def keep_damage(store: Store, snapshots: Snapshots, shares: pl.DataFrame, *, on: date, now: datetime) -> str:
    """Make these shares what decisions price from now on; returns their snapshot.

    Parameters
    ----------
    shares
        Columns of `DAMAGE`; a service without a row with both areas empty is charged nothing where no lane of it is named.
    on
        Day up to which they were counted.

    Raises
    ------
    ValueError
        If a column is missing, or a row has no service, stands twice, or has a share below 0 or above a million.
    """
    refuse_naive(now, "now")
    lacking = [name for name in DAMAGE if name not in shares.columns]
    if lacking:
        raise ValueError(f"damage: column {', '.join(lacking)} is missing; the table needs {', '.join(DAMAGE)}")
    table = shares.select(pl.col(name).cast(kind) for name, kind in DAMAGE.items()).sort(*DAMAGE)
    for number, row in enumerate(table.iter_rows(named=True)):
        said = f"damage, row {number + 1} ({row['service']} {row['origin']} to {row['destination']})"
        if not row["service"]:
            raise ValueError(f"{said}: service is empty; name carrier:service")
        if row["millionths"] is None or not 0 <= row["millionths"] <= MILLION:
            raise ValueError(f"{said}: millionths is {row['millionths']}; a probability is 0 to {MILLION:,} of them")
    twice = table.filter(table.select("service", "origin", "destination").is_duplicated())
    if twice.height:
        first = twice.row(0, named=True)
        raise ValueError(
            f"damage: {first['service']} {first['origin']} to {first['destination']} stands more than once; keep one row"
        )
    kept = snapshots.take({"damage": table, "about": pl.DataFrame({"on": [on]})})
    with store.transaction() as books:
        books.point(POINTER, kept, now)
    return kept


def damage_in_force(
    books: Transaction, snapshots: Snapshots, on: date
) -> tuple[Mapping[tuple[str, str, str], int], str]:
    """Shares in millionths by service, origin and destination, and their snapshot; nothing where none is fresh or above zero."""
    kept = books.pointer(POINTER)
    if kept is None:
        return MappingProxyType({}), ""
    frames = snapshots.read(kept)
    if not timedelta(0) <= on - frames["about"].row(0, named=True)["on"] <= FRESH:
        return MappingProxyType({}), ""
    # A lane of zero is kept: it says more than the service's share, which would count otherwise.
    rows = frames["damage"].iter_rows()
    found = {(service, origin, destination): share for service, origin, destination, share in rows}
    return (MappingProxyType(found), kept) if any(found.values()) else (MappingProxyType({}), "")
