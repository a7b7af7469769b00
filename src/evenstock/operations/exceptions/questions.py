"""What is open about an order, and what is out of service: everything that other operations must heed while it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from evenstock.domain import Case, CaseKind, CaseState, NodeId, OrderId
from evenstock.operations.exceptions.answer import about_order, order_of
from evenstock.operations.ports import Transaction

HOLDS: Final = frozenset({CaseKind.FRAUD, CaseKind.ADDRESS})
"""While one of these is open, no pick of the order may be released."""


def open_about(books: Transaction, order: OrderId) -> list[Case]:
    """Open cases about the order, by their deadline."""
    return books.cases(CaseState.OPEN, about=about_order(order))


def hold_of(books: Transaction, order: OrderId) -> Case | None:
    """The case that holds the order, if one does."""
    return next((case for case in open_about(books, order) if case.kind in HOLDS), None)


def orders_in_question(books: Transaction) -> frozenset[OrderId]:
    """Orders about which anything is open: they keep their stock until it is answered."""
    return frozenset(order_of(case) for case in books.cases(CaseState.OPEN)) - {OrderId("")}


def nodes_down(books: Transaction, now: datetime) -> frozenset[NodeId]:
    """Nodes that ship nothing at this moment."""
    return frozenset(NodeId(name) for name in _out(books, CaseKind.NODE_DOWN, "node", now))


def services_down(books: Transaction, now: datetime) -> frozenset[str]:
    """Carrier services that have failed and are not back yet."""
    return frozenset(_out(books, CaseKind.CARRIER, "service", now))


def nodes_short(books: Transaction, order: OrderId) -> frozenset[NodeId]:
    """Nodes that could not pick this order: they are not asked a second time."""
    cases = books.cases(kind=CaseKind.SHORT_PICK, about=about_order(order))
    return frozenset(NodeId(case.fact("node")) for case in cases if case.fact("node"))


def out_of_service(cases: Sequence[Case], now: datetime) -> tuple[frozenset[NodeId], frozenset[str]]:
    """Nodes that ship nothing at this moment and carrier services that have failed, of open cases."""
    nodes = _named([case for case in cases if case.kind is CaseKind.NODE_DOWN], "node", now)
    services = _named([case for case in cases if case.kind is CaseKind.CARRIER], "service", now)
    return frozenset(map(NodeId, nodes)), frozenset(services)


def _out(books: Transaction, kind: CaseKind, what: str, now: datetime) -> set[str]:
    return _named(books.cases(CaseState.OPEN, kind), what, now)


def _named(cases: Sequence[Case], what: str, now: datetime) -> set[str]:
    """Names that these cases say are out of service, from the fact `from` to the fact `until`."""
    said = ((case.about.partition(":"), case) for case in cases)
    return {
        name
        for (about, _, name), case in said
        if about == what
        and case.fact("until")
        and datetime.fromisoformat(case.fact("from")) <= now < datetime.fromisoformat(case.fact("until"))
    }
