"""Which rates decide: the network's own tables, over them what was imported since, and corrections while they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.operations.network import FREIGHT_TABLES
from evenstock.operations.ports import Snapshots, Transaction
from evenstock.operations.rates.corrections import ADOPTED, correction_rows
from evenstock.tables import with_defaults

POINTER: Final = "rates"
"""Pointer of the rates taken in since the network; the network keeps its own."""
IMPORTS: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "import": pl.String,
    "at": pl.Datetime("us", "UTC"),
    "by": pl.String,
    "source": pl.String,
    "table": pl.String,
    "rows": pl.Int64,
    "because": pl.String,
}
REPLACED: Final[dict[str, pl.DataType | type[pl.DataType]]] = {"table": pl.String}
_BESIDE: Final = ("imports", "replaced", "adopted")


@dataclass(frozen=True, slots=True, eq=False)
class ImportedRates:
    """Rates taken in by `evenstock rates import`, and the snapshot they are kept in."""

    frames: Mapping[str, pl.DataFrame]
    """Rows by table, with every column of the dictionary."""
    imports: pl.DataFrame
    """What came when: import, at, by, source, table, rows, because (why a doubt was accepted); oldest first."""
    replaced: frozenset[str] = frozenset()
    """Tables without dates of which these rows are the whole: the network's own count no longer."""
    adopted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=ADOPTED))
    """Corrections that people adopted, see `evenstock.operations.rates.corrections`."""
    digest: str = ""


NO_RATES: Final = ImportedRates({}, pl.DataFrame(schema=IMPORTS))


def imported_rates(books: Transaction, snapshots: Snapshots) -> ImportedRates | None:
    """What was taken in since the network; None where nothing was."""
    digest = books.pointer(POINTER)
    if digest is None:
        return None
    kept = snapshots.read(digest)
    frames = {name: frame for name, frame in kept.items() if name not in _BESIDE}
    return ImportedRates(frames, kept["imports"], frozenset(kept["replaced"]["table"]), kept["adopted"], digest)


def keep(snapshots: Snapshots, rates: ImportedRates) -> str:
    """The digest of the snapshot that holds these rates."""
    beside = {
        "imports": rates.imports,
        "replaced": pl.DataFrame({"table": sorted(rates.replaced)}, schema=REPLACED),
        "adopted": rates.adopted,
    }
    return snapshots.take({name: frame for name, frame in rates.frames.items() if frame.height} | beside)


def with_rates(
    frames: Mapping[str, pl.DataFrame], rates: ImportedRates | None, on: date | None = None
) -> dict[str, pl.DataFrame]:
    """The network's tables with imported rates over them, row by row of the key; corrections as rows of `rate_corrections`.

    Where a network imported later says another value under the same key, the one taken in here holds: it was checked
    against the card before it. `on` leaves out corrections that ended before that day.
    """
    found = dict(frames)
    if rates is None:
        return found
    for table, ours in rates.frames.items():
        theirs = None if table in rates.replaced else frames.get(table)
        found[table] = ours if theirs is None else over(table, theirs, ours)
    _drop_orphans(found, rates)
    corrections = correction_rows(rates.adopted, found, on)
    if corrections.height:
        theirs = frames.get("rate_corrections")
        found["rate_corrections"] = corrections if theirs is None else over("rate_corrections", theirs, corrections)
    return found


def _drop_orphans(found: dict[str, pl.DataFrame], rates: ImportedRates) -> None:
    """Leave out rows taken in for a card or a fuel rule that a network imported later no longer has."""
    card = ["service", "valid_from"]
    for table, key, owner in (
        ("rates", card, "rate_cards"),
        ("surcharges", card, "rate_cards"),
        ("discounts", card, "rate_cards"),
        ("fuel_overrides", ["rule"], "fuel_rules"),
    ):
        if table in rates.frames:
            known = found[owner].select(key) if owner in found else found[table].select(key).clear()
            found[table] = found[table].join(known.unique(), on=key, how="semi", maintain_order="left")


def over(table: str, under: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows laid over a table: of one key the upper one counts. Both get every column of the dictionary."""
    schema = tables.INPUT[table]
    below, above = typed(table, under), typed(table, rows)
    kept = below.join(above.select(schema.primary_key()), on=schema.primary_key(), how="anti", nulls_equal=True)
    return pl.concat([kept, above])


def typed(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with every column of the dictionary, in its order and of its types; what is optional at its default."""
    schema = tables.INPUT[table]
    columns = schema.columns()
    return with_defaults(schema, frame).select(pl.col(name).cast(spec.dtype) for name, spec in columns.items())


def rate_tables(frames: Mapping[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Only the tables that say what moving costs."""
    return {name: frames[name] for name in FREIGHT_TABLES if name in frames}
