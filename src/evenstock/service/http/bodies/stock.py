"""Stock as it is told and as others state it."""

from __future__ import annotations

from typing import Annotated, Any

import polars as pl
from pydantic import Field

from evenstock.domain import LotId, NodeId, Sku, StockObservation
from evenstock.domain import Units as UnitsOf
from evenstock.operations.observe_stock import MOST_VERSION, Observed, Outcome, version_of
from evenstock.service.http.bodies.out import Day, Moment, Out, Plain
from evenstock.service.http.bodies.rows import frame_row, page_of
from evenstock.service.http.strict import MaybeName, Name, Strict, Units
from evenstock.service.http.strict import Moment as MomentIn

MOST_OBSERVATIONS = 1_000
STATES = ("available", "reserved", "allocated", "held", "in_transit", "shortfall", "buffer")
_KEY = {"sku": pl.String, "node": pl.String}

BalanceOut: Any = frame_row(
    "BalanceOut",
    {**_KEY, "lot": pl.String, "on_hand": pl.Int64, "atp": pl.Int64, **dict.fromkeys(STATES, pl.Int64)},
    "Units of one item (and lot) at one node. On hand is available, reserved, allocated and held; available to promise is "
    "available less the buffer.",
)
BalancesOut = page_of(BalanceOut)
MovementOut: Any = frame_row(
    "MovementOut",
    {
        "number": pl.Int64, "id": pl.String, "sku": pl.String, "lot": pl.String, "units": pl.Int64,
        "source_node": pl.String, "source_bucket": pl.String, "source_cause": pl.String, "destination_node": pl.String,
        "destination_bucket": pl.String, "destination_cause": pl.String, "occurred_at": pl.Datetime("us", "UTC"),
        "recorded_at": pl.Datetime("us", "UTC"), "because": pl.String, "reverses": pl.String,
    },
    "Units that went from one account to another, once; never changed afterwards.",
)  # fmt: skip
MovementsOut = page_of(MovementOut)
BeliefOut: Any = frame_row(
    "BeliefOut",
    {
        **_KEY, "record": pl.Int64, "mean": pl.Float64, "q05": pl.Int64, "q50": pl.Int64, "q95": pl.Int64,
        "p_phantom": pl.Float64, "velocity": pl.Float64, "dispersion": pl.Float64, "error_mean": pl.Float64,
        "error_sd": pl.Float64, "unreported": pl.Float64, "feed_days": pl.Float64, "stated": pl.Float64,
        "days_since_count": pl.Float64, "because": pl.String, "buffer": pl.Int64,
    },
    "What we think is truly there: units with one, ten and nineteen chances in twenty, the probability that the record is a "
    "phantom, why, and the units held back for it now.",
)  # fmt: skip
BeliefsOut = page_of(BeliefOut)
CountProposalOut: Any = frame_row(
    "CountProposalOut",
    {
        "node": pl.String, "rank": pl.Int64, "sku": pl.String, "record": pl.Int64, "value_cents": pl.Int64,
        "cost_cents": pl.Int64, "net_cents": pl.Int64, "p_phantom": pl.Float64, "because": pl.String,
    },
    "A count that is worth more than it costs.",
)  # fmt: skip
BufferOut: Any = frame_row("BufferOut", {**_KEY, "lot": pl.String, "units": pl.Int64}, "Units never to be promised.")
BuffersOut = page_of(BufferOut)
QuotaOut: Any = frame_row(
    "QuotaOut",
    {**_KEY, "order_class": pl.String, "units": pl.Int64, "taken": pl.Int64, "left": pl.Int64},
    "Units protected for one class of orders.",
)
QuotasOut = page_of(QuotaOut)


class ObservationBody(Strict):
    """A system says how many units are on hand."""

    source: Name = Field(description="The system that says so, such as wms")
    sku: Name
    node: Name
    units: Units
    observed_at: MomentIn
    version: Annotated[int, Field(ge=0, le=MOST_VERSION)] | None = Field(
        default=None, description="Grows with each statement of the source; the moment observed where none is stated"
    )
    lot: MaybeName = ""

    def observation(self) -> StockObservation:
        version = version_of(self.observed_at) if self.version is None else self.version
        return StockObservation(
            self.source,
            Sku(self.sku),
            NodeId(self.node),
            UnitsOf(self.units),
            self.observed_at,
            version,
            LotId(self.lot),
        )


class ObservationsBody(Strict):
    observations: Annotated[list[ObservationBody], Field(min_length=1, max_length=MOST_OBSERVATIONS)]


class ObservedOut(Out):
    """What became of one statement."""

    sku: str
    node: str
    lot: str
    outcome: Outcome
    gained: int = Field(description="Units found that the books did not know")
    lost: int = Field(description="Units missing from what was free to promise")
    short: int = Field(description="Units missing although they were promised")
    because: str = Field(description="Why it was refused, or what it waits for")


class ObservedAllOut(Out):
    """One answer for each statement, in their order."""

    items: list[ObservedOut]
    changed: int
    unchanged: int
    held: int = Field(description="Kept until people agree: they lie outside what may be adjusted without")
    refused: int


class CountProposalsOut(Out):
    on: Day
    worth_counting: int = Field(description="Shelves whose count is worth its cost, within the day's budget or not")
    items: list[CountProposalOut]
    next: str | None
    notes: list[str]


class CountBody(Strict):
    """Somebody counted all units of an item (and lot) at a node."""

    id: Name = Field(description="Number of the count: the same one twice changes nothing")
    sku: Name
    node: Name
    units: Units
    lot: MaybeName = ""


class BufferBody(Strict):
    sku: Name
    node: Name
    units: Units
    lot: MaybeName = ""


class BuffersBody(Strict):
    buffers: Annotated[list[BufferBody], Field(min_length=1, max_length=1_000)]


class QuotaBody(Strict):
    sku: Name
    node: Name
    order_class: Name
    units: Units


class QuotasBody(Strict):
    quotas: Annotated[list[QuotaBody], Field(min_length=1, max_length=1_000)]


class ReconciliationOut(Out):
    """The books against what other systems stated, as they stand now."""

    at: Moment
    text: str = Field(description="What a person reads first")
    unexplained: int = Field(description="Lines that neither age nor what is not posted yet explains")
    totals: list[Plain] = Field(description="By node and source, with 95 % intervals")
    classes: list[Plain] = Field(description="By node, source and velocity")
    lines: list[Plain] = Field(description="Lines that differ, dearest first")


def observed_out(said: ObservationBody, told: Observed) -> dict[str, Any]:
    return {
        "sku": said.sku,
        "node": said.node,
        "lot": said.lot,
        "outcome": told.outcome.value,
        "gained": told.gained,
        "lost": told.lost,
        "short": told.short,
        "because": told.because,
    }
