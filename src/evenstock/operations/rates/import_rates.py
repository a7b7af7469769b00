"""Takes rate tables in beside those that serve: checked first, nothing written over, the last good ones kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import polars as pl

from evenstock import tables
from evenstock.domain import Event, digest, refuse_naive
from evenstock.freight.checking import Checked, check_rates
from evenstock.freight.checking.overwriting import UNDATED
from evenstock.operations.network import FREIGHT_TABLES, Network
from evenstock.operations.ports import Snapshots, Store, StoreError
from evenstock.operations.rates.in_force import (
    IMPORTS,
    NO_RATES,
    POINTER,
    ImportedRates,
    imported_rates,
    keep,
    over,
    rate_tables,
    typed,
    with_rates,
)
from evenstock.operations.rates.refusals import Refusal, mend, refused
from evenstock.operations.rulebook import rules_in_force

LEARNED: Final = frozenset({"transit", "rate_corrections"})
"""Freight tables that do not come from a carrier's tariff: imported with the network, or learned."""
TAKEN: Final = tuple(name for name in FREIGHT_TABLES if name not in LEARNED)
"""Tables that `import_rates` takes."""


@dataclass(frozen=True, slots=True, eq=False)
class RatesImport:
    """What became of rate tables that were brought."""

    checked: Checked
    rows: Mapping[str, int]
    """Rows by table that serve from now on; empty where they were refused, or were there already."""
    digest: str
    """Snapshot of the rates that serve now; empty where none was ever taken in."""
    refusal: Refusal | None = None
    """Why they were refused; what served before still does."""
    notes: tuple[str, ...] = ()


def import_rates(
    store: Store,
    snapshots: Snapshots,
    frames: Mapping[str, pl.DataFrame],
    *,
    source: str,
    now: datetime,
    by: str = "",
    because: str = "",
    replaced: Collection[str] = (),
) -> RatesImport:
    """Take effective-dated rate tables in; the same rows again change nothing.

    Parameters
    ----------
    frames
        Tables of `TAKEN`; columns with a default may be left out.
    source
        Where they come from, such as a folder or the name of a source; refusals are kept under it.
    by, because
        Who accepts what is doubtful and why. Without a reason doubtful tables are refused, too.
    replaced
        Tables without dates (zones, places, delivery_areas, fuel_rules) to be replaced whole; wants `because`.

    Raises
    ------
    StoreError
        If there is no network yet.
    ValueError
        For a table that is none of a carrier's rates, a reason without a name, or a replacement without a reason.
    """
    refuse_naive(now, "now")
    _refuse_call(frames, by, because, replaced)
    with store.reading() as books:
        at, seen = books.pointer("network"), books.pointer(POINTER)
        ours = imported_rates(books, snapshots) or NO_RATES
        rules = rules_in_force(books, snapshots)
    if at is None:
        raise StoreError("no network yet: rates are taken in beside its own; run `evenstock import FOLDER` first")
    network = snapshots.read(at)
    serving = with_rates(network, ours)
    before = {name: typed(name, frame) for name, frame in rate_tables(serving).items()}
    checked = check_rates(frames, before, now.date(), frozenset(replaced))
    wrong = [str(finding) for finding in checked.wrong]
    doubts = [] if because.strip() else [str(finding) for finding in checked.doubtful]
    after, rows = _merged(ours, checked.frames, before, frozenset(replaced))
    notes: tuple[str, ...] = ()
    if not wrong:
        try:
            built = Network.from_frames(with_rates(network, after), rules.policy if rules else None)
        except ValueError as trouble:
            wrong = str(trouble).splitlines()
        else:
            notes = built.rates.notes if built.rates else ()
    if wrong or doubts:
        with store.transaction() as books:
            told = refused(books, snapshots, source=source, tables=list(frames), wrong=wrong, doubtful=doubts, now=now)
            books.publish([_refusal_event(told, now)])
        return RatesImport(checked, {}, ours.digest, told)
    if not rows:
        with store.transaction() as books:
            mend(books, snapshots, source, list(frames), now)
        return RatesImport(checked, {}, ours.digest, notes=notes)
    after = replace(after, imports=pl.concat([ours.imports, _log(rows, source, by, because, now)]))
    kept = keep(snapshots, after)
    with store.transaction() as books:
        books.repoint(POINTER, seen, kept, now)
        mend(books, snapshots, source, list(frames), now)
        body = {"source": source, "rows": rows, "by": by, "because": because}
        books.publish([Event(f"rates:{kept.removeprefix('sha256:')[:12]}", "RatesImported", "rates", now, body)])
    return RatesImport(checked, rows, kept, notes=notes)


def _merged(
    ours: ImportedRates, new: Mapping[str, pl.DataFrame], before: Mapping[str, pl.DataFrame], replaced: frozenset[str]
) -> tuple[ImportedRates, dict[str, int]]:
    """Rates with the new rows, and how many of them say something new."""
    frames, rows = dict(ours.frames), {}
    for table, frame in new.items():
        there = before.get(table)
        if table in replaced:
            if there is None or not frame.sort(frame.columns).equals(there.sort(there.columns)):
                frames[table], rows[table] = frame, frame.height
            continue
        said = frame if there is None else _with_ends(table, frame, there)
        fresh = said if there is None else said.join(there, on=frame.columns, how="anti", nulls_equal=True)
        if fresh.height:
            rows[table] = fresh.height
            frames[table] = over(table, frames[table], fresh) if table in frames else fresh
    return replace(ours, frames=frames, replaced=ours.replaced | (replaced & set(rows))), rows


def _with_ends(table: str, frame: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """Rows without a last day keep the one that serves."""
    if "valid_to" not in frame.columns:
        return frame
    key = tables.INPUT[table].primary_key()
    ends = there.select(*key, pl.col("valid_to").alias("end"))
    joined = frame.join(ends, on=key, how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce("valid_to", "end").alias("valid_to")).drop("end")


def _refuse_call(frames: Mapping[str, pl.DataFrame], by: str, because: str, replaced: Collection[str]) -> None:
    strange = sorted(set(frames) - set(TAKEN))
    if strange:
        raise ValueError(f"{', '.join(strange)}: no table of rates; those are {', '.join(TAKEN)}")
    if not frames:
        raise ValueError(f"no table of rates was given; those are {', '.join(TAKEN)}")
    dated = sorted(set(replaced) - UNDATED)
    if dated:
        raise ValueError(f"{dated[0]} has dates: nothing is replaced, a new version starts later")
    if set(replaced) - set(frames):
        raise ValueError(f"{min(set(replaced) - set(frames))}: to be replaced, it has to be among the files")
    if because.strip() and not by.strip():
        raise ValueError("say who accepts it: a reason needs a name")
    if replaced and not because.strip():
        raise ValueError("to replace a table without dates, say by whom and why")


def _log(rows: Mapping[str, int], source: str, by: str, because: str, now: datetime) -> pl.DataFrame:
    name = digest([source, dict(rows), now]).removeprefix("sha256:")[:12]
    return pl.DataFrame(
        [
            {"import": name, "at": now, "by": by, "source": source, "table": table, "rows": n, "because": because}
            for table, n in sorted(rows.items())
        ],
        schema=IMPORTS,
    )


def _refusal_event(told: Refusal, now: datetime) -> Event:
    body = {"source": told.source, "tables": list(told.tables), "because": told.sentence}
    return Event(f"rates:refused:{told.id}:{now.isoformat()}", "RatesRefused", "rates", now, body)
