"""What operations need from outside: a store that keeps the books, and snapshots of whole tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

import polars as pl

from evenstock.domain import (
    UNTRACKED,
    CapacityPrice,
    Case,
    CaseId,
    CaseKind,
    CaseState,
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
    Quota,
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
)
from evenstock.operations.approval_books import ApprovalBooks


class StoreError(Exception):
    """The store refused: the message says what, where and what to do."""


class ConflictError(StoreError):
    """The same key came with other content, or the thing is no longer in the state the caller saw."""


class UnavailableError(StoreError):
    """The store cannot be reached, or did not answer in time: nothing is known to be wrong with what was asked."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer a command got the first time."""

    key: str
    request: str
    """Digest of the request."""
    response: bytes


@dataclass(frozen=True, slots=True)
class Short:
    """A reservation that could not be made whole: the first line that lacks stock or the node-day without a slot."""

    sku: Sku
    node: NodeId
    wanted: Units
    because: str


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a node's (or a carrier's) day: a row with a ceiling, taken under the same guard as stock."""

    node: NodeId
    day: date
    ceiling: int


@dataclass(frozen=True, slots=True)
class Look:
    """What deciding about an order reads."""

    balances: Sequence[StockBalance]
    prices: Sequence[Price]
    quotas: Sequence[Quota]
    slots_taken: Mapping[tuple[NodeId, date], int]
    capacity_prices: Sequence[CapacityPrice]
    out: Sequence[Case]
    """Open cases that say that a node or a carrier's service is out, by deadline."""
    halts: Sequence[Entry] = ()
    """What stops software from acting (`operations.autonomy.halting`), by id."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An order's decision with all it does to the books: its order, what it sets aside, the facts it tells."""

    order: Order
    decision: DecisionRecord
    reservation: Reservation
    slots: Sequence[Slot]
    facts: Sequence[Event]
    key: str
    """Under which the decision is remembered, with the digest of what was asked."""
    request: str
    also: Sequence[Remembered] = ()
    """Further answers of commands, kept with it."""
    acts: Sequence[Mapping[str, Any]] = ()
    """What the audit log says of it besides, where envelopes let it ship without a person."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The books side by side, for items about which anything could be wrong."""

    balances: pl.DataFrame
    """As `balance_frame`."""
    resummed: pl.DataFrame
    """As `recompute_balances`."""
    promised: pl.DataFrame
    """As `promised_frame`."""
    outside: pl.DataFrame
    """As `outside_frame`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something the service keeps and changes step by step: a key, a person, a session, a subscription, a run."""

    kind: str
    """Such as `run`; ids are unique within a kind."""
    id: str
    body: Mapping[str, Any]
    """What JSON can say."""
    step: int = 0
    """Grows by one with each change, so that nobody overwrites what he did not see."""
    state: str = ""
    """By which entries of a kind are listed; the kind says which states there are."""
    due_at: datetime | None = None
    """When something is to be done about it; None where nothing is."""


class Handling(StrEnum):
    """What became of a received event."""

    WAITING = "waiting"
    """To be applied at `due_at`, for the first time or again."""
    DONE = "done"
    DEAD = "dead"
    """Given up after its last try: a person reads why, and replays or drops it."""


@dataclass(frozen=True, slots=True)
class Received:
    """An event of another system, stored before it is applied."""

    source: str
    id: str
    """With the source it names the event: a second delivery has no effect."""
    kind: str
    """CloudEvents `type`, such as `stock.observed`."""
    subject: str
    """What it is about: events of one source and subject are applied in the order received."""
    occurred_at: datetime
    body: bytes
    """As it came."""
    number: int = 0
    """In the order received; 0 until it is stored."""
    received_at: datetime | None = None
    handling: Handling = Handling.WAITING
    tries: int = 0
    because: str = ""
    """Why it is not applied yet, or given up."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a claimed event, to be written down beside others: as the arguments of `handled`."""

    event: Received
    handling: Handling
    because: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """A step of `change_stock`: what `adjust_on_hand` does."""

    said: StockObservation
    because: str


@dataclass(frozen=True, slots=True)
class Move:
    """A step of `change_stock`: what `post` does with movements of one stock that depend on what is there."""

    sku: Sku
    node: NodeId
    lot: LotId
    moves: Callable[[StockBalance], Sequence[Movement]]
    """Without side effects, for it may be asked again. Raises StoreError where what is there does not allow it."""


class Transaction(ApprovalBooks, Protocol):
    """One unit of work: everything in it is committed together or not at all. READ COMMITTED; never read-then-write on stock.

    A call that raises StoreError leaves no trace of itself, and the transaction can go on.
    """

    def whole(self) -> AbstractContextManager[None]:
        """A step that may fail: a block that raises leaves no trace of itself, and the transaction can go on."""

    # --- idempotency -------------------------------------------------------------------------------------------
    def recall(self, key: str) -> Remembered | None:
        """The answer already given under `key`, if any; a concurrent holder of the key is waited for."""

    def remember(self, key: str, request: str, response: bytes, now: datetime) -> None:
        """Keep the answer with its effect. Raises ConflictError if the key already has one."""

    def accept(self, source: str, event: str, now: datetime) -> bool:
        """Inbox: True the first time this event of this source is seen, False ever after."""

    def receive(self, events: Sequence[Received], now: datetime) -> list[bool]:
        """Store events of others, on a server in one statement however many: True for each new one, False for one seen before.

        An event that stands twice in `events` is new once. Raises ValueError for one that was read from here.
        """

    def claim_received(self, now: datetime, limit: int) -> list[Received]:
        """The first waiting event of each source and subject, where it is due, in the order received.

        Held by this transaction until it ends: concurrent callers get different ones, and never two of them events of one
        source and subject. An event whose subject has an earlier one waiting, due or not, is not given; of events that
        were received at once by two transactions, the one that committed first may go first.
        """

    def handled(
        self, event: Received, handling: Handling, now: datetime, because: str = "", due_at: datetime | None = None
    ) -> None:
        """Write down what became of a claimed event: done, dead, or waiting again until `due_at`; one more try is counted.

        A dead one may be handled later: dropped (done), or waiting again with its tries counted anew. Raises
        ConflictError if the event is no longer as `event` shows it, ValueError if it is done or a time to try it at is
        missing or too much.
        """

    def mark(self, marks: Sequence[Mark], now: datetime) -> None:
        """Write down what became of many claimed events, on a server in one statement: as `handled` of each, all or none."""

    def received(self, handling: Handling, *, after: int = 0, limit: int = 100, source: str = "") -> list[Received]:
        """Stored events so handled, in the order received, from the one after number `after`."""

    def received_event(self, source: str, event: str) -> Received | None: ...

    # --- what the service keeps --------------------------------------------------------------------------------
    def enter(self, entry: Entry) -> None:
        """Keep a new entry (step 0). Raises ConflictError if its kind has one under its id.

        Raises TypeError or ValueError for a body that JSON cannot say.
        """

    def entry(self, kind: str, name: str) -> Entry | None:
        """Locked until this transaction ends, so that what is built on it is not lost."""

    def entries(self, kind: str, *, state: str | None = None, after: str = "", limit: int = 1_000) -> list[Entry]:
        """By id, from the one after `after`."""

    def due_entries(self, kind: str, now: datetime, limit: int) -> list[Entry]:
        """Entries whose `due_at` has come, by it and then by id."""

    def change_entry(self, seen_step: int, entry: Entry) -> None:
        """Replace an entry by its next step. Raises ConflictError if it is at another step by now, or is not there."""

    def remove_entry(self, kind: str, name: str) -> bool:
        """Forget an entry; False if there is none."""

    def lease(self, name: str, holder: str, seconds: int) -> int | None:
        """Hold `name` for so long by the store's own clock; None while another holds it. Zero seconds give it back.

        Returns
        -------
        The fencing token: it grows each time the lease passes to another holder, and stays while one renews it.
        """

    def fenced(self, name: str, token: int) -> bool:
        """Whether the lease still has this token and has not run out; it cannot pass on before this transaction ends.

        Nor can its holder renew it before: ask at the end of the transaction, of what was done under the lease.
        """

    def outlast(self, seconds: float) -> bool:
        """Wait until every other transaction of the books that is open now has ended; False where one still is after so long.

        What began later is not waited for.
        """

    def clock(self) -> datetime:
        """The store's own time, UTC: of the database server, so that a machine with a wrong clock lets nothing expire."""

    # --- the ledger --------------------------------------------------------------------------------------------
    def post(self, movements: Iterable[Movement], recorded_at: datetime) -> int:
        """Append movements and project them on the balances; returns how many were new.

        A movement already there counts once. Units that enter `available` first repay a shortfall there. Raises
        ConflictError if an id is there with other content, StoreError if a balance would fall below zero.
        """

    def adjust_on_hand(self, observation: StockObservation, because: str, recorded_at: datetime) -> list[Movement]:
        """Bring on hand to what was counted by new movements, and return them; an older or repeated count changes nothing.

        What is missing leaves `available` first; what was promised beyond that becomes `shortfall`, never negative stock:
        on hand less shortfall is then what was counted. The newest `version` of a source wins in whatever order and
        however often observations arrive; between sources the one observed last. Raises ConflictError if a source
        says two things under one version.
        """

    def change_stock(
        self, steps: Sequence[Count | Move], recorded_at: datetime
    ) -> list[Sequence[Movement] | StoreError]:
        """Take these steps one after the other, on a server in few statements however many: the movements of each, or why
        it was refused, which leaves no trace of it and lets the others go on.

        Rows are locked in key order whatever the order of the steps. A `Move` answers with what it wanted posted, without
        the repayments of shortfalls that followed.
        """

    def set_buffer(self, sku: Sku, node: NodeId, units: Units, lot: LotId = UNTRACKED) -> None:
        """Units never to be promised: a setting beside the balance, made by no movement."""

    def balances(self, skus: Sequence[Sku]) -> list[StockBalance]:
        """Balances of these items at every node, in (sku, node, lot) order: one indexed query. Rows of zeros are left out."""

    def balance_frame(self) -> pl.DataFrame:
        """All balances: sku, node, lot, one column for each state, and buffer, sorted by key; rows of zeros left out."""

    def items_on_hand(self, node: NodeId) -> int:
        """How many items have units on hand at the node."""

    def movement_frame(self) -> pl.DataFrame:
        """All movements in the order recorded, accounts spelled out."""

    def recompute_balances(self) -> pl.DataFrame:
        """Balances as the movements alone say, in the shape of `balance_frame`: the two must be equal."""

    def outside_frame(self) -> pl.DataFrame:
        """What crossed the border by item, lot, node and cause: columns sku, lot, node, cause, units; what came in is negative."""

    def compared(self, also: Sequence[Sku] = ()) -> Compared:
        """Balances beside what movements and pending reservations say, whole items: at least those where these do not agree,
        those with a shortfall, and those named. Of items left out all three say the same.
        """

    # --- reservations ------------------------------------------------------------------------------------------
    def reserve(
        self,
        reservation: Reservation,
        slots: Sequence[Slot] = (),
        *,
        order_class: str = "",
        may_take_protected: bool = False,
    ) -> Short | None:
        """Set stock aside, all lines or none: one guarded update a line in (sku, node, lot) order. None when done.

        Guard: available less buffer covers the line. A loser leaves no trace. Each slot is taken under the same guard.
        Writes the movements available → reserved. The same id again is accepted once; another order or other lines under
        it raise ConflictError. Slots are given back when the reservation is voided or expires.

        Quotas: the units of an item at a node, over all its lots, draw on the quota of `order_class` first; what is then
        left to promise must still cover what is left of the other classes' quotas, unless `may_take_protected`. What was
        drawn goes back when the reservation is voided or expires, and stays taken when it is posted.
        """

    def settle(self, reservation: ReservationId, state: ReservationState, now: datetime) -> bool:
        """Resolve a pending reservation (posted, voided, expired) with its movements; False if already resolved so.

        Raises ConflictError if it was resolved otherwise, or does not exist.
        """

    def reservation(self, reservation: ReservationId) -> Reservation | None: ...

    def reservations_of(self, order: OrderId) -> list[Reservation]: ...

    def pending(self) -> list[Reservation]:
        """Every reservation not yet resolved, by id."""

    def promised_frame(self) -> pl.DataFrame:
        """Units that pending reservations want: columns sku, node, lot, units, sorted by key."""

    def due(self, now: datetime, limit: int) -> list[ReservationId]:
        """Pending reservations whose time has run out, oldest first."""

    def slots_taken(self, days: Sequence[date]) -> Mapping[tuple[NodeId, date], int]:
        """Places taken on these days; a node-day without any is left out."""

    # --- quotas ------------------------------------------------------------------------------------------------
    def set_quotas(self, quotas: Sequence[Quota]) -> None:
        """Protect `units` for each item, node and order class from now on; what its orders have taken stays counted.

        `taken` of the argument is not read. All of them or none: raises ConflictError for fewer units than are taken.
        A quota of nothing but what is taken protects nothing more. It may protect more than is there: then it waits for
        stock, and until then other classes get none of it.
        """

    def quotas(self, skus: Sequence[Sku]) -> list[Quota]:
        """Quotas of these items, in (sku, node, order class) order."""

    # --- tries on purpose --------------------------------------------------------------------------------------
    def tries_cents(self, week: date) -> int | None:
        """What the tries of the week of this Monday have cost beyond the best plans; None where there were none."""

    def spend_on_try(self, week: date, cents: int, most: int) -> bool:
        """Add to what the week's tries have cost, one guarded row a week; False, and nothing added, where it would pass `most`.

        A transaction that asks waits for others that spent in the same week, so ask before any stock is reserved. Below
        zero it gives back what this transaction spent, whatever `most`.
        """

    # --- orders and cases --------------------------------------------------------------------------------------
    def put_order(self, order: Order) -> None:
        """Keep an order as it was placed; raises ConflictError if its id is there with other content."""

    def order(self, order: OrderId) -> Order | None: ...

    def put_case(self, case: Case) -> None:
        """Keep a new case (step 0) once; raises ConflictError if one was opened under its id with other content."""

    def case(self, case: CaseId) -> Case | None:
        """Locked until this transaction ends, so that what is built on it is not lost."""

    def cases(self, state: CaseState | None = None, kind: CaseKind | None = None, about: str = "") -> list[Case]:
        """By deadline, then by id."""

    def due_cases(self, now: datetime, limit: int) -> list[CaseId]:
        """Open cases whose deadline has come, earliest first."""

    def change_case(self, seen_step: int, case: Case) -> None:
        """Replace a case by its next step. Raises ConflictError if it is at another step by now, or was never opened."""

    # --- an order's question and answer ------------------------------------------------------------------------
    def look(self, skus: Sequence[Sku], days: Sequence[date], now: datetime) -> Look:
        """All that a decision about these items reads, as `balances`, `prices`, `quotas`, `slots_taken`, `capacity_prices`,
        `cases` and, of halts, `entries` say it; on a server in one statement, and so as of one moment. Without days nothing is said of places.
        """

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
        """Write a decision down, on a server in one statement: as `put_order`, `record`, `publish` and, with the record's
        bytes as the response, `remember` do. Without an order none is kept; without a key nothing is remembered.

        Raises ConflictError as they do, and then none of it is written.
        """

    def recall_and_look(
        self, keys: Sequence[str], skus: Sequence[Sku], days: Sequence[date], now: datetime
    ) -> tuple[Mapping[str, Remembered], Look]:
        """Those of the keys that have an answer, as `recall` gives it, and then what `look` says; on a server in one statement."""

    def keep_together(
        self,
        answers: Sequence[Answer],
        now: datetime,
        said: Sequence[tuple[str, str]] = (),
        *,
        halts: Collection[str] = (),
    ) -> bool:
        """Make the reservations of different orders and write their answers down, on a server in one statement.

        With them the rows (about, said) of the audit log that tell of it.

        Either all of it, as `reserve` and `answer` do, or nothing: False where any stock or place is short, stock of an item
        is protected for a class of customers, any of it is there already, or a halt is in force that is none of `halts`, of
        which whoever decided knew. Then the single calls find out why.
        """

    # --- records -----------------------------------------------------------------------------------------------
    def record(self, decision: DecisionRecord) -> None:
        """Append a decision. Raises ConflictError if its id is there with other bytes."""

    def decision(self, decision: DecisionId) -> bytes | None:
        """Canonical bytes of a decision."""

    def decision_of(self, order: OrderId) -> bytes | None:
        """Canonical bytes of the latest decision about an order."""

    def decisions(self, limit: int, after: str = "") -> list[bytes]:
        """In the order recorded, from the one after decision `after`; raises StoreError if there is no such decision."""

    def publish(self, events: Iterable[Event]) -> None:
        """Put facts into the outbox: delivered if and only if this transaction commits.

        The same event again counts once; other content under its id raises ConflictError.
        """

    def outbox(self, limit: int) -> list[Event]:
        """Undelivered facts in the order recorded, held by this transaction until it ends.

        Concurrent callers get different ones, and never two of them facts of the same aggregate.
        """

    def delivered(self, events: Sequence[str], now: datetime) -> None:
        """Mark facts as delivered; raises StoreError for one that was never published."""

    # --- plans and transfers ------------------------------------------------------------------------------------
    def put_plan(self, plan: TransferPlan) -> None:
        """Keep a plan once; raises ConflictError if its id is there with other content (the state may have moved on)."""

    def plan(self, plan: PlanId) -> TransferPlan | None:
        """Locked until this transaction ends, so that what is built on it is not lost."""

    def plans(self, limit: int) -> list[TransferPlan]:
        """Newest first."""

    def move_plan(self, plan: PlanId, seen: PlanState, to: PlanState) -> None:
        """Raises ConflictError if the plan is no longer in the state the caller saw."""

    def put_plan_outcome(self, outcome: PlanOutcome) -> None:
        """Keep what a plan's executed lines brought; judged again, the newer answer stands."""

    def plan_outcome(self, plan: PlanId) -> PlanOutcome | None: ...

    def put_transfer(self, transfer: TransferOrder) -> None:
        """Keep a transfer once; raises ConflictError if its id is there with other orders (what happened since may differ)."""

    def transfer(self, transfer: TransferId) -> TransferOrder | None:
        """Locked until this transaction ends, so that what is built on it is not lost."""

    def transfers(self, state: TransferState | None = None) -> list[TransferOrder]:
        """By id."""

    def change_transfer(self, seen: TransferState, transfer: TransferOrder) -> None:
        """Replace a transfer by its next state.

        Raises ConflictError if it is no longer in the state the caller saw, if the step is not one a transfer can take,
        or if what was ordered differs.
        """

    # --- prices and pointers ------------------------------------------------------------------------------------
    def put_prices(self, prices: Sequence[Price]) -> None:
        """One row per item, node, valid_from and source: a price computed again replaces the one under the same key."""

    def prices(self, skus: Sequence[Sku], now: datetime) -> list[Price]:
        """The one row in force for each item and node: latest valid_from not after `now`; `repricing` before `nightly`."""

    def put_capacity_prices(self, prices: Sequence[CapacityPrice]) -> None:
        """One row per scope, name, day, valid_from and source: one computed again replaces the one under the same key."""

    def capacity_prices(self, days: Sequence[date], now: datetime) -> list[CapacityPrice]:
        """The one row in force for each scope, name and day, in that order; chosen as `prices` chooses."""

    def point(self, name: str, digest: str, now: datetime) -> None:
        """Let `name` (such as `network` or `demand`) mean this snapshot from now on."""

    def repoint(self, name: str, seen: str | None, digest: str, now: datetime) -> None:
        """Let `name` mean this snapshot if it still means the one the caller saw; `seen` None where it meant nothing.

        Raises ConflictError if it means another by now. Of several callers that saw the same, exactly one succeeds.
        """

    def pointer(self, name: str) -> str | None: ...


class SingleCalls(Protocol):
    """Calls of a `Transaction` of which each is whole by itself."""

    def recall_and_look(
        self, keys: Sequence[str], skus: Sequence[Sku], days: Sequence[date], now: datetime
    ) -> tuple[Mapping[str, Remembered], Look]: ...

    def keep_together(self, answers: Sequence[Answer], now: datetime, *, halts: Collection[str] = ()) -> bool: ...


class Store(Protocol):
    """Memory, SQLite or PostgreSQL, with the same behaviour."""

    def singly(self) -> AbstractContextManager[SingleCalls]:
        """Calls that need no other: a server keeps each at once, which saves the questions that begin and end a transaction.

        What was kept is kept, even where the block raises later.
        """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Commits when the block ends, rolls back when it raises. A thread has at most one open transaction of a store."""

    def reading(self) -> AbstractContextManager[Transaction]:
        """One moment of the books, for reading only: every table as of the same commit. A change in it is refused."""

    def close(self) -> None: ...


class Snapshots(Protocol):
    """Immutable tables named by the hash of their canonical rows and schema."""

    def take(self, frames: Mapping[str, pl.DataFrame]) -> str:
        """Write the tables; the same rows give the same digest and are stored once."""

    def read(self, digest: str) -> dict[str, pl.DataFrame]:
        """Raises StoreError if it is missing or its rows no longer match the digest."""
