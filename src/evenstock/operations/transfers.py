"""Carries an approved plan out: instructions by lane, dispatched at the origin, received at the destination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from evenstock.domain import (
    UNTRACKED,
    Account,
    Bucket,
    Cause,
    Event,
    LotId,
    Movement,
    MovementId,
    NodeId,
    PlanId,
    PlanState,
    Sku,
    TransferId,
    TransferOrder,
    TransferOrderLine,
    TransferPlan,
    TransferState,
    Units,
    digest,
)
from evenstock.operations.access.limits import APPROVES, BY_NAME, Limits
from evenstock.operations.approvals import void_request
from evenstock.operations.autonomy.approving_plans import approve_under
from evenstock.operations.autonomy.governance import Governance
from evenstock.operations.outcomes.plan_answers import keep_answer
from evenstock.operations.ports import ConflictError, Store, StoreError, Transaction

_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class ShortLine:
    """What should have left and was not there."""

    sku: Sku
    lot: LotId
    ordered: Units
    dispatched: Units


@dataclass(frozen=True, slots=True)
class Dispatched:
    """A transfer on its way, and what it had to leave behind."""

    transfer: TransferOrder
    short: tuple[ShortLine, ...]


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """What arrived of one item, and what never will."""

    sku: Sku
    received: Units
    lost: Units = Units(0)
    lot: LotId = UNTRACKED

    def __post_init__(self) -> None:
        if self.received < 0 or self.lost < 0:
            raise ValueError(f"{self.sku}: received and lost units are zero or more")


def approve_plan(
    store: Store,
    plan: PlanId,
    ship_by: date,
    by: str,
    now: datetime,
    *,
    limits: Limits = BY_NAME,
    rules: Governance | None = None,
) -> list[TransferOrder]:
    """Turn a proposed plan into one released transfer for each lane; asked again, the same transfers.

    Purchases are not ordered from here: what was approved to buy is a fact for the system that buys. A line leaves on its
    own day where the plan says one, else by `ship_by`.

    Where anybody asked for its approval, enough people must have agreed to it as it stands; `by` counts as one of them.

    Raises ConflictError if the plan was rejected, superseded or breaks a limit, or if `rules` refuse a line of it; StoreError
    if there is none, OverLimitError if what it costs to move and to buy is more than `by` may approve, NotApprovedError if
    people are still to agree, because somebody asked for that or because `rules` do.
    """
    with store.transaction() as t:
        found = _plan(t, plan)
        cents = found.cost_cents + sum(purchase.cost_cents for purchase in found.purchases)
        limits.require(t, by, APPROVES, cents, _nodes(found), f"plan {plan}")
        if found.state is PlanState.APPROVED:
            return [transfer for transfer in t.transfers() if transfer.plan == plan]
        if found.violations:
            raise ConflictError(f"plan {plan} breaks what it must keep: {'; '.join(found.violations)}; edit it first")
        transfers = release_plan(t, found, ship_by, by, now)
        approve_under(t, rules, found, by, now, limits)
        return transfers


def release_plan(t: Transaction, plan: TransferPlan, ship_by: date, by: str, now: datetime) -> list[TransferOrder]:
    """Release a plan that is proposed, in a transaction that asks whether it may be; one transfer for each lane."""
    t.move_plan(plan.id, PlanState.PROPOSED, PlanState.APPROVED)
    keep_answer(t, plan.id, PlanState.APPROVED, by, "", now)
    transfers = lanes_of(plan, ship_by)
    for transfer in transfers:
        t.put_transfer(transfer)
    body = {"plan": plan.id, "by": by}
    t.publish([Event(f"{plan.id}:approved", "TransferPlanApproved", f"plan:{plan.id}", now, body)])
    t.publish([_event("TransferReleased", "released", transfer, now) for transfer in transfers])
    if plan.purchases:
        t.publish([_purchases(plan, by, now)])
    return transfers


def reject_plan(store: Store, plan: PlanId, by: str, because: str, now: datetime) -> bool:
    """Set a proposed plan aside; False if it already was. Raises ConflictError if it was approved or superseded."""
    with store.transaction() as t:
        if _plan(t, plan).state is PlanState.REJECTED:
            return False
        t.move_plan(plan, PlanState.PROPOSED, PlanState.REJECTED)
        void_request(t, f"plan:{plan}", now)
        keep_answer(t, plan, PlanState.REJECTED, by, because, now)
        body = {"plan": plan, "by": by, "because": because}
        t.publish([Event(f"{plan}:rejected", "TransferPlanRejected", f"plan:{plan}", now, body)])
        return True


def _nodes(plan: TransferPlan) -> set[NodeId]:
    ends = {node for line in plan.lines for node in (line.origin, line.destination)}
    return ends | {purchase.node for purchase in plan.purchases}


def _purchases(plan: TransferPlan, by: str, now: datetime) -> Event:
    lines = [
        {"sku": p.sku, "node": p.node, "way": p.way, "units": p.units, "order_by": p.order_by.isoformat()}
        for p in plan.purchases
    ]
    return Event(f"{plan.id}:purchases", "PurchasesApproved", f"plan:{plan.id}", now, {"by": by, "lines": lines})


def lanes_of(plan: TransferPlan, ship_by: date) -> list[TransferOrder]:
    """One released transfer for each lane of a plan, its lines added up by item and lot, in (origin, destination, mode) order."""
    lanes: dict[tuple[NodeId, NodeId, str], dict[tuple[Sku, LotId], int]] = {}
    leaves: dict[tuple[NodeId, NodeId, str], date] = {}
    for line in plan.lines:
        lane = (line.origin, line.destination, line.mode)
        units = lanes.setdefault(lane, {})
        units[line.sku, line.lot] = units.get((line.sku, line.lot), 0) + line.units
        leaves[lane] = min(leaves.get(lane, date.max), line.ship_by or ship_by)
    return [
        TransferOrder(
            TransferId(f"{plan.id}:{number:03d}"),
            plan.id,
            origin,
            destination,
            tuple(TransferOrderLine(sku, Units(q), lot) for (sku, lot), q in sorted(units.items())),
            leaves[origin, destination, mode],
            TransferState.RELEASED,
            mode,
        )
        for number, ((origin, destination, mode), units) in enumerate(sorted(lanes.items()), 1)
    ]


def dispatch_transfer(
    store: Store,
    transfer: TransferId,
    now: datetime,
    loaded: Mapping[tuple[Sku, LotId], Units] | None = None,
) -> Dispatched:
    """Move what is there from available at the origin to in transit at the destination; asked again, the same answer.

    A line short of stock takes what is left and says so; a transfer that finds nothing at all is cancelled.

    Parameters
    ----------
    loaded : units really loaded by (sku, lot); everything ordered where it is None.

    Raises
    ------
    ConflictError
        If the transfer is not released.
    StoreError
        If there is none, or more was loaded than ordered.
    """
    with store.transaction() as t:
        found = _transfer(t, transfer)
        if found.state in {TransferState.DISPATCHED, TransferState.RECEIVED, TransferState.CLOSED}:
            return Dispatched(found, _short(found))
        if found.state is not TransferState.RELEASED:
            raise ConflictError(f"transfer {transfer} is {found.state}; only a released one can be dispatched")
        wanted = [_wanted(found, line, loaded) for line in found.lines]
        sent = _take(t, found, wanted, now)
        state = TransferState.DISPATCHED if any(sent) else TransferState.CANCELLED
        lines = tuple(replace(line, dispatched=units) for line, units in zip(found.lines, sent, strict=True))
        after = replace(found, lines=lines, state=state, dispatched_on=now.date() if any(sent) else None)
        t.change_transfer(found.state, after)
        deed = "TransferDispatched" if any(sent) else "TransferCancelled"
        t.publish([_event(deed, state.value, after, now)])
        return Dispatched(after, _short(after))


def _wanted(
    transfer: TransferOrder, line: TransferOrderLine, loaded: Mapping[tuple[Sku, LotId], Units] | None
) -> Units:
    units = line.units if loaded is None else loaded.get((line.sku, line.lot), Units(0))
    if not 0 <= units <= line.units:
        raise StoreError(f"transfer {transfer.id}: {units} units of {line.sku} loaded, {line.units} ordered")
    return units


def _take(t: Transaction, transfer: TransferOrder, wanted: Sequence[Units], now: datetime) -> list[Units]:
    """Post what is there. The reading is only a hint; the store refuses to go below zero, and then we look again."""
    for attempt in range(1, _TRIES + 1):
        skus = [line.sku for line in transfer.lines]
        there = {(b.sku, b.lot): b.available for b in t.balances(skus) if b.node == transfer.origin}
        sent = [
            Units(min(units, there.get((line.sku, line.lot), 0)))
            for line, units in zip(transfer.lines, wanted, strict=True)
        ]
        try:
            t.post(_dispatching(transfer, sent, now), now)
        except ConflictError:
            raise
        except StoreError:
            if attempt == _TRIES:
                raise
        else:
            return sent
    raise AssertionError("unreachable")


def _dispatching(transfer: TransferOrder, sent: Sequence[Units], now: datetime) -> list[Movement]:
    return [
        Movement(
            MovementId(f"{transfer.id}:dispatched:{number}"),
            units,
            Account(line.sku, transfer.origin, Bucket.AVAILABLE, line.lot),
            Account(line.sku, transfer.destination, Bucket.IN_TRANSIT, line.lot),
            now,
            str(transfer.id),
        )
        for number, (line, units) in enumerate(zip(transfer.lines, sent, strict=True), 1)
        if units
    ]


def receive_transfer(
    store: Store, transfer: TransferId, receipt: str, lines: Sequence[ReceivedLine], now: datetime
) -> TransferOrder:
    """Move what arrived from in transit to available, and what is lost to `outside(lost)`; closed when nothing is owed.

    A receipt may cover part; each has an id of its own, and the same receipt again changes nothing. Units beyond what was
    dispatched are taken in as a count would find them, and a fact asks for a count at the origin: its record held them.

    Raises
    ------
    ConflictError
        If the receipt id came with other lines, or the transfer is not under way.
    StoreError
        If there is no such transfer, an item was not on it, or more is reported lost than is under way.
    """
    key, request = f"receipt:{transfer}:{receipt}", digest(sorted((r.sku, r.lot, r.received, r.lost) for r in lines))
    with store.transaction() as t:
        before = t.recall(key)
        found = _transfer(t, transfer)
        if before is not None:
            if before.request != request:
                raise ConflictError(f"receipt {receipt} of transfer {transfer} came before with other lines")
            return found
        if found.state not in {TransferState.DISPATCHED, TransferState.RECEIVED}:
            raise ConflictError(f"transfer {transfer} is {found.state}; only one under way can be received")
        after = replace(_received(found, lines), received_on=now.date())
        t.post(_receiving(found, receipt, lines, now), now)
        t.change_transfer(found.state, after)
        deed = "TransferClosed" if after.state is TransferState.CLOSED else "TransferReceived"
        t.publish([_event(deed, f"receipt:{receipt}", after, now)])
        if any(over for _, over in _arrived(found, lines)):
            because = f"more arrived at {after.destination} than {after.origin} said it sent: count there"
            t.publish([_event("TransferReceivedOver", f"over:{receipt}", after, now, because)])
        t.remember(key, request, after.state.value.encode(), now)
        return after


def _arrived(transfer: TransferOrder, lines: Sequence[ReceivedLine]) -> list[tuple[Units, Units]]:
    """Of each reported line the units that were under way, and those beyond."""
    owed = {(line.sku, line.lot): line.outstanding for line in transfer.lines}
    found = []
    for got in lines:
        known = (got.sku, got.lot) in owed
        left = owed.get((got.sku, got.lot), Units(0))
        if not known or got.lost > left:
            raise StoreError(
                f"transfer {transfer.id}: {got.received + got.lost} units of {got.sku} reported, {left} under way; "
                "receive what was on it, and report the rest as a count"
            )
        expected = Units(min(got.received, left - got.lost))
        owed[got.sku, got.lot] = Units(left - got.lost - expected)
        found.append((expected, Units(got.received - expected)))
    return found


def _received(transfer: TransferOrder, lines: Sequence[ReceivedLine]) -> TransferOrder:
    """The transfer after a receipt."""
    after = {(line.sku, line.lot): line for line in transfer.lines}
    for got, (expected, over) in zip(lines, _arrived(transfer, lines), strict=True):
        line = after[got.sku, got.lot]
        received, lost = Units(line.received + expected), Units(line.lost + got.lost)
        after[got.sku, got.lot] = replace(line, received=received, lost=lost, over=Units(line.over + over))
    whole = tuple(after.values())
    open_still = any(line.outstanding for line in whole)
    return replace(transfer, lines=whole, state=TransferState.RECEIVED if open_still else TransferState.CLOSED)


def _receiving(transfer: TransferOrder, receipt: str, lines: Sequence[ReceivedLine], now: datetime) -> list[Movement]:
    at = transfer.destination
    moves = []
    for number, (got, (expected, over)) in enumerate(zip(lines, _arrived(transfer, lines), strict=True), 1):
        road = Account(got.sku, at, Bucket.IN_TRANSIT, got.lot)
        shelf = Account(got.sku, at, Bucket.AVAILABLE, got.lot)
        gone = Account(got.sku, at, Bucket.OUTSIDE, got.lot, Cause.LOST)
        found = Account(got.sku, at, Bucket.OUTSIDE, got.lot, Cause.COUNT)
        ways = (("received", expected, road, shelf), ("lost", got.lost, road, gone), ("over", over, found, shelf))
        for what, units, source, destination in ways:
            if units:
                name = MovementId(f"{transfer.id}:{receipt}:{what}:{number}")
                moves.append(Movement(name, units, source, destination, now, str(transfer.id)))
    return moves


def cancel_transfer(store: Store, transfer: TransferId, because: str, now: datetime) -> bool:
    """Call off a transfer that has not left; False if it already was. Raises ConflictError if it is under way."""
    with store.transaction() as t:
        found = _transfer(t, transfer)
        if found.state is TransferState.CANCELLED:
            return False
        after = replace(found, state=TransferState.CANCELLED)
        t.change_transfer(found.state, after)
        t.publish([_event("TransferCancelled", "cancelled", after, now, because)])
        return True


def _short(transfer: TransferOrder) -> tuple[ShortLine, ...]:
    return tuple(
        ShortLine(line.sku, line.lot, line.units, line.dispatched)
        for line in transfer.lines
        if line.dispatched < line.units
    )


def _plan(t: Transaction, plan: PlanId) -> TransferPlan:
    found = t.plan(plan)
    if found is None:
        raise StoreError(f"there is no plan {plan}; `evenstock plan` makes one")
    return found


def _transfer(t: Transaction, transfer: TransferId) -> TransferOrder:
    found = t.transfer(transfer)
    if found is None:
        raise StoreError(f"there is no transfer {transfer}; approve its plan first")
    return found


def _event(kind: str, deed: str, transfer: TransferOrder, now: datetime, because: str = "") -> Event:
    body = {
        "transfer": transfer.id,
        "plan": transfer.plan,
        "origin": transfer.origin,
        "destination": transfer.destination,
        "state": transfer.state,
        "because": because,
        "lines": [
            {
                "sku": line.sku,
                "lot": line.lot,
                "ordered": line.units,
                "dispatched": line.dispatched,
                "received": line.received,
                "lost": line.lost,
                "over": line.over,
            }
            for line in transfer.lines
        ],
    }
    return Event(f"{transfer.id}:{deed}", kind, f"transfer:{transfer.id}", now, body)
