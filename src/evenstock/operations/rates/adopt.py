"""Adopts what a drift proposes as a correction with an end, and ends one before its time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl

from evenstock.domain import Event, digest, refuse_naive
from evenstock.operations.approvals import NotApprovedError, approved_by
from evenstock.operations.ports import ConflictError, Snapshots, Store, StoreError, Transaction
from evenstock.operations.rates.corrections import ADOPTED
from evenstock.operations.rates.hold_invoices import latest_report
from evenstock.operations.rates.in_force import NO_RATES, POINTER, imported_rates, keep

_TRIES: Final = 5


def adopt(store: Store, snapshots: Snapshots, drift: str, *, by: str, now: datetime) -> dict[str, Any]:
    """Let every quote from today on add what a drift of the latest run proposes; returns the row of `ADOPTED`.

    What was quoted before stays as it was. Adopted again it is the same correction.

    Raises
    ------
    StoreError
        If the latest run has no such drift, or it is over or proposes nothing.
    ValueError
        If nobody says who adopts it.
    """
    refuse_naive(now, "now")
    if not by.strip():
        raise ValueError("say who adopts it: --by NAME")
    with store.reading() as books:
        there = (imported_rates(books, snapshots) or NO_RATES).adopted
    there = there.filter((pl.col("correction") == drift) & pl.col("ended_on").is_null())
    if there.height:
        return there.row(0, named=True)
    found = _drift(store, snapshots, drift)
    begins = now.date()
    row = {
        "correction": found["drift"], "service": found["service"], "charge": found["corrects"],
        "about": found["charge"], "cause": found["cause"], "valid_from": begins,
        "valid_to": begins + timedelta(days=found["days"] - 1), "cents": found["cents"],
        "share_bp": found["share_bp"], "because": f"{found['sentence']}.", "by": by.strip(), "at": now,
        "card_from": found["card_from"], "fuel_from": found["fuel_from"], "ended_on": None, "ended_because": "",
    }  # fmt: skip

    def add(adopted: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Any]]:
        there = adopted.filter((pl.col("correction") == row["correction"]) & pl.col("ended_on").is_null())
        if there.height:
            return adopted, there.row(0, named=True)
        return pl.concat([adopted, pl.DataFrame([row], schema=ADOPTED)]), row

    def within(books: Transaction) -> None:
        approved_by(books, f"rate-correction:{found['drift']}", _content(found), by, now)

    return _change(store, snapshots, add, "RateCorrectionAdopted", now, within)


def proposed_correction(store: Store, snapshots: Snapshots, drift: str) -> tuple[dict[str, Any], str]:
    """The row of a drift that proposes a correction, and the digest of what it proposes. Raises as `adopt`."""
    found = _drift(store, snapshots, drift)
    return found, _content(found)


def _content(found: dict[str, Any]) -> str:
    return digest([found[name] for name in ("drift", "service", "corrects", "cents", "share_bp", "days")])


def end(store: Store, snapshots: Snapshots, correction: str, *, by: str, because: str, now: datetime) -> dict[str, Any]:
    """Let a correction count no longer, from today on. Raises StoreError if none of that name is in force."""
    refuse_naive(now, "now")
    if not by.strip() or not because.strip():
        raise ValueError(f"correction {correction}: say by whom it ends and why")

    def drop(adopted: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, Any]]:
        which = pl.col("correction").str.starts_with(correction) & pl.col("ended_on").is_null()
        there = adopted.filter(which)
        if there.height != 1 or not correction:
            known = ", ".join(adopted.filter(pl.col("ended_on").is_null())["correction"]) or "none"
            raise StoreError(f"no correction {correction!r} is in force; there is {known}")
        row = there.row(0, named=True)
        told = {
            "ended_on": now.date() - timedelta(days=1),
            "ended_because": f"ended by {by.strip()}: {because.strip()}",
        }
        after = adopted.with_columns(
            pl.when(which).then(pl.lit(told["ended_on"])).otherwise("ended_on").alias("ended_on"),
            pl.when(which).then(pl.lit(told["ended_because"])).otherwise("ended_because").alias("ended_because"),
        )
        return after, row | told

    return _change(store, snapshots, drop, "RateCorrectionEnded", now)


def _drift(store: Store, snapshots: Snapshots, name: str) -> dict[str, Any]:
    report = latest_report(store, snapshots)
    if report is None:
        raise StoreError("no invoices were held against quotes yet; run `evenstock rates drift`")
    found = report.drifts.filter(pl.col("drift").str.starts_with(name)) if name else report.drifts.clear()
    if found.height != 1:
        there = ", ".join(report.drifts.filter(pl.col("until").is_null())["drift"]) or "none"
        raise StoreError(f"{found.height or 'no'} drifts are named {name!r}; those that last: {there}")
    row = found.row(0, named=True)
    if row["until"] is not None:
        raise StoreError(f"{name}: it is over: {row['sentence']}; nothing is to be corrected")
    if row["corrects"] is None:
        raise StoreError(f"{name}: {row['sentence']}: {row['advice']}; no correction is proposed")
    return row


def _change(
    store: Store,
    snapshots: Snapshots,
    change: Callable[[pl.DataFrame], tuple[pl.DataFrame, dict[str, Any]]],
    kind: str,
    now: datetime,
    within: Callable[[Transaction], None] = lambda _books: None,
) -> dict[str, Any]:
    """Write the next state of the corrections; of two people at once, the later reads again what the first wrote."""
    for tried in range(_TRIES):
        with store.reading() as books:
            seen = books.pointer(POINTER)
            rates = imported_rates(books, snapshots) or NO_RATES
        after, row = change(rates.adopted)
        if after.equals(rates.adopted, null_equal=True):
            return row
        kept = keep(snapshots, replace(rates, adopted=after))
        body = {"correction": row["correction"], "service": row["service"], "charge": row["charge"], "by": row["by"]}
        name = f"rate-correction:{row['correction']}"
        try:
            with store.transaction() as books:
                within(books)
                books.repoint(POINTER, seen, kept, now)
                books.publish([Event(f"{name}:{kind}:{now.isoformat()}", kind, name, now, body)])
        except NotApprovedError:
            raise
        except ConflictError:
            if tried == _TRIES - 1:
                raise
        else:
            return row
    raise AssertionError("unreachable")  # pragma: no cover
