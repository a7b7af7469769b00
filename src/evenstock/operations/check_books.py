"""Checks that the books are whole: finds what is wrong, and never mends it in silence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from evenstock.domain import Reservation, TransferOrder
from evenstock.operations.exceptions.questions import orders_in_question
from evenstock.operations.ports import Store

_KEY = ["sku", "node", "lot"]
_STATES = ["available", "reserved", "allocated", "held", "in_transit", "shortfall"]
_SHOWN = 1_000
"""Overdue reservations named at most."""
_OPEN_MATTERS = frozenset({"overdue", "shortfall"})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be (`broken`), or that waits for a person."""

    rule: str
    """conservation, projection, reserved, transit, repayment; overdue and shortfall wait for a person."""
    where: str
    expected: int
    found: int
    sentence: str

    @property
    def broken(self) -> bool:
        return self.rule not in _OPEN_MATTERS


def check_books(store: Store, now: datetime, grace: timedelta = timedelta(minutes=15)) -> list[Finding]:
    """Everything that is wrong in one moment of the books, broken things first; empty when all is well. Changes nothing.

    Parameters
    ----------
    grace : how long a reservation may stay pending after its time, until the sweep has come round.
    """
    with store.reading() as t:
        transfers = t.transfers()
        books = t.compared(sorted({line.sku for order in transfers for line in order.lines if line.outstanding}))
        kept = orders_in_question(t)
        late = (t.reservation(name) for name in t.due(now - grace, _SHOWN + 2 * len(kept)))
        overdue = [r for r in late if r is not None and r.order not in kept][:_SHOWN]
    return [
        *_conservation(books.balances, books.outside),
        *_projection(books.balances, books.resummed),
        *_reserved(books.balances, books.promised),
        *_transit(books.balances, transfers),
        *_repayment(books.balances),
        *_shortfalls(books.balances),
        *_overdue(overdue, now),
    ]


def _place(row: dict[str, object]) -> str:
    return f"{row['sku']} at {row['node']}" + (f" lot {row['lot']}" if row["lot"] else "")


def _conservation(cached: pl.DataFrame, outside: pl.DataFrame) -> list[Finding]:
    """Units inside the network, by the balances, and outside, by the movements, sum to zero for each item and lot."""
    inside = cached.select("sku", "lot", units=pl.sum_horizontal(*_STATES[:-1]) - pl.col("shortfall"))
    sums = (
        pl.concat([inside, outside.select("sku", "lot", "units")])
        .group_by("sku", "lot")
        .agg(pl.col("units").sum())
        .filter(pl.col("units") != 0)
    )
    return [
        Finding("conservation", f"{sku}{f' lot {lot}' if lot else ''}", 0, units, f"{sku}: all accounts sum to {units}")
        for sku, lot, units in sums.sort("sku", "lot").iter_rows()
    ]


def _projection(cached: pl.DataFrame, resummed: pl.DataFrame) -> list[Finding]:
    """Each cached balance equals the sum of its movements."""
    both = cached.join(resummed, on=_KEY, how="full", coalesce=True, suffix="_resummed").fill_null(0).sort(_KEY)
    return [
        Finding(
            "projection",
            _place(row),
            row[f"{state}_resummed"],
            row[state],
            f"{_place(row)}: {state} says {row[state]}, its movements say {row[f'{state}_resummed']}",
        )
        for state in _STATES
        for row in both.filter(pl.col(state) != pl.col(f"{state}_resummed")).iter_rows(named=True)
    ]


def _against(cached: pl.DataFrame, state: str, said: pl.DataFrame) -> pl.DataFrame:
    """Balances of one state beside what records say of it (columns key, units), as column `wanted`."""
    wanted = said.group_by(_KEY).agg(pl.col("units").sum().alias("wanted"))
    return cached.select(*_KEY, state).join(wanted, on=_KEY, how="full", coalesce=True).fill_null(0).sort(_KEY)


def _reserved(cached: pl.DataFrame, promised: pl.DataFrame) -> list[Finding]:
    """What pending reservations set aside is what the balances hold as reserved."""
    both = _against(cached, "reserved", promised).filter(pl.col("reserved") != pl.col("wanted"))
    return [
        Finding(
            "reserved",
            _place(row),
            row["wanted"],
            row["reserved"],
            f"{_place(row)}: {row['reserved']} units reserved, pending reservations want {row['wanted']}",
        )
        for row in both.iter_rows(named=True)
    ]


def _transit(cached: pl.DataFrame, transfers: list[TransferOrder]) -> list[Finding]:
    """What transfers still owe their destination is in transit to it."""
    owed = [(line.sku, t.destination, line.lot, line.outstanding) for t in transfers for line in t.lines]
    said = pl.DataFrame(owed, schema=[*((k, pl.String) for k in _KEY), ("units", pl.Int64)], orient="row")
    # Other receipts may be under way too, so more in transit than transfers owe is no fault.
    both = _against(cached, "in_transit", said).filter(pl.col("in_transit") < pl.col("wanted"))
    return [
        Finding(
            "transit",
            _place(row),
            row["wanted"],
            row["in_transit"],
            f"{_place(row)}: {row['in_transit']} units in transit, transfers owe it {row['wanted']}",
        )
        for row in both.iter_rows(named=True)
    ]


def _repayment(cached: pl.DataFrame) -> list[Finding]:
    """Nothing is free to promise while a shortfall is open."""
    both = cached.filter((pl.col("available") > 0) & (pl.col("shortfall") > 0))
    return [
        Finding(
            "repayment",
            _place(row),
            0,
            row["available"],
            f"{_place(row)}: {row['available']} units free to promise beside a shortfall of {row['shortfall']}",
        )
        for row in both.iter_rows(named=True)
    ]


def _shortfalls(cached: pl.DataFrame) -> list[Finding]:
    return [
        Finding(
            "shortfall",
            _place(row),
            0,
            row["shortfall"],
            f"{_place(row)}: {row['shortfall']} units are promised and were not found; re-route orders or count again",
        )
        for row in cached.filter(pl.col("shortfall") > 0).iter_rows(named=True)
    ]


def _overdue(late: list[Reservation], now: datetime) -> list[Finding]:
    return [
        Finding(
            "overdue",
            str(r.id),
            0,
            int((now - r.expires_at).total_seconds() // 60),
            f"reservation {r.id} of order {r.order} ran out at {r.expires_at.isoformat()} and still holds stock; "
            "run the expiry sweep",
        )
        for r in late
    ]
