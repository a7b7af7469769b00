"""What stands of an order now: what was cancelled of it, what is set aside, what a node is picking, what has left."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from types import MappingProxyType
from typing import Any

from evenstock.domain import (
    LineId,
    LotId,
    NodeId,
    Order,
    OrderId,
    OrderLine,
    Reservation,
    ReservationId,
    ReservationLine,
    ReservationState,
    Sku,
    Units,
    canonical_json,
    digest,
)
from evenstock.operations.decisions import behind
from evenstock.operations.ports import Transaction


@dataclass(frozen=True, slots=True)
class Piece:
    """A released reservation with what is left of it: its lines less what was taken off since."""

    reservation: Reservation
    lines: tuple[ReservationLine, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything the books know of one order."""

    order: Order
    cancelled: Mapping[LineId, int]
    """Units cancelled of each line that lost some."""
    soft: tuple[Reservation, ...]
    """Set aside and not released: a decision may still move them."""
    picking: tuple[Piece, ...]
    """Released and still in the building."""
    left: tuple[Piece, ...]
    """On the way to the customer."""
    in_place_of: Mapping[Sku, Sku] = field(default_factory=lambda: MappingProxyType({}))
    """What was ordered, by what is shipped instead of it."""

    @property
    def wanted(self) -> tuple[OrderLine, ...]:
        """The order's lines less what was cancelled."""
        rest = ((line, line.units - self.cancelled.get(line.id, 0)) for line in self.order.lines)
        return tuple(replace(line, units=Units(units)) for line, units in rest if units > 0)

    @property
    def to_place(self) -> tuple[OrderLine, ...]:
        """Units a decision may still place, soft ones with them: wanted less what was released, in the order of the lines."""
        fixed = units_by_sku((*self.picking, *self.left), self.in_place_of)
        found = []
        for line in self.wanted:
            served = min(line.units, fixed[line.sku])
            fixed[line.sku] -= served
            if line.units > served:
                found.append(replace(line, units=Units(line.units - served)))
        return tuple(found)

    @property
    def is_cancelled(self) -> bool:
        return not self.wanted

    @property
    def is_settled(self) -> bool:
        """Nothing is left that could be changed: every wanted unit has left the building, or there is none."""
        return not self.soft and not self.picking and not self.to_place


def standing(books: Transaction, order: OrderId) -> Standing | None:
    """What stands of the order; None if no order was kept under this id."""
    kept = books.order(order)
    if kept is None:
        return None
    soft: list[Reservation] = []
    picking: list[Piece] = []
    left: list[Piece] = []
    every = books.reservations_of(order)
    for reservation in every:
        if reservation.state is ReservationState.PENDING:
            soft.append(reservation)
        elif reservation.state is ReservationState.POSTED:
            piece = Piece(reservation, left_of(books, reservation))
            (left if has_shipped(books, reservation.id) else picking).append(piece)
    whole = tuple(piece for piece in picking if piece.lines)
    instead = _substitutes(books, kept, every)
    return Standing(kept, cancelled_units(books, order), tuple(soft), whole, tuple(left), instead)


def units_by_sku(pieces: Sequence[Piece], in_place_of: Mapping[Sku, Sku] = MappingProxyType({})) -> Counter[Sku]:
    """Units of each item as it was ordered."""
    found: Counter[Sku] = Counter()
    for piece in pieces:
        for line in piece.lines:
            found[in_place_of.get(line.sku, line.sku)] += line.units
    return found


def _substitutes(books: Transaction, order: Order, reservations: Iterable[Reservation]) -> dict[Sku, Sku]:
    """What was ordered, by what the decisions behind these reservations ship instead."""
    ordered = {line.id: line.sku for line in order.lines}
    own = frozenset(ordered.values())
    found: dict[Sku, Sku] = {}
    for reservation in reservations:
        if all(line.sku in own for line in reservation.lines):
            continue
        made = behind(books, reservation.id)
        plan = made.choice if made is not None else None
        for shipment in plan.shipments if plan else ():
            for line in shipment.lines:
                if line.sku not in own and line.line in ordered:
                    found[line.sku] = ordered[line.line]
    return found


# --- what is taken off a released reservation -----------------------------------------------------------------------
# A reservation is resolved once and never changes; what a node could not pick, or stopped, is noted beside it.


def take_off(
    books: Transaction, reservation: ReservationId, lines: Sequence[ReservationLine], because: str, now: datetime
) -> None:
    """Note that these units no longer belong to a released reservation; the caller moves them in the same transaction.

    Raises
    ------
    ConflictError
        If somebody else notes something about it at the same moment; nothing is kept then.
    """
    said = [[line.sku, line.node, line.lot, line.units] for line in lines]
    _note(books, f"taken off:{reservation}", {"because": because, "lines": said}, now)


def left_of(books: Transaction, reservation: Reservation) -> tuple[ReservationLine, ...]:
    """The reservation's lines less what was taken off; what nothing is left of is left out."""
    off: Counter[tuple[Sku, NodeId, LotId]] = Counter()
    for note in _notes(books, f"taken off:{reservation.id}"):
        for sku, node, lot, units in note["lines"]:
            off[Sku(sku), NodeId(node), LotId(lot)] += units
    rest = ((line, line.units - off[line.sku, line.node, line.lot]) for line in reservation.lines)
    return tuple(replace(line, units=Units(units)) for line, units in rest if units > 0)


def has_shipped(books: Transaction, reservation: ReservationId) -> bool:
    return books.recall(f"shipped:{reservation}") is not None


def note_shipped(books: Transaction, reservation: ReservationId, units: int, now: datetime) -> None:
    books.remember(f"shipped:{reservation}", digest([reservation]), str(units).encode(), now)


# --- what is cancelled of an order -----------------------------------------------------------------------------------


def cancel_units(books: Transaction, order: OrderId, units: Mapping[LineId, int], because: str, now: datetime) -> None:
    """Note that the customer no longer wants these units of these lines."""
    said = [[line, n] for line, n in sorted(units.items())]
    _note(books, f"cancelled:{order}", {"because": because, "lines": said}, now)


def cancelled_units(books: Transaction, order: OrderId) -> Counter[LineId]:
    found: Counter[LineId] = Counter()
    for note in _notes(books, f"cancelled:{order}"):
        for line, units in note["lines"]:
            found[LineId(line)] += units
    return found


def _notes(books: Transaction, about: str) -> Iterator[dict[str, Any]]:
    for number in count(1):
        kept = books.recall(f"{about}:{number}")
        if kept is None:
            return
        yield json.loads(kept.response)


def _note(books: Transaction, about: str, said: dict[str, object], now: datetime) -> None:
    number = 1 + sum(1 for _ in _notes(books, about))
    books.remember(f"{about}:{number}", digest(said), canonical_json(said), now)
