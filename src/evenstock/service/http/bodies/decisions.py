"""Decisions as they are told: the record, its explanation, and what a list holds of each."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from evenstock.domain import DecisionRecord, rfc3339
from evenstock.service.http.bodies.out import Day, Moment, Money, Out


class WayOut(Out):
    """From a node, by a service, on a day."""

    node: str
    service: str
    ship_on: Day


class ShippedLineOut(Out):
    line: str
    sku: str
    units: int


class TermOut(Out):
    name: str
    cents: Money


class ShipmentOut(Out):
    candidate: WayOut
    lines: list[ShippedLineOut]
    terms: list[TermOut] = Field(description="They add up to what the shipment costs")


class PlanOut(Out):
    shipments: list[ShipmentOut]


class BarredOut(Out):
    node: str
    service: str = Field(description="Empty: every service of the node")
    rule: str
    because: str


class InputsOut(Out):
    network: str
    stock: str
    policy: str
    prices: str
    code: str
    knowledge: str
    warnings: list[str]


class VerdictOut(Out):
    """Empty where it is allowed; a reason where it is refused; a role besides where somebody decides."""

    SOMETIMES: ClassVar = ("role", "because")
    role: str | None = None
    because: str | None = None


class ConfidenceOut(Out):
    regret_millicents: int
    parts: list[list[Any]]
    threshold_millicents: int | None


class CommitmentOut(Out):
    deliver_by: Day
    told_millionths: int
    now_millionths: int


class PropensityOut(Out):
    millionths: int
    extra_cents: Money
    spent_cents: Money
    among: list[str]


class DecisionOut(Out):
    """A decision's record: append-only, the same bytes for ever."""

    SOMETIMES: ClassVar = ("propensity",)
    id: str
    order: str
    decided_at: Moment
    inputs: InputsOut
    outcome: str
    verdict: VerdictOut
    sentence: str
    choice: PlanOut | None
    alternatives: list[PlanOut]
    barred: list[BarredOut]
    relaxed: list[str]
    proven_least: bool
    layer: str
    confidence: ConfidenceOut | None
    price_rung: str
    commitment: CommitmentOut | None
    propensity: PropensityOut | None = None


class OptionShipmentOut(Out):
    node: str
    service: str
    ship_on: Day
    cents: Money
    lines: list[ShippedLineOut]


class OptionOut(Out):
    alternative: int = Field(description="Its number among the alternatives; 0 for the choice")
    chosen: bool
    cents: Money
    terms: dict[str, int] = Field(description="Cents by term; they add up to cents")
    shipments: list[OptionShipmentOut]


class ExplanationOut(Out):
    decision: str
    order: str
    outcome: str
    layer: str
    decided_at: Moment
    sentences: list[str]
    options: list[OptionOut]
    barred: list[BarredOut]
    inputs: dict[str, str]


class DecisionLineOut(Out):
    id: str
    order: str
    decided_at: Moment
    outcome: str
    layer: str
    cents: int | None
    nodes: list[str]
    sentence: str


class DecisionsOut(Out):
    items: list[DecisionLineOut]
    next: str | None


def decision_line(record: DecisionRecord) -> dict[str, Any]:
    """A decision as a list shows it."""
    return {
        "id": record.id,
        "order": record.order,
        "decided_at": rfc3339(record.decided_at),
        "outcome": record.outcome.value,
        "layer": record.layer.value,
        "cents": int(record.choice.cents) if record.choice else None,
        "nodes": list(record.choice.nodes) if record.choice else [],
        "sentence": record.sentence,
    }


class ReplayOut(Out):
    """A decision made again from its inputs."""

    decision: str
    comparable: bool = Field(description="Whether every input could be rebuilt, shown by its digest")
    equal: bool = Field(description="Whether it came out byte for byte the same")
    missing: list[str] = Field(description="What could not be rebuilt, in words")
    digest: str
    digest_again: str = Field(description="Empty where it was not decided again")
    sentence: str
