"""How well suppliers keep their word."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenstock.distributions.proportions import wilson
from evenstock.freight.lead_times.receipts import Purchases


@dataclass(frozen=True, slots=True)
class SupplierReliability:
    """A supplier's lines whose promised day has passed, in lines; a line received in part counts by its units."""

    supplier: str
    sku: str
    """Empty for all items of the supplier."""
    lines: float
    on_time: float
    low: float
    """Lower end of the interval of the on-time share."""
    high: float
    bias_days: float
    """Mean days after the promise of what was received; negative for early. NaN never: 0 where nothing was."""
    spread_days: float
    """Standard deviation of the same; 0 with fewer than two."""

    @property
    def on_time_share(self) -> float:
        return self.on_time / self.lines


def supplier_reliability(
    purchases: Purchases, *, by_item: bool = False, level: float = 0.95
) -> tuple[SupplierReliability, ...]:
    """On-time share with its Wilson interval and bias against promise, by supplier (and item), in their order.

    A line counts from the day after its promise, received or not: outstanding past its promise is late. Lines without a
    promise are left out.
    """
    due = (purchases.promised_days >= 0) & (purchases.promised_days < purchases.age_days)
    kept = due & purchases.received & (purchases.days <= purchases.promised_days)
    names = np.empty(due.size, dtype=object)
    names[:] = [(s, i if by_item else "") for s, i in zip(purchases.supplier, purchases.sku, strict=True)]
    found = []
    for supplier, sku in sorted(set(names[due].tolist())):
        own = due & np.fromiter(((supplier, sku) == name for name in names), bool, names.size)
        lines, on_time = float(purchases.share[own].sum()), float(purchases.share[own & kept].sum())
        low, high = wilson(round(on_time), max(round(lines), round(on_time)), level=level)
        off = (purchases.days - purchases.promised_days)[own & purchases.received].astype(np.float64)
        bias = float(off.mean()) if off.size else 0.0
        spread = float(off.std(ddof=1)) if off.size > 1 else 0.0
        found.append(SupplierReliability(supplier, sku, lines, on_time, low, high, bias, spread))
    return tuple(found)
