"""What a scorecard has seen: only lanes that a service was used on speak for it."""

from __future__ import annotations

import polars as pl

from evenstock.freight.scorecard.card import LEAST_DUE
from evenstock.freight.scorecard.outcomes import Outcomes


def coverage(outcomes: Outcomes) -> pl.DataFrame:
    """A row for each service: on how much of the company's shipping its scores rest.

    Columns service, parcels, lanes (pairs of origin and destination it was used on), lanes_of_all, spoken_for (of these
    with at least `LEAST_DUE` parcels due), share_of_parcels (share of all the company's parcels that went on lanes it is
    spoken for, by any service), only_choice (share of its own parcels on lanes where no other service was used: there
    nobody can compare), effective (parcels after weighting by one over propensity, Kish).

    What lies outside was not seen: a service used only where it is good looks good. Exploration and propensities (see
    `Outcomes.frame`) mend that; a card without them says how carriers did where they were sent.
    """
    lane = ["origin", "destination"]
    used = outcomes.frame.group_by("service", *lane).agg(pl.len().alias("parcels"), pl.col("promise_due").sum())
    traffic = used.group_by(lane).agg(pl.col("parcels").sum().alias("traffic"), pl.len().alias("services"))
    weights = outcomes.frame.group_by("service").agg(
        effective=pl.col("weight").sum() ** 2 / (pl.col("weight") ** 2).sum()
    )
    spoken = pl.col("promise_due") >= LEAST_DUE
    return (
        used.join(traffic, on=lane)
        .group_by("service")
        .agg(
            pl.col("parcels").sum(),
            pl.len().alias("lanes"),
            pl.lit(traffic.height).alias("lanes_of_all").first(),
            spoken.sum().alias("spoken_for"),
            (pl.col("traffic").filter(spoken).sum() / max(1, int(traffic["traffic"].sum()))).alias("share_of_parcels"),
            (pl.col("parcels").filter(pl.col("services") == 1).sum() / pl.col("parcels").sum()).alias("only_choice"),
        )
        .join(weights, on="service")
        .sort("service")
    )
