"""A table as it stands in a file, before any cell is understood."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass
class RawTable:
    """Cells by the file's own column names, with the row number of each as the user sees it."""

    table: str
    file: str
    """The file's name, and for a workbook the sheet."""
    frame: pl.DataFrame
    """Text columns; Parquet brings its own types. Outer space and empty text are not yet looked at."""
    labels: npt.NDArray[np.int64]
    """Row number in the file of each row of `frame`."""
    numbers: dict[str, frozenset[int]] = field(default_factory=dict)
    """Workbooks: by column, the positions of cells that Excel holds as numbers."""


def drop_empty_rows(raw: RawTable) -> int:
    """Leave out rows without any text, and return how many stood before a row that has some.

    Rows after the last one with text are the usual litter of spreadsheets and not worth a word.
    """
    if not raw.frame.width or raw.frame.is_empty():
        return 0
    cells = [
        (pl.col(c).str.strip_chars() != "").fill_null(value=False) if kind == pl.String else pl.col(c).is_not_null()
        for c, kind in raw.frame.schema.items()
    ]
    keep = raw.frame.select(pl.any_horizontal(*cells)).to_series().to_numpy().copy()
    if keep.all():
        return 0
    kept = np.flatnonzero(keep)
    last = int(kept[-1]) if len(kept) else -1
    between = int((~keep[: last + 1]).sum())
    new = np.cumsum(keep) - 1
    raw.frame = raw.frame.filter(pl.Series(keep))
    raw.labels = raw.labels[kept]
    raw.numbers = {c: frozenset(int(new[i]) for i in at if keep[i]) for c, at in raw.numbers.items()}
    return between
