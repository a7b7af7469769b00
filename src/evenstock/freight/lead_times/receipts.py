"""Purchase lines as lead times that are over or still running, or refused row by row with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock import tables

CLOSED_SHORT_DAYS: Final = 28
"""What is still missing so long after a part of it came will not come: the line was closed short."""
LONGEST_DAYS: Final = 730
"""A line that took longer was forgotten, not delivered; a table of lead times ends there."""


@dataclass(frozen=True, slots=True, eq=False)
class Purchases:
    """Purchase lines as known on a morning; one received in part stands twice, with the share of its units that each is."""

    as_of: date
    supplier: tuple[str, ...]
    sku: tuple[str, ...]
    node: tuple[str, ...]
    mode: tuple[str, ...]
    ordered: npt.NDArray[np.int64]
    """Day of the order, counted from 1970-01-01."""
    days: npt.NDArray[np.int64]
    """Days from order to receipt; for one outstanding, whole days that were not enough."""
    received: npt.NDArray[np.bool_]
    promised_days: npt.NDArray[np.int64]
    """Days from order to the promised day; -1 where there is no promise."""
    share: npt.NDArray[np.float64]
    """Share of the line's units this row stands for, above 0 and up to 1."""
    deliveries: npt.NDArray[np.float64]
    """What the row counts in learning: lines of one purchase that are over on one day came together and count once."""
    refused: pl.DataFrame
    """Columns purchase, line, reason."""
    notes: tuple[str, ...]

    @property
    def age_days(self) -> npt.NDArray[np.int64]:
        """Days from the order to the morning."""
        return (self.as_of - date(1970, 1, 1)).days - self.ordered


def read(receipts: pl.DataFrame, as_of: date) -> Purchases:
    """Read `tables.Receipts` as it was known on the morning of `as_of`.

    What was received later, or on that day itself, was still outstanding. Units that are missing from a line received in
    part are outstanding still: the line stands twice, each time with its share of the units. `CLOSED_SHORT_DAYS` after the
    part came they are taken as cancelled, and say nothing of how long things take.

    Raises
    ------
    ValueError
        If a column is missing.
    """
    frame = _complete(receipts)
    morning = (as_of - date(1970, 1, 1)).days
    day = {c: pl.col(c).cast(pl.Int32).cast(pl.Int64) for c in ("ordered_on", "received_on", "promised_on")}
    took = day["received_on"] - day["ordered_on"]
    reason = (
        pl.when(pl.struct("purchase", "line").is_duplicated())
        .then(pl.lit("stands more than once; keep one row"))
        .when(pl.col("supplier").is_null() | pl.col("sku").is_null())
        .then(pl.lit("supplier or item is missing"))
        .when(pl.col("ordered_on").is_null())
        .then(pl.lit("no day of order"))
        .when(took < 0)
        .then(pl.lit("received before it was ordered"))
        .when(took > LONGEST_DAYS)
        .then(pl.lit(f"took more than {LONGEST_DAYS} days"))
        .when(pl.col("units_ordered").is_null() | (pl.col("units_ordered") < 1) | (pl.col("units_received") < 0))
        .then(pl.lit("units make no sense"))
    )
    lines = frame.with_columns(reason=reason)
    refused = lines.filter(pl.col("reason").is_not_null()).select("purchase", "line", "reason")
    known = lines.filter(pl.col("reason").is_null() & (day["ordered_on"] < morning)).with_columns(
        ordered=day["ordered_on"],
        came=(day["received_on"] < morning).fill_null(value=False),
        took=took,
        promised=(day["promised_on"] - day["ordered_on"]).fill_null(-1),
        filled=(pl.col("units_received") / pl.col("units_ordered")).clip(0.0, 1.0),
    )
    # A receipt without units says when, not how many: the line is taken as received in full.
    filled = pl.when(~pl.col("came")).then(0.0).when(pl.col("filled") <= 0).then(1.0).otherwise(pl.col("filled"))
    known = known.with_columns(filled=filled)
    whole = known.filter(pl.col("filled") > 0).with_columns(over=True, share=pl.col("filled"))
    closed_short = pl.col("came") & (morning - day["received_on"] > CLOSED_SHORT_DAYS)
    missing = known.filter(pl.col("filled") < 1)
    rest = missing.filter(~closed_short).with_columns(over=False, share=1 - pl.col("filled"))
    rows = pl.concat([whole, rest]).sort("ordered", "purchase", "line", "over")
    # Sixty lines on one truck are one experience of the supplier, not sixty.
    together = pl.col("share").sum().over("purchase", "ordered", "over", "received_on")
    rows = rows.with_columns(deliveries=pl.col("share") / pl.max_horizontal(together, 1.0))
    over = rows["over"].to_numpy()
    spent = np.clip(morning - 1 - rows["ordered"].to_numpy(), 0, LONGEST_DAYS)
    supplier, sku, node, mode = (tuple(rows[c].fill_null("")) for c in ("supplier", "sku", "node", "mode"))
    return Purchases(
        as_of=as_of,
        supplier=supplier,
        sku=sku,
        node=node,
        mode=mode,
        ordered=rows["ordered"].to_numpy(),
        days=np.where(over, rows["took"].fill_null(0).to_numpy(), spent),
        received=over,
        promised_days=np.maximum(rows["promised"].to_numpy(), -1),
        share=rows["share"].to_numpy(),
        deliveries=rows["deliveries"].to_numpy(),
        refused=refused,
        notes=_notes(frame.height, known.height, whole.height, missing.height, missing.height - rest.height, refused),
    )


def _complete(receipts: pl.DataFrame) -> pl.DataFrame:
    columns: dict[str, Any] = tables.Receipts.columns()
    lacking = [c for c, spec in columns.items() if c not in receipts.columns and "default" not in spec.metadata]
    if lacking:
        raise ValueError(f"receipts: column {', '.join(lacking)} is missing; the table needs {', '.join(columns)}")
    return receipts.with_columns(
        pl.lit(spec.metadata["default"], dtype=spec.dtype).alias(c)
        for c, spec in columns.items()
        if c not in receipts.columns
    )


def _notes(rows: int, known: int, came: int, waits: int, short: int, refused: pl.DataFrame) -> tuple[str, ...]:
    states = f"{known - waits:,} received, {came + waits - known:,} in part, {known - came:,} outstanding"
    notes = [f"{known:,} of {rows:,} purchase lines are learned from: {states}"]
    if short:
        notes.append(f"{short:,} lines lack units {CLOSED_SHORT_DAYS} days after a part came: taken as closed short")
    notes += [
        f"receipts: {count:,} rows are left out: {reason}; first {purchase} line {line}"
        for reason, count, purchase, line in refused.group_by("reason")
        .agg(pl.len(), pl.col("purchase").first(), pl.col("line").first())
        .sort("reason")
        .iter_rows()
    ]
    return tuple(notes)
