"""Forecasts, what planners know better, and how forecasters did."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from evenstock import tables
from evenstock.forecasting.value_added import SCHEMA
from evenstock.operations.forecast_table import COLUMNS
from evenstock.service.http.bodies.out import Day, Digest, Out
from evenstock.service.http.bodies.rows import frame_row, page_of, table_row
from evenstock.service.http.strict import Day as DayIn
from evenstock.service.http.strict import MaybeName, Name, Reason, Strict

ForecastDayOut: Any = frame_row(
    "ForecastDayOut",
    COLUMNS,
    "One day of one item at one node: the mean, and units not exceeded with the probability (in thousandths) each name says.",
)
ForecastOut = page_of(ForecastDayOut)
ForecastOverrideOut: Any = table_row("ForecastOverrideOut", tables.Overrides, stands=bool)
ForecastOverridesOut = page_of(ForecastOverrideOut)
ValueAddedOut: Any = frame_row("ValueAddedOut", SCHEMA, "What an override was worth on the days that have passed.")
ValuesAddedOut = page_of(ValueAddedOut)


class ProvenanceOut(Out):
    """Which model and which data a forecast came from."""

    snapshot: Digest
    version: str
    as_of: Day
    cut_off: Day = Field(description="Last day whose demand was known")
    horizon_days: int
    series: int
    expected_units: float
    current: bool = Field(description="Whether it saw the data that are current, and starts today")
    model: str | None = Field(description="Id of the kept version; null for the fast forecast without one")
    fell_back: str = Field(description="Why the champion did not serve")
    adjusted: list[str]
    data: dict[str, Digest]
    notes: list[str]


class AccuracyRowOut(Out):
    """How what was foretold came out."""

    value: str = Field(description="The day, the node or the speed it is of")
    days: int
    series_days: int
    sold_units: float
    foretold_units: float
    bias: float | None = Field(description="Foretold over sold less one; above zero it foretold too much")
    loss: float = Field(description="Pinball loss over all levels, as served")
    fallback_loss: float = Field(description="The same of the fast forecast")


class AccuracyOut(Out):
    items: list[AccuracyRowOut]
    next: str | None


class MakeForecastBody(Strict):
    horizon: Annotated[int, Field(ge=1, le=60, description="Days ahead")] = 28
    model: Annotated[MaybeName, Field(max_length=50)] = Field(
        default="", description="Member of the forecaster family; the champion without it"
    )


class TrainBody(Strict):
    model: Annotated[Name, Field(max_length=50)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0
    series: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None, description="About so many series are backtested"
    )


class BacktestBody(Strict):
    models: Annotated[list[Name], Field(max_length=20, description="The first is judged by the gates")] = Field(
        default_factory=list
    )
    origins: Annotated[int, Field(ge=1, le=12, description="Windows of 28 days, one after the other")] = 3
    series: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    retrain: bool = False
    seed: Annotated[int, Field(ge=0, le=2**31)] = 0


class ForecastOverrideBody(Strict):
    """What a planner knows better, with a reason and an end."""

    # Only what is added may be below zero.
    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": ["kind"], "properties": {"kind": {"const": "add"}}},
                {"properties": {"value": {"minimum": 0}}},
            ]
        }
    )

    kind: Annotated[str, Field(pattern="^(multiply|add|set)$", description="What is done to each day's mean")]
    value: Annotated[float, Field(ge=-1e7, le=1e7, description="Factor, or units a day of everything in scope")]
    first_day: DayIn
    last_day: DayIn
    reason: Reason
    sku: MaybeName = ""
    node: MaybeName = ""
    category: MaybeName = ""
    expires_on: DayIn | None = None


class ForecastOverriddenOut(Out):
    override: str
