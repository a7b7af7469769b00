"""Whether less-than-truckload rates are sane: cheaper a hundredweight when heavier, dearer with class, near those before."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import polars as pl

from evenstock.freight.checking.finding import Finding

MEDIAN_CHANGE: Final = (-0.12, 0.15)
TERM_CHANGE: Final = (-0.3, 0.4)
"""A rate a mile, an accessorial or a minimum against the version before."""
_LANE: Final = ["tariff", "valid_from", "origin_zip3", "destination_zip3"]
_LISTED: Final = 5


def tariff(new: pl.DataFrame, before: pl.DataFrame | None) -> list[Finding]:
    """Breaks that rise with weight, classes that fall, and a tariff far from its last version.

    Examples
    --------
    >>> frame = pl.DataFrame({"tariff": "t", "valid_from": date(2026, 1, 1), "origin_zip3": "752", "destination_zip3": "100",
    ...     "freight_class": "70", "at_least_lb": [0, 500], "cents_cwt": [4000, 4100]})
    >>> [print(finding) for finding in tariff(frame, None)][0]
    ltl_tariffs t from 2026-01-01, 752 to 100 class 70 from 500 lb, cents_cwt 4,100: is more than the 4,000 from 0 lb; correct it, or accept it with a reason
    """
    number = pl.col("freight_class").cast(pl.Float64).alias("class")
    rows = new.with_columns(number)
    by_weight = rows.sort(*_LANE, "class", "at_least_lb").with_columns(
        pl.col("cents_cwt", "at_least_lb").shift().over(*_LANE, "class").name.suffix(" before")
    )
    by_class = rows.sort(*_LANE, "at_least_lb", "class").with_columns(
        pl.col("cents_cwt", "freight_class").shift().over(*_LANE, "at_least_lb").name.suffix(" before")
    )
    found = []
    for row in by_weight.filter(pl.col("cents_cwt") > pl.col("cents_cwt before")).head(_LISTED).iter_rows(named=True):
        what = f"is more than the {row['cents_cwt before']:,} from {row['at_least_lb before']} lb"
        found.append(_doubt("ltl_tariffs", f"{_cell(row)}, cents_cwt", f"{row['cents_cwt']:,}", what))
    for row in by_class.filter(pl.col("cents_cwt") < pl.col("cents_cwt before")).head(_LISTED).iter_rows(named=True):
        what = f"is less than the {row['cents_cwt before']:,} of class {row['freight_class before']}"
        found.append(_doubt("ltl_tariffs", f"{_cell(row)}, cents_cwt", f"{row['cents_cwt']:,}", what))
    return found + ([] if before is None else _moved(new, before))


def terms(table: str, new: pl.DataFrame, before: pl.DataFrame | None, columns: tuple[str, ...]) -> list[Finding]:
    """Terms of contracts, accessorials or trucks far from the version before."""
    if before is None or before.is_empty():
        return []
    by = [name for name in ("service", "accessorial") if name in new.columns]
    old = before.sort("valid_from")
    both = new.sort("valid_from").join_asof(
        old, on="valid_from", by=by, suffix=" before", allow_exact_matches=False, check_sortedness=False
    )
    found = []
    for row in both.sort(*by, "valid_from").iter_rows(named=True):
        for column in columns:
            was, now = row[f"{column} before"], row[column]
            if was and not TERM_CHANGE[0] <= now / was - 1 <= TERM_CHANGE[1]:
                where = f"{' '.join(row[name] for name in by)} from {row['valid_from']}, {column}"
                found.append(_doubt(table, where, f"{now:,}", f"is {now / was - 1:+.0%} against the {was:,} before"))
    return found


def _moved(new: pl.DataFrame, before: pl.DataFrame) -> list[Finding]:
    found = []
    key = ["origin_zip3", "destination_zip3", "freight_class", "at_least_lb"]
    for (name, begins), rows in new.partition_by("tariff", "valid_from", as_dict=True, maintain_order=True).items():
        older = before.filter((pl.col("tariff") == name) & (pl.col("valid_from") < begins))
        if older.is_empty():
            continue
        older = older.filter(pl.col("valid_from") == older["valid_from"].max())
        share = rows.join(older, on=key, suffix=" before").select(
            (pl.col("cents_cwt") / pl.col("cents_cwt before") - 1).median()
        )
        middle: float | None = share.item()
        if middle is not None and not MEDIAN_CHANGE[0] <= middle <= MEDIAN_CHANGE[1]:
            what = f"its rates move by {middle:+.1%} in the middle"
            found.append(_doubt("ltl_tariffs", f"{name} from {begins}", "", what))
        lanes = ["origin_zip3", "destination_zip3"]
        lost = older.select(lanes).unique().join(rows.select(lanes).unique(), on=lanes, how="anti").sort(lanes)
        if lost.height:
            what = f"{lost.height:,} lanes of the version before are gone, first {' to '.join(lost.row(0))}"
            found.append(_doubt("ltl_tariffs", f"{name} from {begins}", "", what))
    return found


def _cell(row: dict[str, Any]) -> str:
    begins: date = row["valid_from"]
    lane = f"{row['origin_zip3']} to {row['destination_zip3']}"
    return f"{row['tariff']} from {begins}, {lane} class {row['freight_class']} from {row['at_least_lb']} lb"


def _doubt(table: str, where: str, value: str, what: str) -> Finding:
    return Finding(table, where, value, what, "correct it, or accept it with a reason", doubtful=True)
