"""Plans, transfers and what-ifs as they are told and asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from evenstock import tables
from evenstock.domain import (
    LotId,
    NodeId,
    PlanOutcome,
    PlanState,
    PurchaseLine,
    Sku,
    TransferOrder,
    TransferPlan,
    plain,
)
from evenstock.domain import Units as UnitsOf
from evenstock.operations.edit_plan import Edit
from evenstock.operations.transfers import Dispatched, ReceivedLine
from evenstock.service.http.bodies.out import Moment, Money, Out
from evenstock.service.http.bodies.records import record_out
from evenstock.service.http.bodies.rows import page_of, table_row
from evenstock.service.http.strict import Day as DayIn
from evenstock.service.http.strict import MaybeName, Name, Reason, Strict, Units

MOST_EDITS = 1_000
MOST_LINES = 10_000
_TOTALS = {"worth_cents": int, "cost_cents": int, "net_cents": int}

PlanOutcomeOut: Any = record_out(PlanOutcome)
TransferPlanOut: Any = record_out(TransferPlan, **_TOTALS, gap_ppm=int | None, outcome=PlanOutcomeOut | None)
PurchaseLineOut: Any = record_out(PurchaseLine)
PlanLineOut: Any = table_row("PlanLineOut", tables.TransferLines)
PlanLinesOut = page_of(PlanLineOut)
TransferOrderOut: Any = record_out(TransferOrder)
DispatchedOut: Any = record_out(Dispatched)


class PlanShortOut(Out):
    """A plan in a list."""

    id: str
    made_at: Moment
    state: PlanState
    lines: int
    units: int
    purchases: int
    worth_cents: Money
    cost_cents: Money
    net_cents: Money
    violations: int = Field(description="Limits that it breaks; with any it cannot be approved")
    edited_from: str | None
    edited_by: str


class PlansOut(Out):
    items: list[PlanShortOut]
    next: str | None


class PurchasesOut(Out):
    items: list[PurchaseLineOut]
    next: str | None


class TransfersOut(Out):
    items: list[TransferOrderOut]
    next: str | None


class ApprovedOut(Out):
    """What approving a plan released, lane by lane."""

    plan: str
    state: PlanState
    repeated: bool = Field(description="It was approved before: nothing was changed")
    transfers: list[TransferOrderOut]
    purchases: list[PurchaseLineOut] = Field(description="Told to the system that buys")


class RejectedOut(Out):
    plan: str
    state: PlanState
    changed: bool


class TriggerOut(Out):
    """Why something should be looked at again."""

    sku: str = Field(description="Empty: every item")
    node: str = Field(description="Empty: everywhere")
    kind: str
    because: str
    new: bool = Field(description="Told for the first time")


class PlanReviewOut(Out):
    """Stock and demand of now against what the last plan foresaw."""

    plan: str
    triggers: list[TriggerOut]
    items: list[str] = Field(description="To plan again")
    false_alarms: float = Field(description="Item-nodes that would be told if all went as foreseen")


class MakePlanBody(Strict):
    seed: Annotated[int, Field(ge=0, le=2**31)] = Field(default=0, description="Seed of the demand paths")
    paths: Annotated[int, Field(ge=1, le=1_000)] | None = Field(default=None, description="Demand paths to reckon on")
    method: Annotated[Name, Field(max_length=50)] | None = Field(
        default=None, description="evenstock, or a rule to compare with"
    )


class EditBody(Strict):
    """A line as a person wants it; 0 units take it out."""

    sku: Name
    origin: Name
    destination: Name
    units: Units
    mode: MaybeName = Field(default="", description="May be left out where one lane only leads there")

    def edit(self) -> Edit:
        return Edit(Sku(self.sku), NodeId(self.origin), NodeId(self.destination), UnitsOf(self.units), self.mode)


class EditsBody(Strict):
    lines: Annotated[list[EditBody], Field(min_length=1, max_length=MOST_EDITS)]


class ApproveBody(Strict):
    ship_by: DayIn | None = Field(default=None, description="Day by which undated lines leave; today where not said")


class BecauseBody(Strict):
    because: Reason


class LoadedLineBody(Strict):
    sku: Name
    units: Units
    lot: MaybeName = ""


class DispatchBody(Strict):
    """What was really loaded; everything ordered where no line is named."""

    loaded: Annotated[list[LoadedLineBody], Field(max_length=MOST_LINES)] = Field(default_factory=list)


class ReceivedLineBody(Strict):
    sku: Name
    received: Units
    lost: Units = Field(default=0, description="Units that never will arrive")
    lot: MaybeName = ""

    def line(self) -> ReceivedLine:
        return ReceivedLine(Sku(self.sku), UnitsOf(self.received), UnitsOf(self.lost), LotId(self.lot))


class ReceiptBody(Strict):
    id: Name = Field(description="Number of the receipt: the same one twice changes nothing")
    lines: Annotated[list[ReceivedLineBody], Field(min_length=1, max_length=MOST_LINES)]


class ScenarioRunBody(Strict):
    """Tonight under other circumstances, side by side."""

    scenarios: Annotated[list[Reason], Field(min_length=1, max_length=10)] = Field(
        description="NAME: change; change, such as `peak: demand x1.3 at TX; freight x1.1`; see GET /v1/scenarios",
        examples=[["peak: demand x1.3; freight x1.1"]],
    )
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    paths: Annotated[int, Field(ge=2, le=1_000)] | None = None


class ScenarioFormsOut(Out):
    forms: list[str] = Field(description="What can be said, one form a change")


class RestockBody(Strict):
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    paths: Annotated[int, Field(ge=1, le=1_000)] | None = None


def plan_out(plan: TransferPlan, outcome: PlanOutcome | None) -> dict[str, Any]:
    found: dict[str, Any] = plain(plan)
    return found | {
        "worth_cents": int(plan.worth_cents),
        "cost_cents": int(plan.cost_cents),
        "net_cents": int(plan.net_cents),
        "gap_ppm": plan.gap_ppm,
        "outcome": plain(outcome) if outcome is not None else None,
    }


def plan_short(plan: TransferPlan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "made_at": plan.made_at,
        "state": plan.state.value,
        "lines": len(plan.lines),
        "units": sum(line.units for line in plan.lines),
        "purchases": len(plan.purchases),
        "worth_cents": int(plan.worth_cents),
        "cost_cents": int(plan.cost_cents),
        "net_cents": int(plan.net_cents),
        "violations": len(plan.violations),
        "edited_from": plan.edited_from,
        "edited_by": plan.edited_by,
    }


def nodes_of_plan(plan: TransferPlan) -> frozenset[str]:
    """Nodes that its lines and purchases touch."""
    lines = {str(node) for line in plan.lines for node in (line.origin, line.destination)}
    return frozenset(lines | {str(purchase.node) for purchase in plan.purchases})


def part_of(plan: TransferPlan, permitted: frozenset[str] | None) -> TransferPlan:
    """What of a plan concerns these nodes: its lines, without figures of the whole; all of it for None."""
    if permitted is None:
        return plan
    return replace(
        plan,
        lines=tuple(line for line in plan.lines if {line.origin, line.destination} & permitted),
        purchases=tuple(purchase for purchase in plan.purchases if purchase.node in permitted),
        held=tuple(h for h in plan.held if {h.line.origin, h.line.destination} & permitted),
        bound_cents=None, solved_cents=None, played=None, rivals=(), curve=(), notes=(),
    )  # fmt: skip


def outcome_of(outcome: PlanOutcome | None, permitted: frozenset[str] | None) -> PlanOutcome | None:
    if outcome is None or permitted is None:
        return outcome
    return replace(outcome, lines=tuple(line for line in outcome.lines if {line.origin, line.destination} & permitted))
