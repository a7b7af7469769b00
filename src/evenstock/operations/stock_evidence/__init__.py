"""Gathers what speaks for or against each record: books, sales, picks, counts and what other systems stated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from evenstock.forecasting import Forecast
from evenstock.inventory import Assumptions, Evidence, cancel_log_ratio, pick_log_ratio
from evenstock.inventory.velocity import velocity_class
from evenstock.operations.company import Company
from evenstock.operations.stock_evidence.books import KEY, records, restored_days, rows_of, stocked_days
from evenstock.operations.stock_evidence.counts import ages, counts_of, failed_picks, usual_cancels
from evenstock.operations.stock_evidence.feeds import feeds, statements
from evenstock.operations.stock_evidence.sales import heard, left_the_shelf, look_back_on, sales_history

__all__ = ["KEY", "Gathered", "gather", "records", "statements"]


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Evidence about every SKU-node of the books, and what past counts teach."""

    evidence: Evidence
    counts: pl.DataFrame
    """Counts against the record of their moment, for `inventory.learn_accuracy`."""
    notes: tuple[str, ...]
    """What was missing and which rule stood in for it."""


def gather(
    company: Company,
    balances: pl.DataFrame,
    movements: pl.DataFrame,
    forecast: Forecast | None,
    now: datetime,
    assumptions: Assumptions | None = None,
) -> Gathered:
    """Evidence as of `now` about every SKU-node that the books speak of, in (sku, node) order.

    Rules for weak data: a SKU-node never counted is as old as its history, a node without a feed has books that are
    current, a series without a forecast has no days that tell anything, and without `forecast` (the current one, whose
    days begin today) the look-back's own mean stands for what is to come.
    """
    told = assumptions or Assumptions()
    today = now.astimezone(UTC).date()
    held = records(balances)
    rows = held.select(KEY).with_row_index("row")
    left, last_heard, notes = left_the_shelf(company)
    sales = sales_history(company, left, today)
    series, look_back = look_back_on(sales, rows, company, notes)
    days = look_back.days
    first = today - timedelta(days=days)
    counted = counts_of(company, rows, now)
    mask = look_back.looked & heard(rows, last_heard, first, days) & stocked_days(rows, movements, first, days)
    restored = restored_days(rows, company, movements, counted, first, days, 1.0 - told.miscount)
    picked, cancelled = failed_picks(company, rows, counted, first, days)
    since, known, learn = ages(rows, series, sales, counted, movements, now)
    rate, feed, stated = look_back.rate, *feeds(company, rows, movements, now, notes)
    if forecast is not None:
        at, found = rows_of(rows, forecast.keys)
        rate = rate.copy()
        rate[at] = forecast.mu[found].mean(axis=1)
    elif sales is not None:
        notes.append("no current forecast: what the past weeks were expected to sell stands for the weeks to come")
    share = usual_cancels(company)
    evidence = Evidence(
        keys=held.select(KEY),
        first_day=first,
        sold=look_back.sold,
        mean=look_back.mean,
        alpha=look_back.alpha,
        path_variance=look_back.path_variance,
        path_drift=look_back.path_drift,
        # What a short pick left behind is no sign of goods: the day speaks through the pick alone.
        looked=mask & (picked == 0),
        pick_log_ratio=pick_log_ratio(picked, told) + cancel_log_ratio(cancelled, share, told),
        restored=restored,
        record=held["record"].to_numpy().astype(np.int64),
        rate=rate,
        days_since_count=since.days,
        moved_since_count=since.moved,
        known_days=known,
        feed_days=feed,
        stated=stated,
        short_picks=picked.sum(axis=1),
        cancelled=cancelled.sum(axis=1),
    )
    notes += _weak(evidence)
    learned = learn.with_columns(velocity=pl.Series(velocity_class(rate[learn["row"].to_numpy()])))
    return Gathered(evidence, learned.drop("row"), tuple(notes))


def _weak(evidence: Evidence) -> list[str]:
    never = int(np.isinf(evidence.days_since_count).sum())
    unlooked = int((~evidence.looked.any(axis=1)).sum())
    notes = []
    if never:
        notes.append(f"{never:,} SKU-nodes were never counted: their doubt is as old as their history")
    if unlooked:
        notes.append(
            f"{unlooked:,} SKU-nodes have no day of sales to hold against a forecast: age and picks speak alone"
        )
    return notes
