"""Which series a row of a driver speaks of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]


def concerned(keys: pl.DataFrame, rows: pl.DataFrame) -> tuple[Ints, Ints]:
    """Pairs (series, row of `rows`) that belong together: the same sku, and the same node or an empty one.

    Examples
    --------
    >>> keys = pl.DataFrame({"sku": ["MUG", "MUG", "CUP"], "node": ["TX", "PA", "TX"]})
    >>> said = pl.DataFrame({"sku": ["MUG", "MUG", "PAN"], "node": ["PA", "", ""]})
    >>> [pair.tolist() for pair in concerned(keys, said)]
    [[1, 0, 1], [0, 1, 1]]
    """
    series = keys.select("sku", "node").with_row_index("_series")
    said = rows.select("sku", "node").with_row_index("_said")
    one = said.filter(pl.col("node") != "").join(series, on=["sku", "node"])
    every = said.filter(pl.col("node") == "").join(series, on="sku")
    pairs = pl.concat([one.select("_series", "_said"), every.select("_series", "_said")]).sort("_said", "_series")
    return pairs["_series"].cast(pl.Int64).to_numpy(), pairs["_said"].cast(pl.Int64).to_numpy()
