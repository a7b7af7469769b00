"""Whether prices of fuel, tables of surcharges and rates of exchange are whole and near those before."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from typing import Any, Final

import polars as pl

from evenstock.freight.checking.finding import Finding

WEEKLY_CHANGE: Final = 0.2
"""Diesel in the United States moved by at most 15 % from one week to the next since 1994."""
TABLE_STEP_BP: Final = 300
"""Basis points from one row of a fuel table to the next; published ones go up by 25 to 100."""
EXCHANGE_CHANGE: Final = 0.15
SLACK_DAYS: Final = 3
"""A price published some days late, after a holiday, leaves no gap."""
_LISTED: Final = 5


def index(new: pl.DataFrame, before: pl.DataFrame | None, today: date) -> list[Finding]:
    """Weeks missing, prices of days to come, and prices far from the one before.

    Examples
    --------
    The price of 12 January is not there.

    >>> frame = pl.DataFrame({"fuel_index": "diesel", "region": "US", "mills": [3500, 3510, 3500, 3490],
    ...     "date": [date(2025, 12, 29), date(2026, 1, 5), date(2026, 1, 19), date(2026, 1, 26)]})
    >>> [print(finding) for finding in index(frame, None, date(2026, 2, 1))][0]
    fuel_index diesel in US: no price between 2026-01-05 and 2026-01-19, where one is due every 7 days; add them, or accept it with a reason
    """
    found: list[Finding] = []
    whole = new if before is None else pl.concat([before, new]).unique(["fuel_index", "region", "date"], keep="last")
    brought = set(new.select("fuel_index", "region", "date").iter_rows())
    for (name, region), rows in whole.sort("date").partition_by("fuel_index", "region", as_dict=True).items():
        days, mills = rows["date"].to_list(), rows["mills"].to_list()
        where = f"{name} in {region}"
        step = usual_step(days)
        for (day, price), (later, then) in pairwise(zip(days, mills, strict=True)):
            if not {(name, region, day), (name, region, later)} & brought:
                continue
            if (later - day).days > step + SLACK_DAYS:
                what = f"no price between {day} and {later}, where one is due every {step} days"
                found.append(Finding("fuel_index", where, "", what, "add them, or accept it with a reason", True))
            if abs(then / price - 1) > WEEKLY_CHANGE:
                what = f"is {then / price - 1:+.0%} against the {price:,} of {day}"
                found.append(_doubt("fuel_index", f"{where} on {later}, mills", f"{then:,}", what))
        found += [
            Finding("fuel_index", f"{where} on {day}", "", f"lies after today, {today}", "correct the day")
            for day in days
            if day > today + timedelta(days=1) and (name, region, day) in brought
        ]
    return found


def usual_step(days: list[date]) -> int:
    """Days between prices: the most common distance, a week where there is one price alone."""
    steps = Counter((later - earlier).days for earlier, later in pairwise(days))
    return min(steps, key=lambda step: (-steps[step], step)) if steps else 7


def fuel_table(new: pl.DataFrame, before: pl.DataFrame | None) -> list[Finding]:
    """Rows where dearer fuel costs less, jumps, and versions that no longer reach as far as the one before."""
    found = []
    for (name, begins), rows in new.partition_by("fuel_table", "valid_from", as_dict=True, maintain_order=True).items():
        where = f"{name} from {begins}"
        steps = list(rows.sort("at_least_mills").select("at_least_mills", "fuel_bp").iter_rows())
        for (mills, bp), (dearer, then) in pairwise(steps):
            cell = f"{where} at {dearer:,} mills, fuel_bp"
            if then < bp:
                found.append(_doubt("fuel_tables", cell, f"{then:,}", f"is less than the {bp:,} at {mills:,} mills"))
            elif then - bp > TABLE_STEP_BP:
                found.append(_doubt("fuel_tables", cell, f"{then:,}", f"is {then - bp:,} more than at {mills:,} mills"))
        old = _version_before(before, name, begins)
        if old is not None and steps:
            top = old.sort("at_least_mills").row(-1, named=True)["at_least_mills"]
            if steps[-1][0] < top - 500:
                what = f"ends at {steps[-1][0]:,} mills, where the table before went to {top:,}"
                found.append(_doubt("fuel_tables", where, "", what))
    return found[: 2 * _LISTED]


def exchange(new: pl.DataFrame, before: pl.DataFrame | None) -> list[Finding]:
    """Rates of exchange far from the one before."""
    whole = new if before is None else pl.concat([before, new]).unique(["currency", "date"], keep="last")
    brought = set(new.select("currency", "date").iter_rows())
    found = []
    for (currency,), rows in whole.sort("date").partition_by("currency", as_dict=True).items():
        for (day, micros), (later, then) in pairwise(rows.select("date", "micros").iter_rows()):
            if (currency, later) in brought and abs(then / micros - 1) > EXCHANGE_CHANGE:
                what = f"is {then / micros - 1:+.0%} against the {micros:,} of {day}"
                found.append(_doubt("exchange_rates", f"{currency} on {later}, micros", f"{then:,}", what))
    return found


def _version_before(before: pl.DataFrame | None, name: Any, begins: Any) -> pl.DataFrame | None:
    if before is None:
        return None
    older = before.filter((pl.col("fuel_table") == name) & (pl.col("valid_from") < begins))
    return older.filter(pl.col("valid_from") == older["valid_from"].max()) if older.height else None


def _doubt(table: str, where: str, value: str, what: str) -> Finding:
    return Finding(table, where, value, what, "correct it, or accept it with a reason", doubtful=True)
