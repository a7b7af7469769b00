"""What a shortage costs where customers take something else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenstock.domain import Item


def substitute_cents(
    substitutes: pl.DataFrame | None,
    items: Sequence[Item],
    lost_cents: NDArray[np.int64],
    on_hand: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Expected cents a missing unit costs when its customers may take another item there, shape ``(item, node)``.

    A share of the customers takes the substitute, which keeps its own margin; the rest is lost. Only a substitute with
    stock at the node counts, and of several the one that saves most. What the substitute would have sold for anyway is not
    charged: it is taken to be in stock. The lost sale where there is none.

    Parameters
    ----------
    substitutes : columns of `tables.Substitutes`; None for none.
    lost_cents : margin and goodwill of a lost unit, ``(item, node)``.
    """
    cents = lost_cents.copy()
    if substitutes is None:
        return cents
    at = {str(item.sku): k for k, item in enumerate(items)}
    for sku, other, share in substitutes.select("sku", "substitute", "share").iter_rows():
        if sku not in at or other not in at or sku == other:
            continue
        k, m = at[sku], at[other]
        margin = max(0, items[m].price_cents - items[m].unit_cost_cents)
        with_it = np.rint(lost_cents[k] - share * np.minimum(margin, lost_cents[k])).astype(np.int64)
        cents[k] = np.where(on_hand[m] > 0, np.minimum(cents[k], with_it), cents[k])
    return cents
