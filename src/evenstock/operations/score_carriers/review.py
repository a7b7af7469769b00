"""The week's review of carriers: what got worse and what it costs, scans that are missing, and promises of services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median
from typing import Final

import polars as pl

from evenstock.freight import scorecard, tracking
from evenstock.operations.company import Company
from evenstock.operations.score_carriers.outcomes import CarrierOutcomes, carrier_outcomes
from evenstock.operations.score_carriers.score import WEEKS, CarrierScores, scores_of

LEAST_CLAIMS: Final = 5
"""Claims of a kind below which what they cost is the company's own figure."""
STEPS: Final[tuple[tuple[scorecard.By, scorecard.By], ...]] = (("service", "origin"), ("origin", "zone"))
BROAD: Final = 3
"""Rows of a narrower level that are told as one of the broader."""
LEVELS: Final[tuple[scorecard.By, ...]] = ("service", "origin", "zone", "lane")


@dataclass(frozen=True, slots=True, eq=False)
class CarrierReview:
    """What a person should know of carriers this week."""

    scores: CarrierScores
    """By zone from an origin, which is the level of the heat map."""
    services: CarrierScores
    worse: pl.DataFrame
    """As `scorecard.changes`, with column level (service, origin, zone or lane), each thing at one level, see `told_once`."""
    missing: pl.DataFrame
    """As `tracking.missing_scans`, with column lane; empty where no tracking events were imported."""
    discipline: pl.DataFrame
    worth: scorecard.Worth
    notes: tuple[str, ...]

    @property
    def as_of(self) -> date:
        return self.scores.as_of

    @property
    def cents_week(self) -> float:
        """What everything that got worse costs a week."""
        return float(self.worse["cents_week"].sum())


def review_carriers(company: Company, *, as_of: date, weeks: int = WEEKS) -> CarrierReview:
    """Review the last weeks, as known on the morning of `as_of`.

    Raises
    ------
    ValueError
        If no parcels were imported, or none left in these weeks.
    """
    gathered = carrier_outcomes(company, as_of=as_of, weeks=max(weeks, scorecard.BEFORE_WEEKS + 8))
    shown = _lately(gathered, as_of - timedelta(weeks=weeks))
    worth = worth_of(company, as_of)
    found = {level: scorecard.changes(gathered.outcomes, worth, by=level) for level in LEVELS}
    missing, discipline = pl.DataFrame(schema={**tracking.MISSING, "lane": pl.String}), pl.DataFrame()
    if gathered.journeys is not None:
        lanes = gathered.left.select("parcel", "lane")
        missing = tracking.missing_scans(gathered.journeys, lanes, shown.left).join(lanes, on="parcel", how="left")
        discipline = tracking.scan_discipline(gathered.journeys)
    return CarrierReview(
        scores_of(shown, by="zone", weeks=weeks),
        scores_of(shown, by="service", weeks=weeks),
        told_once(found),
        missing,
        discipline,
        worth,
        shown.notes,
    )


def _lately(gathered: CarrierOutcomes, first: date) -> CarrierOutcomes:
    """Of what was gathered for comparing, what is shown."""
    frame = gathered.outcomes.frame.filter(pl.col("shipped_on") >= first)
    left = gathered.left.filter(pl.col("shipped_at").dt.date() >= first)
    return replace(gathered, outcomes=replace(gathered.outcomes, frame=frame), left=left)


def worth_of(company: Company, as_of: date) -> scorecard.Worth:
    """What a late, damaged and lost parcel costs: the median of claims of its kind, else the company's figures.

    Without claims a damaged or lost parcel costs its goods (the median of parcels' values where known) and the claim.
    """
    costs, claims, parcels = company.network.costs, company.table("claims"), company.table("parcels")
    goods = 0
    if parcels is not None and "value_cents" in parcels.columns:
        values = parcels.filter(pl.col("value_cents") > 0)["value_cents"].to_list()
        goods = int(median(values)) if values else 0
    paid: dict[str, int] = {}
    if claims is not None:
        known = claims.filter(pl.col("opened_on") < as_of)
        for kind in ("damaged", "lost"):
            cents = known.filter(pl.col("kind").cast(pl.String) == kind)["cents"].to_list()
            if len(cents) >= LEAST_CLAIMS:
                paid[kind] = int(median(cents))
    harmed = int(costs.claim_cents) + goods
    return scorecard.Worth(int(costs.late_order_cents), paid.get("damaged", harmed), paid.get("lost", harmed))


def told_once(found: Mapping[scorecard.By, pl.DataFrame]) -> pl.DataFrame:
    """What got worse, each thing at one level only, so that its money is not counted twice; the dearest first.

    An origin into a zone is what a person can act on; where `BROAD` zones of an origin got worse it is the origin, and
    where so many origins of a service did, the service. A lane is told where nothing broader holds it, and a service or an
    origin where nothing narrower speaks for it.

    Parameters
    ----------
    found
        `scorecard.changes` by level: service, origin, zone, lane.
    """
    key = {level: ["measure", *scorecard.KEYS[level]] for level in LEVELS}
    told: list[pl.DataFrame] = []
    left = {level: found[level] for level in LEVELS}
    for broad, narrow in STEPS:
        many = left[narrow].group_by(key[broad]).len().filter(pl.col("len") >= BROAD)
        chosen = left[broad].join(many, on=key[broad], how="semi", nulls_equal=True)
        told.append(chosen.with_columns(level=pl.lit(broad)))
        for level in LEVELS:
            if set(key[broad]) <= set(key[level]):
                left[level] = left[level].join(chosen, on=key[broad], how="anti", nulls_equal=True)
    told.append(left["zone"].with_columns(level=pl.lit("zone")))
    lanes = left["lane"].join(left["zone"], on=key["zone"], how="anti", nulls_equal=True)
    told.append(lanes.with_columns(level=pl.lit("lane")))
    for level in reversed([broad for broad, _ in STEPS]):
        spoken = pl.concat(told, how="diagonal")
        silent = left[level].join(spoken, on=key[level], how="anti", nulls_equal=True)
        told.append(silent.with_columns(level=pl.lit(level)))
    order = ["cents_week", "measure", "service", "origin", "destination"]
    return pl.concat(told, how="diagonal").sort(order, descending=[True, *[False] * 4], nulls_last=False)
