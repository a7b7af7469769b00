"""Bodies about stages, halts, weights, simulations and roll-backs."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from evenstock.domain import ActionKind
from evenstock.operations.autonomy.live_routing import ALL_BP
from evenstock.operations.autonomy.stages import Stage
from evenstock.operations.roll_back_all import Part
from evenstock.service.http.bodies.out import Moment, Out
from evenstock.service.http.strict import Day, MaybeName, Name, Reason, Strict
from evenstock.service.http.strict import Moment as When

Names = Annotated[list[Name], Field(max_length=1_000)]


class ScopeBody(Strict):
    """Where it holds. Lists that name nothing speak of all."""

    kinds: Annotated[list[Annotated[ActionKind, Field(strict=False)]], Field(max_length=20)] = Field(
        default_factory=list, description="Kinds of action"
    )
    regions: Names = Field(default_factory=list, description="Regions of the policy, or countries, of the nodes")
    channels: Names = Field(default_factory=list)
    nodes: Names = Field(default_factory=list)
    categories: Names = Field(default_factory=list, description="Product groups")


class StageLineBody(Strict):
    """How far software may go in a scope. The most specific scope decides."""

    stage: Annotated[Stage, Field(strict=False, description="support, guided or automatic")]
    scope: ScopeBody = Field(default_factory=ScopeBody)
    share_bp: Annotated[int, Field(ge=0, le=ALL_BP, description="Share of the actions, hundredths of a percent")] = (
        ALL_BP
    )
    otherwise: Annotated[Stage, Field(strict=False, description="The stage of the others")] = Stage.GUIDED
    valid_from: Day | None = None
    valid_to: Day | None = Field(default=None, description="Last day")
    pilot: MaybeName = Field(default="", description="Name of the pilot it is part of")


class StageBody(StageLineBody):
    because: Reason
    force: bool = Field(
        default=False, description="Without the simulation that the company asks for; it stays on record"
    )


class EndBody(Strict):
    scope: ScopeBody
    because: Reason
    force: bool = False


class BackBody(Strict):
    because: Reason


class EvidenceBody(Strict):
    asks: bool = Field(description="Whether a wider change comes into force only with a simulation of it")
    because: Reason


class HaltBody(Strict):
    scope: ScopeBody = Field(default_factory=ScopeBody)
    because: Reason


class AmountBody(Strict):
    cost: Annotated[str, Field(max_length=100, description="Name of a cost, such as late_order_cents")]
    amount: Annotated[int, Field(ge=0, le=1_000_000_000)]


class WeightsBody(Strict):
    amounts: Annotated[list[AmountBody], Field(min_length=1, max_length=50)]
    because: Reason
    force: bool = Field(
        default=False, description="Without the simulation that the company asks for; it stays on record"
    )


class RollOutBody(Strict):
    live: bool
    order_classes: Names = Field(default_factory=list)
    nodes: Names = Field(default_factory=list)
    share_bp: Annotated[int, Field(ge=0, le=ALL_BP)] = ALL_BP


class SimulationBody(Strict):
    """One change: rules, a stage, a roll-out, or costs."""

    rules: Name | None = Field(default=None, description="A version of the rules")
    stage: StageLineBody | None = None
    roll_out: RollOutBody | None = None
    costs: Annotated[list[AmountBody], Field(max_length=50)] | None = None
    days: Annotated[int, Field(ge=1, le=365)] = 30


class RollbackBody(Strict):
    to: When | None = Field(
        default=None, description="What was in force at this moment; without it, one step of each part"
    )
    parts: Annotated[list[Annotated[Part, Field(strict=False)]], Field(max_length=10)] = Field(
        default_factory=list, description="None named: all of them"
    )
    rehearse: bool = Field(default=False, description="Say what would change, and change nothing")
    because: Reason


class ScopeOut(Out):
    kinds: list[str]
    regions: list[str]
    channels: list[str]
    nodes: list[str]
    categories: list[str]


class LineOut(Out):
    said: str = Field(description="In words")
    stage: Stage
    scope: ScopeOut
    share_bp: int
    otherwise: Stage
    valid_from: str | None
    valid_to: str | None
    pilot: str
    by: str
    because: str
    at: Moment | None


class HaltOut(Out):
    id: str
    said: str
    scope: ScopeOut
    by: str
    because: str
    at: Moment
    resumed_by: str | None
    resumed_because: str | None
    resumed_at: Moment | None


class HaltedOut(HaltOut):
    settled: bool = Field(
        description="True: nothing of it is executed from now on. False: something that began before the halt was still open"
    )
    repeated: bool


class HaltsOut(Out):
    items: list[HaltOut]
    next: str | None


class StagesOut(Out):
    routing: str
    lines: list[LineOut]
    halts: list[HaltOut]
    asks_evidence: bool
    version: str | None
    by: str
    because: str
    at: Moment | None


class StagesVersionOut(Out):
    version: str
    routing: str
    lines: list[str]
    asks_evidence: bool
    by: str
    because: str
    at: Moment | None
    forced: bool
    evidence: str | None


class StagesHistoryOut(Out):
    items: list[StagesVersionOut]
    next: str | None


class WeightsOut(Out):
    costs: dict[str, int] = Field(description="Every cost that counts")
    amounts: dict[str, int] = Field(description="Those laid over the imported table")
    by: str
    because: str
    at: Moment | None
    forced: bool


class TriedOut(Out):
    served: int
    unserved: int
    split: int
    asked: int
    shadow: int
    cents: int


class DearerOut(Out):
    order: str
    cents: int
    now: str
    then: str


class SimulatedOut(Out):
    of: str
    against: str
    kind: str
    first: str
    last: str
    days: int
    orders: int
    left_out: int
    now: TriedOut
    then: TriedOut
    low_cents: float | None = Field(description="Cents an order, 95 % from here; null with fewer than 20 days")
    high_cents: float | None
    worst: list[DearerOut]
    notes: list[str]
    made_at: Moment
    by: str
    kept: str
    difference_cents: int
    enough: bool
    sentence: str


class StepOut(Out):
    part: Part
    now: str
    then: str
    changes: bool
    because: str


class RolledBackOut(Out):
    steps: list[StepOut]
    done: bool


def asked_of(body: SimulationBody) -> dict[str, Any]:
    """What the worker's job takes."""
    said = body.model_dump(mode="json", exclude_none=True)
    if body.costs is not None:
        said["costs"] = amounts_of(body.costs)
    return said


def amounts_of(said: list[AmountBody]) -> dict[str, int]:
    """Amounts by cost; of one that stands twice, the last."""
    return {one.cost: one.amount for one in said}
