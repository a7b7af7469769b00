"""How much each node sells of a category beside the others, told by the items that they share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from evenstock.forecasting.history import DemandHistory

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]

DAYS: Final = 182
"""Days looked back: half a year tells the size of a node."""
PRIOR_UNITS: Final = 50.0
"""Units at the node's ratio over all categories that the ratio of each category is mixed with."""
_SWEEPS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class SeriesCodes:
    """Series as numbers: item, node and category, each in the order of its names."""

    item: Codes
    node: Codes
    category: Codes
    items: dict[str, int]
    nodes: dict[str, int]
    categories: dict[str, int]

    @classmethod
    def of(cls, history: DemandHistory) -> SeriesCodes:
        columns = []
        for name in ("sku", "node", "category"):
            names, code = np.unique(history.keys[name].to_numpy().astype(str), return_inverse=True)
            columns.append((code.astype(np.int64), {str(text): k for k, text in enumerate(names)}))
        (item, items), (node, nodes), (category, categories) = columns
        return cls(item, node, category, items, nodes, categories)


def node_volumes(history: DemandHistory, codes: SeriesCodes, day: int | None = None) -> Floats:
    """Volume ratio of each node within each category, shape ``(category, node)``; each row averages 1.

    Sales of item i at node n are taken as Poisson with mean a_i v_cn a day, over the days that the series was seen selling. So
    a node is held against others only over items that both have, and one that sells the best items alone is not large for it.

    Parameters
    ----------
    day
        Column up to which (that day left out) the history is looked at; all of it if not given.

    Examples
    --------
    MUG sells 6 a day in TX and 2 in PA; CUP, which only PA has, 50 a day. TX is three times PA:

    >>> from datetime import date
    >>> import polars as pl
    >>> units = np.repeat([[6], [2], [50]], 200, axis=1)
    >>> keys = pl.DataFrame({"sku": ["MUG", "MUG", "CUP"], "node": ["TX", "PA", "PA"], "category": "kitchen"})
    >>> history = DemandHistory.from_matrix(units, keys, date(2026, 1, 1))
    >>> codes = SeriesCodes.of(history)
    >>> list(codes.nodes), node_volumes(history, codes).round(2).tolist()
    (['PA', 'TX'], [[0.5, 1.5]])
    """
    last = history.n_days if day is None else day
    begin = max(last - DAYS, 0)
    part = slice(begin, last)
    on = np.arange(begin, last)[None, :] >= history.start[:, None]
    if history.hidden is not None:
        on &= ~history.hidden[:, part]
    units = np.where(on, history.units[:, part], 0).sum(axis=1, dtype=np.float64)
    days = on.sum(axis=1, dtype=np.float64)
    overall = _ratios(units, days, codes.item, codes.node, np.ones((1, len(codes.nodes))))
    cell = codes.category * len(codes.nodes) + codes.node
    return _ratios(units, days, codes.item, cell, np.tile(overall, (len(codes.categories), 1)))


def _ratios(units: Floats, days: Floats, item: Codes, cell: Codes, prior: Floats) -> Floats:
    """Poisson maximum likelihood of item x cell by turns, cells mixed with `PRIOR_UNITS` at their prior ``(category, node)``."""
    ratio = prior.copy()
    sold = np.bincount(item, units)
    of_cell = np.bincount(cell, units, minlength=prior.size).reshape(prior.shape)
    for _ in range(_SWEEPS):
        exposure = np.bincount(item, days * ratio.ravel()[cell])
        rate = np.divide(sold, exposure, out=np.zeros_like(sold), where=exposure > 0)
        expected = np.bincount(cell, days * rate[item], minlength=prior.size).reshape(prior.shape)
        ratio = (of_cell + PRIOR_UNITS * prior) / (expected + PRIOR_UNITS)
        # Items and nodes share one scale: it is left to the items.
        ratio /= np.maximum(ratio.mean(axis=1, keepdims=True), 1e-9)
    return np.asarray(ratio)


def with_new_nodes(
    volumes: Floats, codes: SeriesCodes, node: npt.NDArray[np.str_], category: Codes, expected: Mapping[str, float]
) -> tuple[Floats, list[str]]:
    """Volume ratio for rows at nodes old and new, and the nodes of which nothing was known.

    Parameters
    ----------
    node, category
        Name of the node and number of the category (-1 where unknown) of each row.
    expected
        Volume of a node beside the mean node, such as 0.5 for one half as large; needed for no node that sells already, and
        believed before its history where given. A new node without one counts as a mean node, 1.
    """
    at = np.array([codes.nodes.get(str(name), -1) for name in node], dtype=np.int64)
    overall = volumes.mean(axis=0) if volumes.size else np.ones(max(len(codes.nodes), 1))
    found = np.where(category >= 0, volumes[category, at], overall[at]) if volumes.size else np.ones(at.size)
    found = np.where(at < 0, 1.0, found)
    said = np.array([expected.get(str(name), np.nan) for name in node], dtype=np.float64)
    unknown = sorted({str(name) for name, row, told in zip(node, at, said, strict=True) if row < 0 and np.isnan(told)})
    return np.where(np.isnan(said), found, said), unknown
