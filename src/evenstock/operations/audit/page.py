"""One page about any id: what was recommended, on which data, and who or what approved and executed it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evenstock.domain import (
    ApprovalRequest,
    DecisionId,
    DecisionRecord,
    OrderId,
    PlanId,
    ReservationId,
    TransferId,
    TransferOrder,
    TransferPlan,
    rfc3339,
)
from evenstock.operations.audit.rows import AuditBooks, AuditRow, audit_of
from evenstock.operations.audit.versions_named import decided_when, models_named, rules_named
from evenstock.operations.decisions import decision_from
from evenstock.operations.ports import Transaction

MOST: Final = 1_000
"""Rows of one page."""


@dataclass(frozen=True, slots=True)
class AuditPage:
    """The three answers."""

    id: str
    kind: str
    """`order`, `decision`, `reservation`, `plan`, `transfer`, or `thing` where only the log knows it."""
    recommended: Mapping[str, Any]
    """What; empty where nothing was recommended."""
    based_on: Mapping[str, Any]
    """Versions of data, policy, model, prices and code."""
    done: Sequence[AuditRow]
    """Who or what proposed, approved and executed it, by time."""
    approvals: Sequence[Mapping[str, Any]] = ()
    """What people were asked, and what each of them said."""
    executed: Sequence[Mapping[str, Any]] = ()
    """Of each action that envelopes govern: what they said of it, by which rule, at which stage, on whose approval."""

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "recommended": dict(self.recommended),
            "based_on": dict(self.based_on),
            "approvals": [dict(each) for each in self.approvals],
            "executed": [dict(each) for each in self.executed],
            "done": [row_document(row) for row in self.done],
        }


def row_document(row: AuditRow) -> dict[str, Any]:
    return {"stream": row.stream, "number": row.number, "at": rfc3339(row.at), **json.loads(row.said)}


def page_about(books: Transaction, name: str) -> AuditPage | None:
    """None where neither the books nor the log know the id."""
    log = audit_of(books)
    decision = books.decision(DecisionId(name))
    held = books.reservation(ReservationId(name)) if decision is None else None
    order = decision_from(decision).order if decision is not None else held.order if held is not None else OrderId(name)
    decided = decision if decision is not None else books.decision_of(order)
    if decided is not None:
        record = decision_from(decided)
        kind = "decision" if decision is not None else "reservation" if held is not None else "order"
        asked = requests_about(books, [f"order:{order}"])
        ids = [order, *(each.id for each in books.reservations_of(order)), *(each.id for each in asked)]
        rows = log.audit_about(ids, MOST)
        based_on = _inputs(record) | _named(log, rows, record.inputs.policy)
        return AuditPage(name, kind, _recommended(record), based_on, rows, _told(books, asked), _executed(rows))
    transfer = books.transfer(TransferId(name))
    plan = books.plan(transfer.plan if transfer is not None else PlanId(name))
    if plan is not None:
        asked = requests_about(books, [f"plan:{plan.id}"])
        ids = [plan.id, *([transfer.id] if transfer is not None else []), *(each.id for each in asked)]
        kind = "transfer" if transfer is not None else "plan"
        recommended = _plan(plan) | (_transfer(transfer) if transfer is not None else {})
        rows = log.audit_about(ids, MOST)
        executed = _executed(rows)
        policy = next(
            (str(each["policy"]) for each in executed if "policy" in each), dict(plan.inputs).get("policy", "")
        )
        based_on = dict(plan.inputs) | {"seed": plan.seed} | _named(log, rows, policy)
        return AuditPage(name, kind, recommended, based_on, rows, _told(books, asked), executed)
    rows = log.audit_about(list(_names(name)), MOST)
    return AuditPage(name, "thing", {}, _pointed(rows), rows) if rows else None


def requests_about(books: Transaction, things: Sequence[str]) -> list[ApprovalRequest]:
    """Every request for approval about these, the oldest first."""
    found = [each for about in things for each in books.approval_requests(about=about)]
    return sorted(found, key=lambda each: (each.opened_at, each.id))


def _told(books: Transaction, asked: Sequence[ApprovalRequest]) -> list[dict[str, Any]]:
    """Without the reasons that people wrote: those are in the books."""
    return [
        {
            "request": each.id,
            "state": each.state.value,
            "proposer": each.proposer,
            "role": each.role,
            "people": each.people,
            "digest": each.digest,
            "policy": each.policy,
            "expires_at": rfc3339(each.expires_at),
            "votes": [
                {
                    "by": vote.voter,
                    "for": vote.person,
                    "says": vote.says.value,
                    "at": rfc3339(vote.at) if vote.at else None,
                }
                for vote in books.votes(each.id)
            ],
        }
        for each in asked
    ]


def _executed(rows: Sequence[AuditRow]) -> list[dict[str, Any]]:
    shown = ("kind", "says", "rule", "stage", "approval", "policy", "on", "actor")
    return [
        {"at": rfc3339(row.at), **{name: deed[name] for name in shown if deed.get(name)}}
        for row in rows
        for deed in json.loads(row.said)["deeds"]
        if deed["did"] == "act"
    ]


def _named(log: AuditBooks, rows: Sequence[AuditRow], policy: str) -> dict[str, Any]:
    """Versions of rules and models by name, as of when the log says it was recommended; nothing where it does not."""
    at = decided_when(rows)
    return {} if at is None else {"rules": rules_named(log, policy, at), "models": models_named(log, at)}


def _names(name: str) -> Iterator[str]:
    """What a thing may stand under in the log."""
    yield name
    yield from (f"{kind}:{name}" for kind in ("pointer", "stock", "source", "person", "api_key", "run", "schedule"))


def _recommended(record: DecisionRecord) -> dict[str, Any]:
    ships = [
        {
            "node": s.candidate.node,
            "service": s.candidate.service,
            "lines": [[each.sku, each.units] for each in s.lines],
        }
        for s in (record.choice.shipments if record.choice is not None else ())
    ]
    return {
        "order": record.order,
        "decision": record.id,
        "digest": record.digest(),
        "decided_at": rfc3339(record.decided_at),
        "outcome": record.outcome.value,
        "verdict": type(record.verdict).__name__,
        "sentence": record.sentence,
        "cents": record.choice.cents if record.choice is not None else None,
        "ships": ships,
        "alternatives": len(record.alternatives),
        "barred": len(record.barred),
    }


def _inputs(record: DecisionRecord) -> dict[str, Any]:
    told = record.inputs
    return {
        "data": {"network": told.network, "stock": told.stock},
        "policy": told.policy,
        "model": told.knowledge,
        "prices": {"digest": told.prices, "from": record.price_rung},
        "code": told.code,
        "warnings": list(told.warnings),
    }


def _plan(plan: TransferPlan) -> dict[str, Any]:
    return {
        "plan": plan.id,
        "made_at": rfc3339(plan.made_at),
        "state": plan.state.value,
        "lines": len(plan.lines),
        "units": sum(line.units for line in plan.lines),
        "violations": list(plan.violations),
        "edited_from": plan.edited_from,
        "edited_by": plan.edited_by,
    }


def _transfer(transfer: TransferOrder) -> dict[str, Any]:
    lane = {"origin": transfer.origin, "destination": transfer.destination, "ship_by": transfer.ship_by.isoformat()}
    return {"transfer": transfer.id, "transfer_state": transfer.state.value, **lane}


def _pointed(rows: Sequence[AuditRow]) -> dict[str, Any]:
    """Versions that names were pointed to, the latest of each."""
    found: dict[str, Any] = {}
    for row in rows:
        told = json.loads(row.said)
        for deed in told["deeds"]:
            if deed["did"] == "point":
                found[told["about"]] = deed["to"]
    return found
