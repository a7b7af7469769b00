"""Reservations and slots in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from evenstock.domain import NodeId, OrderId, Reservation, ReservationId, ReservationState
from evenstock.operations.ports import Short, Slot
from evenstock.storage import bookkeeping as book
from evenstock.storage import ledger_frames, rows
from evenstock.storage.session import listed
from evenstock.storage.sql_ledger import LedgerSql

_INSERT = sa.text(
    "INSERT INTO reservation (id, order_id, made_at, expires_at, state) "
    "VALUES (:id, :order_id, :made_at, :expires_at, 'pending') ON CONFLICT (id) DO NOTHING"
)
_INSERT_LINE = sa.text(
    "INSERT INTO reservation_line (reservation_id, sku, node, lot, units) VALUES (:id, :sku, :node, :lot, :units)"
)
_INSERT_SLOT = sa.text(
    "INSERT INTO reservation_slot (reservation_id, node, day, places) VALUES (:id, :node, :day, :places)"
)
_TAKE_STOCK = sa.text(
    "UPDATE stock_balance SET available = available - :units, reserved = reserved + :units "
    "WHERE sku = :sku AND node = :node AND lot = :lot AND available - buffer >= :units"
)
_TAKE_SLOT = sa.text(
    "INSERT INTO slot (node, day, ceiling, taken) SELECT :node, :day, :ceiling, :places WHERE :places <= :ceiling "
    "ON CONFLICT (node, day) DO UPDATE SET ceiling = excluded.ceiling, taken = slot.taken + excluded.taken "
    "WHERE slot.taken + excluded.taken <= excluded.ceiling"
)
_GIVE_SLOT_BACK = sa.text("UPDATE slot SET taken = taken - :places WHERE node = :node AND day = :day")
_SLOTS_OF = sa.text("SELECT node, day, places FROM reservation_slot WHERE reservation_id = :id ORDER BY node, day")
_SETTLE = sa.text("UPDATE reservation SET state = :state WHERE id = :id AND state = 'pending'")
_STATE = sa.text("SELECT state FROM reservation WHERE id = :id")
_READ = (
    "SELECT r.id, r.order_id, r.made_at, r.expires_at, r.state, l.sku, l.node, l.lot, l.units "
    "FROM reservation AS r JOIN reservation_line AS l ON l.reservation_id = r.id"
)
_ONE = sa.text(f"{_READ} WHERE r.id = :id ORDER BY l.sku, l.node, l.lot")
_OF_ORDER = sa.text(f"{_READ} WHERE r.order_id = :order_id ORDER BY r.made_at, r.id, l.sku, l.node, l.lot")
_PENDING = sa.text(f"{_READ} WHERE r.state = 'pending' ORDER BY r.id, l.sku, l.node, l.lot")
_PROMISED = sa.text(
    "SELECT l.sku, l.node, l.lot, CAST(SUM(l.units) AS BIGINT) AS units FROM reservation AS r "
    "JOIN reservation_line AS l ON l.reservation_id = r.id WHERE r.state = 'pending' GROUP BY l.sku, l.node, l.lot"
)
_DUE = sa.text(
    "SELECT id FROM reservation WHERE state = 'pending' AND expires_at <= :now ORDER BY expires_at, id LIMIT :limit"
)
_SLOTS_TAKEN = listed("SELECT node, day, taken FROM slot WHERE day IN :among AND taken > 0 ORDER BY node, day")


class _ShortError(Exception):
    """Leaves the savepoint of a reservation that cannot be made whole."""

    def __init__(self, short: Short) -> None:
        super().__init__(short.because)
        self.short = short


class ReservationsSql(LedgerSql):
    """Setting stock aside is one guarded update a line; whoever loses leaves no trace."""

    def reserve(self, reservation: Reservation, slots: Sequence[Slot] = ()) -> Short | None:
        try:
            with self.whole():
                if self._insert(reservation):
                    self._take(reservation, book.places(slots))
                    return None
        except _ShortError as short:
            return short.short
        self._same_promise(reservation)
        return None

    def _same_promise(self, reservation: Reservation) -> None:
        seen = self.reservation(reservation.id)
        if seen is not None:
            book.same_promise(seen, reservation)

    def _insert(self, reservation: Reservation) -> bool:
        values = {
            "id": reservation.id,
            "order_id": reservation.order,
            "made_at": self.moment(reservation.made_at),
            "expires_at": self.moment(reservation.expires_at),
        }
        return self.run(_INSERT, **values).rowcount == 1

    def _take(self, reservation: Reservation, places: Sequence[tuple[Slot, int]]) -> None:
        for line in reservation.lines:
            values = {"sku": line.sku, "node": line.node, "lot": line.lot, "units": line.units}
            if not self.run(_TAKE_STOCK, **values).rowcount:
                raise _ShortError(book.short_of_stock(line.sku, line.node, line.units))
            self.run(_INSERT_LINE, id=reservation.id, **values)
        for slot, count in places:
            place = {"node": slot.node, "day": self.day(slot.day), "places": count}
            if not self.run(_TAKE_SLOT, ceiling=slot.ceiling, **place).rowcount:
                raise _ShortError(book.short_of_slots(slot, count))
            self.run(_INSERT_SLOT, id=reservation.id, **place)
        # The guarded updates above are the projection of these movements.
        self._append(book.reserving(reservation), reservation.made_at)

    def settle(self, reservation: ReservationId, state: ReservationState, now: datetime) -> bool:
        if state is ReservationState.PENDING:
            raise ValueError("a reservation is settled as posted, voided or expired")
        with self.whole():
            if not self.run(_SETTLE, id=reservation, state=state.value).rowcount:
                found = self.run(_STATE, id=reservation).scalar()
                return book.can_settle(reservation, ReservationState(found) if found else None, state)
            found_whole = self.reservation(reservation)
            assert found_whole is not None
            self._project(self._append(book.settling(found_whole, state, now), now), now)
            if state is not ReservationState.POSTED:
                for node, day, places in self.run(_SLOTS_OF, id=reservation).all():
                    self.run(_GIVE_SLOT_BACK, node=node, day=day, places=places)
        return True

    def reservation(self, reservation: ReservationId) -> Reservation | None:
        return next(iter(rows.reservations(self.run(_ONE, id=reservation))), None)

    def reservations_of(self, order: OrderId) -> list[Reservation]:
        return rows.reservations(self.run(_OF_ORDER, order_id=order))

    def pending(self) -> list[Reservation]:
        return rows.reservations(self.run(_PENDING))

    def promised_frame(self) -> pl.DataFrame:
        return ledger_frames.promised_frame(tuple(row) for row in self.run(_PROMISED))

    def due(self, now: datetime, limit: int) -> list[ReservationId]:
        return [ReservationId(name) for name in self.run(_DUE, now=self.moment(now), limit=limit).scalars()]

    def slots_taken(self, days: Sequence[date]) -> Mapping[tuple[NodeId, date], int]:
        if not days:
            return {}
        found: list[Any] = list(self.run(_SLOTS_TAKEN, among=[self.day(d) for d in sorted(set(days))]))
        return {(NodeId(node), rows.day(day)): taken for node, day, taken in found}
