"""Weights that no break of a rate file covers, where the file gives both ends of each."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def break_holes(breaks: pl.DataFrame, by: Sequence[str], *, seam: float = 0.0) -> pl.DataFrame:
    """Holes between the breaks of each lane, a row each: the columns of `by`, above, below (both exclusive), width.

    Our own rate tables give only upper ends and so have no holes: a parcel pays the first break at or above its weight. Before a
    file with both ends becomes such a table its holes must be known, or what falls into one silently pays the break beyond.

    Parameters
    ----------
    breaks : columns low and high, both ends inclusive, in any one unit, and those of `by`.
    by : what makes a lane, such as service and origin.
    seam : widest gap that is only rounding, such as 0.01 between 0.50 and 0.51.

    Raises
    ------
    ValueError
        If a column is missing, or a break ends before it begins: its row, counted from 1, is named.

    Examples
    --------
    >>> file = pl.DataFrame({"service": "c:s", "low": [0.0, 0.51, 70.51], "high": [0.5, 2.5, 100.0]})
    >>> break_holes(file, ["service"], seam=0.02).rows()
    [('c:s', 2.5, 70.51, 68.01)]
    """
    lacking = [name for name in (*by, "low", "high") if name not in breaks.columns]
    if lacking:
        raise ValueError(f"breaks: column {', '.join(lacking)} is missing")
    wrong = breaks.with_row_index("row", 1).filter((pl.col("low") <= pl.col("high")).not_().fill_null(value=True))
    if wrong.height:
        row, low, high = wrong.select("row", "low", "high").row(0)
        raise ValueError(f"breaks row {row}: from {low} to {high} is no break; correct it")
    return (
        breaks.sort(*by, "low", "high")
        .with_columns(above=pl.col("high").cum_max().over(by))
        .with_columns(above=pl.col("above").shift(1).over(by), below=pl.col("low"))
        .with_columns(width=pl.col("below") - pl.col("above"))
        .filter(pl.col("width") > seam)
        .select(*by, "above", "below", "width")
    )
