"""Plans, transfers, prices and pointers in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import sqlalchemy as sa

from evenstock.domain import (
    CapacityPrice,
    PlanId,
    PlanOutcome,
    PlanState,
    Price,
    Sku,
    TransferId,
    TransferOrder,
    TransferPlan,
    TransferState,
    canonical_json,
    rfc3339,
)
from evenstock.operations.ports import ConflictError
from evenstock.storage import bookkeeping as book
from evenstock.storage import plan_documents, rows
from evenstock.storage.session import Session, listed, rows_of

_PUT_PLAN = sa.text(
    "INSERT INTO transfer_plan (id, made_at, state, body) VALUES (:id, :made_at, :state, :body) "
    "ON CONFLICT (id) DO NOTHING"
)
_PLANS = sa.text("SELECT body, state FROM transfer_plan ORDER BY made_at DESC, id DESC LIMIT :limit")
_MOVE_PLAN = sa.text("UPDATE transfer_plan SET state = :to WHERE id = :id AND state = :seen")
_PUT_OUTCOME = sa.text(
    "INSERT INTO plan_outcome (plan, judged_on, body) VALUES (:plan, :judged_on, :body) "
    "ON CONFLICT (plan) DO UPDATE SET judged_on = excluded.judged_on, body = excluded.body"
)
_OUTCOME = sa.text("SELECT body FROM plan_outcome WHERE plan = :plan")
_PUT_TRANSFER = sa.text(
    "INSERT INTO transfer_order (id, plan, origin, destination, ship_by, state, lines, mode) "
    "VALUES (:id, :plan, :origin, :destination, :ship_by, :state, :lines, :mode) ON CONFLICT (id) DO NOTHING"
)
_TRANSFERS = sa.text(
    "SELECT id, plan, origin, destination, ship_by, state, lines, mode, dispatched_on, received_on FROM transfer_order ORDER BY id"
)
_TRANSFERS_IN = sa.text(
    "SELECT id, plan, origin, destination, ship_by, state, lines, mode, dispatched_on, received_on FROM transfer_order WHERE state = :state ORDER BY id"
)
_CHANGE_TRANSFER = sa.text(
    "UPDATE transfer_order SET state = :state, lines = :lines, dispatched_on = :dispatched_on, "
    "received_on = :received_on WHERE id = :id AND state = :seen"
)
_PRICES = listed(
    """
    SELECT sku, node, valid_from, source, cents FROM (
        SELECT sku, node, valid_from, source, cents, ROW_NUMBER() OVER (
            PARTITION BY sku, node
            ORDER BY valid_from DESC, CASE source WHEN 'repricing' THEN 0 WHEN 'nightly' THEN 1 ELSE 2 END, source DESC
        ) AS place
        FROM price WHERE sku IN :among AND valid_from <= :now
    ) AS ranked
    WHERE place = 1 ORDER BY sku, node
    """
)
_PUT_CAPACITY_PRICE = sa.text(
    "INSERT INTO capacity_price (scope, name, day, valid_from, source, cents) "
    "VALUES (:scope, :name, :day, :valid_from, :source, :cents) "
    "ON CONFLICT (scope, name, day, valid_from, source) DO UPDATE SET cents = excluded.cents"
)
_CAPACITY_PRICES = listed(
    """
    SELECT scope, name, day, valid_from, source, cents FROM (
        SELECT scope, name, day, valid_from, source, cents, ROW_NUMBER() OVER (
            PARTITION BY scope, name, day
            ORDER BY valid_from DESC, CASE source WHEN 'repricing' THEN 0 WHEN 'nightly' THEN 1 ELSE 2 END, source DESC
        ) AS place
        FROM capacity_price WHERE day IN :among AND valid_from <= :now
    ) AS ranked
    WHERE place = 1 ORDER BY scope, name, day
    """
)
_POINT = sa.text(
    "INSERT INTO pointer (name, digest, set_at) VALUES (:name, :digest, :now) "
    "ON CONFLICT (name) DO UPDATE SET digest = excluded.digest, set_at = excluded.set_at"
)
# One guarded statement each: who waited for another's commit finds the guard broken, and has lost.
_POINT_FIRST = sa.text(
    "INSERT INTO pointer (name, digest, set_at) VALUES (:name, :digest, :now) ON CONFLICT (name) DO NOTHING"
)
_REPOINT = sa.text("UPDATE pointer SET digest = :digest, set_at = :now WHERE name = :name AND digest = :seen")
_POINTER = sa.text("SELECT digest FROM pointer WHERE name = :name")


class PlansSql(Session):
    """What was proposed, what was ordered, what a unit is worth, and which snapshot a name means."""

    def put_plan(self, plan: TransferPlan) -> None:
        values = {"id": plan.id, "made_at": self.moment(plan.made_at), "state": plan.state.value}
        if not self.run(_PUT_PLAN, **values, body=canonical_json(plan).decode()).rowcount:
            seen = self.plan(plan.id)
            assert seen is not None
            book.same_plan(seen, plan)

    def plan(self, plan: PlanId) -> TransferPlan | None:
        found = self.run(self.statements.read_plan, id=plan).one_or_none()
        return plan_documents.plan(found.body, found.state) if found is not None else None

    def plans(self, limit: int) -> list[TransferPlan]:
        return [plan_documents.plan(body, state) for body, state in self.run(_PLANS, limit=limit)]

    def move_plan(self, plan: PlanId, seen: PlanState, to: PlanState) -> None:
        if not self.run(_MOVE_PLAN, id=plan, seen=seen.value, to=to.value).rowcount:
            found = self.plan(plan)
            raise ConflictError(f"plan {plan} is {found.state if found else 'not kept'}, not {seen}; read it again")

    def put_plan_outcome(self, outcome: PlanOutcome) -> None:
        body = canonical_json(outcome).decode()
        self.run(_PUT_OUTCOME, plan=outcome.plan, judged_on=self.day(outcome.judged_on), body=body)

    def plan_outcome(self, plan: PlanId) -> PlanOutcome | None:
        body = self.run(_OUTCOME, plan=plan).scalar()
        return plan_documents.outcome(body) if body is not None else None

    def put_transfer(self, transfer: TransferOrder) -> None:
        values = {
            "id": transfer.id,
            "plan": transfer.plan,
            "origin": transfer.origin,
            "destination": transfer.destination,
            "ship_by": self.day(transfer.ship_by),
            "state": transfer.state.value,
            "mode": transfer.mode,
        }
        if not self.run(_PUT_TRANSFER, **values, lines=canonical_json(transfer.lines).decode()).rowcount:
            seen = self.transfer(transfer.id)
            assert seen is not None
            book.same_transfer(seen, transfer)

    def transfer(self, transfer: TransferId) -> TransferOrder | None:
        found = self.run(self.statements.read_transfer, id=transfer).one_or_none()
        return rows.transfer(found) if found is not None else None

    def transfers(self, state: TransferState | None = None) -> list[TransferOrder]:
        found = self.run(_TRANSFERS) if state is None else self.run(_TRANSFERS_IN, state=state.value)
        return [rows.transfer(row) for row in found]

    def change_transfer(self, seen: TransferState, transfer: TransferOrder) -> None:
        book.can_step(seen, transfer)
        found = self.transfer(transfer.id)
        if found is None or found.state is not seen:
            state = found.state if found else "not kept"
            raise ConflictError(f"transfer {transfer.id} is {state}, not {seen}; read it again")
        book.same_transfer(found, transfer)
        lines = canonical_json(transfer.lines).decode()
        days = {
            name: None if day is None else self.day(day)
            for name, day in (("dispatched_on", transfer.dispatched_on), ("received_on", transfer.received_on))
        }
        self.run(_CHANGE_TRANSFER, id=transfer.id, seen=seen.value, state=transfer.state.value, lines=lines, **days)

    def put_prices(self, prices: Sequence[Price]) -> None:
        # The last of several under one key counts; a statement may touch a row only once.
        newest = {(p.sku, p.node, rfc3339(p.valid_from), p.source): p.cents for p in prices}
        named = ("sku", "node", "valid_from", "source")
        written = [dict(zip(named, key, strict=True)) | {"cents": cents} for key, cents in sorted(newest.items())]
        if written:
            self.run(self.statements.put_prices, rows=rows_of(written))

    def prices(self, skus: Sequence[Sku], now: datetime) -> list[Price]:
        if not skus:
            return []
        return [rows.price(row) for row in self.run(_PRICES, among=sorted(set(skus)), now=self.moment(now))]

    def put_capacity_prices(self, prices: Sequence[CapacityPrice]) -> None:
        # In key order, so that two repricings never wait for each other; a few dozen rows.
        newest = {(p.scope, p.name, p.day, p.valid_from, p.source): int(p.cents) for p in prices}
        for (scope, name, day, valid_from, source), cents in sorted(newest.items()):
            values = {"scope": scope, "name": name, "day": self.day(day), "source": source, "cents": cents}
            self.run(_PUT_CAPACITY_PRICE, **values, valid_from=self.moment(valid_from))

    def capacity_prices(self, days: Sequence[date], now: datetime) -> list[CapacityPrice]:
        if not days:
            return []
        among = [self.day(day) for day in sorted(set(days))]
        return [rows.capacity_price(row) for row in self.run(_CAPACITY_PRICES, among=among, now=self.moment(now))]

    def point(self, name: str, digest: str, now: datetime) -> None:
        self.run(_POINT, name=name, digest=digest, now=self.moment(now))

    def repoint(self, name: str, seen: str | None, digest: str, now: datetime) -> None:
        values = {"name": name, "digest": digest, "now": self.moment(now)}
        done = self.run(_POINT_FIRST, **values) if seen is None else self.run(_REPOINT, **values, seen=seen)
        if not done.rowcount:
            raise book.pointer_moved(name, seen, self.pointer(name))

    def pointer(self, name: str) -> str | None:
        found = self.run(_POINTER, name=name).scalar()
        return str(found) if found is not None else None
