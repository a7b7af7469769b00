"""The books in memory: the readable reference that the databases must equal, and the store the simulator drives."""

from __future__ import annotations

import heapq
import json
import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby, islice
from typing import Any

import polars as pl

from evenstock.domain import (
    UNTRACKED,
    Bucket,
    CapacityPrice,
    DecisionId,
    DecisionRecord,
    Event,
    LotId,
    Movement,
    NodeId,
    Order,
    OrderId,
    PlanId,
    PlanOutcome,
    PlanState,
    Price,
    Reservation,
    ReservationId,
    ReservationState,
    Sku,
    StockBalance,
    StockObservation,
    TransferId,
    TransferOrder,
    TransferPlan,
    TransferState,
    Units,
    canonical_json,
)
from evenstock.operations.ports import (
    Answer,
    Compared,
    ConflictError,
    Count,
    Look,
    Move,
    Remembered,
    Short,
    SingleCalls,
    Slot,
    StoreError,
    Transaction,
)
from evenstock.storage import bookkeeping as book
from evenstock.storage import ledger_frames, plainly, stock_steps
from evenstock.storage.audit_memory import AuditInMemory
from evenstock.storage.memory_approvals import ApprovalsInMemory
from evenstock.storage.memory_books import Books
from evenstock.storage.memory_entries import steady_clock
from evenstock.storage.memory_personal import PersonalInMemory
from evenstock.storage.memory_quotas import QuotasInMemory
from evenstock.storage.memory_tries import TriesInMemory


def _says_something(b: StockBalance) -> bool:
    return b.available + b.reserved + b.allocated + b.held + b.in_transit + b.shortfall + b.buffer > 0


class MemoryStore:
    """One transaction at a time, behind a lock; what a failed one changed is put back.

    `clock` is what leases run by; without one, the machine's, made steady.
    """

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self._books = Books()
        self._clock = clock or steady_clock()
        self._lock = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        with self._held() as unit:
            yield unit
            if unit.changed:
                raise StoreError(book.READ_ONLY)

    def singly(self) -> AbstractContextManager[SingleCalls]:
        return self.transaction()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._held() as unit:
            yield unit

    @contextmanager
    def _held(self) -> Iterator[MemoryTransaction]:
        if self._holder == threading.get_ident():
            raise StoreError(book.NESTED)
        with self._lock:
            self._holder = threading.get_ident()
            unit = MemoryTransaction(self._books, self._clock)
            try:
                yield unit
            except BaseException:
                unit.undo_to(0)
                raise
            finally:
                self._holder = None

    def close(self) -> None:
        """Forget everything."""
        with self._lock:
            self._books = Books()


class MemoryTransaction(AuditInMemory, ApprovalsInMemory, PersonalInMemory, QuotasInMemory, TriesInMemory):
    """Everything `operations.ports.Transaction` asks for."""

    # --- an order's question and answer ------------------------------------------------------------------------
    def look(self, skus: Sequence[Sku], days: Sequence[date], now: datetime) -> Look:
        return plainly.look(self, skus, days, now)

    def answer(
        self,
        decision: DecisionRecord,
        now: datetime,
        *,
        order: Order | None = None,
        facts: Sequence[Event] = (),
        key: str = "",
        request: str = "",
    ) -> None:
        plainly.answer(self, decision, now, order=order, facts=facts, key=key, request=request)

    def recall_and_look(
        self, keys: Sequence[str], skus: Sequence[Sku], days: Sequence[date], now: datetime
    ) -> tuple[Mapping[str, Remembered], Look]:
        return plainly.recall_and_look(self, keys, skus, days, now)

    def keep_together(
        self,
        answers: Sequence[Answer],
        now: datetime,
        said: Sequence[tuple[str, str]] = (),
        *,
        halts: Collection[str] = (),
    ) -> bool:
        return plainly.keep_together(self, answers, now, said, halts)

    def outlast(self, seconds: float) -> bool:  # noqa: ARG002 (one writer at a time: no other is open)
        return True

    def compared(self, also: Sequence[Sku] = ()) -> Compared:  # noqa: ARG002 (every item is compared)
        return plainly.compared(self)

    # --- idempotency -------------------------------------------------------------------------------------------
    def recall(self, key: str) -> Remembered | None:
        return self._books.commands.get(key)

    def remember(self, key: str, request: str, response: bytes, now: datetime) -> None:  # noqa: ARG002 (databases keep it)
        if key in self._books.commands:
            raise ConflictError(f"command {key} already has its answer; recall it first")
        self._put(self._books.commands, key, Remembered(key, request, response))

    def accept(self, source: str, event: str, now: datetime) -> bool:
        if (source, event) in self._books.inbox:
            return False
        self._put(self._books.inbox, (source, event), now)
        return True

    # --- the ledger --------------------------------------------------------------------------------------------
    def post(self, movements: Iterable[Movement], recorded_at: datetime) -> int:
        with self.whole():
            new = self._append(movements, recorded_at)
            self._project(new, recorded_at)
        return len(new)

    def _append(self, movements: Iterable[Movement], recorded_at: datetime) -> list[Movement]:
        new = []
        for movement in movements:
            seen = self._books.movements.get(movement.id)
            if seen is None:
                self._put(self._books.movements, movement.id, (movement, recorded_at))
                new.append(movement)
            elif seen[0] != movement:
                raise book.other_content(movement.id)
        return new

    def _project(self, movements: Sequence[Movement], recorded_at: datetime) -> list[Movement]:
        """Bring the balances up to these movements; returns the repayments of shortfalls that this made."""
        repaid: list[Movement] = []
        for key, change in book.changes(movements).items():
            balance = self._balance(key)
            before = {state: getattr(balance, state) for state in book.STATES}
            if any(before[state] + units < 0 for state, units in change.items()):
                raise book.below_zero(key, before, change)
            after: dict[str, Any] = {s: before[s] + units for s, units in change.items()}
            self._set(replace(balance, **after))
            repaid += self._repay(key, movements, recorded_at)
        return repaid

    def _repay(self, key: book.Key, cause: Sequence[Movement], recorded_at: datetime) -> list[Movement]:
        balance = self._balance(key)
        units = min(balance.available, balance.shortfall)
        if not units:
            return []
        movement = book.repayment(key, units, book.last_touching(cause, key))
        if movement.id in self._books.movements:
            raise book.repayment_taken()
        self._put(self._books.movements, movement.id, (movement, recorded_at))
        available, shortfall = Units(balance.available - units), Units(balance.shortfall - units)
        self._set(replace(balance, available=available, shortfall=shortfall))
        return [movement]

    def _balance(self, key: book.Key) -> StockBalance:
        sku, node, lot = key
        found = self._books.balances.get(sku, {}).get((node, lot))
        return found if found is not None else StockBalance(sku, node, lot)

    def _set(self, balance: StockBalance) -> None:
        self._put(self._books.balances.setdefault(balance.sku, {}), (balance.node, balance.lot), balance)

    def adjust_on_hand(self, observation: StockObservation, because: str, recorded_at: datetime) -> list[Movement]:
        key = (observation.sku, observation.node, observation.lot)
        newest = self._books.observations.get(key, ())
        news, latest = book.outranks(observation, newest)
        if not news:
            return []
        with self.whole():
            others = tuple(o for o in newest if o.source != observation.source)
            self._put(self._books.observations, key, (*others, observation))
            if not latest:
                return []
            moves = self._append(book.counting(self._balance(key), observation, because), recorded_at)
            return moves + self._project(moves, recorded_at)

    def change_stock(
        self, steps: Sequence[Count | Move], recorded_at: datetime
    ) -> list[Sequence[Movement] | StoreError]:
        return stock_steps.one_by_one(self, steps, recorded_at)

    def items_on_hand(self, node: NodeId) -> int:
        shelves = self._books.balances.values()
        return sum(any(b.node == node and b.on_hand > 0 for b in found.values()) for found in shelves)

    def set_buffer(self, sku: Sku, node: NodeId, units: Units, lot: LotId = UNTRACKED) -> None:
        self._set(replace(self._balance((sku, node, lot)), buffer=book.not_negative(sku, node, units)))

    def balances(self, skus: Sequence[Sku]) -> list[StockBalance]:
        found = self._books.balances
        return [b for sku in sorted(set(skus)) for _, b in sorted(found.get(sku, {}).items()) if _says_something(b)]

    def balance_frame(self) -> pl.DataFrame:
        states = (*book.STATES, "buffer")
        return ledger_frames.balance_frame(
            (b.sku, b.node, b.lot, *(getattr(b, s) for s in states))
            for shelves in self._books.balances.values()
            for b in shelves.values()
        )

    def movement_frame(self) -> pl.DataFrame:
        return ledger_frames.movement_frame(
            (
                m.id,
                m.source.sku,
                m.source.lot,
                m.units,
                m.source.node,
                m.source.bucket.value,
                m.source.cause.value,
                m.destination.node,
                m.destination.bucket.value,
                m.destination.cause.value,
                m.occurred_at,
                recorded_at,
                m.because,
                m.reverses,
            )
            for m, recorded_at in self._books.movements.values()
        )

    def recompute_balances(self) -> pl.DataFrame:
        buffers = self.balance_frame().select(*ledger_frames.KEY, "buffer")
        return ledger_frames.resum(self.movement_frame(), buffers)

    def outside_frame(self) -> pl.DataFrame:
        ends = (
            (e, u)
            for m, _ in self._books.movements.values()
            for e, u in ((m.source, -m.units), (m.destination, m.units))
        )
        return ledger_frames.outside_frame(
            (a.sku, a.lot, a.node, a.cause.value, units) for a, units in ends if a.bucket is Bucket.OUTSIDE
        )

    # --- reservations ------------------------------------------------------------------------------------------
    def reserve(
        self,
        reservation: Reservation,
        slots: Sequence[Slot] = (),
        *,
        order_class: str = "",
        may_take_protected: bool = False,
    ) -> Short | None:
        books = self._books
        seen = books.reservations.get(reservation.id)
        if seen is not None:
            book.same_promise(seen, reservation)
            return None
        places = book.places(slots)
        short = self._short(reservation, places, order_class, may_take_protected)
        if short is not None:
            return short
        with self.whole():
            self._put(books.reservations, reservation.id, replace(reservation, state=ReservationState.PENDING))
            self._put(books.by_order, reservation.order, (*books.by_order.get(reservation.order, ()), reservation.id))
            self._put(books.pending, reservation.id, reservation.expires_at)
            self._put(books.places, reservation.id, places)
            for slot, count in places:
                self._put(books.taken, (slot.node, slot.day), books.taken.get((slot.node, slot.day), 0) + count)
            self.draw(reservation, order_class)
            new = self._append(book.reserving(reservation), reservation.made_at)
            self._project(new, reservation.made_at)
        return None

    def _short(
        self, reservation: Reservation, places: Sequence[tuple[Slot, int]], order_class: str, may_take_protected: bool
    ) -> Short | None:
        for (sku, node), lines in groupby(reservation.lines, key=lambda line: (line.sku, line.node)):
            shelves = self._books.balances.get(sku, {})
            wanted = 0
            for line in lines:
                balance = shelves.get((node, line.lot))
                if balance is None or balance.available - balance.buffer < line.units:
                    return book.short_of_stock(sku, node, line.units)
                wanted, last = wanted + line.units, line.units
            kept = 0 if may_take_protected else self.kept_for_others(sku, node, order_class)
            if kept and kept > sum(b.atp for (at, _), b in shelves.items() if at == node) - wanted:
                return book.short_of_protected(sku, node, last)
        for slot, count in places:
            if self._books.taken.get((slot.node, slot.day), 0) + count > slot.ceiling:
                return book.short_of_slots(slot, count)
        return None

    def settle(self, reservation: ReservationId, state: ReservationState, now: datetime) -> bool:
        books = self._books
        found = books.reservations.get(reservation)
        if not book.can_settle(reservation, found.state if found else None, state) or found is None:
            return False
        with self.whole():
            self._put(books.reservations, reservation, replace(found, state=state))
            self._drop(books.pending, reservation)
            new = self._append(book.settling(found, state, now), now)
            self._project(new, now)
            if state is not ReservationState.POSTED:
                self.give_back(reservation)
                for slot, count in books.places[reservation]:
                    self._put(books.taken, (slot.node, slot.day), books.taken[slot.node, slot.day] - count)
        return True

    def reservation(self, reservation: ReservationId) -> Reservation | None:
        return self._books.reservations.get(reservation)

    def reservations_of(self, order: OrderId) -> list[Reservation]:
        return [self._books.reservations[name] for name in self._books.by_order.get(order, ())]

    def pending(self) -> list[Reservation]:
        return [self._books.reservations[name] for name in sorted(self._books.pending)]

    def promised_frame(self) -> pl.DataFrame:
        lines = (line for name in self._books.pending for line in self._books.reservations[name].lines)
        return ledger_frames.promised_frame((line.sku, line.node, line.lot, line.units) for line in lines)

    def due(self, now: datetime, limit: int) -> list[ReservationId]:
        late = [(expires_at, name) for name, expires_at in self._books.pending.items() if expires_at <= now]
        return [name for _, name in heapq.nsmallest(limit, late)]

    def slots_taken(self, days: Sequence[date]) -> Mapping[tuple[NodeId, date], int]:
        wanted = set(days)
        return {place: count for place, count in sorted(self._books.taken.items()) if place[1] in wanted and count}

    # --- records -----------------------------------------------------------------------------------------------
    def record(self, decision: DecisionRecord) -> None:
        seen = self._books.decisions.get(decision.id)
        if seen is None:
            self._put(self._books.decisions, decision.id, decision)
            self._put(self._books.decided, decision.order, decision.id)
        elif seen != decision and seen.canonical() != decision.canonical():
            raise ConflictError(
                f"decision {decision.id} is already recorded with other content; records are never changed"
            )

    def decision(self, decision: DecisionId) -> bytes | None:
        # Written out only when asked for: a simulated year records millions of decisions and reads few.
        found = self._books.decisions.get(decision)
        return found.canonical() if found is not None else None

    def decision_of(self, order: OrderId) -> bytes | None:
        latest = self._books.decided.get(order)
        return self.decision(latest) if latest is not None else None

    def decisions(self, limit: int, after: str = "") -> list[bytes]:
        records = iter(self._books.decisions.values())
        if after:
            if DecisionId(after) not in self._books.decisions:
                raise StoreError(f"decision {after} is not recorded; leave `after` empty to read from the first")
            next(d for d in records if d.id == after)
        return [d.canonical() for d in islice(records, limit)]

    def publish(self, events: Iterable[Event]) -> None:
        with self.whole():
            for event in events:
                seen = self._books.facts.get(event.id)
                if seen is not None:
                    book.same_fact(seen, event)
                    continue
                self._put(self._books.undelivered, event.id, len(self._books.facts))
                self._put(self._books.facts, event.id, event)

    def outbox(self, limit: int) -> list[Event]:
        waiting = ((number, name) for name, number in self._books.undelivered.items())
        events = [self._books.facts[name] for _, name in heapq.nsmallest(limit, waiting)]
        return [replace(event, body=json.loads(canonical_json(event.body))) for event in events]

    def delivered(self, events: Sequence[str], now: datetime) -> None:  # noqa: ARG002 (databases keep it)
        for name in events:
            if name not in self._books.facts:
                raise StoreError(f"event {name} was never published, so it cannot be marked as delivered")
        for name in dict.fromkeys(events):
            if name in self._books.undelivered:
                self._drop(self._books.undelivered, name)

    # --- plans and transfers ------------------------------------------------------------------------------------
    def put_plan(self, plan: TransferPlan) -> None:
        seen = self._books.plans.get(plan.id)
        if seen is not None:
            return book.same_plan(seen, plan)
        return self._put(self._books.plans, plan.id, plan)

    def plan(self, plan: PlanId) -> TransferPlan | None:
        return self._books.plans.get(plan)

    def plans(self, limit: int) -> list[TransferPlan]:
        return sorted(self._books.plans.values(), key=lambda p: (p.made_at, p.id), reverse=True)[:limit]

    def move_plan(self, plan: PlanId, seen: PlanState, to: PlanState) -> None:
        found = self._books.plans.get(plan)
        if found is None or found.state is not seen:
            raise ConflictError(f"plan {plan} is {found.state if found else 'not kept'}, not {seen}; read it again")
        self._put(self._books.plans, plan, replace(found, state=to))

    def put_plan_outcome(self, outcome: PlanOutcome) -> None:
        self._put(self._books.plan_outcomes, outcome.plan, outcome)

    def plan_outcome(self, plan: PlanId) -> PlanOutcome | None:
        return self._books.plan_outcomes.get(plan)

    def put_transfer(self, transfer: TransferOrder) -> None:
        seen = self._books.transfers.get(transfer.id)
        if seen is not None:
            return book.same_transfer(seen, transfer)
        return self._put(self._books.transfers, transfer.id, transfer)

    def transfer(self, transfer: TransferId) -> TransferOrder | None:
        return self._books.transfers.get(transfer)

    def transfers(self, state: TransferState | None = None) -> list[TransferOrder]:
        return [t for _, t in sorted(self._books.transfers.items()) if state is None or t.state is state]

    def change_transfer(self, seen: TransferState, transfer: TransferOrder) -> None:
        book.can_step(seen, transfer)
        found = self._books.transfers.get(transfer.id)
        if found is None or found.state is not seen:
            state = found.state if found else "not kept"
            raise ConflictError(f"transfer {transfer.id} is {state}, not {seen}; read it again")
        book.same_transfer(found, transfer)
        self._put(self._books.transfers, transfer.id, transfer)

    # --- prices and pointers ------------------------------------------------------------------------------------
    def put_prices(self, prices: Sequence[Price]) -> None:
        for price in prices:
            history = self._books.prices.setdefault(price.sku, {})
            rank = (price.valid_from, -book.price_rank(price.source), price.source)
            rows = [row for row in history.get(price.node, ()) if row[:3] != rank]
            insort(rows, (*rank, price), key=lambda row: row[:3])
            self._put(history, price.node, tuple(rows))

    def prices(self, skus: Sequence[Sku], now: datetime) -> list[Price]:
        found = []
        for sku in sorted(set(skus)):
            for _, rows in sorted(self._books.prices.get(sku, {}).items()):
                at = bisect_right(rows, now, key=lambda row: row[0])
                if at:
                    found.append(rows[at - 1][3])
        return found

    def put_capacity_prices(self, prices: Sequence[CapacityPrice]) -> None:
        for price in prices:
            key = (price.scope, price.name, price.day)
            rank = (price.valid_from, -book.price_rank(price.source), price.source)
            rows = [row for row in self._books.capacity_prices.get(key, ()) if row[:3] != rank]
            insort(rows, (*rank, price), key=lambda row: row[:3])
            self._put(self._books.capacity_prices, key, tuple(rows))

    def capacity_prices(self, days: Sequence[date], now: datetime) -> list[CapacityPrice]:
        found = []
        for (_, _, day), rows in sorted(self._books.capacity_prices.items()):
            at = bisect_right(rows, now, key=lambda row: row[0]) if day in days else 0
            if at:
                found.append(rows[at - 1][3])
        return found

    def point(self, name: str, digest: str, now: datetime) -> None:  # noqa: ARG002 (databases keep it)
        self._put(self._books.pointers, name, digest)

    def repoint(self, name: str, seen: str | None, digest: str, now: datetime) -> None:
        found = self.pointer(name)
        if found != seen:
            raise book.pointer_moved(name, seen, found)
        self.point(name, digest, now)

    def pointer(self, name: str) -> str | None:
        return self._books.pointers.get(name)
