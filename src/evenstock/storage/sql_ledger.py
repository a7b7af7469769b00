"""Movements and balances in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import polars as pl
import sqlalchemy as sa

from evenstock.domain import (
    UNTRACKED,
    LotId,
    Movement,
    MovementId,
    NodeId,
    Sku,
    StockBalance,
    StockObservation,
    Units,
    rfc3339,
)
from evenstock.storage import bookkeeping as book
from evenstock.storage import ledger_frames, rows
from evenstock.storage.session import Session, listed, rows_of

_SEEN = listed(
    "SELECT id, units, sku, lot, source_node, source_bucket, source_cause, destination_node, destination_bucket, "
    "destination_cause, occurred_at, because, reverses FROM movement WHERE id IN :among"
)
_BALANCES = listed(
    "SELECT sku, node, lot, available, reserved, allocated, held, in_transit, shortfall, buffer FROM stock_balance "
    "WHERE sku IN :among AND available + reserved + allocated + held + in_transit + shortfall + buffer > 0 "
    "ORDER BY sku, node, lot"
)
_BALANCE = sa.text(
    "SELECT sku, node, lot, available, reserved, allocated, held, in_transit, shortfall, buffer FROM stock_balance "
    "WHERE sku = :sku AND node = :node AND lot = :lot"
)
_ALL_BALANCES = sa.text(
    "SELECT sku, node, lot, available, reserved, allocated, held, in_transit, shortfall, buffer FROM stock_balance"
)
_ITEMS_ON_HAND = sa.text(
    "SELECT count(DISTINCT sku) FROM stock_balance WHERE node = :node AND available + reserved + allocated + held > 0"
)
_ALL_MOVEMENTS = sa.text(
    "SELECT id, sku, lot, units, source_node, source_bucket, source_cause, destination_node, destination_bucket, "
    "destination_cause, occurred_at, recorded_at, because, reverses FROM movement ORDER BY number"
)
_RESUM = sa.text(
    """
    SELECT sku, node, lot,
        CAST(SUM(CASE WHEN bucket = 'available' THEN units ELSE 0 END) AS BIGINT) AS available,
        CAST(SUM(CASE WHEN bucket = 'reserved' THEN units ELSE 0 END) AS BIGINT) AS reserved,
        CAST(SUM(CASE WHEN bucket = 'allocated' THEN units ELSE 0 END) AS BIGINT) AS allocated,
        CAST(SUM(CASE WHEN bucket = 'held' THEN units ELSE 0 END) AS BIGINT) AS held,
        CAST(SUM(CASE WHEN bucket = 'in_transit' THEN units ELSE 0 END) AS BIGINT) AS in_transit,
        CAST(SUM(CASE WHEN bucket = 'shortfall' THEN -units ELSE 0 END) AS BIGINT) AS shortfall,
        CAST(SUM(CASE WHEN bucket = 'buffer' THEN units ELSE 0 END) AS BIGINT) AS buffer
    FROM (
        SELECT sku, source_node AS node, lot, source_bucket AS bucket, -units AS units FROM movement
        WHERE source_bucket <> 'outside'
        UNION ALL
        SELECT sku, destination_node, lot, destination_bucket, units FROM movement
        WHERE destination_bucket <> 'outside'
        UNION ALL
        SELECT sku, node, lot, 'buffer', buffer FROM stock_balance WHERE buffer <> 0
    ) AS ends
    GROUP BY sku, node, lot
    """
)
_OUTSIDE = sa.text(
    """
    SELECT sku, lot, node, cause, CAST(SUM(units) AS BIGINT) AS units FROM (
        SELECT sku, lot, source_node AS node, source_cause AS cause, -units AS units FROM movement
        WHERE source_bucket = 'outside'
        UNION ALL
        SELECT sku, lot, destination_node, destination_cause, units FROM movement WHERE destination_bucket = 'outside'
    ) AS ends
    GROUP BY sku, lot, node, cause
    """
)
_SET_BUFFER = sa.text(
    "INSERT INTO stock_balance (sku, node, lot, buffer) VALUES (:sku, :node, :lot, :units) "
    "ON CONFLICT (sku, node, lot) DO UPDATE SET buffer = excluded.buffer"
)
_OBSERVATIONS = sa.text(
    "SELECT source, sku, node, lot, version, units, observed_at FROM stock_observation "
    "WHERE sku = :sku AND node = :node AND lot = :lot"
)
_OBSERVE = sa.text(
    "INSERT INTO stock_observation (sku, node, lot, source, version, units, observed_at) "
    "VALUES (:sku, :node, :lot, :source, :version, :units, :observed_at) ON CONFLICT (sku, node, lot, source) "
    "DO UPDATE SET version = excluded.version, units = excluded.units, observed_at = excluded.observed_at"
)


def _written(movement: Movement, recorded_at: str) -> dict[str, Any]:
    return {
        "id": movement.id,
        "sku": movement.source.sku,
        "lot": movement.source.lot,
        "units": movement.units,
        "source_node": movement.source.node,
        "source_bucket": movement.source.bucket.value,
        "source_cause": movement.source.cause.value,
        "destination_node": movement.destination.node,
        "destination_bucket": movement.destination.bucket.value,
        "destination_cause": movement.destination.cause.value,
        "occurred_at": rfc3339(movement.occurred_at),
        "recorded_at": recorded_at,
        "because": movement.because,
        "reverses": movement.reverses,
    }


def _content(written: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(rows.moment(v) if k == "occurred_at" else v for k, v in sorted(written.items()) if k != "recorded_at")


class LedgerSql(Session):
    """Movements are appended, balances follow in the same transaction."""

    def post(self, movements: Iterable[Movement], recorded_at: datetime) -> int:
        with self.whole():
            new = self._append(movements, recorded_at)
            self._project(new, recorded_at)
        return len(new)

    def _append(self, movements: Iterable[Movement], recorded_at: datetime) -> list[Movement]:
        """Insert what is new; raises ConflictError if an id is there, or stands twice here, with other content."""
        at = rfc3339(recorded_at)
        wanted: dict[MovementId, Movement] = {}
        written: dict[str, dict[str, Any]] = {}
        for movement in movements:
            row = _written(movement, at)
            if movement.id in wanted and _content(written[movement.id]) != _content(row):
                raise book.other_content(movement.id)
            wanted.setdefault(movement.id, movement)
            written.setdefault(movement.id, row)
        if not wanted:
            return []
        new = set(self.run(self.statements.insert_movements, rows=rows_of(written.values())).scalars())
        there = [name for name in wanted if name not in new]
        if there:
            for seen in self.run(_SEEN, among=there).mappings():
                if _content(dict(seen)) != _content(written[seen["id"]]):
                    raise book.other_content(seen["id"])
        return [movement for name, movement in wanted.items() if name in new]

    def _project(self, movements: Sequence[Movement], recorded_at: datetime) -> list[Movement]:
        """Bring the balances up to these movements; returns the repayments of shortfalls that this made."""
        if not movements:
            return []
        open_shortfalls = self._change(book.changes(movements))
        repaid = [book.repayment(k, units, book.last_touching(movements, k)) for k, units in open_shortfalls]
        if repaid:
            if len(self._append(repaid, recorded_at)) < len(repaid):
                raise book.repayment_taken()
            self._change(book.changes(repaid))
        return repaid

    def _change(self, changes: dict[book.Key, dict[str, int]]) -> list[tuple[book.Key, int]]:
        """Apply changes in key order; returns the rows where a shortfall can now be repaid, with the units."""
        keys: list[dict[str, Any]] = [dict(zip(ledger_frames.KEY, key, strict=True)) for key in changes]
        zero = dict.fromkeys(book.STATES, 0)
        wanted = [key | zero | change for key, change in zip(keys, changes.values(), strict=True)]
        self.run(self.statements.insert_balances, rows=rows_of(keys))
        if len(keys) > 1:
            self.run(self.statements.lock_balances, rows=rows_of(keys)).all()
        changed = {
            (Sku(r.sku), NodeId(r.node), LotId(r.lot)): min(r.available, r.shortfall)
            for r in self.run(self.statements.change_balances, rows=rows_of(wanted))
        }
        for key, change in changes.items():
            if key not in changed:
                found = self._balance(key)
                raise book.below_zero(key, {state: getattr(found, state) for state in book.STATES}, change)
        return [(key, changed[key]) for key in changes if changed[key]]

    def _balance(self, key: book.Key) -> StockBalance:
        found = self.run(_BALANCE, **dict(zip(ledger_frames.KEY, key, strict=True))).one_or_none()
        return rows.balance(found) if found is not None else StockBalance(*key)

    def adjust_on_hand(self, observation: StockObservation, because: str, recorded_at: datetime) -> list[Movement]:
        key = {"sku": observation.sku, "node": observation.node, "lot": observation.lot}
        with self.whole():
            # The lock on the balance makes counts of one stock wait for each other, whatever their source.
            self.run(self.statements.insert_balances, rows=rows_of([key]))
            self.run(self.statements.lock_balances, rows=rows_of([key])).all()
            news, latest = book.outranks(observation, map(rows.observation, self.run(_OBSERVATIONS, **key)))
            if not news:
                return []
            self.run(
                _OBSERVE,
                **key,
                source=observation.source,
                version=observation.version,
                units=observation.units,
                observed_at=self.moment(observation.observed_at),
            )
            if not latest:
                return []
            balance = self._balance((observation.sku, observation.node, observation.lot))
            moves = self._append(book.counting(balance, observation, because), recorded_at)
            return moves + self._project(moves, recorded_at)

    def set_buffer(self, sku: Sku, node: NodeId, units: Units, lot: LotId = UNTRACKED) -> None:
        self.run(_SET_BUFFER, sku=sku, node=node, lot=lot, units=book.not_negative(sku, node, units))

    def balances(self, skus: Sequence[Sku]) -> list[StockBalance]:
        return [rows.balance(row) for row in self.run(_BALANCES, among=sorted(set(skus)))] if skus else []

    def balance_frame(self) -> pl.DataFrame:
        return ledger_frames.balance_frame(tuple(row) for row in self.run(_ALL_BALANCES))

    def items_on_hand(self, node: NodeId) -> int:
        return int(self.run(_ITEMS_ON_HAND, node=node).scalar_one())

    def movement_frame(self) -> pl.DataFrame:
        return ledger_frames.movement_frame(
            (*row[:10], rows.moment(row[10]), rows.moment(row[11]), *row[12:]) for row in self.run(_ALL_MOVEMENTS)
        )

    def recompute_balances(self) -> pl.DataFrame:
        return ledger_frames.balance_frame(tuple(row) for row in self.run(_RESUM))

    def outside_frame(self) -> pl.DataFrame:
        return ledger_frames.outside_frame(tuple(row) for row in self.run(_OUTSIDE))
