"""Carriers, their overrides, rates and returns as they are told and asked for."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from evenstock.operations.rates.age import Age
from evenstock.operations.rates.corrections import ADOPTED
from evenstock.operations.rates.hold_invoices import KEPT
from evenstock.operations.rates.refresh import RateSource
from evenstock.operations.rates.refusals import Refusal
from evenstock.routing.returns import MOST_LINES
from evenstock.service.http.bodies.out import Day, Moment, Money, Out, Plain
from evenstock.service.http.bodies.records import record_out
from evenstock.service.http.bodies.rows import frame_row, page_of
from evenstock.service.http.strict import Day as DayIn
from evenstock.service.http.strict import MaybeName, Name, Reason, SomeUnits, Strict

DriftOut: Any = frame_row("DriftOut", KEPT, "Something that is billed, or quoted live, otherwise than we quote it.")
CorrectionOut: Any = frame_row("CorrectionOut", ADOPTED, "What quotes add until a new card says it.")
CorrectionsOut = page_of(CorrectionOut)
AgeOut: Any = record_out(Age, attention=bool)
RefusalOut: Any = record_out(Refusal, sentence=str)
RateSourceOut: Any = record_out(RateSource, due_since=Moment | None)


class AgesOut(Out):
    """How old everything is that freight is priced with."""

    on: Day
    attention: int = Field(description="Things that are stale, or will be within 30 days")
    items: list[AgeOut]
    next: str | None


class RefusalsOut(Out):
    items: list[RefusalOut]
    next: str | None


class RateSourcesOut(Out):
    items: list[RateSourceOut]
    next: str | None


class DriftReportOut(Out):
    """What invoices and live quotes last said of our quotes."""

    as_of: Day
    parcels: int
    quoted_live: int
    series: int
    false_alarms_a_year: float
    drifts: list[DriftOut]
    lately: list[Plain]
    dearest: list[Plain]
    left_out: list[Plain]
    outweighed: list[Plain]


class QuotedOut(Out):
    service: str
    zone: int
    billable_g: int
    cents: Money
    terms: dict[str, int] = Field(description="They add up to the cents")
    stale: str


class QuotesOut(Out):
    """Every service's quote for one parcel, cheapest first, and why the others have none."""

    origin: str = Field(alias="from")
    to: str
    on: Day
    weight_g: int
    sides_mm: list[int]
    home: bool
    hazmat: bool
    quotes: list[QuotedOut]
    cannot: dict[str, str]


class ParcelBody(Strict):
    """One parcel somebody asks about."""

    origin: Name = Field(description="Postal code, or name of a node")
    destination: Name = Field(description="Postal code, or name of a node")
    weight_g: Annotated[int, Field(ge=1, le=10_000_000)]
    sides_mm: Annotated[list[Annotated[int, Field(ge=1, le=100_000)]], Field(min_length=3, max_length=3)] | None = (
        Field(default=None, description="Of the box; unknown where not said")
    )
    on: DayIn | None = Field(default=None, description="Day it leaves; today where not said")
    home: bool = False
    hazmat: bool = False


class AuditsOut(Out):
    """What audits heard of carriers in the last 400 days."""

    quotes: list[Plain]
    asked: list[Plain]


class RatesImportOut(Out):
    """What became of rate tables that were brought."""

    taken: dict[str, int] = Field(description="New rows by table")
    snapshot: str | None
    problems: list[Plain] = Field(description="Cells that cannot be read: file, row, column, value, because, fix")
    count: int
    wrong: list[str] = Field(description="Nobody can accept these")
    doubtful: list[str] = Field(description="A person may accept these, with a reason")
    refusal: str | None = Field(description="Under which it is kept until a good file comes")
    changes: list[Plain] = Field(description="The largest changes against the card before")
    notes: list[str]


class ScoresOut(Out):
    """How carriers did, with counts and 90 % intervals."""

    as_of: Day
    by: str
    weeks: int
    card: list[Plain]
    weekly: list[Plain]
    coverage: list[Plain]
    cost_by_tier: list[Plain]
    advertised: list[Plain]
    refused: list[Plain]
    had_all: list[Plain] = Field(
        description="Had each service carried all it could have, from what was tried on purpose"
    )
    notes: list[str]


class CarrierOverrideOut(Out):
    """Something else to use where a carrier has begun to fail, and what became of the proposal."""

    id: str
    service: str
    services: list[str]
    origin: str
    areas: list[str]
    pattern: str
    since: Day
    between: list[Day]
    parcels: int
    delivered: int
    outstanding: int
    cents_a_week: int | None
    freight_cents_a_week: int | None
    late_now: float | None
    late_then: float | None
    instead: list[str]
    form: str
    proposed: str
    order_classes: list[str]
    min_value_cents: int
    sentence: str
    ends: str
    state: str
    by: str | None
    because: str | None
    valid_from: Day | None
    valid_to: Day | None
    rule: str


class CarrierOverridesOut(Out):
    items: list[CarrierOverrideOut]
    next: str | None


class CarrierReviewOut(Out):
    """What a person should know of carriers this week."""

    as_of: Day
    weeks: int
    worse: list[Plain] = Field(description="What got worse, and what it costs a week")
    cents_week: int
    services: list[Plain]
    zones: list[Plain]
    weekly: list[Plain]
    advertised: list[Plain]
    missing_scans: list[Plain]
    scan_discipline: list[Plain]
    waiting: list[CarrierOverrideOut] = Field(description="Proposals that nobody answered, worth most a week first")
    in_force: list[CarrierOverrideOut] = Field(description="Soonest over first")
    notes: list[str]


class AdoptBody(Strict):
    weeks: Annotated[int, Field(ge=1, le=26, description="How long it lasts")] = 8
    because: Annotated[str, Field(max_length=2_000)] = ""


class LookBody(Strict):
    weeks: Annotated[int, Field(ge=1, le=104, description="Parcels that left in so many weeks are scored")] = 12
    false_a_quarter: Annotated[float, Field(gt=0, le=1_000, description="False proposals a quarter to put up with")] = (
        2.0
    )


class RefreshBody(Strict):
    source: MaybeName = Field(default="", description="One source, due or not; all that are due without it")


class ServiceCardOut(Out):
    """A carrier's service as it can be used today."""

    service: str
    carrier: str
    mode: str = Field(description="How it travels, where its card says so")
    valid_from: Day | None = Field(description="Of the card in force; null where none is")
    valid_to: Day | None
    zones: list[int]
    max_weight_g: int | None
    max_longest_mm: int | None
    pickup_days: list[int] = Field(description="Monday 1 to Sunday 7")
    shipments_per_day: int | None
    fuel_bp: int | None
    currency: str | None
    nodes: list[str] = Field(description="Where it picks up")
    stale: list[str]


class ServicesOut(Out):
    items: list[ServiceCardOut]
    next: str | None


class CarbonOut(Out):
    """What past shipments emitted."""

    by_service: list[Plain]
    by_lane: list[Plain]
    left_out: dict[str, int]
    sources: list[str]
    sentence: str


class MarginOut(Out):
    """What customers paid for shipping against what it cost."""

    total: list[Plain]
    by_service: list[Plain]
    by_zone: list[Plain]
    by_value: list[Plain]
    thresholds: list[Plain]
    without_rate: dict[str, int]
    notes: list[str]


class ReturnedLineBody(Strict):
    sku: Name
    units: SomeUnits = 1
    price_cents: Annotated[int, Field(ge=0, le=10**9)] = Field(default=0, description="Refunded for one unit")


class ReturnBody(Strict):
    """What a customer wants to send back: lines and where from, or an order that was routed here, or lines of it."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["order"], "properties": {"order": {"minLength": 1}}},
                {
                    "required": ["postal_code", "lines"],
                    "properties": {"postal_code": {"minLength": 1}, "lines": {"minItems": 1}},
                },
            ]
        }
    )

    id: Name = "return"
    order: MaybeName = Field(default="", description="Its address, and its lines where none is named here")
    postal_code: MaybeName = Field(default="", description="Of the customer; the order's where not said")
    lines: Annotated[list[ReturnedLineBody], Field(max_length=MOST_LINES)] = Field(default_factory=list)
    services: Annotated[list[Name], Field(max_length=100)] = Field(
        default_factory=list, description="That carry returns; all where none is named"
    )
    resaleable: Annotated[float, Field(ge=0, le=1, description="Chance that a unit can be sold again as new")] = 0.85
    salvage: Annotated[float, Field(ge=0, le=1, description="Share of its cost that a unit unfit for sale brings")] = (
        0.0
    )
    parcels: Annotated[int, Field(ge=1, le=10, description="Most parcels it may travel in")] = 1
    customer_pays: bool = Field(default=False, description="The customer pays the label")
    never_keep: bool = Field(default=False, description="Goods are not left with customers")


class ReturnParcelOut(Out):
    node: str
    service: str
    cents: Money
    terms: dict[str, int]


class ReturnPlanOut(Out):
    parcels: list[ReturnParcelOut]
    kept_lines: list[str] = Field(description="Lines that the customer keeps")
    cents: int = Field(description="Cost; below zero it brings money")


class ReturnBarredOut(Out):
    node: str
    service: str
    rule: str
    because: str


class RoutedReturnOut(Out):
    """Where a return should go, or that the customer should keep it."""

    id: str = Field(alias="return")
    choice: ReturnPlanOut | None
    alternatives: list[ReturnPlanOut]
    barred: list[ReturnBarredOut]
    prices: str
    warnings: list[str]
    sentence: str


class EndBody(Strict):
    because: Reason
