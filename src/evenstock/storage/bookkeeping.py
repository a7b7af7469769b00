"""The arithmetic of the books that every store shares: what a movement does to balances, and which movements a deed makes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final

from evenstock.domain import (
    Account,
    Bucket,
    Case,
    CaseId,
    CaseState,
    Cause,
    Event,
    LotId,
    Movement,
    MovementId,
    NodeId,
    OrderId,
    Quota,
    Reservation,
    ReservationId,
    ReservationState,
    Sku,
    StockBalance,
    StockObservation,
    TransferOrder,
    TransferOrderLine,
    TransferPlan,
    TransferState,
    Units,
    canonical_json,
    digest,
)
from evenstock.domain.transfer import TRANSFER_STEPS
from evenstock.operations.ports import ConflictError, Entry, Handling, Received, Short, Slot, StoreError

Key = tuple[Sku, NodeId, LotId]
"""What one row of balances is about."""

STATES: Final = tuple(b.value for b in Bucket if b is not Bucket.OUTSIDE)
"""The columns of a balance that movements make."""


def changes(movements: Iterable[Movement]) -> dict[Key, dict[str, int]]:
    """Net change of each balance by state, in key order; the shortfall account runs negative and is shown positive.

    All movements of one posting count together: only the net result may not fall below zero.
    """
    net: dict[Key, dict[str, int]] = {}
    for movement in movements:
        for account, units in ((movement.source, -movement.units), (movement.destination, movement.units)):
            if account.bucket is Bucket.OUTSIDE:
                continue
            row = net.setdefault((account.sku, account.node, account.lot), {})
            state = account.bucket.value
            row[state] = row.get(state, 0) + (-units if account.bucket is Bucket.SHORTFALL else units)
    return dict(sorted(net.items()))


def below_zero(key: Key, before: dict[str, int], change: dict[str, int]) -> StoreError:
    """The sentence for a posting that takes more than is there."""
    state = next(s for s in STATES if before[s] + change.get(s, 0) < 0)
    sku, node, lot = key
    return StoreError(
        f"{sku} at {node}{f' lot {lot}' if lot else ''}: {state} holds {before[state]} units, "
        f"{-change[state]} cannot leave it; correct the movement, or count the item first"
    )


def not_negative(sku: Sku, node: NodeId, units: Units) -> Units:
    if units < 0:
        raise ValueError(f"{sku} at {node}: a buffer is zero or more, not {units}")
    return units


def other_content(movement: str) -> ConflictError:
    return ConflictError(f"movement {movement} is already recorded with other content; correct it by a reversal")


def repayment_taken() -> ConflictError:
    return ConflictError("a movement id ending in :repays is already recorded; such ids belong to the store")


def repayment(key: Key, units: int, cause: Movement) -> Movement:
    """Units that entered `available` where a shortfall was open go to the shortfall first."""
    sku, node, lot = key
    return Movement(
        MovementId(f"{cause.id}:repays"),
        Units(units),
        Account(sku, node, Bucket.AVAILABLE, lot),
        Account(sku, node, Bucket.SHORTFALL, lot),
        cause.occurred_at,
        cause.because,
    )


def last_touching(movements: Sequence[Movement], key: Key) -> Movement:
    """The last of these movements with an end in this balance."""
    return next(
        m
        for m in reversed(movements)
        if any((a.sku, a.node, a.lot) == key for a in (m.source, m.destination) if a.bucket is not Bucket.OUTSIDE)
    )


def _between(reservation: Reservation, source: Bucket, destination: Bucket, deed: str, at: datetime) -> list[Movement]:
    return [
        Movement(
            MovementId(f"{reservation.id}:{deed}:{number}"),
            line.units,
            Account(line.sku, line.node, source, line.lot),
            Account(line.sku, line.node, destination, line.lot),
            at,
            str(reservation.id),
        )
        for number, line in enumerate(reservation.lines, 1)
    ]


def reserving(reservation: Reservation) -> list[Movement]:
    """Available to reserved, a movement a line."""
    return _between(reservation, Bucket.AVAILABLE, Bucket.RESERVED, "reserved", reservation.made_at)


def settling(reservation: Reservation, state: ReservationState, now: datetime) -> list[Movement]:
    """Reserved to allocated when posted; back to available when voided or expired."""
    destination = Bucket.ALLOCATED if state is ReservationState.POSTED else Bucket.AVAILABLE
    return _between(reservation, Bucket.RESERVED, destination, state.value, now)


def same_promise(seen: Reservation, again: Reservation) -> None:
    """Raise ConflictError if a reservation id came again for other goods or another order."""
    if (seen.order, seen.lines) != (again.order, again.lines):
        raise ConflictError(
            f"reservation {again.id} was already made with other lines; give each reservation its own id"
        )


def can_settle(reservation: ReservationId, found: ReservationState | None, wanted: ReservationState) -> bool:
    """True if a reservation found in this state still has to be resolved so, False if it already is.

    Raises ConflictError if it does not exist or was resolved otherwise.
    """
    if wanted is ReservationState.PENDING:
        raise ValueError("a reservation is settled as posted, voided or expired")
    if found is None:
        raise ConflictError(f"reservation {reservation} does not exist")
    if found is wanted:
        return False
    if found is not ReservationState.PENDING:
        raise ConflictError(f"reservation {reservation} was already {found}; it cannot become {wanted}")
    return True


def places(slots: Sequence[Slot]) -> list[tuple[Slot, int]]:
    """Slots of the same node and day counted together (the lowest ceiling holds), in (node, day) order."""
    wanted: dict[tuple[NodeId, date], tuple[int, int]] = {}
    for slot in slots:
        ceiling, count = wanted.get((slot.node, slot.day), (slot.ceiling, 0))
        wanted[slot.node, slot.day] = (min(ceiling, slot.ceiling), count + 1)
    return [(Slot(node, day, ceiling), count) for (node, day), (ceiling, count) in sorted(wanted.items())]


def short_of_stock(sku: Sku, node: NodeId, units: int) -> Short:
    return Short(sku, node, Units(units), f"{sku} at {node}: fewer than {units} units are left to promise")


def short_of_protected(sku: Sku, node: NodeId, units: int) -> Short:
    return Short(
        sku, node, Units(units), f"{sku} at {node}: {units} units are there, but kept for other classes of customers"
    )


def below_taken(quota: Quota, taken: int) -> ConflictError:
    return ConflictError(
        f"{quota.sku} at {quota.node}: {taken} units of the quota of {quota.order_class} are taken already; "
        f"it cannot shrink to {quota.units}"
    )


def one_each(quotas: Sequence[Quota]) -> list[Quota]:
    """The last said of each item, node and class, in key order."""
    return [quota for _, quota in sorted({(q.sku, q.node, q.order_class): q for q in quotas}.items())]


def opened(case: Case) -> str:
    """Digest of a case as it was opened. Raises ValueError if it is not new."""
    if case.step or case.state is not CaseState.OPEN:
        raise ValueError(f"{case.id}: a case is put open, at step 0; its later steps are changes")
    return digest(case)


def opened_otherwise(case: CaseId) -> ConflictError:
    return ConflictError(f"case {case} was opened with other content; give each case its own id")


def next_step(seen_step: int, case: Case) -> None:
    """Raise ValueError if a case does not follow the step its caller saw."""
    if case.step != seen_step + 1:
        raise ValueError(f"{case.id}: after step {seen_step} comes {seen_step + 1}, not {case.step}")


def case_moved(case: CaseId, seen_step: int, found: int | None) -> ConflictError:
    where = "was never opened" if found is None else f"is at step {found}"
    return ConflictError(f"case {case} {where}, not at step {seen_step}; read it again")


def other_order(order: OrderId) -> ConflictError:
    return ConflictError(f"order {order} was placed with other content; give a changed order its own id")


def short_of_slots(slot: Slot, count: int) -> Short:
    return Short(
        Sku(""), slot.node, Units(count), f"{slot.node}: the ceiling of {slot.ceiling} for {slot.day} is reached"
    )


def outranks(observation: StockObservation, newest: Iterable[StockObservation]) -> tuple[bool, bool]:
    """Whether an observation is news from its source, and whether it is also the latest word of all sources.

    `newest` holds the newest observation of each source about the same stock. News from a source that another
    source has since overtaken (by the time observed, then by name) is kept, and moves nothing: so the state after a
    set of observations does not depend on the order in which they arrive. Raises ConflictError if a source says
    two things under one version.
    """
    latest = True
    for other in newest:
        if other.source == observation.source:
            if other.version == observation.version and other.units != observation.units:
                raise ConflictError(
                    f"{observation.source}: version {observation.version} of {observation.sku} at {observation.node} "
                    f"said {other.units} units before and {observation.units} now; a new count needs a new version"
                )
            if other.version >= observation.version:
                return False, False
        elif (other.observed_at, other.source) > (observation.observed_at, observation.source):
            latest = False
    return True, latest


def counting(balance: StockBalance, observation: StockObservation, because: str) -> list[Movement]:
    """Movements that bring on hand, less an open shortfall, to what was counted.

    Missing units leave `available` first; those promised beyond it become shortfall, so that nothing falls below zero.
    """
    sku, node, lot = balance.sku, balance.node, balance.lot
    tag = digest([observation.source, sku, node, lot, observation.version])[7:39]
    world = Account(sku, node, Bucket.OUTSIDE, lot, Cause.COUNT)
    shelf = Account(sku, node, Bucket.AVAILABLE, lot)
    promised = Account(sku, node, Bucket.SHORTFALL, lot)

    def movement(what: str, units: int, source: Account, destination: Account) -> Movement:
        name = MovementId(f"count:{tag}:{what}")
        return Movement(name, Units(units), source, destination, observation.observed_at, because)

    found = observation.units - (balance.on_hand - balance.shortfall)
    if found > 0:
        return [movement("found", found, world, shelf)]
    missing = -found
    from_shelf = min(balance.available, missing)
    moves = [("missing", from_shelf, shelf), ("promised", missing - from_shelf, promised)]
    return [movement(what, units, source, world) for what, units, source in moves if units]


def same_plan(seen: TransferPlan, again: TransferPlan) -> None:
    """Raise ConflictError if a plan id came again with other content; the state may have moved on."""
    if replace(seen, state=again.state) != again:
        raise ConflictError(f"plan {again.id} is already kept with other content; give each plan its own id")


def ordered(transfer: TransferOrder) -> TransferOrder:
    """What was ordered, without what happened to it since."""
    lines = tuple(TransferOrderLine(line.sku, line.units, line.lot) for line in transfer.lines)
    return replace(transfer, lines=lines, state=TransferState.DRAFT, dispatched_on=None, received_on=None)


def same_transfer(seen: TransferOrder, again: TransferOrder) -> None:
    if ordered(seen) != ordered(again):
        raise ConflictError(f"transfer {again.id} is already kept with other content; give each transfer its own id")


def can_step(seen: TransferState, transfer: TransferOrder) -> None:
    """Raise ConflictError for a step a transfer cannot take."""
    if transfer.state not in TRANSFER_STEPS[seen]:
        raise ConflictError(f"transfer {transfer.id}: {seen} cannot become {transfer.state}")


def same_fact(seen: Event, again: Event) -> None:
    if canonical_json(seen) != canonical_json(again):
        raise ConflictError(f"event {again.id} is already published with other content; give each event its own id")


def monday(week: date) -> date:
    """The same day. Raises ValueError if it does not begin a week."""
    if week.weekday():
        raise ValueError(f"a week is named by its Monday, not by {week:%A} {week}")
    return week


def as_received(event: Received) -> Received:
    """The same event. Raises ValueError if it was stored before, or already has an outcome."""
    if (event.number, event.handling, event.tries) != (0, Handling.WAITING, 0):
        raise ValueError(f"event {event.id} of {event.source} is already stored, as number {event.number}")
    return event


def handled(event: Received, handling: Handling, now: datetime, due_at: datetime | None) -> datetime:
    """When an event with this outcome is due. Raises ValueError where the outcome lacks a time, or has one too many."""
    if (handling is Handling.WAITING) != (due_at is not None):
        raise ValueError(
            f"event {event.id} of {event.source}: what waits has a time to be tried at, and nothing else has"
        )
    if event.handling is Handling.DONE:
        raise ValueError(f"event {event.id} of {event.source} is done; what is done is not handled again")
    return now if due_at is None else due_at


def tries_after(event: Received, handling: Handling) -> int:
    """One more; of an event that a person takes up again they are counted anew."""
    return 0 if event.handling is Handling.DEAD and handling is Handling.WAITING else event.tries + 1


def handled_otherwise(event: Received, found: Received | None) -> ConflictError:
    where = f"is {found.handling} after {found.tries} tries" if found else "was never received"
    return ConflictError(
        f"event {event.id} of {event.source} {where}, not {event.handling} after {event.tries}; read it again"
    )


def _document(entry: Entry) -> str:
    """What an entry says, as JSON. Raises TypeError or ValueError for what JSON cannot say."""
    return json.dumps(entry.body, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def entered(entry: Entry) -> str:
    """The document of a new entry. Raises ValueError if it is not new."""
    if entry.step:
        raise ValueError(f"{entry.kind} {entry.id}: an entry is kept at step 0; its later steps are changes")
    return _document(entry)


def changed(seen_step: int, entry: Entry) -> str:
    """The document of an entry's next step. Raises ValueError if it does not follow the step its caller saw."""
    if entry.step != seen_step + 1:
        raise ValueError(f"{entry.kind} {entry.id}: after step {seen_step} comes {seen_step + 1}, not {entry.step}")
    return _document(entry)


def entry_there(kind: str, name: str) -> ConflictError:
    return ConflictError(f"{kind} {name} is already kept; give each its own id, or change the one that is there")


def entry_moved(entry: Entry, seen_step: int, found: int | None) -> ConflictError:
    where = "is not kept" if found is None else f"is at step {found}"
    return ConflictError(f"{entry.kind} {entry.id} {where}, not at step {seen_step}; read it again")


def lasting(name: str, seconds: int) -> int:
    if seconds < 0:
        raise ValueError(f"lease {name}: it lasts zero seconds or more, not {seconds}")
    return seconds


READ_ONLY: Final = "this is a reading of the books; change them in a transaction"
NESTED: Final = (
    "a transaction of this store is already open in this thread; finish it first, or hand it on as an argument"
)


def price_rank(source: str) -> int:
    """Which of two prices from the same moment is read: `repricing`, then `nightly`, then any other by name."""
    return {"repricing": 0, "nightly": 1}.get(source, 2)


def pointer_moved(name: str, seen: str | None, found: str | None) -> ConflictError:
    """What a caller is told who would repoint a name that no longer means what it saw."""
    return ConflictError(f"{name} means {found or 'nothing'}, not {seen or 'nothing'}; read it again and decide anew")
