"""Bad rows of a demand frame: repaired by the data contract, or refused by name."""

from __future__ import annotations

from typing import Final, Literal

import polars as pl

from evenstock.forecasting.data_contract import CLAUSES, LARGEST_DAY, changed

OnBad = Literal["repair", "refuse"]
KEY: Final = ("date", "sku", "node")
PARTS_SHARE: Final = 0.1
_MOST_NAMED: Final = 5
_TEXT: Final = (pl.String, pl.Categorical, pl.Enum)


def checked(demand: pl.DataFrame) -> pl.DataFrame:
    """The frame with names as plain text. Raises ValueError, naming the column or the row, for what no rule can repair."""
    missing = [name for name in (*KEY, "units") if name not in demand.columns]
    if missing:
        raise ValueError(f"demand lacks the columns {', '.join(missing)}")
    if demand["date"].dtype != pl.Date:
        raise ValueError(f"demand: date is a calendar day, not {demand['date'].dtype}; cast it with .dt.date()")
    for name in ("sku", "node"):
        if demand[name].dtype not in _TEXT:
            raise ValueError(
                f"demand: {name} is text, not {demand[name].dtype}: leading zeros count; cast it as you mean it"
            )
    for name in ("in_stock", "promotion"):
        if name in demand.columns and demand[name].dtype not in (pl.Boolean, pl.Null):
            raise ValueError(f"demand: {name} is true or false, not {demand[name].dtype}")
    if not (demand["units"].dtype.is_numeric() or demand["units"].dtype == pl.Null):
        raise ValueError(f"demand: units are whole numbers, not {demand['units'].dtype}")
    empty = demand.select(pl.any_horizontal(pl.col(KEY).is_null())).to_series()
    if empty.any():
        raise ValueError(
            f"demand: {empty.sum()} rows without {' or '.join(KEY)}, the first at row {empty.arg_max()}; fill or drop them"
        )
    return demand.with_columns(pl.col("sku", "node").cast(pl.String))


def with_counts(demand: pl.DataFrame, on_bad: OnBad, changes: list[pl.DataFrame]) -> pl.DataFrame:
    """Units as whole numbers from 0 to `LARGEST_DAY`; where some were no count, a column `unseen` marks these rows."""
    units = pl.col("units")
    floats = demand["units"].dtype.is_float()
    finite = units.is_finite() if floats else pl.lit(value=True)
    found = {
        "fraction": finite & (units != units.floor()) if floats else pl.lit(value=False),
        "not_a_number": units.is_null() | ~finite,
        "negative": finite & (units < 0),
        "beyond": finite & (units > LARGEST_DAY),
    }
    # One pass over the whole column: almost always there is nothing.
    many = demand.select(mask.fill_null(value=False).any().alias(rule) for rule, mask in found.items()).row(
        0, named=True
    )
    for rule, mask in found.items():
        if many[rule]:
            rows = demand.filter(mask).select(*KEY, before=units.cast(pl.Float64))
            if rule == "fraction" or on_bad == "refuse":
                raise _refusal(rule, rows)
            changes.append(changed(rule, rows.with_columns(after=pl.lit(0.0 if rule == "negative" else None))))
    if not any(many.values()):
        return demand
    unseen = found["not_a_number"] | found["beyond"]
    return demand.with_columns(
        unseen=unseen, units=pl.when(unseen | (units < 0)).then(0).otherwise(units).cast(pl.Int64)
    )


def without_repeats(demand: pl.DataFrame, on_bad: OnBad, changes: list[pl.DataFrame]) -> pl.DataFrame:
    """Each day of a series once: copies are dropped, and what differs is added up.

    A file read twice repeats its days alike; order lines and other parts of a day repeat now alike, now not. So at a node
    where `PARTS_SHARE` or more of the days that repeat differ, rows that are alike are parts too. A sum of days is in stock, and
    seen, only where each part is; it is promoted where any part is.
    """
    twice = demand.filter(pl.struct(KEY).is_duplicated())
    if on_bad == "refuse":
        raise _refusal("added_up", twice.select(*KEY, before=pl.col("units").cast(pl.Float64)))
    differs = (pl.struct(pl.exclude(KEY)).n_unique() > 1).alias("differs")
    days = twice.group_by(KEY).agg(differs)
    of_parts = days.group_by("node").agg(pl.col("differs").mean() >= PARTS_SHARE).filter("differs")["node"].to_list()
    parts, alike = twice.filter(pl.col("node").is_in(of_parts)), twice.filter(~pl.col("node").is_in(of_parts))
    once = alike.unique(maintain_order=True)
    if once.height < alike.height:
        copies = alike.group_by(alike.columns, maintain_order=True).len("n").filter(pl.col("n") > 1)
        units = pl.col("units").cast(pl.Float64)
        rows = copies.select(*KEY, before=pl.col("n") * units, after=units)
        changes.append(changed("copy", rows, total=alike.height - once.height))
    flags = {
        "in_stock": pl.col("in_stock").all(),
        "promotion": pl.col("promotion").any(),
        "unseen": pl.col("unseen").any(),
    }
    summed = (
        pl.concat([parts, once])
        .group_by(KEY, maintain_order=True)
        .agg(
            pl.col("units").sum().cast(pl.Int64),
            pl.len().alias("parts"),
            pl.col("units").max().alias("largest"),
            *(agg for name, agg in flags.items() if name in once.columns),
        )
    )
    added = summed.filter(pl.col("parts") > 1)
    if added.height:
        changes.append(changed("added_up", added.select(*KEY, before="largest", after="units")))
    columns = [name for name in (*KEY, "units", *flags) if name in demand.columns]
    kept = demand.select(columns).filter(~pl.struct(KEY).is_duplicated())
    return pl.concat([kept.with_columns(pl.col("units").cast(pl.Int64)), summed.select(columns)])


def split_returns(demand: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Demand with its negative rows at 0, and those rows as `tables.Returns`: columns date, sku, node, units.

    Examples
    --------
    >>> from datetime import date
    >>> net = pl.DataFrame({"date": [date(2026, 7, 1)] * 2, "sku": ["MUG", "POT"], "node": ["TX", "TX"], "units": [3, -2]})
    >>> demand, returns = split_returns(net)
    >>> demand["units"].to_list(), returns.select("sku", "units").rows()
    ([3, 0], [('POT', 2)])
    """
    demand = checked(demand)
    back = demand.filter(pl.col("units") < 0).group_by(KEY).agg(units=-pl.col("units").sum()).sort(KEY)
    kept = pl.when(pl.col("units") < 0).then(0).otherwise(pl.col("units"))
    return demand.with_columns(units=kept), back.with_columns(pl.col("units").cast(pl.Int64))


def _refusal(rule: str, rows: pl.DataFrame) -> ValueError:
    rows = rows.sort("date", "sku", "node")
    days = rows.unique(KEY).height if rule == "added_up" else rows.height
    what = {
        "fraction": "rows whose units have a fraction",
        "not_a_number": "rows whose units are no number",
        "negative": "rows whose units are below zero; keep returns apart",
        "beyond": f"rows of more than {LARGEST_DAY:,} units",
        "added_up": "days stand more than once; add their units up or drop the copies",
    }[rule]
    named = rows.unique(KEY, keep="first", maintain_order=True).head(_MOST_NAMED)
    some = "; ".join(
        f"{'nothing' if units is None else format(units, 'g')} for {sku} at {node} on {day}"
        for day, sku, node, units in named.iter_rows()
    )
    why = "" if CLAUSES[rule].outcome != "refused" else f": {CLAUSES[rule].because}"
    return ValueError(f"demand: {days} {what}{why} ({some})")
