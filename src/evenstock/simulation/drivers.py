"""What moved the made-up brand's demand from outside, as a company would write it down: offers, paydays, spending."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
import polars as pl

from evenstock import tables
from evenstock.simulation.baskets import Habits
from evenstock.simulation.process import FUTURE_DAYS, Process, is_payday

ANNOUNCED_DAYS: Final = (28, 56)
"""A promotion is decided this many days ahead, at least and at most."""
PLANNED_DAYS: Final = 28
"""And a week's marketing spend this many days before its Monday."""


def promotions_frame(
    process: Process, items: pl.DataFrame, habits: Habits, as_of: date, rng: np.random.Generator
) -> pl.DataFrame:
    """`tables.Promotions`: every run of promoted days of the process, past and ahead, announced up to `as_of`.

    A run that begins before its item was on sale counts from the item's first day. Promotions further ahead than any
    announcement are in the process, and in the future drawn from it, but in no table yet.
    """
    promoted = process.lift > 1
    promoted &= np.arange(promoted.shape[1])[None, :] >= process.begin[:, None]
    edge = np.diff(np.pad(promoted, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    item, first = np.nonzero(edge == 1)
    last = np.nonzero(edge == -1)[1] - 1
    whole = pl.DataFrame(
        {
            "sku": items["sku"].gather(item),
            "category": items["category"].gather(item),
            "first_day": np.datetime64(process.first_day, "D") + first.astype("timedelta64[D]"),
            "last_day": np.datetime64(process.first_day, "D") + last.astype("timedelta64[D]"),
        },
        schema_overrides={"first_day": pl.Date, "last_day": pl.Date},
    ).with_columns(promotion=pl.col("category") + pl.lit(" ") + pl.col("last_day").cast(pl.String))
    # A category's promotion is one decision: its items, even one that came during it, share a number and a day.
    named = whole.group_by("promotion", maintain_order=True).agg(pl.col("first_day").min().alias("decided_for"))
    ahead = pl.Series(rng.integers(ANNOUNCED_DAYS[0], ANNOUNCED_DAYS[1] + 1, named.height))
    named = named.with_columns(announced_on=pl.col("decided_for") - pl.duration(days=pl.lit(ahead)))
    return (
        whole.join(named, on="promotion", how="left", maintain_order="left")
        .filter(pl.col("announced_on") <= as_of)
        .with_columns(node=pl.lit(""), discount_bp=pl.lit(round(10_000 * (1 - habits.promotion_price))))
        .select(pl.col(name).cast(kind) for name, kind in tables.Promotions.create_empty().schema.items())
        .sort("promotion", "sku")
    )


def sale_prices_frame(process: Process, items: pl.DataFrame, promotions: pl.DataFrame, habits: Habits) -> pl.DataFrame:
    """`tables.SalePrices`: the usual price from an item's first day on, less while promoted, and the usual one again.

    A price moves demand only by the promotion it belongs to: the process knows no other.
    """
    usual = items.select("sku", usual="price_cents")
    opening = usual.select(
        "sku",
        valid_from=pl.Series(
            np.datetime64(process.first_day, "D") + process.begin.astype("timedelta64[D]"), dtype=pl.Date
        ),
        cents="usual",
        announced_on=pl.lit(None, dtype=pl.Date),
    )
    off = promotions.join(usual, on="sku", how="left", maintain_order="left")
    # Rounded as the price of an order's line is: half to even.
    reduced = pl.Series(np.rint(off["usual"].to_numpy() * habits.promotion_price).astype(np.int64))
    begins = off.select("sku", valid_from="first_day", cents=reduced, announced_on="announced_on")
    ends = off.select(
        "sku", valid_from=pl.col("last_day").dt.offset_by("1d"), cents="usual", announced_on="announced_on"
    )
    return (
        # Where two fall on one day, the promotion that begins wins over the one that ends, and both over the list.
        pl.concat([begins, ends, opening])
        .unique(["sku", "valid_from"], keep="first", maintain_order=True)
        .with_columns(node=pl.lit(""))
        .select(pl.col(name).cast(kind) for name, kind in tables.SalePrices.create_empty().schema.items())
        .sort("sku", "valid_from")
    )


def events_frame(process: Process) -> pl.DataFrame | None:
    """`tables.Events`: the paydays of history and future; None where demand does not follow them."""
    if process.traits.payday == 1.0:
        return None
    days = [process.first_day + timedelta(days=d) for d in range(process.past_days + FUTURE_DAYS)]
    paid = [day for day in days if is_payday(day)]
    return pl.DataFrame({"date": paid, "event": ["payday"] * len(paid), "node": [""] * len(paid)})


def signals_frame(process: Process, as_of: date) -> pl.DataFrame | None:
    """`tables.Signals`: dollars of marketing by day, planned four weeks before each Monday; None where nobody spends."""
    if process.spend is None:
        return None
    days = [process.first_day + timedelta(days=d) for d in range(process.spend.size)]
    known = [day - timedelta(days=day.weekday() + PLANNED_DAYS) for day in days]
    return pl.DataFrame(
        {
            "signal": ["spend_search_dollars"] * len(days),
            "date": days,
            "node": [""] * len(days),
            "value": process.spend,
            "known_on": known,
        }
    ).filter(pl.col("known_on") <= as_of)
