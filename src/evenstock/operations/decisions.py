"""A recorded decision read back from its canonical bytes."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, Final

from evenstock.domain import (
    Allow,
    Barred,
    Candidate,
    Cents,
    Commitment,
    Confidence,
    CostTerm,
    DecisionId,
    DecisionRecord,
    Inputs,
    Layer,
    LineId,
    NeedsApproval,
    NodeId,
    OrderId,
    OrderPlan,
    OrderShipment,
    Outcome,
    Propensity,
    Refuse,
    ReservationId,
    ServiceId,
    ShippedLine,
    Sku,
    Units,
    Verdict,
)
from evenstock.operations.ports import Transaction

RESERVATION: Final = ":reservation"
"""What a decision's reservation is named after it."""


def decision_from(record: bytes) -> DecisionRecord:
    """The record of these bytes: its own canonical bytes are the same again.

    Raises
    ------
    ValueError
        If they are no decision record.
    """
    try:
        said = json.loads(record)
        return DecisionRecord(
            id=DecisionId(said["id"]),
            order=OrderId(said["order"]),
            decided_at=datetime.fromisoformat(said["decided_at"]),
            inputs=Inputs(**(said["inputs"] | {"warnings": tuple(said["inputs"]["warnings"])})),
            outcome=Outcome(said["outcome"]),
            verdict=_verdict(said["verdict"]),
            sentence=said["sentence"],
            choice=_plan(said["choice"]) if said["choice"] else None,
            alternatives=tuple(_plan(plan) for plan in said["alternatives"]),
            barred=tuple(Barred(NodeId(b["node"]), b["service"], b["rule"], b["because"]) for b in said["barred"]),
            relaxed=tuple(said["relaxed"]),
            proven_least=said["proven_least"],
            layer=Layer(said["layer"]),
            confidence=_confidence(said["confidence"]) if said["confidence"] else None,
            price_rung=said["price_rung"],
            commitment=_commitment(said["commitment"]) if said["commitment"] else None,
            propensity=_propensity(said["propensity"]) if "propensity" in said else None,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"these bytes are no decision record: {error!r}") from error


def behind(books: Transaction, reservation: ReservationId) -> DecisionRecord | None:
    """The decision that made a reservation; None where it was not made by one."""
    record = books.decision(DecisionId(reservation.removesuffix(RESERVATION)))
    return None if record is None else decision_from(record)


def _confidence(said: dict[str, Any]) -> Confidence:
    parts = tuple((name, int(cents)) for name, cents in said["parts"])
    return Confidence(said["regret_millicents"], parts, said["threshold_millicents"])


def _commitment(said: dict[str, Any]) -> Commitment:
    return Commitment(date.fromisoformat(said["deliver_by"]), said["told_millionths"], said["now_millionths"])


def _propensity(said: dict[str, Any]) -> Propensity:
    among = tuple(ServiceId(service) for service in said["among"])
    return Propensity(said["millionths"], Cents(said["extra_cents"]), Cents(said["spent_cents"]), among)


def _verdict(said: dict[str, Any]) -> Verdict:
    if "role" in said:
        return NeedsApproval(said["role"], said["because"])
    return Refuse(said["because"]) if "because" in said else Allow()


def _plan(said: dict[str, Any]) -> OrderPlan:
    return OrderPlan(tuple(_shipment(shipment) for shipment in said["shipments"]))


def _shipment(said: dict[str, Any]) -> OrderShipment:
    way = said["candidate"]
    return OrderShipment(
        Candidate(NodeId(way["node"]), ServiceId(way["service"]), date.fromisoformat(way["ship_on"])),
        tuple(ShippedLine(LineId(line["line"]), Sku(line["sku"]), Units(line["units"])) for line in said["lines"]),
        tuple(CostTerm(term["name"], Cents(term["cents"])) for term in said["terms"]),
    )
