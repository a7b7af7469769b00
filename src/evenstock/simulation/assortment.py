"""Items that came, went and took each other's place in the made-up brand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.process import FUTURE_DAYS, Process

SUCCESSION_DAYS: Final = 45
"""An item may replace one that began to fade at most so many days before or after it came."""
ALIKE: Final = 1.5
"""And that sold at most so many times as much or as little."""
GONE_UNITS: Final = 0.05
"""An item is taken out once it would sell fewer units than these in all days to come."""
QUIET_DAYS: Final = 28
"""And has sold nothing for so long."""
PAIRS: Final = 40
"""Most items for which a substitute is named."""


def dated_items(process: Process, items: pl.DataFrame, demand: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """The items with `introduced_on`, `discontinued_on` and `replaces`, as the process has had them all along.

    An item is introduced on the day from which the process lets it sell. It is discontinued four weeks after its last
    sale, if it faded so long ago that next to nothing would sell in the future. It replaces an item of its category
    that began to fade about when it came and sold about as much: the process has no such link, but a successor with the
    same mean is what the link would mean.
    """
    begin: list[date | None] = [process.first_day + timedelta(days=int(d)) if d > 0 else None for d in process.begin]
    ahead = process.expected(FUTURE_DAYS).sum(axis=(1, 2))
    sold = demand.filter(pl.col("units") > 0).group_by("sku").agg(pl.col("date").max())
    last = dict(sold.iter_rows())
    gone: list[date | None] = []
    for row, sku in enumerate(items["sku"]):
        quiet = last.get(sku, process.first_day) + timedelta(days=QUIET_DAYS + 1)
        fades = process.fade[row] < process.past_days
        gone.append(quiet if fades and ahead[row] < GONE_UNITS and quiet <= as_of else None)
    return items.with_columns(
        introduced_on=pl.Series(begin, dtype=pl.Date),
        discontinued_on=pl.Series(gone, dtype=pl.Date),
        replaces=pl.Series(_replaced(process, items), dtype=pl.String),
    )


def _replaced(process: Process, items: pl.DataFrame) -> list[str]:
    """For each item the one it replaces, empty for none; the newest choose first, and nothing is replaced twice."""
    skus, requires = items["sku"].to_list(), items["requires"].to_list()
    found = [""] * len(skus)
    size = np.log(process.base.sum(axis=1))
    fading = {int(k) for k in np.flatnonzero(process.fade < process.past_days)}
    for new in sorted(np.flatnonzero(process.begin > 0).tolist(), key=lambda k: (-process.begin[k], k)):
        fits = [
            old
            for old in sorted(fading)
            if old != new
            and process.category[old] == process.category[new]
            and requires[old] == requires[new]
            and process.begin[old] < process.begin[new]
            and abs(process.fade[old] - process.begin[new]) <= SUCCESSION_DAYS
            and abs(size[old] - size[new]) <= np.log(ALIKE)
        ]
        if fits:
            best = min(fits, key=lambda old: (abs(size[old] - size[new]), old))
            fading.discard(best)
            found[new] = skus[best]
    return found


def substitutes_frame(items: pl.DataFrame, demand: pl.DataFrame, share: float) -> pl.DataFrame:
    """`tables.Substitutes`: for items that were out of stock, the next in price of the same category.

    Items that were out for most days come first; `share` of their customers take the substitute.
    """
    out = (
        demand.filter(~pl.col("in_stock")).group_by("sku").agg(pl.len()).sort(["len", "sku"], descending=[True, False])
    )
    missing = out["sku"].head(PAIRS).to_list()
    known = {
        row["sku"]: row for row in items.select("sku", "category", "price_cents", "requires").iter_rows(named=True)
    }
    pairs = []
    for sku in missing:
        one = known[sku]
        alike = [
            (abs(other["price_cents"] - one["price_cents"]), name)
            for name, other in known.items()
            if name not in missing and (other["category"], other["requires"]) == (one["category"], one["requires"])
        ]
        if alike:
            pairs.append((sku, min(alike)[1], share))
    return pl.DataFrame(
        sorted(pairs), schema={"sku": pl.String, "substitute": pl.String, "share": pl.Float64}, orient="row"
    )


def with_substitution(demand: pl.DataFrame, substitutes: pl.DataFrame, rng: np.random.Generator) -> pl.DataFrame:
    """Demand in which customers of an item that was out of stock took its substitute.

    On each such day the substitute sells a Poisson number more at the node: the share of what the missing item sold a
    day there while it was there. Nothing is added where the substitute was out as well.
    """
    days = demand["date"].n_unique()
    hidden = demand.filter(~pl.col("in_stock")).join(substitutes, on="sku")
    usual = (
        demand.join(substitutes.select("sku"), on="sku", how="semi")
        .group_by("sku", "node")
        .agg(pl.col("units").sum(), out=(~pl.col("in_stock")).sum())
        .with_columns(a_day=pl.col("units") / (days - pl.col("out")).clip(lower_bound=1))
    )
    wanted = hidden.join(usual.select("sku", "node", "a_day"), on=["sku", "node"]).sort("date", "sku", "node")
    more: npt.NDArray[np.int64] = rng.poisson((wanted["share"] * wanted["a_day"]).to_numpy())
    added = (
        wanted.select("date", sku="substitute", node="node", more=pl.Series(more, dtype=pl.Int64))
        .group_by("date", "sku", "node")
        .agg(pl.col("more").sum())
        .filter(pl.col("more") > 0)
    )
    out = demand.filter(~pl.col("in_stock")).select("date", "sku")
    added = added.join(out.unique(), on=["date", "sku"], how="anti")
    key = ["date", "sku", "node"]
    raised = demand.join(added, on=key, how="left", maintain_order="left").with_columns(
        units=pl.col("units") + pl.col("more").fill_null(0)
    )
    promoted = demand.filter("promotion").select("date", "sku").unique().with_columns(promotion=pl.lit(value=True))
    new = (
        added.join(demand.select(key), on=key, how="anti")
        .join(promoted, on=["date", "sku"], how="left")
        .with_columns(units="more", in_stock=pl.lit(value=True), promotion=pl.col("promotion").fill_null(value=False))
    )
    columns = demand.columns
    return pl.concat([raised.select(columns), new.select(columns)]).sort(key)
