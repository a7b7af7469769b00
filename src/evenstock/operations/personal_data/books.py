"""What a store does for the persons in its books, within an open transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Protocol, cast

from evenstock.domain import Order, OrderId, ShipTo
from evenstock.operations.ports import Transaction

ORDER: Final = "order:"
"""How the subject of an order begins: there are no accounts of customers, so a person is known by orders alone."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Something that the books hold of an order's person."""

    place: str
    """Where, in the words of docs/personal-data.md."""
    id: str
    content: bytes
    """As it was kept; empty where its key is gone."""


@dataclass(frozen=True, slots=True)
class Blanked:
    """What was made unreadable in one place."""

    place: str
    rows: int
    how: str
    """`blanked`, `deleted`, `key destroyed`, or why it stays."""


@dataclass(frozen=True, slots=True)
class Known:
    """An order of which personal data are kept."""

    order: OrderId
    country: str
    since: datetime


class PersonalBooks(Protocol):
    """The same in memory, SQLite and PostgreSQL."""

    def personal_copies(self, order: OrderId) -> list[Copy]:
        """Everything the books hold of the order's person, by place and id."""

    def erase_personal(self, order: OrderId, at: datetime) -> list[Blanked]:
        """Destroy the keys, blank what is readable; a place that holds nothing is left out. Done again, it finds nothing."""

    def personal_before(self, before: datetime, countries: Sequence[str], after: str, limit: int) -> list[Known]:
        """Orders placed before a moment whose personal data are kept, by id from the one after `after`.

        Of all countries where none is named.
        """

    def personal_waits(self, order: OrderId) -> bool:
        """Whether an event about the order waits to be applied."""


def personal_of(books: Transaction) -> PersonalBooks:
    """Of the store that this transaction is of; every store does it."""
    return cast("PersonalBooks", books)


def thinned(order: Order) -> Order:
    """What stays of an order for the books: what was bought and for how much, in which country, on which day.

    Neither the place nor whether it was a home, no marks that somebody wrote, no moment.
    """
    day = order.placed_at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return replace(order, ship_to=ShipTo("", order.ship_to.country), tags=frozenset(), placed_at=day)


def is_thinned(order: Order) -> bool:
    return not order.ship_to.postal_code
