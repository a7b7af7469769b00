"""The distribution of days from order to receipt, by supplier, item, node and mode, learned from purchases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import starmap
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from evenstock.distributions import day_table, durations
from evenstock.freight.lead_times.receipts import LONGEST_DAYS, Purchases

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

SHIFT: Final = 3.0
"""Days added before the logarithm: a purchase received at once and one after two days are alike."""
FEWEST: Final = 3
"""Lines that a group needs to have an effect of its own; below, its parents speak for it."""
FACTORS: Final = (
    "supplier",
    "item",
    "node",
    "mode",
    "supplier and item",
    "supplier and node",
    "mode and node",
    "supplier, node and mode",
)
QUANTILES: Final = (0.5, 0.8, 0.9, 0.95, 0.99)
LEVEL_HALF_LIFE_DAYS: Final = 365.0


@dataclass(frozen=True, slots=True, eq=False)
class LeadTimeModel:
    """What purchases say about lead times, as of a morning."""

    as_of: date
    durations: durations.DurationModel
    groups: tuple[Mapping[str, int], ...]
    """For each of `FACTORS`, the number of each group that has an effect."""
    suppliers: Mapping[str, int]
    lines: Mapping[tuple[str, str, str, str], tuple[float, float]]
    """Lines received and outstanding, by supplier, item, node and mode."""

    def shares(self, supplier: Sequence[str], sku: Sequence[str], node: Sequence[str], mode: Sequence[str]) -> Floats:
        """Share received after 0, 1, … days, shape ``(row, LONGEST_DAYS + 1)``; each row makes 1.

        What was never seen, or left empty, falls back to what it is part of: item, supplier, mode, all.
        """
        rows = list(zip(supplier, sku, node, mode, strict=True))
        codes = np.array(
            [
                [-1 if k is None else known.get(k, -1) for k, known in zip(keys, self.groups, strict=True)]
                for keys in starmap(_keys, rows)
            ],
            dtype=np.int64,
        ).reshape(-1, len(FACTORS))
        group = np.array([self.suppliers.get(name, len(self.suppliers)) for name in supplier], dtype=np.int64)
        ends = np.log(SHIFT + np.arange(LONGEST_DAYS + 1) + 0.5)
        ones = np.ones((len(rows), 1))
        return day_table.shares(
            self.durations.share_by(np.broadcast_to(ends, (len(rows), ends.size)), codes, ones, group)
        )

    def basis(self, supplier: str, sku: str, node: str, mode: str) -> tuple[str, ...]:
        """Which groups of `FACTORS` speak for it; empty where only the mean of all does."""
        keys = _keys(supplier, sku, node, mode)
        return tuple(
            name
            for name, key, known in zip(FACTORS, keys, self.groups, strict=True)
            if key is not None and key in known
        )

    def frame(self) -> pl.DataFrame:
        """Every supplier, item, node and mode bought so far, with what safety stock needs.

        Columns supplier, sku, node, mode, received, outstanding (lines), basis, mean_days, sd_days, q50, q80, q90, q95,
        q99 (days), sorted by the first four.
        """
        keys = sorted(self.lines)
        share = self.shares(*([key[k] for key in keys] for k in range(4)))
        levels = day_table.quantiles(share, QUANTILES)
        return pl.DataFrame(
            {name: [key[k] for key in keys] for k, name in enumerate(("supplier", "sku", "node", "mode"))}
            | {"received": [self.lines[key][0] for key in keys], "outstanding": [self.lines[key][1] for key in keys]}
            | {"basis": ["; ".join(self.basis(*key)) or "all" for key in keys]}
            | {"mean_days": day_table.mean(share), "sd_days": day_table.standard_deviation(share)}
            | {f"q{round(100 * level)}": levels[:, k] for k, level in enumerate(QUANTILES)}
        )


def learn(
    purchases: Purchases,
    *,
    level_half_life_days: float = LEVEL_HALF_LIFE_DAYS,
    residual_half_life_days: float | None = None,
) -> LeadTimeModel:
    """Learn lead times: the same model as days under way, without a carrier's week.

    Raises
    ------
    ValueError
        If nothing has been received yet.
    """
    if not purchases.received.any():
        raise ValueError(
            f"none of {len(purchases.supplier):,} purchase lines was received before {purchases.as_of}: "
            "no lead time can be learned"
        )
    rows = list(zip(purchases.supplier, purchases.sku, purchases.node, purchases.mode, strict=True))
    keys = list(starmap(_keys, rows))
    groups, columns = [], []
    for j in range(len(FACTORS)):
        count: dict[str, int] = {}
        for row in keys:
            if (key := row[j]) is not None:
                count[key] = count.get(key, 0) + 1
        known = {key: k for k, key in enumerate(sorted(key for key, n in count.items() if n >= FEWEST))}
        groups.append(known)
        columns.append([-1 if row[j] is None else known.get(row[j] or "", -1) for row in keys])
    suppliers = {name: k for k, name in enumerate(sorted(set(purchases.supplier)))}
    # A receipt came at some time of its day; what is outstanding has outlasted its whole day.
    spent = purchases.days + np.where(purchases.received, 0.0, 0.5)
    learned = durations.learn(
        np.log(SHIFT + spent),
        purchases.received,
        purchases.age_days.astype(np.float64),
        np.array(columns, dtype=np.int64).T.copy(),
        [len(known) for known in groups],
        np.ones((len(rows), 1)),
        np.array([suppliers[name] for name in purchases.supplier], dtype=np.int64),
        count=purchases.deliveries,
        level_half_life_days=level_half_life_days,
        residual_half_life_days=residual_half_life_days,
    )
    lines: dict[tuple[str, str, str, str], tuple[float, float]] = {}
    for row, over, share in zip(rows, purchases.received.tolist(), purchases.share.tolist(), strict=True):
        got, waits = lines.get(row, (0.0, 0.0))
        lines[row] = (got + share, waits) if over else (got, waits + share)
    return LeadTimeModel(purchases.as_of, learned, tuple(groups), suppliers, lines)


def _keys(supplier: str, sku: str, node: str, mode: str) -> tuple[str | None, ...]:
    """The group of a line in each of `FACTORS`; None where a name is empty."""

    def all_of(*names: str) -> str | None:
        # A space cannot stand at the end of a name, so two names never run into the same key.
        return " \t ".join(names) if all(names) else None

    return (
        all_of(supplier),
        all_of(sku),
        all_of(node),
        all_of(mode),
        all_of(supplier, sku),
        all_of(supplier, node),
        all_of(mode, node),
        all_of(supplier, node, mode),
    )
