"""What is known of the person behind an order: where it lies, all of it in one document, and which orders speak of somebody."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from evenstock.domain import OrderId, rfc3339
from evenstock.operations.personal_data.books import ORDER, Copy, personal_of
from evenstock.operations.personal_data.erasing import UnknownPersonError, erased, why_not
from evenstock.operations.personal_data.holds import held
from evenstock.operations.personal_data.rules import require_staying
from evenstock.operations.personal_data.tables import TABLES, rows_about
from evenstock.operations.ports import Handling, Received, Snapshots, Store, Transaction

PLACES: Final = ("order", "decision", "received event", "fact", "case", "webhook", "answer")
"""Places in the books that are searched, in the order of docs/personal-data.md."""
NOT_SEARCHED: Final = (
    "backups: they hold what the books held when they were taken; restore one and ask again",
    "logs: they say ids, never addresses",
    "the audit log: ids, units, cents and states alone; `evenstock audit show` lists it",
    "systems that orders came from and that webhooks went to: ask them",
)
_PAGE: Final = 500


def show_person(store: Store, snapshots: Snapshots, order: OrderId) -> dict[str, Any]:
    """Where something is kept and how much, without saying what. Raises UnknownPersonError."""
    with store.reading() as books:
        copies = personal_of(books).personal_copies(order)
        tables = rows_about(books, snapshots, order)
        done = erased(books, order)
        if not copies and not tables and done is None:
            raise UnknownPersonError(f"nothing is known of order {order}")
        counted = Counter(copy.place for copy in copies)
        return {
            "order": order,
            "country": _country(books, order),
            "places": [{"place": name, "rows": counted[name]} for name in PLACES if counted[name]],
            "tables": [{"table": name, "rows": len(rows)} for name, rows in tables.items()],
            "held": held(books, order),
            "erased": done.document() if done is not None else None,
            "stays_because": "" if done is not None else why_not(books, order),
        }


def export_person(store: Store, snapshots: Snapshots, order: OrderId, now: datetime, *, to: str = "") -> dict[str, Any]:
    """Everything that is kept of the order's person, as one document that machines read.

    Parameters
    ----------
    to
        Place that the document goes to, where a rule keeps personal data of the order's country in one.

    Raises
    ------
    UnknownPersonError
        If nothing is known of the order.
    LeavesError
        If the document would leave its place.
    """
    with store.reading() as books:
        require_staying(books, _country(books, order), to)
        copies = personal_of(books).personal_copies(order)
        tables = rows_about(books, snapshots, order)
        done = erased(books, order)
    if not copies and not tables and done is None:
        raise UnknownPersonError(f"nothing is known of order {order}")
    found: dict[str, list[dict[str, Any]]] = {}
    for copy in copies:
        found.setdefault(copy.place, []).append({"id": copy.id, **_content(copy)})
    return {
        "order": order,
        "made_at": rfc3339(now),
        "erased": done.document() if done is not None else None,
        "books": found,
        "tables": tables,
        "nothing_found_in": [name for name in (*PLACES, *TABLES) if name not in found and name not in tables],
        "not_searched": list(NOT_SEARCHED),
    }


def orders_speaking_of(store: Store, text: str) -> dict[str, list[str]]:
    """Orders of which a received event holds the text, such as an e-mail address, and events that belong to no order.

    Reads every event that is kept; capital letters do not matter. Raises ValueError for a text of fewer than four signs.
    """
    wanted = text.strip().casefold()
    if len(wanted) < 4:
        raise ValueError("say at least four signs of what the person is known by, such as an e-mail address")
    orders: dict[str, None] = {}
    others: dict[str, None] = {}
    with store.reading() as books:
        for event in _every_event(books):
            if wanted in _readable(event.body).casefold():
                mine = event.subject.startswith(ORDER)
                (orders if mine else others)[
                    event.subject.removeprefix(ORDER) if mine else f"{event.source}:{event.id}"
                ] = None
    return {"orders": sorted(orders), "events": sorted(others)}


def _readable(body: bytes) -> str:
    """A body as text, whatever JSON writes with backslashes spelled out."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except ValueError:
        return body.decode("utf-8", "replace")


def _every_event(books: Transaction) -> Iterator[Received]:
    for handling in Handling:
        after = 0
        while some := books.received(handling, after=after, limit=_PAGE):
            yield from some
            after = some[-1].number


def _country(books: Transaction, order: OrderId) -> str:
    kept = books.order(order)
    return kept.ship_to.country if kept is not None else ""


def _content(copy: Copy) -> dict[str, Any]:
    if not copy.content:
        return {"content": None, "unreadable": "its key was destroyed"}
    try:
        return {"content": json.loads(copy.content)}
    except ValueError:
        return {"base64": base64.b64encode(copy.content).decode()}


def exported(people: Sequence[dict[str, Any]]) -> bytes:
    """Documents of several orders of one person as bytes to hand over."""
    return json.dumps({"orders": list(people)}, ensure_ascii=False, indent=2).encode()
