"""Tonight's proposal for the whole network: what should move, be bought, wait or stay, and what each line is worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from evenstock.domain.names import UNTRACKED, Cents, LotId, NodeId, PlanId, Sku, Units
from evenstock.domain.plan import CostTerm


class Way(StrEnum):
    """What else could be done about a shortage."""

    NOTHING = "nothing"
    TRANSFER = "transfer"
    BUY = "buy"
    EXPEDITE = "expedite"
    WAIT = "wait"
    """Ship on the lane's next departure, knowing more."""
    ROUTE_AROUND = "route_around"
    """Leave the stock and ship orders from elsewhere."""
    SUBSTITUTE = "substitute"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another way to meet what a line meets, and what it would bring."""

    way: Way
    net_cents: Cents
    """Expected gain against doing nothing, after its cost."""
    sentence: str
    on: date | None = None
    """First day on which it helps."""


@dataclass(frozen=True, slots=True)
class TransferLine:
    """Units of one item that one lane should carry, what it is worth, what it costs, and both ends' cover."""

    sku: Sku
    origin: NodeId
    destination: NodeId
    units: Units
    worth_cents: Cents
    """Expected gain at the destination less the expected loss at the origin, before cost."""
    costs: tuple[CostTerm, ...]
    origin_cover_before: int
    """Days of cover, whole days; 9999 where nothing is expected to sell."""
    origin_cover_after: int
    destination_cover_before: int
    destination_cover_after: int
    sentence: str
    lot: LotId = UNTRACKED
    mode: str = ""
    """Kind of carriage of its lane."""
    cases: int = 0
    pallet_thousandths: int = 0
    """Room it takes; 0 where the item's pallet is unknown."""
    ship_by: date | None = None
    eta_p50: date | None = None
    """Day on which it can be sold there, as likely sooner as later."""
    eta_p90: date | None = None
    """The same with nine chances in ten; None where too little is known of the lane."""
    error_cents: Cents = Cents(0)
    """Standard error of the worth: what another draw of as many futures would change."""
    chance_ppm: int = 0
    """Probability that it brings more than it costs, in millionths."""
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"{self.sku}: a transfer line moves at least one unit")
        if self.origin == self.destination:
            raise ValueError(f"{self.sku}: a transfer leads from one node to another, not {self.origin} to itself")

    @property
    def cost_cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.costs))

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)


@dataclass(frozen=True, slots=True)
class HeldLine:
    """A line that gains more by waiting for the lane's next departure."""

    line: TransferLine
    wait_cents: Cents
    """Expected net gain of deciding again before the next departure."""
    leaves_on: date | None = None
    """The next departure."""


@dataclass(frozen=True, slots=True)
class PurchaseLine:
    """Units of one item to buy tonight by one way."""

    sku: Sku
    node: NodeId
    """Where they are delivered."""
    way: str
    """Supplier and mode, such as ``ACME by sea``."""
    units: Units
    worth_cents: Cents
    """Expected shortage and storing saved over the days planned."""
    costs: tuple[CostTerm, ...]
    order_by: date
    eta_p50: date
    eta_p90: date | None
    sentence: str
    alternatives: tuple[Alternative, ...] = ()

    def __post_init__(self) -> None:
        if self.units <= 0:
            raise ValueError(f"{self.sku}: a purchase is of at least one unit")

    @property
    def cost_cents(self) -> Cents:
        return Cents(sum(term.cents for term in self.costs))

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)


@dataclass(frozen=True, slots=True)
class Played:
    """What a plan saves against doing nothing on futures that it was not made for, with orders routed around empty nodes."""

    mean_cents: Cents
    low_cents: Cents
    """Lower end of the 95 % interval of the mean, future by future."""
    high_cents: Cents
    futures: int


@dataclass(frozen=True, slots=True)
class Rival:
    """A rule that people use, on the same night."""

    method: str
    lines: int
    units: int
    worth_cents: Cents
    cost_cents: Cents
    played: Played | None = None

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)


@dataclass(frozen=True, slots=True)
class CurveDay:
    """What waiting costs, for the items that the plan moves."""

    on: date
    nothing_cents: Cents
    """Shortage and storing from tonight to the end of this day if nothing is done."""
    late_cents: Cents
    """Net gain of the plan if it left on this day."""


class PlanState(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """Tonight's proposal for the whole network."""

    id: PlanId
    made_at: datetime
    inputs: tuple[tuple[str, str], ...]
    """Digests of what it was computed from, by name."""
    seed: int
    lines: tuple[TransferLine, ...]
    notes: tuple[str, ...] = ()
    """What was left out and why; what was used although out of date."""
    state: PlanState = PlanState.PROPOSED
    purchases: tuple[PurchaseLine, ...] = ()
    held: tuple[HeldLine, ...] = ()
    """Lines that gain by waiting: not part of the plan, told so that nobody wonders."""
    bound_cents: Cents | None = None
    """No plan of transfers nets more on these futures; None where nobody knows."""
    solved_cents: Cents | None = None
    """Net of the plan before lines were left to wait or left out: what the bound is held against."""
    played: Played | None = None
    rivals: tuple[Rival, ...] = ()
    curve: tuple[CurveDay, ...] = ()
    violations: tuple[str, ...] = ()
    """Limits that a plan edited by hand breaks; one with any cannot be approved."""
    edited_from: PlanId | None = None
    edited_by: str = ""

    @property
    def worth_cents(self) -> Cents:
        """Of its transfers."""
        return Cents(sum(line.worth_cents for line in self.lines))

    @property
    def cost_cents(self) -> Cents:
        return Cents(sum(line.cost_cents for line in self.lines))

    @property
    def net_cents(self) -> Cents:
        return Cents(self.worth_cents - self.cost_cents)

    @property
    def gap_ppm(self) -> int | None:
        """How far the net may be from the best possible, in millionths of the best possible; None without a bound."""
        if self.bound_cents is None or self.solved_cents is None:
            return None
        missed = max(0, self.bound_cents - self.solved_cents)
        return 0 if self.bound_cents <= 0 else missed * 1_000_000 // self.bound_cents


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What an executed line really brought, once the days it was planned for have passed."""

    sku: Sku
    origin: NodeId
    destination: NodeId
    lot: LotId
    units: Units
    """Received."""
    foretold_cents: Cents
    """Net gain per plan, for the units received."""
    realised_cents: Cents
    """Net gain on the demand that came: exact where nothing else was changed because of the move."""
    sold_more: Units
    """Units sold at the destination that would have been short there."""
    sold_less: Units
    """Units short at the origin that would have been served."""


@dataclass(frozen=True, slots=True)
class PlanOutcome:
    """The lines of a plan, judged."""

    plan: PlanId
    judged_on: date
    """Demand until the evening before counts."""
    lines: tuple[LineOutcome, ...]
    notes: tuple[str, ...] = ()
