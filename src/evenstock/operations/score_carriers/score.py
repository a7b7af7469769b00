"""Scores carriers: the card by carrier, service or lane, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from evenstock.freight import scorecard
from evenstock.operations.company import Company
from evenstock.operations.score_carriers.had_all import had_all
from evenstock.operations.score_carriers.outcomes import CarrierOutcomes, carrier_outcomes

WEEKS = 12


@dataclass(frozen=True, slots=True, eq=False)
class CarrierScores:
    """How carriers did over some weeks; frames as `freight.scorecard` describes them."""

    as_of: date
    by: scorecard.By
    weeks: int
    card: pl.DataFrame
    """A row for each carrier, service, zone from an origin, or lane."""
    weekly: pl.DataFrame
    """The same by week of shipping."""
    coverage: pl.DataFrame
    tiers: pl.DataFrame
    advertised: pl.DataFrame
    refused: pl.DataFrame
    notes: tuple[str, ...]
    had_all: pl.DataFrame | None = None
    """What would have become of parcels had each service carried all it could have; None where no decision tells."""


def score_carriers(
    company: Company,
    *,
    as_of: date,
    by: scorecard.By = "service",
    weeks: int = WEEKS,
    propensities: pl.DataFrame | None = None,
) -> CarrierScores:
    """Score what left in the last weeks, as known on the morning of `as_of`.

    Raises
    ------
    ValueError
        If no parcels were imported, or none left in these weeks.
    """
    gathered = carrier_outcomes(company, as_of=as_of, weeks=weeks, propensities=propensities)
    return scores_of(gathered, by=by, weeks=weeks)


def scores_of(gathered: CarrierOutcomes, *, by: scorecard.By, weeks: int) -> CarrierScores:
    """The same for outcomes that were gathered already."""
    found = gathered.outcomes
    if found.frame.is_empty():
        raise ValueError(
            f"no parcel left in the {weeks} weeks before {found.as_of}: import newer deliveries, or ask for more weeks"
        )
    return CarrierScores(
        found.as_of,
        by,
        weeks,
        scorecard.scorecard(found, by=by, weekly=False),
        scorecard.scorecard(found, by=by),
        scorecard.coverage(found),
        scorecard.tier_costs(found),
        scorecard.advertised_against_actual(found),
        found.refused,
        gathered.notes,
        None if gathered.could is None or gathered.could.is_empty() else had_all(found, gathered.could),
    )
