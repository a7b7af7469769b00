"""Completes a company's zone chart for all of its nodes, from what its carrier's charts say of some pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from evenstock.freight.zone_fit import Agreement, FittedPlaces, agreement, fit_places, hold_out
from evenstock.freight.zones import US_BAND_MILES, area
from evenstock.operations.company import Company


@dataclass(frozen=True, slots=True, eq=False)
class CompletedZones:
    """A proposal: nothing is kept until the table is imported."""

    zones: pl.DataFrame
    """Rows of `tables.Zones`: every pair that the carrier names, and every other from the nodes' areas."""
    added: int
    """Pairs that were reckoned."""
    fitted: FittedPlaces
    foretold: Agreement
    """Of fitted points on a fifth of the pairs, which a fit of its own did not see."""

    @property
    def sentence(self) -> str:
        """For whoever decides whether to import it."""
        return (
            f"{self.added:,} pairs added from {self.fitted.sites} points fitted on {self.fitted.pairs:,} pairs; of "
            f"{self.foretold.pairs:,} kept apart {self.foretold.equal:.1%} come out equal, {self.foretold.within_one:.1%} within one"
        )


def complete_zones(
    company: Company,
    *,
    bands_miles: Sequence[float] = US_BAND_MILES,
    first_zone: int = 1,
    share: float = 0.2,
    seed: int = 0,
) -> CompletedZones:
    """Fit the carrier's points on its chart, and say how well they foretell pairs kept apart; seconds.

    Parameters
    ----------
    share : of the pairs kept apart to judge the fit; the proposal itself rests on all of them.

    Raises
    ------
    ValueError
        If the company has no chart or no places, or they cannot be fitted (see `fit_places`).
    """
    chart, places = company.tables.get("zones"), company.tables.get("places")
    if chart is None or chart.is_empty():
        raise ValueError("no zones to learn from: import the carrier's charts of some origins as the table zones")
    if places is None or places.is_empty():
        raise ValueError("no places: import the middle of each postal area as the table places")
    seen, unseen = hold_out(chart, share=share, seed=seed)
    if seen.is_empty() or unseen.is_empty():
        raise ValueError(f"{chart.height} pairs are too few to judge a fit by; import more of the carrier's charts")
    judged = fit_places(seen, places, bands_miles=bands_miles, first_zone=first_zone, seed=seed)
    reckoned = judged.zones(unseen["origin_zip3"].to_list(), unseen["destination_zip3"].to_list())
    fitted = fit_places(chart, places, bands_miles=bands_miles, first_zone=first_zone, seed=seed)
    zones = fitted.completed(chart, sorted({area(node.postal_code) for node in company.network.nodes.values()}))
    return CompletedZones(zones, zones.height - fitted.pairs, fitted, agreement(reckoned, unseen))
