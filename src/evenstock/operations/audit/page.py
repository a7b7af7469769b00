"""One page about any id: what was recommended, on which data, and who or what approved and executed it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from evenstock.domain import (
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
from evenstock.operations.audit.rows import AuditRow, audit_of
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

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "kind": self.kind,
            "recommended": dict(self.recommended),
            "based_on": dict(self.based_on),
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
        ids = [order, *(each.id for each in books.reservations_of(order))]
        return AuditPage(name, kind, _recommended(record), _inputs(record), log.audit_about(ids, MOST))
    transfer = books.transfer(TransferId(name))
    plan = books.plan(transfer.plan if transfer is not None else PlanId(name))
    if plan is not None:
        ids = [plan.id, *([transfer.id] if transfer is not None else [])]
        kind = "transfer" if transfer is not None else "plan"
        recommended = _plan(plan) | (_transfer(transfer) if transfer is not None else {})
        return AuditPage(name, kind, recommended, dict(plan.inputs) | {"seed": plan.seed}, log.audit_about(ids, MOST))
    rows = log.audit_about(list(_names(name)), MOST)
    return AuditPage(name, "thing", {}, _pointed(rows), rows) if rows else None


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
