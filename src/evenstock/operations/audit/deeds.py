"""What the audit log says of each call that changes the books: ids, units, cents and states, and a digest of all the rest.

No text that people wrote, no addresses and no secrets: a row can never be taken back.
"""

# Each has the arguments of the call it tells of, and says less than all of them.
# ruff: noqa: ARG001

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any, Final

from evenstock.domain import (
    UNTRACKED,
    ApprovalRequest,
    CapacityPrice,
    Case,
    DecisionRecord,
    Event,
    LotId,
    Movement,
    NodeId,
    Order,
    PlanId,
    PlanOutcome,
    PlanState,
    Price,
    Quota,
    RequestState,
    Reservation,
    ReservationId,
    ReservationState,
    Sku,
    StockObservation,
    TransferOrder,
    TransferPlan,
    TransferState,
    Units,
    Vote,
    rfc3339,
)
from evenstock.operations.ports import (
    Answer,
    Count,
    Entry,
    Handling,
    Mark,
    Move,
    Received,
    Short,
    Slot,
    StoreError,
)

Deed = dict[str, Any]
Said = list[tuple[str, Deed]]
"""What was done, and to which thing: its id; empty where it belongs to what was done before it."""

_SHOWN: Final = 20
"""Most parts of a deed that are spelled out; the digest stands for all of them."""
_OF_ACCESS: Final = frozenset({"person", "session", "sign_in_tries", "api_key", "oidc_start"})
"""Kinds of entries whose content is nobody's business: not even its digest is kept."""


def digest_of(value: object) -> str:
    """SHA-256 of everything a value says; floats and naive moments too, which have no canonical text."""
    return _sha(json.dumps(value, default=_spelled, sort_keys=True, separators=(",", ":")).encode())


def _sha(text: bytes) -> str:
    return "sha256:" + hashlib.sha256(text).hexdigest()


def _spelled(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


# --- idempotency and what others sent ---------------------------------------------------------------------------
def remember(_: None, key: str, request: str, response: bytes, now: datetime) -> Said:
    # A key is the caller's own text, and so is what it asks.
    return [("", {"did": "remember", "key": _sha(key.encode()), "response": _sha(response)})]


def accept(new: bool, source: str, event: str, now: datetime) -> Said:
    return [(event, {"did": "accept", "source": source})] if new else []


def receive(new: list[bool], events: Sequence[Received], now: datetime) -> Said:
    stored = [event for event, first in zip(events, new, strict=True) if first]
    by_source: dict[str, list[Received]] = {}
    for event in stored:
        by_source.setdefault(event.source, []).append(event)
    return [
        (f"source:{source}", {"did": "receive", "events": len(those), **_named([event.id for event in those])})
        for source, those in sorted(by_source.items())
    ]


def handled(
    _: None, event: Received, handling: Handling, now: datetime, because: str = "", due_at: datetime | None = None
) -> Said:
    about = {"did": "handle", "event": event.id, "kind": event.kind, "number": event.number, "to": handling.value}
    return [(f"source:{event.source}", about)]


def mark(_: None, marks: Sequence[Mark], now: datetime) -> Said:
    by_source: dict[tuple[str, str], list[str]] = {}
    for one in marks:
        by_source.setdefault((one.event.source, one.handling.value), []).append(one.event.id)
    return [
        (f"source:{source}", {"did": "handle", "events": len(ids), "to": to, **_named(ids)})
        for (source, to), ids in sorted(by_source.items())
    ]


# --- what the service keeps -------------------------------------------------------------------------------------
def enter(_: None, entry: Entry) -> Said:
    return [(f"{entry.kind}:{entry.id}", {"did": "enter", **_entry(entry)})]


def change_entry(_: None, seen_step: int, entry: Entry) -> Said:
    return [(f"{entry.kind}:{entry.id}", {"did": "change_entry", "from": seen_step, **_entry(entry)})]


def remove_entry(there: bool, kind: str, name: str) -> Said:
    return [(f"{kind}:{name}", {"did": "remove_entry"})] if there else []


def _entry(entry: Entry) -> Deed:
    if entry.kind in _OF_ACCESS:
        return {"step": entry.step}
    return {"step": entry.step, "state": entry.state, "digest": digest_of(entry.body)}


def lease(token: int | None, name: str, holder: str, seconds: int) -> Said:
    if token is None:
        return []
    return [(f"lease:{name}", {"did": "lease", "holder": holder, "token": token, "seconds": seconds})]


# --- the ledger -------------------------------------------------------------------------------------------------
def post(new: int, movements: Sequence[Movement], recorded_at: datetime) -> Said:
    return [(_stock_of(movements), {"did": "post", "new": new, **_moved(movements)})] if new else []


def adjust_on_hand(moved: list[Movement], observation: StockObservation, because: str, recorded_at: datetime) -> Said:
    said = {"did": "count", "source": observation.source, "version": observation.version, "units": observation.units}
    return [(_stock(observation.sku, observation.node), {**said, **_moved(moved)})]


def change_stock(
    told: list[Sequence[Movement] | StoreError], steps: Sequence[Count | Move], recorded_at: datetime
) -> Said:
    moved = [movement for one in told if not isinstance(one, StoreError) for movement in one]
    counted = [step.said for step in steps if isinstance(step, Count)]
    refused = sum(isinstance(one, StoreError) for one in told)
    if not moved and not counted:
        return []
    said = {"did": "change_stock", "steps": len(steps), "refused": refused, "counted": digest_of(counted)}
    # A count that agrees moves nothing, and is a fact all the same.
    places = {(one.sku, one.node) for one in counted}
    about = _stock_of(moved) if moved else _stock(*places.pop()) if len(places) == 1 else "stock"
    return [(about, {**said, **_moved(moved)})]


def set_buffer(_: None, sku: Sku, node: NodeId, units: Units, lot: LotId = UNTRACKED) -> Said:
    return [(_stock(sku, node), {"did": "set_buffer", "units": units, "lot": lot})]


def _stock(sku: str, node: str) -> str:
    return f"stock:{sku}@{node}"


def _stock_of(movements: Sequence[Movement]) -> str:
    """The one stock that all of them touch; `stock` where they are several."""
    places = {(m.source.sku, m.source.node) for m in movements} | {
        (m.destination.sku, m.destination.node) for m in movements
    }
    return _stock(*places.pop()) if len(places) == 1 else "stock"


def _moved(movements: Sequence[Movement]) -> Deed:
    text = "\n".join(
        f"{m.id} {m.units} {m.source.sku} {m.source.lot} {m.source.node} {m.source.bucket} {m.source.cause} "
        f"{m.destination.node} {m.destination.bucket} {m.destination.cause} {rfc3339(m.occurred_at)}"
        for m in movements
    )
    shown = [
        [m.id, m.units, f"{m.source.node}:{m.source.bucket}", f"{m.destination.node}:{m.destination.bucket}"]
        for m in movements[:_SHOWN]
    ]
    said: Deed = {"movements": shown, "digest": _sha(text.encode())}
    if len(movements) > _SHOWN:
        said["of"] = len(movements)
    return said


# --- reservations, quotas, tries --------------------------------------------------------------------------------
def reserve(
    short: Short | None,
    reservation: Reservation,
    slots: Sequence[Slot] = (),
    *,
    order_class: str = "",
    may_take_protected: bool = False,
) -> Said:
    if short is not None:
        return []
    said: Deed = {"did": "reserve", "reservation": reservation.id, "units": _lines(reservation)}
    if slots:
        said["places"] = [[slot.node, slot.day.isoformat()] for slot in slots]
    if order_class:
        said["order_class"] = order_class
    if may_take_protected:
        said["may_take_protected"] = True
    return [(reservation.order, said)]


def _lines(reservation: Reservation) -> list[list[Any]]:
    return [
        [line.sku, line.node, line.units, line.lot] if line.lot else [line.sku, line.node, line.units]
        for line in reservation.lines
    ]


def settle(done: bool, reservation: ReservationId, state: ReservationState, now: datetime) -> Said:
    return [(reservation, {"did": "settle", "to": state.value})] if done else []


def set_quotas(_: None, quotas: Sequence[Quota]) -> Said:
    shown = [[q.sku, q.node, q.order_class, q.units] for q in quotas[:_SHOWN]]
    return [("quotas", {"did": "set_quotas", "quotas": shown, "of": len(quotas), "digest": digest_of(quotas)})]


def spend_on_try(spent: bool, week: date, cents: int, most: int) -> Said:
    return [("", {"did": "spend_on_try", "week": week.isoformat(), "cents": cents, "most": most})] if spent else []


# --- orders, cases, decisions -----------------------------------------------------------------------------------
def put_order(_: None, order: Order) -> Said:
    return [(order.id, {"did": "put_order", **_order(order)})]


def _order(order: Order) -> Deed:
    # Where it goes is the customer's: not even a digest of it, which could be guessed.
    return {"lines": [[line.sku, line.units] for line in order.lines], "value_cents": order.value_cents}


def put_case(_: None, case: Case) -> Said:
    return [(_about(case), {"did": "put_case", **_case(case)})]


def change_case(_: None, seen_step: int, case: Case) -> Said:
    return [(_about(case), {"did": "change_case", "from": seen_step, **_case(case)})]


def _about(case: Case) -> str:
    return case.about.removeprefix("order:")


def _case(case: Case) -> Deed:
    due = {"at_deadline": case.at_deadline, "due_at": rfc3339(case.due_at)}
    return {"case": case.id, "kind": case.kind.value, "state": case.state.value, "step": case.step, **due}


def record(_: None, decision: DecisionRecord) -> Said:
    return [(decision.order, {"did": "record", **_decision(decision)})]


def answer(
    _: None,
    decision: DecisionRecord,
    now: datetime,
    *,
    order: Order | None = None,
    facts: Sequence[Event] = (),
    key: str = "",
    request: str = "",
) -> Said:
    said = {"did": "decide", **_decision(decision), **_facts(facts)}
    return [(decision.order, {**said, **_order(order)} if order is not None else said)]


def keep_together(
    kept: bool,
    answers: Sequence[Answer],
    now: datetime,
    said: Sequence[tuple[str, str]] = (),
    *,
    halts: Collection[str] = (),
) -> Said:
    if not kept:
        return []
    decided: Said = [
        (
            one.order.id,
            {
                "did": "decide",
                **_decision(one.decision),
                **_order(one.order),
                **_facts(one.facts),
                "reservation": one.reservation.id,
                "units": _lines(one.reservation),
            },
        )
        for one in answers
    ]
    return decided + [(one.order.id, dict(act)) for one in answers for act in one.acts]


def _decision(record: DecisionRecord) -> Deed:
    said: Deed = {
        "decision": record.id,
        "digest": _sha(record.canonical()),
        "outcome": record.outcome.value,
        "verdict": type(record.verdict).__name__,
        "policy": record.inputs.policy,
        "code": record.inputs.code,
    }
    if record.choice is not None:
        said["cents"] = record.choice.cents
        said["ships"] = [[s.candidate.node, s.candidate.service] for s in record.choice.shipments]
    return said


def _facts(facts: Sequence[Event]) -> Deed:
    return {"facts": [fact.id for fact in facts[:_SHOWN]]} if facts else {}


def publish(_: None, events: Sequence[Event]) -> Said:
    return [
        (event.aggregate, {"did": "publish", "fact": event.id, "kind": event.kind, "digest": digest_of(event.body)})
        for event in events
    ]


def delivered(_: None, events: Sequence[str], now: datetime) -> Said:
    return [("outbox", {"did": "deliver", "facts": len(events), **_named(events)})] if events else []


# --- plans and transfers ----------------------------------------------------------------------------------------
def put_plan(_: None, plan: TransferPlan) -> Said:
    said: Deed = {
        "did": "put_plan",
        "state": plan.state.value,
        "transfers": len(plan.lines),
        "purchases": len(plan.purchases),
        "units": sum(line.units for line in plan.lines),
        "inputs": dict(plan.inputs),
        "violations": len(plan.violations),
        "digest": digest_of(plan),
    }
    if plan.edited_from:
        said["edited_from"] = plan.edited_from
    return [(plan.id, said)]


def move_plan(_: None, plan: PlanId, seen: PlanState, to: PlanState) -> Said:
    return [(plan, {"did": "move_plan", "from": seen.value, "to": to.value})]


def put_plan_outcome(_: None, outcome: PlanOutcome) -> Said:
    judged = {"judged_on": outcome.judged_on.isoformat(), "lines": len(outcome.lines)}
    return [(outcome.plan, {"did": "put_plan_outcome", **judged, "digest": digest_of(outcome)})]


def put_transfer(_: None, transfer: TransferOrder) -> Said:
    return [(transfer.id, {"did": "put_transfer", **_transfer(transfer)})]


def change_transfer(_: None, seen: TransferState, transfer: TransferOrder) -> Said:
    return [(transfer.id, {"did": "change_transfer", "from": seen.value, **_transfer(transfer)})]


def _transfer(transfer: TransferOrder) -> Deed:
    lane = {"plan": transfer.plan, "from_node": transfer.origin, "to_node": transfer.destination}
    units = [[line.sku, line.units] for line in transfer.lines[:_SHOWN]]
    return {"state": transfer.state.value, **lane, "lines": units, "digest": digest_of(transfer)}


# --- prices and pointers ----------------------------------------------------------------------------------------
def put_prices(_: None, prices: Sequence[Price]) -> Said:
    return [("prices", {"did": "put_prices", **_prices(prices)})] if prices else []


def put_capacity_prices(_: None, prices: Sequence[CapacityPrice]) -> Said:
    return [("prices", {"did": "put_capacity_prices", **_prices(prices)})] if prices else []


def _prices(prices: Sequence[Price] | Sequence[CapacityPrice]) -> Deed:
    text = "\n".join(map(repr, prices))
    return {"prices": len(prices), "sources": sorted({p.source for p in prices}), "digest": _sha(text.encode())}


def point(_: None, name: str, digest: str, now: datetime) -> Said:
    return [(f"pointer:{name}", {"did": "point", "to": digest})]


def repoint(_: None, name: str, seen: str | None, digest: str, now: datetime) -> Said:
    return [(f"pointer:{name}", {"did": "point", "from": seen or "", "to": digest})]


def _named(ids: Iterable[str]) -> Deed:
    """The first ids, and the digest of all of them."""
    every = list(ids)
    return {"ids": every[:_SHOWN], "digest": _sha("\n".join(every).encode())}


# --- approvals --------------------------------------------------------------------------------------------------
def open_request(_: None, request: ApprovalRequest) -> Said:
    said: Deed = {
        "did": "open_request",
        "request": request.id,
        "action": request.action,
        "about": request.about,
        "digest": request.digest,
        "proposer": request.proposer,
        "role": request.role,
        "nodes": list(request.nodes),
        "cents": request.cents,
        "people": request.people,
        "expires_at": rfc3339(request.expires_at),
    }
    if request.policy:
        said["policy"] = request.policy
    return [(request.id, said)]


def vote(kept: Vote, vote: Vote) -> Said:
    said: Deed = {
        "did": "vote",
        "request": vote.request,
        "by": vote.voter,
        "says": vote.says.value,
        "digest": vote.digest,
    }
    if vote.delegated:
        said["for"] = vote.person
    return [(vote.request, said)]


def close_request(after: ApprovalRequest, request: str, to: RequestState) -> Said:
    return [(request, {"did": "close_request", "request": request, "to": to.value, "digest": after.digest})]


def escalate_request(after: ApprovalRequest, request: str, to: str) -> Said:
    return [(request, {"did": "escalate_request", "request": request, "to": to, "digest": after.digest})]


DEEDS: Final[Mapping[str, Callable[..., Said]]] = {
    made.__name__: made
    for made in (
        remember, accept, receive, handled, mark, enter, change_entry, remove_entry, lease, post, adjust_on_hand, change_stock,
        set_buffer, reserve, settle, set_quotas, spend_on_try, put_order, put_case, change_case, record, answer, keep_together,
        publish, delivered, put_plan, move_plan, put_plan_outcome, put_transfer, change_transfer, put_prices,
        put_capacity_prices, point, repoint, open_request, vote, close_request, escalate_request,
    )
}  # fmt: skip
"""Every call of a transaction that changes the books, and what is said of it: given its result, then its arguments."""

READS: Final = frozenset(
    {
        "recall", "claim_received", "received", "received_event", "entry", "entries", "due_entries", "fenced", "clock", "outlast",
        "balances", "balance_frame", "items_on_hand", "movement_frame", "recompute_balances", "outside_frame", "compared",
        "reservation", "reservations_of", "pending", "promised_frame", "due", "slots_taken", "quotas", "tries_cents", "order",
        "case", "cases", "due_cases", "look", "recall_and_look", "decision", "decision_of", "decisions", "outbox", "plan",
        "plans", "plan_outcome", "transfer", "transfers", "prices", "capacity_prices", "pointer", "whole",
        "approval_request", "live_request", "approval_requests", "due_requests", "votes",
    }
)  # fmt: skip
"""Every call that changes nothing; `whole` is the frame around a step."""
