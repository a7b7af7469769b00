"""Forgets the person behind an order: keys destroyed, readable places blanked, a certificate that says what was erased where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from evenstock.domain import CaseState, OrderId, ReservationState, digest, rfc3339
from evenstock.operations.audit.audited_store import say
from evenstock.operations.personal_data.books import ORDER, personal_of
from evenstock.operations.personal_data.holds import held
from evenstock.operations.personal_data.tables import blank_tables, kept_of
from evenstock.operations.ports import ConflictError, Entry, Snapshots, Store, StoreError, Transaction
from evenstock.operations.standing import standing

KIND: Final = "erasure"
DONE: Final = "done"
TABLES_LEFT: Final = "tables left"
"""Erased in the books; imported tables are gone through for many orders at once."""
DROP: Final = "erasure_drop"
"""Kind of entries that name a snapshot which is to be removed, and is not yet."""
_AT_ONCE: Final = 1_000


class UnknownPersonError(StoreError):
    """Nothing is known of such an order."""


class StillNeededError(ConflictError):
    """It may not be erased now; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What was erased where, without a word of what it was."""

    order: OrderId
    erased_at: str
    by: str
    because: str
    places: Sequence[Mapping[str, Any]]
    """Place, rows, how."""
    tables: Sequence[Mapping[str, Any]]
    """Imported tables in force, and how many rows of each were reduced to area and day."""
    older_tables: int
    """Past versions of these tables that were removed."""
    remains: Sequence[str] = ()
    """What could not be erased, and why."""

    @property
    def digest(self) -> str:
        """Of everything else in it, as the audit log has it."""
        return digest(self._said())

    def document(self) -> dict[str, Any]:
        return {**self._said(), "digest": self.digest}

    def _said(self) -> dict[str, Any]:
        return {
            "order": self.order,
            "erased_at": self.erased_at,
            "by": self.by,
            "because": self.because,
            "places": [dict(one) for one in self.places],
            "tables": [dict(one) for one in self.tables],
            "older_tables": self.older_tables,
            "remains": list(self.remains),
        }


def erase_person(
    store: Store, snapshots: Snapshots, order: OrderId, by: str, because: str, now: datetime, *, by_rule: bool = False
) -> Certificate:
    """Erase everything that is kept of the order's person; done again, it gives the same certificate.

    Parameters
    ----------
    by_rule
        A rule of retention asks: what left its building long ago is closed, whether or not anybody said that it arrived, and
        imported tables are left to `finish_tables`, which goes through them once for many orders.

    Raises
    ------
    UnknownPersonError
        If nothing is known of the order.
    StillNeededError
        If the order is open, or a legal hold stands.
    ValueError
        Without a reason.
    """
    if not because.strip():
        raise ValueError("an erasure says why, such as: the customer asked")
    try:
        certificate = _erase(store, snapshots, order, by, because, now, by_rule=by_rule)
    except ConflictError:
        # Somebody else erased it at this moment, or it must stay: the certificate tells them apart.
        found = certificate_of(store, order)
        if found is None:
            raise
        certificate = found
    if not by_rule:
        sweep(store, snapshots)
    return certificate


def certificate_of(store: Store, order: OrderId) -> Certificate | None:
    with store.reading() as books:
        return erased(books, order)


def erased(books: Transaction, order: OrderId) -> Certificate | None:
    """The certificate of an order that was erased."""
    seen = books.entry(KIND, order)
    return _read(seen) if seen is not None else None


def why_not(books: Transaction, order: OrderId, *, by_rule: bool = False) -> str:
    """What stands against erasing it, and what to do; empty where nothing does."""
    because = held(books, order)
    if because:
        return f"order {order} is under a legal hold ({because}); lift it first"
    open_cases = books.cases(CaseState.OPEN, about=ORDER + order)
    if open_cases:
        return f"order {order} is open: case {open_cases[0].id} waits; answer it first"
    if any(one.state is ReservationState.PENDING for one in books.reservations_of(order)):
        return f"order {order} is open: stock is set aside for it; ship or cancel it first"
    if personal_of(books).personal_waits(order):
        return f"order {order} is open: an event about it waits to be applied"
    stands = None if by_rule else standing(books, order)
    if stands is not None and not stands.is_settled:
        return f"order {order} is open: not everything of it has left or was cancelled; ship or cancel it first"
    return ""


def _erase(
    store: Store, snapshots: Snapshots, order: OrderId, by: str, because: str, now: datetime, *, by_rule: bool
) -> Certificate:
    with store.transaction() as books:
        seen = books.entry(KIND, order)
        if seen is not None:
            return _read(seen)
        against = why_not(books, order, by_rule=by_rule)
        if against:
            raise StillNeededError(against)
        done = personal_of(books).erase_personal(order, now)
        if not done and books.order(order) is None:
            raise UnknownPersonError(f"nothing is known of order {order}")
        tables, past = ([], []) if by_rule else blank_tables(books, snapshots, [order], now)
        certificate = Certificate(
            order,
            rfc3339(now),
            by,
            because,
            [{"place": one.place, "rows": one.rows, "how": one.how} for one in done if not one.how.startswith("kept")],
            [{"table": table, "rows": rows} for table, rows in tables],
            len(past) - len(tables),
            [f"{one.rows} of {one.place}: {one.how}" for one in done if one.how.startswith("kept")],
        )
        books.enter(Entry(KIND, order, certificate.document(), state=TABLES_LEFT if by_rule else DONE))
        _note_drops(books, past)
        say(books, order, _deed(certificate))
    return certificate


def finish_tables(store: Store, snapshots: Snapshots, now: datetime) -> int:
    """Go through the imported tables for orders that a rule forgot, many at once; returns for how many."""
    with store.transaction() as books:
        waiting = books.entries(KIND, state=TABLES_LEFT, limit=_AT_ONCE)
        if waiting:
            _, past = blank_tables(books, snapshots, [entry.id for entry in waiting], now)
            _note_drops(books, past)
            for entry in waiting:
                books.change_entry(entry.step, Entry(KIND, entry.id, entry.body, entry.step + 1, DONE))
    sweep(store, snapshots)
    return len(waiting)


def sweep(store: Store, snapshots: Snapshots) -> int:
    """Remove snapshots of tables as they were before an erasure; what was cut off is gone on with. Returns how many."""
    with store.reading() as books:
        going = books.entries(DROP)
    for entry in going:
        kept_of(snapshots).drop(entry.id)
        with store.transaction() as books:
            books.remove_entry(DROP, entry.id)
    return len(going)


def _note_drops(books: Transaction, digests: Sequence[str]) -> None:
    for name in digests:
        if books.entry(DROP, name) is None:
            books.enter(Entry(DROP, name, {}))


def _deed(certificate: Certificate) -> dict[str, Any]:
    """For the audit log: counts and a digest, nothing that people wrote."""
    return {
        "did": "erase",
        "order": certificate.order,
        "places": [[one["place"], one["rows"]] for one in certificate.places],
        "tables": [[one["table"], one["rows"]] for one in certificate.tables],
        "digest": certificate.digest,
    }


def _read(entry: Entry) -> Certificate:
    said = {name: value for name, value in entry.body.items() if name != "digest"}
    return Certificate(**said | {"order": OrderId(entry.id)})
