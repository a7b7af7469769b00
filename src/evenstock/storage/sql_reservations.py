"""Reservations and slots in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

import polars as pl
import sqlalchemy as sa

from evenstock.domain import NodeId, OrderId, Quota, Reservation, ReservationId, ReservationState, Sku
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


_SET_QUOTA = sa.text(
    "INSERT INTO quota (sku, node, order_class, units, taken) VALUES (:sku, :node, :order_class, :units, 0) "
    "ON CONFLICT (sku, node, order_class) DO UPDATE SET units = excluded.units WHERE quota.taken <= excluded.units"
)
_QUOTA_TAKEN = sa.text("SELECT taken FROM quota WHERE sku = :sku AND node = :node AND order_class = :order_class")
_QUOTAS = listed(
    "SELECT sku, node, order_class, units, taken FROM quota WHERE sku IN :among ORDER BY sku, node, order_class"
)
_LEFT_TO_PROMISE = sa.text(
    "SELECT SUM(CASE WHEN available > buffer THEN available - buffer ELSE 0 END) FROM stock_balance "
    "WHERE sku = :sku AND node = :node"
)
_DRAW = sa.text(
    "UPDATE quota SET taken = taken + :units WHERE sku = :sku AND node = :node AND order_class = :order_class"
)
_INSERT_DRAWN = sa.text(
    "INSERT INTO reservation_quota (reservation_id, sku, node, order_class, units) "
    "VALUES (:id, :sku, :node, :order_class, :units)"
)
_DRAWN = sa.text(
    "SELECT sku, node, order_class, units FROM reservation_quota WHERE reservation_id = :id "
    "ORDER BY sku, node, order_class"
)


class _ShortError(Exception):
    """Leaves the savepoint of a reservation that cannot be made whole."""

    def __init__(self, short: Short) -> None:
        super().__init__(short.because)
        self.short = short


class ReservationsSql(LedgerSql):
    """Setting stock aside is one guarded update a line; whoever loses leaves no trace."""

    def reserve(
        self,
        reservation: Reservation,
        slots: Sequence[Slot] = (),
        *,
        order_class: str = "",
        may_take_protected: bool = False,
    ) -> Short | None:
        try:
            with self.whole():
                if self._insert(reservation):
                    self._take(reservation, book.places(slots), order_class, may_take_protected)
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

    def _take(
        self, reservation: Reservation, places: Sequence[tuple[Slot, int]], order_class: str, may_take_protected: bool
    ) -> None:
        quotas = self.quotas([line.sku for line in reservation.lines])
        for (sku, node), lines in groupby(reservation.lines, key=lambda line: (line.sku, line.node)):
            wanted = 0
            for line in lines:
                values = {"sku": line.sku, "node": line.node, "lot": line.lot, "units": line.units}
                if not self.run(_TAKE_STOCK, **values).rowcount:
                    raise _ShortError(book.short_of_stock(line.sku, line.node, line.units))
                self.run(_INSERT_LINE, id=reservation.id, **values)
                wanted += line.units
                last = line.units
            here = [quota for quota in quotas if (quota.sku, quota.node) == (sku, node)]
            if here:
                kept = 0 if may_take_protected else sum(q.left for q in here if q.order_class != order_class)
                if kept > self.run(_LEFT_TO_PROMISE, sku=sku, node=node).scalar_one():
                    raise _ShortError(book.short_of_protected(sku, node, last))
                self._draw(reservation.id, here, order_class, wanted)
        for slot, count in places:
            place = {"node": slot.node, "day": self.day(slot.day), "places": count}
            if not self.run(_TAKE_SLOT, ceiling=slot.ceiling, **place).rowcount:
                raise _ShortError(book.short_of_slots(slot, count))
            self.run(_INSERT_SLOT, id=reservation.id, **place)
        # The guarded updates above are the projection of these movements.
        self._append(book.reserving(reservation), reservation.made_at)

    def _draw(self, reservation: ReservationId, here: Sequence[Quota], order_class: str, wanted: int) -> None:
        own = next((quota for quota in here if quota.order_class == order_class), None)
        units = min(wanted, own.left) if own else 0
        if own and units:
            values = {"sku": own.sku, "node": own.node, "order_class": order_class, "units": units}
            self.run(_DRAW, **values)
            self.run(_INSERT_DRAWN, id=reservation, **values)

    def settle(self, reservation: ReservationId, state: ReservationState, now: datetime) -> bool:
        if state is ReservationState.PENDING:
            raise ValueError("a reservation is settled as posted, voided or expired")
        with self.whole():
            if not self.run(_SETTLE, id=reservation, state=state.value).rowcount:
                found = self.run(_STATE, id=reservation).scalar()
                return book.can_settle(reservation, ReservationState(found) if found else None, state)
            found_whole = self.reservation(reservation)
            assert found_whole is not None
            if state is not ReservationState.POSTED:
                # Quotas before balances, as reserving does, so that nobody waits in a circle.
                for drawn in self.run(_DRAWN, id=reservation).mappings().all():
                    self.run(_DRAW, **{**drawn, "units": -drawn["units"]})
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

    def set_quotas(self, quotas: Sequence[Quota]) -> None:
        with self.whole():
            for quota in book.one_each(quotas):
                key = {"sku": quota.sku, "node": quota.node, "order_class": quota.order_class}
                if not self.run(_SET_QUOTA, **key, units=quota.units).rowcount:
                    raise book.below_taken(quota, self.run(_QUOTA_TAKEN, **key).scalar_one())

    def quotas(self, skus: Sequence[Sku]) -> list[Quota]:
        return [rows.quota(row) for row in self.run(_QUOTAS, among=sorted(set(skus)))] if skus else []
