"""Where the made-up brand's books are wrong, since when, and what its customers then saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.simulation.sites import Site

KINDS: Final = {"phantom": 0.3, "shrinkage": 0.4, "misplaced": 0.1, "found": 0.2}
"""Shares of the kinds. Phantom: all that the books have is gone. Shrinkage: some of it. Misplaced: some of it lies at
another node. Found: there is more than the books have."""
LONGEST_DAYS: Final = 42
"""A fault that nobody saw for longer would be found by other means,"""
MISSED_UNITS: Final = 30.0
"""and so would one by which about so many units of sales were at stake."""
NOTICED: Final = 0.5
"""Share of shrinkage and of what is found that the node's own system knows of, while the books were never told."""
CARELESS: Final = {"own": 1.0, "3pl": 2.5, "mcf": 0.5, "fba": 0.5, "store": 2.0}
"""How often a node of each kind goes wrong, against an own one."""

FAULTS: Final = {
    "fault": pl.String,
    "kind": pl.String,
    "sku": pl.String,
    "node": pl.String,
    "began_on": pl.Date,
    "units": pl.Int64,
    "noticed": pl.Boolean,
}


@dataclass(frozen=True, slots=True, eq=False)
class RecordFaults:
    """What is wrong with the books; only an evaluation may look at it."""

    frame: pl.DataFrame
    """fault, kind, sku, node, began_on; units, truth less record, signed; noticed, whether the node's system knows. A
    misplaced fault has two rows that add up to zero."""

    def true_stock(self, stock: pl.DataFrame) -> pl.DataFrame:
        """sku, node, lot, on_hand (what the books say) and units (what is there) for every row of `stock`."""
        off = self.frame.select("sku", "node", off="units")
        return (
            stock.join(off, on=["sku", "node"], how="left", maintain_order="left")
            .with_columns(units=pl.col("on_hand") + pl.col("off").fill_null(0))
            .select("sku", "node", "lot", "on_hand", "units")
        )

    def empty(self, stock: pl.DataFrame) -> pl.DataFrame:
        """sku, node and began_on of the places where nothing is left of what the books have."""
        gone = self.true_stock(stock).filter((pl.col("units") == 0) & (pl.col("on_hand") > 0))
        return gone.join(self.frame, on=["sku", "node"]).select("sku", "node", "began_on")


def no_faults() -> RecordFaults:
    """Books that are right."""
    return RecordFaults(pl.DataFrame(schema=FAULTS))


def make_faults(
    stock: pl.DataFrame,
    sites: Sequence[Site],
    daily: npt.NDArray[np.float64],
    as_of: date,
    *,
    share: float,
    longest_days: int,
    rng: np.random.Generator,
) -> RecordFaults:
    """Faults of about `share` of the rows of `stock` with units, one at most for each.

    What is handled more often is more often mishandled: the chance goes as the carelessness of the node's kind and the
    square root of sales.

    Parameters
    ----------
    daily
        Units expected a day in each row of `stock`.
    """
    on_hand = stock["on_hand"].to_numpy()
    node = stock["node"].to_list()
    careless = {s.node: CARELESS[s.kind] for s in sites}
    odds = np.array([careless[n] for n in node]) * np.sqrt(daily + 0.05) * (on_hand > 0)
    count = min(round(share * int((on_hand > 0).sum())), int((odds > 0).sum()))
    chosen = rng.choice(on_hand.size, count, replace=False, p=odds / odds.sum()) if count else np.array([], np.int64)
    kinds = rng.choice(list(KINDS), count, p=list(KINDS.values()))
    longest = np.clip(MISSED_UNITS / np.maximum(daily[chosen], 1e-9), 2, LONGEST_DAYS)
    days = rng.integers(1, np.minimum(longest, longest_days).astype(np.int64) + 1)
    part = rng.uniform(0.1, 0.6, count)
    noticed = rng.random(count) < NOTICED
    rows_of: dict[str, list[int]] = {}
    for row, sku in enumerate(stock["sku"]):
        rows_of.setdefault(sku, []).append(row)
    taken = set(chosen.tolist())
    found: list[tuple[int, str, int, int, bool]] = []
    for k, row in enumerate(chosen.tolist()):
        kind, units = str(kinds[k]), int(on_hand[row])
        some = min(max(1, round(part[k] * units)), units)
        elsewhere = [r for r in rows_of[stock["sku"][row]] if r not in taken] if kind == "misplaced" else []
        if kind == "misplaced" and elsewhere:
            other = elsewhere[int(rng.integers(len(elsewhere)))]
            taken.add(other)
            found += [(row, kind, -some, k, False), (other, kind, some, k, False)]
        elif kind == "found":
            found.append((row, kind, some, k, bool(noticed[k])))
        elif kind == "phantom" or some == units:
            found.append((row, "phantom", -units, k, False))
        else:
            # What was misplaced and could lie nowhere else is lost.
            found.append((row, "shrinkage", -some, k, bool(noticed[k])))
    at = [row for row, *_ in found]
    return RecordFaults(
        pl.DataFrame(
            {
                "fault": [f"F{k + 1:04}" for _, _, _, k, _ in found],
                "kind": [kind for _, kind, *_ in found],
                "sku": stock["sku"].gather(at),
                "node": stock["node"].gather(at),
                "began_on": [as_of - timedelta(days=int(days[k])) for _, _, _, k, _ in found],
                "units": [units for _, _, units, _, _ in found],
                "noticed": [known for *_, known in found],
            },
            schema=FAULTS,
        ).sort("fault", "units")
    )


def turned_away(demand: pl.DataFrame, empty: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Demand as a shop sees it once picks find nothing, and the rows of customers who were turned away.

    From the day on which nothing is left, orders that the books send to the shelf are cancelled there: the day sells
    nothing although the books have stock. `in_stock` stays true, for that is what the books say.
    """
    marked = demand.join(empty, on=["sku", "node"], how="left", maintain_order="left").with_columns(
        lost=(pl.col("date") >= pl.col("began_on")).fill_null(value=False)
    )
    lost = marked.filter(pl.col("lost") & (pl.col("units") > 0)).select("date", "sku", "node", "units")
    seen = marked.with_columns(units=pl.when("lost").then(0).otherwise("units")).filter(
        ~pl.col("lost") | pl.col("promotion") | ~pl.col("in_stock")
    )
    return seen.select(demand.columns), lost
